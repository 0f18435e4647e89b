"""Pictures of a series: where each lies, in words and numbers, and changes that hold for all of them. No Qt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from napari_udt.cube import NAMED, SpectralCube, nested
from napari_udt.errors import CubeError
from napari_udt.series import Series

CubeSeries: TypeAlias = "Series[SpectralCube]"

PICTURE_WORDS = {"time": "frame", "depth": "slice"}
_MOST_DECIMALS = 6
_MOST_HELD_BYTES = 4_000_000_000
_ALMOST = 1.001  # 0.1 as the difference of two floats may be less


def series_of(cube: SpectralCube) -> CubeSeries | None:
    """Return the series that a cube belongs to; None where it is the only picture."""
    return cube.series if cube.series is not None and len(cube.series) > 1 else None


def is_volume(cube: SpectralCube) -> bool:
    """Whether a cube is a slice of a volume."""
    series = series_of(cube)
    return series is not None and series.axis == "depth"


def decimals(series: CubeSeries) -> int:
    """Return how many decimals tell the positions of a series apart."""
    if series.positions is None:
        return 0
    step = float(np.diff(series.coordinates).min(initial=math.inf))
    return (
        int(np.clip(1 - math.floor(math.log10(step * _ALMOST)), 0, _MOST_DECIMALS))
        if math.isfinite(step)
        else 1
    )


def position_text(series: CubeSeries, index: int) -> str:
    """Return where a picture lies, as "3.40 s", "2.1 mm" or, where that is not known, "frame 7"."""
    if series.positions is None:
        return f"{series.unit} {index + 1}"
    return f"{series.coordinates[index]:.{decimals(series)}f} {series.unit}"


def place_text(cube: SpectralCube, separator: str = ", ") -> str:
    """Return which picture of its series a cube is, as "frame 7 of 12, 3.40 s"; empty for a single picture."""
    series = series_of(cube)
    if series is None:
        return ""
    words = f"{PICTURE_WORDS[series.axis]} {cube.place + 1} of {len(series)}"
    return words if series.positions is None else separator.join((words, position_text(series, cube.place)))


def at_hand(cube: SpectralCube, position: float | None) -> SpectralCube:
    """Return the picture of a cube's series at a position where it was read lately, else the cube itself."""
    series = series_of(cube)
    if series is None or position is None or cube.place == (index := series.nearest(position)):
        return cube
    return series.at_hand(index) or cube


def held(cube: SpectralCube, report: Callable[[int, int], object]) -> SpectralCube:
    """Return a cube whose series' pictures are all computed and stay in memory; ``report(done, total)`` after each.

    Raises
    ------
    CubeError
        When they would take more than 4 GB.
    """
    series = cube.series
    if series is None:
        return cube
    size = 4 * math.prod(cube.shape) * len(series)
    if size > _MOST_HELD_BYTES:
        raise CubeError(
            f"{cube.name}: all {len(series)} pictures would take {size / 1e9:.1f} GB of memory; at most "
            f"{_MOST_HELD_BYTES / 1e9:.0f} GB are taken here. Transfer into a file with “napari-udt transfer”, or as the slider moves."
        )
    pictures: list[SpectralCube] = []
    kept: CubeSeries = Series(series.axis, len(series), lambda index: pictures[index], series.positions)
    for index in range(len(series)):
        picture = cube if index == cube.place else series[index]
        pictures.append(replace(picture.in_memory(), series=kept))
        report(index + 1, len(series))
    return pictures[cube.place]


def changed_alike(former: SpectralCube, cube: SpectralCube) -> SpectralCube:
    """Return a changed picture whose series' other pictures change with it.

    Structures that were renamed are renamed in all. Other labels hold for all frames of a scan, but for one slice of a volume.
    """
    series = former.series
    if series is None or cube.series is not series:
        return cube
    names = {
        name: cube.label_names[number]
        for number, name in former.label_names.items()
        if cube.label_names.get(number, name) != name
    }
    renamed = nested(cube.metadata, NAMED) != nested(former.metadata, NAMED)

    def change(index: int, picture: SpectralCube) -> SpectralCube:
        if index == cube.place:
            picture = cube
        elif renamed:
            picture = picture.with_structures_named(names)
        elif cube.labels is not former.labels and series.axis == "time":
            picture = replace(picture, labels=cube.labels, label_names=cube.label_names)
        return replace(picture, series=changed)

    changed = series.derived(change)
    return replace(cube, series=changed)
