"""Units of wavelengths: how files spell them, and what they are in nm.

A stated unit is converted and must give plausible wavelengths; where it does not, the list is in doubt and the user is asked.
Only where a file states none is the unit inferred from the magnitude of the numbers, and the cube's metadata say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.io.values import numbers_in

Array = NDArray[np.float64]

MAX_WAVELENGTHS = 100_000
PLAUSIBLE_NM = (100.0, 30_000.0)

_SPEED_NM_THZ = 299_792.458  # speed of light: wavelength in nm times frequency in THz
_ELECTRONVOLT_NM = 1_239.841_984  # Planck's constant times speed of light, in eV nm
_FACTORS = {"nm": 1.0, "µm": 1e3, "mm": 1e6, "m": 1e9, "Å": 0.1}
_RECIPROCALS = {
    "1/cm": 1e7,
    "1/m": 1e9,
    "THz": _SPEED_NM_THZ,
    "GHz": _SPEED_NM_THZ * 1e3,
    "MHz": _SPEED_NM_THZ * 1e6,
    "Hz": _SPEED_NM_THZ * 1e12,
    "eV": _ELECTRONVOLT_NM,
}
# Spellings in lower case without blanks, brackets and plural.
_SPELLINGS = {
    **dict.fromkeys(("nm", "nanometer", "nanometre", "nano", "nanom"), "nm"),
    **dict.fromkeys(("µm", "um", "micrometer", "micrometre", "micron", "mkm", "mum"), "µm"),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), "mm"),
    **dict.fromkeys(("m", "meter", "metre"), "m"),
    **dict.fromkeys(("å", "a", "angstrom", "ångström", "ångstrom", "ang", "aa"), "Å"),
    **dict.fromkeys(
        (
            *("1/cm", "/cm", "cm-1", "cm^-1", "cm**-1", "cm_1", "cm1", "percm", "percentimeter"),
            *("wavenumber", "wavenumbercm-1", "kayser", "inversecm", "inversecentimeter", "reciprocalcm"),
            *("reciprocalcentimeter", "reciprocalcentimetre", "inversecentimetre", "invcm", "rcm"),
        ),
        "1/cm",
    ),
    **dict.fromkeys(("1/m", "m-1", "m^-1", "m**-1"), "1/m"),
    **dict.fromkeys(("thz", "terahertz"), "THz"),
    **dict.fromkeys(("ghz", "gigahertz"), "GHz"),
    **dict.fromkeys(("mhz", "megahertz"), "MHz"),
    **dict.fromkeys(("hz", "hertz"), "Hz"),
    **dict.fromkeys(("ev", "electronvolt"), "eV"),
}
_NONE = ("", "unknown", "none", "n/a", "na", "unit", "unitles", "unitless", "undefined", "-", "null", "1")
_NUMBER_OF_BAND = ("index", "indice", "indices", "band", "bandnumber", "channel", "number", "pixel")
_IN_TEXT = re.compile(
    r"(?:^|[^\d.])(\d{1,5}(?:\.\d+)?)\s*(nm|nanomet(?:er|re)s?|µm|μm|um|microns?|micromet(?:er|re)s?|cm-1|cm\^-1|1/cm|thz|ghz)(?![a-z])",
    re.IGNORECASE,
)
_WAVENUMBER_NAME = re.compile(r"wave_?numbers?", re.IGNORECASE)
_SUFFIX = re.compile(r"[_ (\[]+(?P<unit>[^\s_()\[\]]+)[)\]]*$")


@dataclass(frozen=True, eq=False)
class WavelengthList:
    """Wavelengths as a file states them.

    Parameters
    ----------
    nm : array, shape (channels,)
        In the order of the file; NaN for channels without one.
    remark : str
        How the unit was inferred; empty where the file states it.
    doubt : str
        Why they cannot be used without the user's word; empty where they can.
    unit : str
        The unit in which the file has them.
    """

    nm: Array
    remark: str = ""
    doubt: str = ""
    unit: str = "nm"

    def __len__(self) -> int:
        return len(self.nm)


def unit_of(text: str) -> str | None:
    """Return a unit of wavelengths as it is written here ("nm", "µm", "1/cm", "THz", ...); None where it is unknown."""
    parts = (text, *re.split(r"[()\[\]]", text))  # also "nanometers (nm)"
    return next((unit for part in parts if (unit := _SPELLINGS.get(_bare(part)))), None)


def unit_in_name(name: str) -> str:
    """Return the unit that the name of a list states, as in ``wavelength_um`` or ``wavenumbers``; empty where none."""
    word = name.rsplit("/", 1)[-1].strip()
    if _WAVENUMBER_NAME.match(word):
        return "1/cm"
    found = _SUFFIX.search(word)
    return (unit_of(found["unit"]) or "") if found else ""


def to_nm(values: Array, unit: str) -> Array:
    """Return wavelengths in nm of numbers in a unit of :func:`unit_of`; NaN for what is not positive and finite."""
    known = np.isfinite(values) & (values > 0)
    usable = np.where(known, values, np.nan)
    if unit in _FACTORS:
        # Divided, where that is exact: 0.5 µm / 1e-3 is 500 nm, and so is 5000 Å / 10.
        return usable / 10 if unit == "Å" else usable * _FACTORS[unit]
    return _RECIPROCALS[unit] / usable


def widths_in_nm(widths: Any, wavelengths_nm: Array, unit: str) -> Array | None:
    """Return widths of channels (fwhm) in nm, None where there is not one positive number for each.

    A small width in a unit that counts backwards (1/cm, THz) is carried over by its share of the value at its channel.
    """
    values, known = np.array(numbers_in(widths)), unit_of(unit)
    if known is None or values.size != len(wavelengths_nm) or not np.all(np.isfinite(values) & (values > 0)):
        return None
    if known in _FACTORS:
        return to_nm(values, known)
    return np.asarray(values * wavelengths_nm**2 / _RECIPROCALS[known])


def wavelength_list(values: Any, unit: str | None, what: str) -> WavelengthList | None:
    """Return wavelengths in nm of stored numbers.

    Parameters
    ----------
    values : numbers, or text that holds them
    unit : str, optional
        As the file spells it; None or "unknown" where it states none.
    what : str
        Name of the list, for sentences.

    Returns
    -------
    WavelengthList or None
        None when they are no wavelengths: no numbers, or the numbers of the bands (0, 1, 2, ...).
    """
    numbers = np.array(numbers_in(values) if np.size(values) <= MAX_WAVELENGTHS else [])
    known = np.isfinite(numbers) & (numbers > 0)
    word = _bare(unit or "")
    if not 0 < numbers.size <= MAX_WAVELENGTHS or 2 * known.sum() < numbers.size or word in _NUMBER_OF_BAND:
        return None
    name = unit_of(unit or "")
    if name is not None:
        return _checked(to_nm(numbers, name), numbers[known], str(unit), name, what)
    if word not in _NONE:
        shown = " ".join(str(unit).split())[:40]
        return WavelengthList(numbers, doubt=f"the unit {shown!r} of {what} is not known")
    name = None if _are_counts(numbers) else _unit_by_magnitude(numbers[known])
    if name is None:
        return None
    return WavelengthList(to_nm(numbers, name), f"{name}, from the magnitude of {what}", unit=name)


def in_texts(texts: Iterable[Any], what: str, bare: bool = False) -> WavelengthList | None:
    """Return wavelengths that texts name ("500 nm", "Band 3 (0.7 µm)"), when every one names one with the same unit.

    With ``bare``, texts of numbers alone count as well.
    """
    words = [str(text) for text in texts]
    if bare and words and len(numbers_in(words)) == len(words):
        return wavelength_list(words, None, what)
    found = [match for word in words if (match := _IN_TEXT.search(word))]
    units = {unit_of(match[2]) for match in found}
    if not found or len(found) != len(words) or len(units) != 1:
        return None
    return wavelength_list([float(match[1]) for match in found], found[0][2], what)


def wavelengths_in_nm(values: Any) -> Array | None:
    """Return wavelengths in nm of numbers in nm, µm or m, inferred from their magnitude; None when they are no wavelengths."""
    found = None if values is None else wavelength_list(values, None, "wavelengths")
    return None if found is None else found.nm


def first_fitting(lists: Any, fits: Callable[[WavelengthList], bool]) -> tuple[WavelengthList | None, str]:
    """Return the first list without doubt that fits, and what is in doubt about the others that would."""
    fitting = [found for found in lists if found is not None and fits(found)]
    usable = next((found for found in fitting if not found.doubt), None)
    return usable, "" if usable is not None else next((found.doubt for found in fitting), "")


def _checked(nm: Array, numbers: Array, stated: str, unit: str, what: str) -> WavelengthList:
    """Put a list in doubt whose unit contradicts its numbers."""
    low, high = PLAUSIBLE_NM
    shortest, longest = float(np.nanmin(nm)), float(np.nanmax(nm))
    if shortest >= low and longest <= high:
        return WavelengthList(nm, unit=unit)
    return WavelengthList(
        nm,
        doubt=f"{what} from {numbers.min():g} to {numbers.max():g} in the stated unit {stated.strip()[:40]!r} would be "
        f"{shortest:g}-{longest:g} nm, outside {low:g}-{high:g} nm",
        unit=unit,
    )


def _unit_by_magnitude(numbers: Array) -> str | None:
    middle = float(np.median(numbers))
    unit = "m" if middle < 1e-3 else "µm" if middle < 50 else "nm"
    nm, (low, high) = to_nm(numbers, unit), PLAUSIBLE_NM
    return unit if nm.min() >= low and nm.max() <= high else None


def _are_counts(numbers: Array) -> bool:
    return numbers[0] <= 1 and numbers.size > 1 and bool(np.all(np.diff(numbers) == 1))


def _bare(text: str) -> str:
    """Return a spelling in lower case, without blanks, brackets, dots at its ends and plural."""
    word = (
        "".join(text.lower().split()).replace("\u03bc", "µ").replace("\u207b\u00b9", "-1").replace("−", "-")
    )
    word = re.sub(r"[][(){}]", "", word.replace("\\u00b5", "µ")).strip(".")
    return word.removesuffix("s") if len(word) > 2 else word
