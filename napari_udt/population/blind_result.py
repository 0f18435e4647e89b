"""Result of a blind test: sensitivity, specificity, accuracy, each with an interval; and its file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.plain import software_versions
from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.blind_stimuli import Design, Truth

FORMAT = "napari-udt blind test"
VERSION = 1
CONFIDENCE = 0.95
METHOD = (
    "Real and transferred in equal numbers and random order. Sensitivity: share of transferred ones called transferred. "
    "Specificity: share of real ones called real. Skipped ones count nowhere. Intervals: Wilson score, 95 %; p: exact "
    "two-sided binomial test of the accuracy against guessing (0.5). Judgements are taken for independent."
)


@dataclass(frozen=True)
class Rate:
    """A share with its interval.

    Parameters
    ----------
    right, judged : int
    value, low, high : float
        Share and the ends of its 95 % Wilson score interval (Wilson 1927); NaN and 0-1 where nothing was judged.
    """

    right: int
    judged: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class BlindResult:
    """A finished blind test.

    Parameters
    ----------
    design : Design
    data_sha256 : str
        Of the spectra and labels of both groups.
    sensitivity, specificity, accuracy : Rate
    p_value : float
        That guessing does as well or better, two-sided.
    skipped : int
    least_right : int
        Fewest right answers that would have distinguished the two; 0 where none would.
    by_structure : dict of str to Rate
        Accuracy per structure; empty for pictures.
    trials : tuple of (number, structure, truth, verdict)
    """

    design: Design
    data_sha256: str
    sensitivity: Rate
    specificity: Rate
    accuracy: Rate
    p_value: float
    skipped: int
    least_right: int
    by_structure: dict[str, Rate]
    trials: tuple[tuple[int, str, Truth, str], ...]

    @property
    def distinguished(self) -> bool:
        """Whether guessing lies below the interval of the accuracy."""
        return self.accuracy.low > 0.5

    @property
    def sentence(self) -> str:
        """The outcome in words that claim no more than the numbers."""
        rate = self.accuracy
        numbers = f"{rate.right} of {rate.judged} right"
        if self.distinguished:
            return f"Distinguished: {numbers}; guessing (0.5) lies below the interval."
        if rate.high < 0.5:
            return f"Mistaken for each other more often than by guessing: {numbers}."
        if not self.least_right:
            return f"Too few judgements to tell: {numbers}."
        return (
            f"Not distinguished: {numbers}; guessing (0.5) lies within the interval. "
            f"From {self.least_right} of {rate.judged} on they would have been."
        )


def rate(right: int, judged: int) -> Rate:
    """Share of right answers with its 95 % Wilson score interval."""
    from scipy.stats import binomtest

    if not judged:
        return Rate(0, 0, float("nan"), 0.0, 1.0)
    interval = binomtest(right, judged).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(right, judged, right / judged, float(interval.low), float(interval.high))


def blind_result(
    design: Design,
    truths: Sequence[Truth],
    verdicts: Sequence[str],
    structures: Sequence[str],
    data_sha256: str,
) -> BlindResult:
    """Count.

    Raises
    ------
    EvaluationError
        When nothing was judged.
    """
    from scipy.stats import binomtest

    judged = [
        (truth, truth == verdict, structure)
        for truth, verdict, structure in zip(truths, verdicts, structures, strict=True)
        if verdict != "skipped"
    ]
    if not judged:
        raise EvaluationError("Nothing was judged; there is no result.")
    accuracy = _rate_of([right for _, right, _ in judged])
    numbers = range(1, len(truths) + 1)
    return BlindResult(
        design,
        data_sha256,
        sensitivity=_rate_of([right for truth, right, _ in judged if truth == "transferred"]),
        specificity=_rate_of([right for truth, right, _ in judged if truth == "real"]),
        accuracy=accuracy,
        p_value=float(binomtest(accuracy.right, accuracy.judged).pvalue),
        skipped=len(truths) - len(judged),
        least_right=next((k for k in range(len(judged) + 1) if rate(k, len(judged)).low > 0.5), 0),
        by_structure={
            name: _rate_of([right for _, right, structure in judged if structure == name])
            for name in sorted({structure for _, _, structure in judged if structure})
        },
        trials=tuple(zip(numbers, structures, truths, verdicts, strict=True)),
    )


def _rate_of(right: Sequence[bool]) -> Rate:
    return rate(sum(right), len(right))


def document(result: BlindResult, *, observer: str = "", date: str = "") -> dict[str, Any]:
    """Everything as plain JSON values.

    Parameters
    ----------
    result : BlindResult
    observer, date : str
        Who judged, and when: free text of the user, empty unless given.
    """
    numbers = {name: _plain(getattr(result, name)) for name in ("sensitivity", "specificity", "accuracy")}
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "observer": observer,
        "date": date,
        "method": METHOD,
        "design": result.design.document(),
        "data_sha256": result.data_sha256,
        "outcome": result.sentence,
        **numbers,
        "p_value": result.p_value,
        "skipped": result.skipped,
        "accuracy_by_structure": {name: _plain(found) for name, found in result.by_structure.items()},
        "trials": [
            dict(zip(("number", "structure", "truth", "verdict"), trial, strict=True))
            for trial in result.trials
        ],
        "software": software_versions(),
    }


def save_blind_test(result: BlindResult, path: Path, *, observer: str = "", date: str = "") -> None:
    """Write a result as JSON, whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    found = document(result, observer=observer, date=date)
    with whole_or_nothing(path) as temporary:
        temporary.write_text(json.dumps(found, indent=1, allow_nan=False, ensure_ascii=False) + "\n", "utf-8")


def _plain(found: Rate) -> dict[str, Any]:
    return asdict(found) | ({} if found.judged else {"value": None})
