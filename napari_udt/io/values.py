"""What a file says about its stored numbers: which of them mean "no value", and how the others become physical values.

Readers hand what they find to :func:`napari_udt.io.assemble.assemble`, and :class:`StoredValues` is applied wherever numbers
are read, in memory or lazily.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Factor = float | NDArray[np.float64]

_BLOCK_VALUES = 4_000_000
_HUGE = 1e30  # fill values of this size are written with fewer digits than they have

# Names in lower case with single blanks. Those that stand first are preferred.
_IGNORED = (
    "data ignore value",
    "fillvalue",
    "fill value",
    "missing value",
    "ignore value",
    "gdal nodata",
    "nodata",
    "no data",
    "nodata value",
    "no data value",
)
_DIVISORS = ("reflectance scale factor", "scale factor")
_GAINS = (
    ("data reflectance gain values", "data reflectance offset values"),
    ("data gain values", "data offset values"),
)
_OFFSET = "add offset"
_RANGE, _LEAST, _MOST = "valid range", "valid min", "valid max"
_UNSIGNED = "unsigned"
_PACKING = "scale_factor"  # so spelled it is that of the CF conventions: a factor
BAD_BAND_NAMES = ("bbl", "bad band list", "good wavelengths", "good bands")  # 1 stands for a good band


@dataclass(frozen=True, eq=False)
class StoredValues:
    """How stored numbers become values: ``value = stored * scale + offset``, and NaN where the number is ignored.

    Parameters
    ----------
    ignored : tuple of float
        Stored numbers that stand for no value.
    scale, offset : float or array, shape (stored channels,)
    source : str
        Names of what the file says, for the metadata.
    valid : (float, float)
        Stored numbers outside of this range stand for no value.
    unsigned : bool
        Whether integers with a sign are to be taken without one (NetCDF's ``_Unsigned``).
    """

    ignored: tuple[float, ...] = ()
    scale: Factor = 1.0
    offset: Factor = 0.0
    source: str = ""
    valid: tuple[float, float] = (-np.inf, np.inf)
    unsigned: bool = False

    def __bool__(self) -> bool:
        linear = bool(np.any(self.scale != 1)) or bool(np.any(self.offset != 0))
        return bool(self.ignored) or linear or self.unsigned or bool(np.any(np.isfinite(self.valid)))

    def applied(self, stored: NDArray[Any], channels: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the values of stored numbers (rows, columns, channels) of some stored channels, as float32."""
        values = np.empty(stored.shape, np.float32)
        scale, offset = (_of_channels(factor, channels) for factor in (self.scale, self.offset))
        plain = not np.any(scale != 1) and not np.any(offset != 0)
        step = max(1, _BLOCK_VALUES // max(1, stored[:1].size))
        for start in range(0, len(stored), step):
            block, target = stored[start : start + step], values[start : start + step]
            missing = [_equal(block, number) for number in self.ignored]  # as they are stored
            if self.unsigned and block.dtype.kind == "i":
                block = block.view(block.dtype.str.replace("i", "u"))
            target[...] = block if plain else block.astype(np.float64) * scale + offset
            missing += self._outside(block, target)
            for places in missing:
                target[places] = np.nan
        return values

    def _outside(self, stored: NDArray[Any], values: NDArray[Any]) -> list[NDArray[np.bool_]]:
        """Return where numbers lie outside the valid range; fractions as its ends belong to values, not to stored integers."""
        ends = [end for end in self.valid if np.isfinite(end)]
        if not ends:
            return []
        fractions = stored.dtype.kind != "f" and any(end != np.trunc(end) for end in ends)
        numbers, (low, high) = values if fractions else stored, self.valid
        if self.unsigned and stored.dtype.kind == "u":
            low, high = (
                end + 2.0 ** (8 * stored.itemsize) if end < 0 and np.isfinite(end) else end
                for end in (low, high)
            )
        return [np.asarray(numbers < low), np.asarray(numbers > high)]

    def to_metadata(self) -> dict[str, Any]:
        """Return what was applied, JSON-serialisable; empty where nothing was."""
        said: dict[str, Any] = {}
        if self.ignored:
            said["ignored_numbers"] = list(self.ignored)
        if np.any(self.scale != 1):
            said["scale"] = np.asarray(self.scale).tolist()
        if np.any(self.offset != 0):
            said["offset"] = np.asarray(self.offset).tolist()
        if np.any(np.isfinite(self.valid)):
            said["valid_range"] = [end if np.isfinite(end) else None for end in self.valid]
        if self.unsigned:
            said["unsigned"] = True
        return {**said, "stated_as": self.source} if said else {}


def stated_values(said: Mapping[str, Any], channels: int) -> StoredValues:
    """Return how stored numbers become values, of names and values that a header or attributes hold.

    Parameters
    ----------
    said : mapping of str to number, list of numbers, or text that holds them
        Names are compared without regard to case, blanks and underscores; unknown names are passed over.
    channels : int
        Stored channels: gains and offsets may be given for each.

    Notes
    -----
    ``scale_factor`` in this spelling multiplies (CF conventions), ``Scale_Factor`` and "reflectance scale factor" divide
    (ENVI, NEON) unless they are below 1. A reflectance scale goes before gains, which give radiance. What is no finite
    number, or has another length than there are channels, is passed over; so is a scale of zero.
    """
    found = {_plain(name): (name.rsplit("/", 1)[-1], value) for name, value in said.items()}
    ignored = {n for key in _IGNORED if key in found for n in numbers_in(found[key][1]) if not np.isnan(n)}
    used = [found[key][0] for key in _IGNORED if key in found] if ignored else []
    scale, offset, names = _linear(found, channels)
    used += [found[key][0] for key in (_RANGE, _LEAST, _MOST) if key in found]
    unsigned = str(found.get(_UNSIGNED, ("", ""))[1]).strip().lower() in ("true", "1")
    return StoredValues(
        tuple(sorted(ignored)), scale, offset, ", ".join([*used, *names]), _valid(found), unsigned
    )


def default_fill(number: Any) -> float | None:
    """Return the number that unwritten places of an array read as, where it can be no measured value; else None.

    A user may choose any; negative and huge ones (NetCDF's 9.97e36) stand for no value, 0 or 1 may be meant as such.
    """
    found = numbers_in(number)
    if len(found) != 1 or not (found[0] < 0 or found[0] >= _HUGE) or not np.isfinite(found[0]):
        return None
    return found[0]


def states_ignored(said: Mapping[str, Any]) -> bool:
    """Whether there is a number that stands for no value among what a file says."""
    return any(_plain(name) in _IGNORED for name in said)


def numbers_in(value: Any) -> list[float]:
    """Return the numbers in a number, an array, or text such as "{1. , 0.5}"; empty when one is none."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        value = [word for word in re.split(r"[\s,;]+", value.strip("[](){} \t\r\n")) if word]
    try:
        return [float(number) for number in np.asarray(value).reshape(-1)]
    except (TypeError, ValueError):
        return []


def marked_bad(good: Any, channels: int) -> NDArray[np.bool_] | None:
    """Return which channels a list of ones (good) and zeros marks as bad; None where it is no such list, or marks none."""
    marks = np.array(numbers_in(good))
    if marks.size != channels or not np.all(np.isin(marks, (0, 1))):
        return None
    return marks == 0 if np.any(marks == 0) else None


def is_bad_band_name(name: str) -> bool:
    """Whether a list of this name may mark bad bands."""
    return _plain(name.rsplit("/", 1)[-1]) in BAD_BAND_NAMES


def is_width_name(name: str) -> bool:
    """Whether a list of this name may hold the widths of the channels."""
    return _plain(name.rsplit("/", 1)[-1]).removesuffix(" nm") == "fwhm"


def is_value_name(name: str) -> bool:
    """Whether :func:`stated_values` knows this name."""
    return _plain(name) in _NAMES


def _valid(found: Mapping[str, tuple[str, Any]]) -> tuple[float, float]:
    """Return the least and the largest stored number that is a value."""
    low, high = -np.inf, np.inf
    ends = numbers_in(found[_RANGE][1]) if _RANGE in found else []
    if len(ends) == 2 and ends[0] < ends[1]:
        low, high = ends
    for key in (_LEAST, _MOST):
        number = numbers_in(found[key][1]) if key in found else []
        if len(number) == 1 and np.isfinite(number[0]):
            low, high = (number[0], high) if key == _LEAST else (low, number[0])
    return (low, high) if low < high else (-np.inf, np.inf)


def _linear(found: Mapping[str, tuple[str, Any]], channels: int) -> tuple[Factor, Factor, list[str]]:
    """Return scale, offset, and under which names they were found."""
    for key in _DIVISORS:
        if key not in found:
            continue
        name, value = found[key]
        factor = _factor(value, channels)
        if factor is None or np.any(factor == 0):
            continue
        if name != _PACKING and np.any(np.abs(factor) > 1):
            factor = 1 / factor
        offset = _factor(found[_OFFSET][1], channels) if _OFFSET in found else None
        return (
            factor,
            0.0 if offset is None else offset,
            [name, *([] if offset is None else [found[_OFFSET][0]])],
        )
    for gain_key, offset_key in _GAINS:
        gain, offset = (
            _factor(found[key][1], channels) if key in found else None for key in (gain_key, offset_key)
        )
        if gain is not None and np.any(gain == 0):
            gain = None
        if gain is not None or offset is not None:
            names = [key for key, factor in ((gain_key, gain), (offset_key, offset)) if factor is not None]
            return 1.0 if gain is None else gain, 0.0 if offset is None else offset, names
    offset = _factor(found[_OFFSET][1], channels) if _OFFSET in found else None
    return (1.0, 0.0, []) if offset is None else (1.0, offset, [found[_OFFSET][0]])


def _factor(value: Any, channels: int) -> Factor | None:
    """Return one number, or one for each channel; None for anything else."""
    numbers = np.array(numbers_in(value))
    if numbers.size not in (1, channels) or not np.all(np.isfinite(numbers)):
        return None
    return float(numbers[0]) if np.all(numbers == numbers[0]) else numbers


def _of_channels(factor: Factor, channels: NDArray[np.intp]) -> Factor:
    return factor[channels] if isinstance(factor, np.ndarray) else factor


def _equal(stored: NDArray[Any], number: float) -> NDArray[np.bool_]:
    """Return where stored numbers are the one that is ignored, in the precision in which they are stored."""
    if stored.dtype.kind != "f":
        if not np.isfinite(number):
            return np.zeros(stored.shape, dtype=bool)
        return np.asarray(stored == (int(number) if number == np.trunc(number) else number))
    if abs(number) >= _HUGE:
        return np.asarray(stored * np.sign(number) >= abs(number) * 0.999)
    with np.errstate(over="ignore"):
        return np.asarray(stored == stored.dtype.type(number))


def _plain(name: str) -> str:
    """Return the last part of a name in lower case, its words between single blanks: "s/NoData" is "no data"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.rsplit("/", 1)[-1])
    return " ".join(re.split(r"[\s_\-]+", words.lower())).strip()


_NAMES = {
    *_IGNORED,
    *_DIVISORS,
    _OFFSET,
    _RANGE,
    _LEAST,
    _MOST,
    _UNSIGNED,
    *(key for pair in _GAINS for key in pair),
}
