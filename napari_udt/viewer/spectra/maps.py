"""Maps of a whole cube: what they show, in which unit and on which scale. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.unmixing import HAEMOGLOBIN_UNITS, unmix
from napari_udt.viewer.layers.layer_data import unit_of
from napari_udt.viewer.layers.overlays.pictures import SpectralMap as SpectralMap
from napari_udt.viewer.state.jobs import Report, ignore_progress
from napari_udt.wording import counted

MapKind = Literal["saturation", "haemoglobin", "recorded", "band"]

MAP_TITLES: Mapping[MapKind, str] = {
    "saturation": "oxygen saturation (unmixed)",
    "haemoglobin": "total haemoglobin (unmixed)",
    "recorded": "oxygen saturation (recorded)",
    "band": "mean over the range",
}
_HIGHEST = 99.0  # percentile that is shown brightest
_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True, eq=False)
class CubeMaps:
    """The same map of several cubes.

    Parameters
    ----------
    maps : tuple of (SpectralCube, SpectralMap)
        All with the same limits.
    remarks : tuple of str
        Of which cubes there is none, and why.
    """

    maps: tuple[tuple[SpectralCube, SpectralMap], ...]
    remarks: tuple[str, ...] = ()


def maps_of(
    cubes: Sequence[SpectralCube], kind: MapKind, band_nm: tuple[float, float] | None, report: Report
) -> CubeMaps:
    """Return the same map of several cubes, on one scale.

    A cube of which there is no such map is named in the remarks.

    Raises
    ------
    CubeError
        When there is no such map of any of the cubes.
    """
    found, remarks = [], []
    for number, cube in enumerate(cubes):

        def step(done: int, total: int, before: int = number) -> None:
            report(before * total + done, len(cubes) * total)

        try:
            found.append((cube, map_of(cube, kind, band_nm, step)))
        except CubeError as error:
            remarks.append(str(error))
    if not found:
        raise CubeError(remarks[0])
    limits = min(m.limits[0] for _, m in found), max(m.limits[1] for _, m in found)
    return CubeMaps(tuple((cube, replace(m, limits=limits)) for cube, m in found), tuple(remarks))


def map_of(
    cube: SpectralCube, kind: MapKind, band_nm: tuple[float, float] | None, report: Report = ignore_progress
) -> SpectralMap:
    """Return a map of a cube.

    Raises
    ------
    CubeError
        When the cube has too few wavelengths for it, none in the range, or no recorded saturation.
    """
    match kind:
        case "recorded":
            if cube.oxygenation is None:
                raise CubeError(f"{cube.name}: its file records no oxygen saturation.")
            return SpectralMap("oxygen saturation (recorded)", "1", cube.oxygenation, (0.0, 1.0), "turbo")
        case "band":
            if band_nm is None:
                raise CubeError("No range of wavelengths is chosen; tick “Range” first.")
            return _band_map(cube, band_nm, report)
    found = unmix(cube, report)
    if kind == "saturation":
        return SpectralMap("oxygen saturation (unmixed)", "1", found.oxygenation, (0.0, 1.0), "turbo")
    limits = (0.0, _top(found.haemoglobin))
    unit = HAEMOGLOBIN_UNITS[cube.modality]
    return SpectralMap("total haemoglobin (unmixed)", unit, found.haemoglobin, limits, "magma")


def shown_text(found: CubeMaps) -> str:
    """Return one line on maps that are shown: what, of how many pictures, on which scale, and what is missing."""
    first = found.maps[0][1]
    low, high = (f"{limit:.3g}" for limit in first.limits)
    unit = "" if first.unit == "1" else f" {first.unit}"
    text = f"{first.title.capitalize()} of {counted(len(found.maps), 'picture')}, one scale: {low} to {high}{unit}."
    return " ".join([text, *found.remarks])


def _band_map(cube: SpectralCube, band_nm: tuple[float, float], report: Report) -> SpectralMap:
    """Return the mean over a range of wavelengths."""
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
    return SpectralMap(f"mean {low:.0f}–{high:.0f} nm", unit_of(cube), picture, limits, "gray")


def _top(values: NDArray[np.floating[Any]]) -> float:
    known = values[np.isfinite(values)]
    top = float(np.percentile(known, _HIGHEST)) if known.size else 0.0
    return top if top > 0 else 1.0
