"""What readers are asked, of what, and which answers there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from napari_udt.errors import EvaluationError

Task = Literal["origin", "structure", "realism"]
Display = Literal["one", "pair"]
Kind = Literal["spectra", "pictures"]
Origin = Literal["real", "transferred"]

SKIPPED = "skipped"
RATINGS = ("1", "2", "3", "4", "5")
MOST_STRUCTURES = 9  # that are asked for: a key each


@dataclass(frozen=True)
class Design:
    """Everything that decides what is shown, and in which order.

    Parameters
    ----------
    real, transferred : str
        Names of the two groups.
    task : {"origin", "structure", "realism"}
        Real or transferred? Which structure? How realistic?
    display : {"one", "pair"}
        One by one, or a real and a transferred one side by side.
    kind : {"spectra", "pictures"}
    count : int
        Questions; of single ones half are real.
    seed : int
        Of the draw and of the order.
    classes : tuple of str
        Structures that are drawn from, equally often in both groups; pictures are drawn from them only where they are asked for.
    wavelength_nm : float
        Of pictures.
    side : int
        Rows and columns of a picture's cut-out, in pixels.
    """

    real: str
    transferred: str
    task: Task = "origin"
    display: Display = "one"
    kind: Kind = "spectra"
    count: int = 40
    seed: int = 0
    classes: tuple[str, ...] = ()
    wavelength_nm: float = 800.0
    side: int = 48

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be answered; "left" and "right" say which one is real."""
        if self.task == "structure":
            return self.classes
        if self.task == "realism":
            return RATINGS
        return ("left", "right") if self.display == "pair" else get_args(Origin)

    def document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"classes": list(self.classes)}

    def require_possible(self) -> None:
        """Refuse what cannot be asked.

        Raises
        ------
        EvaluationError
        """
        if self.display == "one" and (self.count < 2 or self.count % 2):
            raise EvaluationError(
                f"A reader study of single ones has an even number of questions, half of them real; found {self.count}."
            )
        if self.count < 1:
            raise EvaluationError(f"A reader study has one question or more; found {self.count}.")
        if self.task != "structure":
            return
        if self.display == "pair":
            raise EvaluationError(
                "Side by side both are of the same structure, and asking for it tells nothing of the transfer: show them one by one."
            )
        if not 2 <= len(self.classes) <= MOST_STRUCTURES:
            raise EvaluationError(
                f"Readers choose among 2 to {MOST_STRUCTURES} structures; found {len(self.classes)}: choose others."
            )


def design_from(plain: Mapping[str, Any]) -> Design:
    """Return a design from plain JSON values.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it is none.
    """
    design = Design(**{**plain, "classes": tuple(map(str, plain["classes"]))})
    for value, choices in ((design.task, Task), (design.display, Display), (design.kind, Kind)):
        if value not in get_args(choices):
            raise ValueError(f"{value!r} is none of {', '.join(get_args(choices))}")
    if not all(isinstance(value, int) for value in (design.count, design.seed, design.side)):
        raise TypeError("count, seed and side are whole numbers")
    return design


def shares(total: int, parts: int) -> list[int]:
    """Divide a number as equally as it goes, larger shares first."""
    return [total // parts + (part < total % parts) for part in range(parts)]
