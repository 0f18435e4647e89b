"""Sections of an evaluation: few target spectra with a row's added, transfers after cleaning, spread beside error."""

from __future__ import annotations

from collections.abc import Sequence

from napari_udt.evaluation.augmentation import REAL_PER_CLASS
from napari_udt.evaluation.downstream import SeededScores
from napari_udt.evaluation.run import RowResult
from napari_udt.population.report.document import Section, plain_sheet


def augmentation(rows: Sequence[RowResult]) -> Section | None:
    """Return balanced accuracies over the ratio of added spectra; None where they were not computed."""
    found = [row for row in rows if row.augmentation]
    if not found:
        return None
    text = (
        f"Trained on {REAL_PER_CLASS} target spectra of each class and a multiple of that of the row's, tested on the "
        "untouched target: balanced accuracy [95 % interval over pictures or animals]. In the first column nothing is added.",
    )
    columns = ["added", *(f"{point.ratio:g} x" for point in found[0].augmentation)]
    body = [[row.name, *(_score(point.scores) for point in row.augmentation)] for row in found]
    return Section("Few target spectra, with the row's added", text, (), (plain_sheet(columns, body),))


def cleaned(rows: Sequence[RowResult], class_names: Sequence[str]) -> Section | None:
    """Return what is kept of each transfer and what it is worth; None where that was not computed."""
    found = [(row, row.cleaned) for row in rows if row.cleaned]
    if not found:
        return None
    text = (
        "Kept: spectra whose label the target's classifier finds, no less sure and no further from the class's centre than "
        "95 % of the target's own. What is dropped may be wrong, or rare: a cleaned set is narrower than the target.",
    )
    kinds = list(found[0][1].kept)
    body = [
        [
            row.name,
            *(f"{100 * kept.kept[kind]:.0f} %" for kind in kinds),
            _score(row.downstream),
            _score(kept.scores) if kept.scores else "a class has too few left",
        ]
        for row, kept in found
    ]
    columns = ["row", *(class_names[kind] for kind in kinds), "trained on all of it", "on what is kept"]
    return Section(
        "Transfers after cleaning: share kept of each class", text, (), (plain_sheet(columns, body),)
    )


def calibration(rows: Sequence[RowResult]) -> Section | None:
    """Return the spread over conditions beside the error of the saturation; None where it was not computed."""
    found = [(row.name, row.calibration) for row in rows if row.calibration]
    if not found:
        return None
    text = (
        "Saturation unmixed from transferred spectra, in points: spread over admissible conditions and median absolute error "
        "against the simulated truth, in five bins of as many samples. A rank correlation near 0 says that the spread does "
        "not tell good spectra from bad ones.",
    )
    body = [
        [
            name,
            *(f"{100 * s:.1f} → {100 * e:.1f}" for s, e in zip(c.spread, c.error, strict=True)),
            f"{c.rank_correlation:+.2f} [{c.low:+.2f}, {c.high:+.2f}]",
        ]
        for name, c in found
    ]
    columns = ["row", *(f"bin {k}: spread → error" for k in range(1, 6)), "rank correlation"]
    return Section("Does the spread predict the error?", text, (), (plain_sheet(columns, body),))


def _score(scores: SeededScores) -> str:
    value = f"{scores.mean.balanced_accuracy:.3f}"
    return value if scores.low is None else f"{value} [{scores.low:.3f}, {scores.high:.3f}]"
