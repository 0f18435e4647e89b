"""Words for numbers of things."""

from __future__ import annotations

from collections.abc import Sequence


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


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return some names, shortened, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(name[:20] for name in names[:most]) + more
