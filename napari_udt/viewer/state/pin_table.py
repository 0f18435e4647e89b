"""Where pins are dots on pictures, and a table with one row per pin, for napari's table of features and the Session dock. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.spectra import window_spectra
from napari_udt.spectral.unmixing import unmix_spectra
from napari_udt.viewer.state.comparable_cubes import same_scene, structure_at
from napari_udt.viewer.state.cube_files import waiting_text
from napari_udt.viewer.state.session import Pin, PixelRef, Session

Table = dict[str, list[Any]]

NUMBER, NAME = "pin", "name"

# Diameter of a dot relative to the picture's longer side. (A fixed size on the screen would be nicer, but napari
# 0.9 draws dots whose size on the screen is limited with a wrong disc.)
_DOT = 0.04


def dot_diameter(cube: SpectralCube) -> float:
    """Return the diameter of pins' dots on the picture of a cube, in its pixels."""
    return _DOT * max(cube.shape[:2])


def pins_on(session: Session, key: str) -> list[Pin]:
    """Return the pins that stand on the picture of a cube: those of its scene, on any of its cubes."""
    if key not in session:
        return []
    scene = {entry.key for entry in same_scene(session, session[key])}
    rows, columns = session[key].cube.shape[:2]
    return [
        pin
        for pin in session.pins
        if pin.pixel.key in scene and pin.pixel.row < rows and pin.pixel.column < columns
    ]


def pin_at(session: Session, pixel: PixelRef) -> Pin | None:
    """Return the newest pin on whose dot a pixel lies, None where there is none."""
    radius = dot_diameter(session[pixel.key].cube) / 2
    for pin in reversed(pins_on(session, pixel.key)):
        if np.hypot(pin.pixel.row - pixel.row, pin.pixel.column - pixel.column) <= radius:
            return pin
    return None


def pin_table(session: Session, pins: Sequence[Pin]) -> Table:
    """Return a table of pins, one row each.

    Columns: number, name, cube, row, column, position in mm where the pixel size is known, structure, colour, and the
    oxygen saturation (0-1) of the pin's own cube where ``options.blood`` is set.
    """
    entries = [session[pin.pixel.key] for pin in pins]
    table: Table = {
        NUMBER: [pin.number for pin in pins],
        NAME: [pin.title for pin in pins],
        "cube": [pin.pixel.key for pin in pins],
        "row": [pin.pixel.row for pin in pins],
        "column": [pin.pixel.column for pin in pins],
        "x [mm]": [_millimetres(pin.pixel.column, e.cube, 1) for pin, e in zip(pins, entries, strict=True)],
        "y [mm]": [_millimetres(pin.pixel.row, e.cube, 0) for pin, e in zip(pins, entries, strict=True)],
        "structure": [structure_at(e, pin.pixel) or "" for pin, e in zip(pins, entries, strict=True)],
        "colour": [pin.colour for pin in pins],
    }
    if session.options.blood:
        table["sO2"] = _saturations(session, pins)
    return table


def _millimetres(index: int, cube: SpectralCube, axis: int) -> float:
    return float("nan") if cube.pixel_size_mm is None else round(index * cube.pixel_size_mm[axis], 3)


def _saturations(session: Session, pins: Sequence[Pin]) -> list[float]:
    """Oxygen saturation of the mean spectrum around each pin; NaN where unmixing finds none."""
    found = dict.fromkeys(pins, float("nan"))
    for key in {pin.pixel.key for pin in pins}:
        cube, here = session[key].cube, [pin for pin in pins if pin.pixel.key == key]
        if waiting_text(cube, pinned=True):
            continue
        try:
            spectra = [
                window_spectra(cube, pin.pixel.row, pin.pixel.column, session.options.window).mean(axis=0)
                for pin in here
            ]
            found_here = unmix_spectra(
                np.stack(spectra), cube.wavelengths_nm, cube.modality, bad_bands=cube.bad_bands
            )
            values = found_here.oxygenation
        except (CubeError, OSError):  # too few wavelengths, or the file of a lazy cube vanished
            continue
        found |= {pin: round(float(v), 4) for pin, v in zip(here, values, strict=True)}
    return [found[pin] for pin in pins]
