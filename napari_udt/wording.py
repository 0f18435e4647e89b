"""Words for numbers of things."""

from __future__ import annotations


def counted(number: int, thing: str, *, separator: str = ",") -> str:
    """Return "1 spectrum", "1,204 spectra": a whole number, grouped by thousands, and what is counted.

    Parameters
    ----------
    number : int
    thing : str
        In the singular.
    separator : str
        Between groups of three digits.
    """
    plural = {"spectrum": "spectra"}.get(thing, f"{thing}s")
    return f"{number:,} {thing if number == 1 else plural}".replace(",", separator)
