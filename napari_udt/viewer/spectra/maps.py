"""Maps of a whole cube: what they show, in which unit and on which scale. No Qt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.unmixing import HAEMOGLOBIN_UNITS, unmix
from napari_udt.viewer.layers.layer_data import unit_of
from napari_udt.viewer.layers.overlays.pictures import SpectralMap as SpectralMap
from napari_udt.viewer.state.jobs import Report

_HIGHEST = 99.0  # percentile that is shown brightest
_BLOCK_VALUES = 4_000_000


def blood_maps(cube: SpectralCube, report: Report) -> tuple[SpectralMap, ...]:
    """Return total haemoglobin and oxygen saturation by linear unmixing.

    Raises
    ------
    CubeError
        When the cube has too few wavelengths for it.
    """
    found = unmix(cube, report)
    unit = HAEMOGLOBIN_UNITS[cube.modality]
    return (
        SpectralMap(
            "total haemoglobin (unmixed)", unit, found.haemoglobin, (0.0, _top(found.haemoglobin)), "magma"
        ),
        SpectralMap("oxygen saturation (unmixed)", "1", found.oxygenation, (0.0, 1.0), "turbo"),
    )


def band_map(cube: SpectralCube, band_nm: tuple[float, float], report: Report) -> tuple[SpectralMap, ...]:
    """Return the mean over a range of wavelengths.

    Raises
    ------
    CubeError
        When the range holds no wavelength of the cube.
    """
    low, high = band_nm
    inside = (cube.wavelengths_nm >= low) & (cube.wavelengths_nm <= high)
    channels = np.flatnonzero(inside if cube.bad_bands is None else inside & ~cube.bad_bands)
    if not len(channels):
        raise CubeError(
            f"{cube.name}: no wavelength lies in {low:.0f}-{high:.0f} nm; widen the range or move it."
        )
    rows, columns, depth = cube.shape
    step = max(1, _BLOCK_VALUES // (columns * depth))
    picture = np.empty((rows, columns), dtype=np.float32)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        picture[start:stop] = cube.rows(start, stop)[..., channels].mean(axis=-1)
        report(stop, rows)
    known = picture[np.isfinite(picture)]
    bottom = float(np.percentile(known, 100 - _HIGHEST)) if known.size else 0.0
    limits = (bottom, max(_top(picture), np.nextafter(bottom, np.inf)))
    return (SpectralMap(f"mean {low:.0f}–{high:.0f} nm", unit_of(cube), picture, limits, "gray"),)


def _top(values: NDArray[np.floating[Any]]) -> float:
    known = values[np.isfinite(values)]
    top = float(np.percentile(known, _HIGHEST)) if known.size else 0.0
    return top if top > 0 else 1.0
