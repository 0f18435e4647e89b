"""The range of the value axis: all of the curves, but not a single wild wavelength. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
_WINDOW = 5  # channels of the running median: one or two wild neighbours do not move it
_MARGIN = 0.35  # of the range of the medians; what lies within is no outlier
_FEWEST = 8  # channels


@dataclass(frozen=True)
class Extent:
    """The range of one line, and that of its running median over five wavelengths."""

    low: float
    high: float
    steady_low: float
    steady_high: float


@dataclass(frozen=True)
class Outlier:
    """A value beyond the axis: its wavelength in nm, and which of the lines it is on."""

    wavelength_nm: float
    value: float
    line: int
    is_above: bool


def extent(lines: Iterable[Floats | None]) -> Extent | None:
    """Return the extent of lines that are drawn together, such as a curve and its band; None where no value is known."""
    known = [line[np.isfinite(line)] for line in lines if line is not None]
    known = [line for line in known if line.size]
    if not known:
        return None
    steady = [_running_median(line) for line in known]
    return Extent(
        min(float(line.min()) for line in known),
        max(float(line.max()) for line in known),
        min(float(line.min()) for line in steady),
        max(float(line.max()) for line in steady),
    )


def value_range(extents: Iterable[Extent | None]) -> tuple[float, float] | None:
    """Return the lower and upper end of the axis for lines; None where there is none.

    All values are within, unless single wavelengths lie far beyond everything else.
    """
    known = [part for part in extents if part is not None]
    if not known:
        return None
    steady_low, steady_high = min(p.steady_low for p in known), max(p.steady_high for p in known)
    margin = _MARGIN * (steady_high - steady_low)
    low, high = min(p.low for p in known), max(p.high for p in known)
    if margin == 0:
        return low, high
    return max(low, steady_low - margin), min(high, steady_high + margin)


def outliers(
    lines: Sequence[tuple[Floats, Floats]], limits: tuple[float, float] | None
) -> tuple[Outlier, ...]:
    """Return the values beyond the ends of the axis, the farthest first.

    Parameters
    ----------
    lines : sequence of (wavelengths_nm, values)
    limits : (float, float), optional
        As :func:`value_range` gives them.
    """
    if limits is None:
        return ()
    found: list[tuple[float, Outlier]] = []
    for number, (wavelengths_nm, values) in enumerate(lines):
        with np.errstate(invalid="ignore"):
            excess = np.maximum(values - limits[1], limits[0] - values)
        for place in np.flatnonzero(excess > 0):
            value = float(values[place])
            outlier = Outlier(float(wavelengths_nm[place]), value, number, value > limits[1])
            found.append((float(excess[place]), outlier))
    return tuple(outlier for _, outlier in sorted(found, key=lambda pair: -pair[0]))


def _running_median(values: Floats) -> Floats:
    """Return medians over five neighbours, at the ends by Tukey's rule: an end follows the line that leads to it."""
    if len(values) < _FEWEST:
        return values
    reach = _WINDOW // 2
    middle = np.median(np.lib.stride_tricks.sliding_window_view(values, _WINDOW), axis=1)
    first = [np.median(values[: 2 * i + 1]) for i in range(1, reach)]
    last = [np.median(values[len(values) - 2 * i - 1 :]) for i in range(reach - 1, 0, -1)]
    inner = np.concatenate([first, middle, last])
    start = np.median([values[0], inner[0], 3 * inner[0] - 2 * inner[1]])
    end = np.median([values[-1], inner[-1], 3 * inner[-1] - 2 * inner[-2]])
    return np.concatenate([[start], inner, [end]])
