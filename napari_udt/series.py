"""A series of pictures: the frames of a scan along time, or the slices of a volume along depth.

A :class:`~napari_udt.cube.SpectralCube` is always one picture. Where it is one of several, its field ``series`` gives the
others, so that all that works on a picture works on each of them. This module imports numpy only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError, TransferError

Axis = Literal["time", "depth"]
Picture = TypeVar("Picture")

UNITS: dict[Axis, str] = {"time": "s", "depth": "mm"}
_WORDS: dict[Axis, tuple[str, str]] = {"time": ("frame", "frames"), "depth": ("slice", "slices")}
KEPT = 8  # pictures that stay at hand, as long as their values do not take more memory than this
KEPT_BYTES = 256_000_000


class Series(Generic[Picture]):
    """Pictures of one recording with the same pixels and wavelengths, read when asked for.

    Parameters
    ----------
    axis : {"time", "depth"}
        What leads from one picture to the next.
    count : int
        How many pictures there are, at least one.
    read : callable
        ``read(index)`` gives a picture; the latest ones are kept, at least one.
    positions : array, shape (count,), optional
        Where each picture lies, increasing: seconds from the first one, or millimetres. None where the file does not say.

    Raises
    ------
    CubeError
        When the positions do not fit.
    """

    def __init__(
        self,
        axis: Axis,
        count: int,
        read: Callable[[int], Picture],
        positions: NDArray[np.float64] | None = None,
    ) -> None:
        self.axis = axis
        self.count = count
        self.positions = _checked_positions(positions, axis, count)
        self._read = read
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Picture] = OrderedDict()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Picture]:
        return (self[index] for index in range(self.count))

    def __getitem__(self, index: int) -> Picture:
        """Return a picture; raises ``CubeError`` where there is none."""
        if not 0 <= index < self.count:
            raise CubeError(
                f"The {self.axis} series has no picture {index}; it has {self.count}, counted from 0."
            )
        if (kept := self.at_hand(index)) is not None:
            return kept
        picture = self._read(index)
        with self._lock:
            self._kept[index] = picture
            self._kept.move_to_end(index)
            while len(self._kept) > 1 and (len(self._kept) > KEPT or self._bytes_at_hand() > KEPT_BYTES):
                self._kept.popitem(last=False)
        return picture

    def at_hand(self, index: int) -> Picture | None:
        """Return a picture that was read lately; None where it would have to be read."""
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
            return self._kept.get(index)

    def _bytes_at_hand(self) -> int:
        """Return the memory that the values of kept pictures take; those that live in their file take none."""
        values = (getattr(picture, "data", None) for picture in self._kept.values())
        return sum(array.nbytes for array in values if isinstance(array, np.ndarray))

    def nearest(self, position: float) -> int:
        """Return the number of the picture nearest to a position in :attr:`unit`."""
        return int(np.argmin(np.abs(self.coordinates - position)))

    @property
    def unit(self) -> str:
        """Unit of the positions: "s" or "mm"; "frame" or "slice" where they are not known."""
        if self.positions is not None:
            return UNITS[self.axis]
        return _WORDS[self.axis][0]

    @property
    def coordinates(self) -> NDArray[np.float64]:
        """Positions in :attr:`unit`, shape (count,); the pictures' numbers, from 0, where they are not known."""
        return np.arange(self.count, dtype=np.float64) if self.positions is None else self.positions

    @contextmanager
    def naming(self, index: int) -> Iterator[None]:
        """Let an error within say which picture it is about."""
        try:
            yield
        except (CubeError, TransferError) as error:
            one = _WORDS[self.axis][0]
            raise type(error)(f"{error} (This is {one} {index} of {self.count}, counted from 0.)") from error

    @property
    def summary(self) -> str:
        """What it is in a few words: "12 frames over 3.4 s", "60 slices, 0.3 mm apart"."""
        text = f"{self.count} {_WORDS[self.axis][self.count > 1]}"
        if self.positions is None or self.count < 2:
            return text
        steps = np.diff(self.positions)
        if self.axis == "depth" and np.ptp(steps) < 1e-3 * steps.mean():
            return f"{text}, {steps.mean():.3g} {self.unit} apart"
        return f"{text} over {self.positions[-1] - self.positions[0]:.3g} {self.unit}"

    def part(self, start: int, stop: int) -> Series[Picture]:
        """Return the series of the pictures from ``start`` to before ``stop``; raises ``CubeError`` where there are none."""
        if not 0 <= start < stop <= self.count:
            raise CubeError(
                f"The {self.axis} series has no pictures {start}:{stop}; it has {self.count}, counted from 0."
            )
        kept = None if self.positions is None else self.positions[start:stop]
        if kept is not None and self.axis == "time":
            kept = kept - kept[0]
        return Series(self.axis, stop - start, lambda index: self[start + index], kept)

    def derived(self, change: Callable[[int, Picture], Picture]) -> Series[Picture]:
        """Return the series of changed pictures, ``change(index, picture)`` being computed when one is asked for."""
        return Series(self.axis, self.count, lambda index: change(index, self[index]), self.positions)


def _checked_positions(positions: object, axis: Axis, count: int) -> NDArray[np.float64] | None:
    if count < 1:
        raise CubeError(f"A {axis} series of {count} pictures; expected at least one.")
    if positions is None:
        return None
    values = np.array(positions, dtype=np.float64).reshape(-1)
    if len(values) != count:
        raise CubeError(
            f"{len(values)} positions along {axis} for {count} pictures; expected one per picture."
        )
    if not np.all(np.isfinite(values)) or np.any(np.diff(values) <= 0):
        raise CubeError(f"The positions along {axis} are not strictly increasing numbers in {UNITS[axis]}.")
    values.setflags(write=False)
    return values
