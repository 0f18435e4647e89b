"""Which spectra are read at once, which when clicked, and which not before the file is converted. No Qt."""

from __future__ import annotations

from napari_udt.cube import SpectralCube
from napari_udt.io.access import layout_in_file

# The window stands still while a spectrum is read: never for the mouse that passes, shortly for a click.
_HOVER_S = 0.1
_CLICK_S = 3.0


def waiting_text(cube: SpectralCube, *, pinned: bool) -> str:
    """Return why a pixel's spectrum is not read now; empty when it is."""
    layout = layout_in_file(cube)
    wait = 0.0 if layout is None else layout.spectrum_seconds
    if wait > _CLICK_S:
        return f"A spectrum of {cube.name} would take {wait:.0f} s to read; convert the file first (Transfer dock)."
    if wait > _HOVER_S and not pinned:
        return f"Click to read a spectrum of {cube.name}; its file takes about {wait:.1g} s for one."
    return ""
