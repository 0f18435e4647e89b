"""Which axes of a TIFF's pages are time, depth and a picture with its spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tifffile import TiffPageSeries

from napari_udt.errors import CubeError
from napari_udt.series import Axis


@dataclass(frozen=True)
class TiffAxes:
    """The axes of a series of pages.

    Parameters
    ----------
    shape : tuple of int
    letters : str
        tifffile's names: T, Z, C, Y, X, S or anything else.
    held : tuple of int
        Axes of time and depth, in this order, beside the three of a picture's spectra.
    """

    shape: tuple[int, ...]
    letters: str
    held: tuple[int, ...]

    @classmethod
    def of(cls, series: TiffPageSeries) -> TiffAxes | None:
        """Tell the axes of a series apart; None where there are not three beside those of time and depth."""
        named = [series.axes.index(letter) for letter in "TZ" if letter in series.axes]
        held = tuple(named[: max(0, series.ndim - 3)])
        if series.ndim - len(held) != 3:
            return None
        return cls(tuple(map(int, series.shape)), series.axes, held)

    @property
    def free(self) -> tuple[int, ...]:
        """The three axes of a picture with its spectra."""
        return tuple(axis for axis in range(len(self.shape)) if axis not in self.held)

    @property
    def picture(self) -> tuple[int, ...]:
        """Length of the three axes of a picture with its spectra."""
        return tuple(self.shape[axis] for axis in self.free)

    @property
    def series_axis(self) -> Axis:
        """What leads from one picture to the next."""
        return "depth" if self.held and self.letters[self.held[0]] == "Z" else "time"

    @property
    def count(self) -> int:
        """How many pictures there are along it."""
        return self.shape[self.held[0]] if self.held else 1

    @property
    def frames(self) -> int:
        """How many of them lie along time."""
        return self.count if self.series_axis == "time" else 1

    @property
    def slices_beside_frames(self) -> int:
        """Slices of each frame, where there are both."""
        return self.shape[self.held[1]] if len(self.held) == 2 else 1


def axes_of(series: TiffPageSeries) -> TiffAxes:
    """Tell the axes of a series apart; raises ``CubeError`` where there are not three of a picture's spectra."""
    axes = TiffAxes.of(series)
    if axes is None:
        raise CubeError(
            f"The stack has the axes {series.axes}; expected three, beside those of time (T) and depth (Z)."
        )
    return axes


def place_of(indices: Sequence[int], lengths: Sequence[int]) -> int:
    """Return where an entry stands among all, the last axis counting fastest."""
    return int(np.ravel_multi_index(tuple(indices), tuple(lengths))) if lengths else 0
