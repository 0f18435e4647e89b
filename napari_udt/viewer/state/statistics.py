"""Statistics of structures and drawn regions, computed once and kept as long as the cube lives. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.labels import plain_name, present
from napari_udt.spectral.over_series import volume_moments
from napari_udt.spectral.spectra import (
    QUANTILES,
    Centre,
    SpectralStatistics,
    Spread,
    group_statistics,
    structure_moments,
    structure_spectra,
)
from napari_udt.spectral.transforms import Transform
from napari_udt.viewer.state.jobs import KeyedJobs, Submit
from napari_udt.viewer.state.session import Outline, Region

_Key = tuple[Any, ...]  # what was computed: kind, transform and so on
_MOST_RESULTS = 500  # per cube
_CORNERS = 72  # of the polygon that stands for an ellipse


@dataclass
class _Known:
    """What is known about one cube: the labels that occur in it, and statistics (or the errors met)."""

    labels: frozenset[int]
    results: dict[_Key, Any] = field(default_factory=dict)


class StructureStatistics:
    """Statistics of the structures and regions of cubes, computed when first requested.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread. Without it everything is computed at once; with it the first
        call returns None, and ``jobs.ended`` is emitted, in that thread, when the statistics are there.
    """

    def __init__(self, submit: Submit | None = None) -> None:
        self.jobs = KeyedJobs(submit)
        self._known: weakref.WeakKeyDictionary[SpectralCube, _Known] = weakref.WeakKeyDictionary()
        self._volumes: weakref.WeakKeyDictionary[Any, _Known] = weakref.WeakKeyDictionary()

    def label_of(self, cube: SpectralCube, structure: str) -> int | None:
        """Return the number of the structure of that name among the labels that occur in the cube."""
        held = self._of(cube).labels
        wanted = plain_name(structure)
        return next((i for i, n in cube.label_names.items() if i in held and plain_name(n) == wanted), None)

    def structures(self, cube: SpectralCube) -> tuple[str, ...]:
        """Return the names of the structures that occur in the cube."""
        held = self._of(cube).labels
        return tuple(name for label, name in cube.label_names.items() if label in held)

    def get(
        self, cube: SpectralCube, label: int, transform: Transform, centre: Centre, spread: Spread
    ) -> SpectralStatistics | None:
        """Return the statistics of one structure, or None while they are being computed.

        Raises
        ------
        CubeError
            When the cube could not be read.
        """
        if centre == "mean" and spread not in QUANTILES:
            moments = self._get(cube, ("moments", transform))
            return None if moments is None else _from_moments(moments[label], spread)
        return self._get(cube, ("group", transform, centre, spread, label))

    def of_volume(
        self, cube: SpectralCube, label: int, transform: Transform, spread: Spread
    ) -> SpectralStatistics | None:
        """Return mean and standard deviation of a structure over all slices of a volume, or None while they are being computed.

        Raises
        ------
        CubeError
            When the structure is nowhere in the volume, or it could not be read.
        """
        if cube.series not in self._volumes:
            self._volumes[cube.series] = _Known(frozenset())
        moments = self._get(cube, ("volume", transform), self._volumes[cube.series])
        if moments is not None and label not in moments:
            raise CubeError(
                f"{cube.name}: structure {cube.label_names.get(label, label)} is in no slice of it."
            )
        return None if moments is None else _from_moments(moments[label], spread)

    def of_region(
        self, cube: SpectralCube, region: Region, transform: Transform, centre: Centre, spread: Spread
    ) -> SpectralStatistics | None:
        """Return the statistics of a drawn region, or None while they are being computed.

        Raises
        ------
        CubeError
            When the region covers no pixel of the cube, or the cube could not be read.
        """
        return self._get(cube, ("region", transform, centre, spread, region))

    def _of(self, cube: SpectralCube) -> _Known:
        if cube not in self._known:
            labels = () if cube.labels is None else present(cube.labels)[0]
            self._known[cube] = _Known(frozenset(int(label) for label in labels))
        return self._known[cube]

    def _get(self, cube: SpectralCube, key: _Key, known: _Known | None = None) -> Any:
        known = known or self._of(cube)
        if key not in known.results:
            self.jobs.request((id(known), key), partial(_keep, cube, known, key))
        result = known.results.get(key)
        if isinstance(result, CubeError):
            raise result
        return result


def region_mask(
    outline: Outline, vertices: Sequence[tuple[float, float]], picture: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return which pixels of a picture have their middle inside an outline, shape (rows, columns).

    Parameters
    ----------
    outline : {"polygon", "ellipse"}
        An ellipse is given by the corners of its bounding box, which may be rotated.
    vertices : sequence of (row, column)
    picture : (int, int)
        Rows and columns.
    """
    from skimage.draw import polygon

    corners = np.asarray(vertices, dtype=np.float64)
    if outline == "ellipse":
        angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, np.newaxis]
        along, across = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
        corners = corners.mean(axis=0) + np.cos(angle) * along + np.sin(angle) * across
    mask = np.zeros(picture, dtype=bool)
    mask[polygon(corners[:, 0], corners[:, 1], picture)] = True
    return mask


def region_spectra(cube: SpectralCube, region: Region) -> NDArray[np.float32]:
    """All spectra of a drawn region, shape (n, channels), NaN at bad bands; reads only the rows that it covers.

    Raises
    ------
    CubeError
        When it covers no pixel of the cube.
    """
    mask = region_mask(region.outline, region.vertices, cube.shape[:2])
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        raise CubeError(f"Region {region.number} covers no pixel of {cube.name}; make it larger, or move it.")
    covered = slice(int(rows[0]), int(rows[-1]) + 1)
    return cube.without_bad_bands(cube.rows(covered.start, covered.stop)[mask[covered]])


def _keep(cube: SpectralCube, known: _Known, key: _Key) -> None:
    known.results[key] = _compute(cube, key)
    if len(known.results) > _MOST_RESULTS:  # a region that is being dragged is another one at every step
        known.results.pop(next(iter(known.results)))


def _compute(cube: SpectralCube, key: _Key) -> Any:
    kind, transform, *rest = key
    try:
        if kind == "volume":
            return volume_moments(cube, partial(transform, wavelengths_nm=cube.wavelengths_nm))
        if kind == "moments":
            return structure_moments(cube, partial(transform, wavelengths_nm=cube.wavelengths_nm))
        centre, spread, what = rest
        spectra = region_spectra(cube, what) if kind == "region" else structure_spectra(cube, what)
        return group_statistics(transform(spectra, cube.wavelengths_nm), centre, spread)
    except CubeError as error:
        return error
    except (OSError, ValueError, MemoryError) as error:  # a file is gone or damaged, a cube too large
        return CubeError(f"{cube.name}: the statistics could not be computed: {error}")


def _from_moments(moments: Any, spread: Spread) -> SpectralStatistics:
    band = moments.std if spread == "std" else 0
    return SpectralStatistics(moments.mean, moments.mean - band, moments.mean + band, moments.count)
