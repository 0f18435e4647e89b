"""How groups look in figures: where the viewer takes it from."""

from napari_udt.population.looks import GroupLook, looks_of

__all__ = ["GroupLook", "looks_of"]
