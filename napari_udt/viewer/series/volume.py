"""A whole volume at one wavelength, and its structures: read slice by slice in the background. No Qt, no napari."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.labels import is_background, plain_name
from napari_udt.viewer.series.pictures import CubeSeries
from napari_udt.viewer.state.jobs import Submit, error_text, run_at_once

MOST_BYTES = 1_000_000_000  # of the values at one wavelength
_KEPT = 3  # wavelengths
_PAUSE_S = 0.5  # before the first look at what was read; each draws the volume anew, so the next one comes twice as late
_SMALL = 0.1  # of the volume: what is larger hides what lies in it

Plane = Callable[[SpectralCube, int], NDArray[np.float32]]


@dataclass(eq=False)
class Structures:
    """The structures of a volume.

    Parameters
    ----------
    labels : int array, shape (slices, rows, columns)
        Zero in slices that were not read yet.
    names : dict of int to str
        Of the numbers that were found.
    """

    labels: NDArray[np.int32]
    names: dict[int, str] = field(default_factory=dict)

    def shown(self, chosen: tuple[str, ...]) -> NDArray[np.int32]:
        """Return the labels of the structures to draw, zero elsewhere.

        Those of the chosen names, background never; where none of these occurs, all that take less than a tenth of the volume:
        larger ones, such as muscle, would hide what lies in them.
        """
        labels = self.labels.copy()  # more slices may come while this is computed
        names = {number: name for number, name in dict(self.names).items() if not is_background(name)}
        wanted = {plain_name(name) for name in chosen}
        numbers = [number for number, name in names.items() if plain_name(name) in wanted]
        if not numbers:
            most = _SMALL * labels.size
            sizes = dict(zip(*np.unique(labels, return_counts=True), strict=True))
            numbers = [number for number in names if sizes.get(number, 0) < most] or list(names)
        return np.where(np.isin(labels, numbers), labels, 0)

    def first_along(
        self, shown: NDArray[np.int32], start: NDArray[np.float64], end: NDArray[np.float64]
    ) -> tuple[int, int, int] | None:
        """Return slice, row and column of the first voxel of a structure between two points, in voxels; None where there is none."""
        steps = max(2, math.ceil(2 * float(np.abs(end - start).max())))
        places = np.rint(np.linspace(start, end, steps)).astype(np.intp)
        inside = places[np.all((places >= 0) & (places < shown.shape), axis=1)]
        hit = np.flatnonzero(shown[tuple(inside.T)])
        if not hit.size:
            return None
        place, row, column = (int(value) for value in inside[hit[0]])
        return place, row, column


@dataclass(eq=False)
class _Volume:
    values: NDArray[np.float32]  # (slices, rows, columns); zero in slices that were not read yet
    done: int = 0


class VolumeReader:
    """Reads volumes for views in which depth is an axis; what was read is there at once, the rest follows.

    Parameters
    ----------
    plane : callable
        ``plane(picture, index)`` gives one plane of a picture, shape (rows, columns).
    submit : callable, optional
        Runs a function later, in another thread; without it everything is read at once.
    deliver : callable, optional
        Runs a function in the window's thread, called from any.
    """

    changed = Signal(object)  # there are more slices: of which series
    failed = Signal(str)  # one sentence

    def __init__(
        self,
        plane: Plane,
        submit: Submit | None = None,
        deliver: Callable[[Callable[[], None]], object] = run_at_once,
    ) -> None:
        self._plane, self._submit, self._deliver = plane, submit or run_at_once, deliver
        self._volumes: dict[tuple[CubeSeries, int], _Volume] = {}
        self._structures: dict[CubeSeries, Structures] = {}
        self._wanted: dict[CubeSeries, int] = {}  # the plane that is being read
        self._refused: set[CubeSeries] = set()
        self._telling = False  # a look at what was read is still to come: no second one is asked for

    def values(self, series: CubeSeries, plane: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return a volume at one wavelength, zero where it is still to be read, shape (slices, rows, columns)."""
        full = (len(series), *shape)
        if (volume := self._volumes.get((series, plane))) is not None:
            if volume.done < len(series) and self._wanted.get(series) != plane:
                self._start(series, plane, volume)
            return volume.values
        if 4 * math.prod(full) > MOST_BYTES:
            if series not in self._refused:
                self._refused.add(series)
                size = 4 * math.prod(full) / 1e9
                self.failed.emit(
                    f"The volume of {len(series)} slices would take {size:.1f} GB at each wavelength; at most "
                    f"{MOST_BYTES / 1e9:g} GB are shown in 3-D: look at its slices."
                )
            return np.broadcast_to(np.float32(0), full)
        volume = self._volumes[series, plane] = _Volume(np.zeros(full, np.float32))
        for key in [key for key in self._volumes if key[0] is series][:-_KEPT]:
            del self._volumes[key]
        self._start(series, plane, volume)
        return volume.values

    def structures(self, series: CubeSeries) -> Structures | None:
        """Return the structures as far as they were read; None where nothing was."""
        return self._structures.get(series)

    def being_read(self, series: CubeSeries) -> int | None:
        """Return how many slices were read so far; None where nothing is being read."""
        plane = self._wanted.get(series)
        volume = None if plane is None else self._volumes.get((series, plane))
        return None if volume is None else volume.done

    def stop(self) -> None:
        """Read no further, and forget all."""
        self._wanted.clear()
        self._volumes.clear()
        self._structures.clear()

    def _start(self, series: CubeSeries, plane: int, volume: _Volume) -> None:
        self._wanted[series] = plane
        self._structures.setdefault(series, Structures(np.zeros(volume.values.shape, np.int32)))
        self._submit(partial(self._read, series, plane, volume))

    def _read(self, series: CubeSeries, plane: int, volume: _Volume) -> None:
        """Read the slices that are missing until another wavelength is wanted; in the thread."""
        looked, pause, structures = time.monotonic(), _PAUSE_S, self._structures.get(series)
        try:
            while volume.done < len(series):
                if self._wanted.get(series) != plane or structures is None:
                    return
                with series.naming(volume.done):
                    self._take(series[volume.done], volume, structures, plane)
                volume.done += 1
                if time.monotonic() - looked > pause and not self._telling:
                    self._telling = True
                    self._deliver(partial(self._tell, series))
                    looked, pause = time.monotonic(), 2 * pause
        except Exception as error:  # whatever a library raises must reach the user, not the log
            self._deliver(
                partial(self.failed.emit, error_text(error, f"Slice {volume.done + 1} could not be read"))
            )
        if self._wanted.get(series) == plane:
            del self._wanted[series]
        self._deliver(partial(self._tell, series))

    def _tell(self, series: CubeSeries) -> None:
        try:
            self.changed.emit(series)
        finally:
            self._telling = False

    def _take(self, picture: SpectralCube, volume: _Volume, structures: Structures, plane: int) -> None:
        index, shape = volume.done, volume.values.shape[1:]
        if picture.shape[:2] != shape:
            raise CubeError(f"{picture.name}: the slice has the size {picture.shape[:2]}; expected {shape}.")
        values: NDArray[Any] = self._plane(picture, plane)
        volume.values[index] = np.nan_to_num(values, nan=0, posinf=0, neginf=0)
        if picture.labels is not None:
            structures.labels[index] = picture.labels
            structures.names.update(picture.present_labels)
