"""How groups look in figures: where the viewer takes it from."""

from napari_udt.population.appearance import GroupAppearance, appearances

__all__ = ["GroupAppearance", "appearances"]
