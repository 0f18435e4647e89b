"""Cut-outs of pictures, from an open cube or from the cubes of a collection, which are read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import EvaluationError
from napari_udt.population.groups import Group, Population, labels_of
from napari_udt.population.reader_study.design import Design, shares

Mark = tuple[int, int]  # row and column in a cut-out
CutOut = tuple[str, str, NDArray[np.float32], Mark | None]  # structure, image, values, where the structure is
Picture = tuple[str, Callable[[], AbstractContextManager[SpectralCube]]]  # name, and what opens its cube
# Brightest and darkest per cent that a picture may lose to contrast.
_STRETCH = (1.0, 99.0)


def cut_outs(
    population: Population,
    group: Group,
    design: Design,
    count: int,
    rng: np.random.Generator,
    progress: Callable[[int, int], None],
) -> list[CutOut]:
    """Return squares of a group's pictures: around pixels of the structures that are asked for, else anywhere.

    Returns
    -------
    list of (structure, image, array of shape (side, side), mark)
        Structure by structure; the structure is empty, and nothing marked, where none is asked for.

    Raises
    ------
    EvaluationError
        When the group has no pictures, or too few pixels of a structure.
    """
    pictures = _pictures(group)
    if not pictures:
        raise EvaluationError(
            f"{group.name} comes from a data set, not from pictures; judge spectra instead."
        )
    names = design.classes if design.task == "structure" else ("",)
    missing = dict(zip(names, shares(count, len(names)), strict=True))
    found: dict[str, list[CutOut]] = {name: [] for name in names}
    shown: dict[str, set[int]] = {image: set() for image, _ in pictures}  # pixels that are not shown again
    order = [pictures[place] for place in rng.permutation(len(pictures))]
    for last_round in (False, True):  # in the first, pictures give equal shares as far as they can
        for done, (image, opener) in enumerate(order):
            progress(done, len(order))
            if not any(missing.values()):
                break
            wanted = {
                name: left if last_round else min(left, -(-count // (len(names) * len(order))))
                for name, left in missing.items()
            }
            with opener() as cube:
                for name, values, mark in _of_picture(population, cube, design, wanted, rng, shown[image]):
                    found[name].append((name, image, values, mark))
                    missing[name] -= 1
    for name, left in missing.items():
        if left:
            raise EvaluationError(
                f"{group.name} has {len(found[name])} pixels of {name} to show; {left} more are needed: ask for fewer, "
                "or leave it out."
            )
    return [item for name in names for item in found[name]]


def _pictures(group: Group) -> list[Picture]:
    if group.cube is not None:
        return [(group.name, _opened(group.cube))]
    if group.open_image is None or group.images is None:
        return []
    return [
        (f"{group.name} {number + 1}", partial(group.open_image, number))
        for number in np.unique(group.images).tolist()
    ]


def _opened(cube: SpectralCube) -> Callable[[], AbstractContextManager[SpectralCube]]:
    return lambda: nullcontext(cube)


def _of_picture(
    population: Population,
    cube: SpectralCube,
    design: Design,
    wanted: dict[str, int],
    rng: np.random.Generator,
    shown: set[int],
) -> Iterator[tuple[str, NDArray[np.float32], Mark | None]]:
    """Yield cut-outs of one picture, at most as many of each structure as are wanted and as it has pixels."""
    rows, columns, side = *cube.shape[:2], design.side
    if min(rows, columns) < side:
        raise EvaluationError(
            f"{cube.name} is a picture of {rows} × {columns} pixels; cut-outs of {side} do not fit."
        )
    picture = cube.image(design.wavelength_nm)
    labels = labels_of(cube, population.class_names).reshape(rows, columns) if any(wanted) else None
    for name, count in wanted.items():
        if name and labels is not None:
            pixels = np.flatnonzero(labels == population.class_names.index(name))
        else:
            pixels = np.arange(rows * columns)
        chosen = [pixel for pixel in rng.permutation(pixels).tolist() if pixel not in shown][:count]
        shown.update(chosen)
        for row, column in (divmod(pixel, columns) for pixel in chosen):
            # Around the pixel, or as far as the picture's edge allows.
            top, left = (
                int(np.clip(place - side // 2, 0, size - side))
                for place, size in ((row, rows), (column, columns))
            )
            cut, mark = picture[top : top + side, left : left + side], (row - top, column - left)
            if rng.random() < 0.5:
                cut, mark = cut[:, ::-1], (mark[0], side - 1 - mark[1])
            yield name, _stretched(cut), mark if name else None


def _stretched(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.nanpercentile(picture, _STRETCH)
    return np.clip((picture - low) / max(high - low, np.finfo(np.float32).tiny), 0, 1).astype(np.float32)
