"""Maps of a whole cube: what they show, in which unit and on which scale. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.library import MEASURES, LibraryComparison, Measure, SpectralLibrary
from napari_udt.spectral.unmixing import HAEMOGLOBIN_UNITS, unmix
from napari_udt.viewer.layers.layer_data import structure_colours, unit_of
from napari_udt.viewer.layers.overlays.pictures import SpectralMap as SpectralMap
from napari_udt.viewer.state.jobs import Report, ignore_progress
from napari_udt.wording import counted

MapKind = Literal["saturation", "haemoglobin", "recorded", "band", "nearest", "distance"]

MAP_TITLES: Mapping[MapKind, str] = {
    "saturation": "oxygen saturation (unmixed)",
    "haemoglobin": "total haemoglobin (unmixed)",
    "recorded": "oxygen saturation (recorded)",
    "band": "mean over the range",
    "nearest": "nearest of the library",
    "distance": "distance to the nearest of the library",
}
_HIGHEST = 99.0  # percentile that is shown brightest
_BLOCK_VALUES = 4_000_000
_MOST_NAMES = 20


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


@dataclass(frozen=True)
class MapChoice:
    """Which map is wanted.

    Parameters
    ----------
    kind : str
        One of ``MAP_TITLES``.
    band_nm : (float, float), optional
        The range of "band".
    library : SpectralLibrary, optional
        What "nearest" and "distance" compare with.
    measure : {"angle", "divergence", "continuum"}
        How they compare.
    """

    kind: MapKind
    band_nm: tuple[float, float] | None = None
    library: SpectralLibrary | None = None
    measure: Measure = "angle"


def maps_of(cubes: Sequence[SpectralCube], choice: MapChoice, report: Report) -> CubeMaps:
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
            found.append((cube, map_of(cube, choice, step)))
        except CubeError as error:
            remarks.append(str(error))
    if not found:
        raise CubeError(remarks[0])
    limits = min(m.limits[0] for _, m in found), max(m.limits[1] for _, m in found)
    return CubeMaps(tuple((cube, replace(m, limits=limits)) for cube, m in found), tuple(remarks))


def map_of(cube: SpectralCube, choice: MapChoice, report: Report = ignore_progress) -> SpectralMap:
    """Return a map of a cube.

    Raises
    ------
    CubeError
        When the cube has too few wavelengths for it, none in the range, no recorded saturation, or no library is open.
    """
    match choice.kind:
        case "recorded":
            if cube.oxygenation is None:
                raise CubeError(f"{cube.name}: its file records no oxygen saturation.")
            return SpectralMap("oxygen saturation (recorded)", "1", cube.oxygenation, (0.0, 1.0), "turbo")
        case "band":
            if choice.band_nm is None:
                raise CubeError("No range of wavelengths is chosen; tick “Range” first.")
            return _band_map(cube, choice.band_nm, report)
        case "nearest" | "distance":
            return _library_map(cube, choice, report)
    found = unmix(cube, report)
    if choice.kind == "saturation":
        return SpectralMap("oxygen saturation (unmixed)", "1", found.oxygenation, (0.0, 1.0), "turbo")
    limits = (0.0, _top(found.haemoglobin))
    unit = HAEMOGLOBIN_UNITS[cube.modality]
    return SpectralMap("total haemoglobin (unmixed)", unit, found.haemoglobin, limits, "magma")


def shown_text(found: CubeMaps) -> str:
    """Return one line on maps that are shown: what, of how many pictures, on which scale, and what is missing."""
    first = found.maps[0][1]
    if first.names:
        names = ", ".join(f"{number} {name}" for number, name in enumerate(first.names[:_MOST_NAMES]))
        more = " ..." if len(first.names) > _MOST_NAMES else ""
        text = f"{first.title.capitalize()} in {counted(len(found.maps), 'picture')}: {names}{more}."
        return " ".join([text, *found.remarks])
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


def _library_map(cube: SpectralCube, choice: MapChoice, report: Report) -> SpectralMap:
    """Return the number of the library's spectrum that each pixel is nearest to, or how far that is."""
    if choice.library is None:
        raise CubeError("No spectral library is open; open one with “Library...” first.")
    names = choice.library.names
    comparison = LibraryComparison.of(choice.library, cube.wavelengths_nm, choice.measure)
    rows, columns, depth = cube.shape
    step = max(1, _BLOCK_VALUES // (columns * depth))
    picture = np.full((rows, columns), np.nan, np.float32)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        spectra = cube.without_bad_bands(cube.rows(start, stop)).reshape(-1, depth)

        def within(done: int, total: int, first: int = start, count: int = stop - start) -> None:
            report(first + count * done // total, rows)

        number, distance = comparison.nearest(spectra, within)
        shown = np.where(number < 0, np.nan, number) if choice.kind == "nearest" else distance
        picture[start:stop] = shown.reshape(stop - start, columns)
    if choice.kind == "nearest":
        limits = (-0.5, len(names) - 0.5)
        title = f"nearest of {choice.library.title}"
        return SpectralMap(title, "1", picture, limits, structure_colours(names), names)
    title, _, unit = MEASURES[choice.measure].rstrip("]").partition(" [")
    return SpectralMap(
        f"{title} to the nearest of {choice.library.title}", unit, picture, (0.0, _top(picture)), "viridis"
    )


def _top(values: NDArray[np.floating[Any]]) -> float:
    known = values[np.isfinite(values)]
    top = float(np.percentile(known, _HIGHEST)) if known.size else 0.0
    return top if top > 0 else 1.0
