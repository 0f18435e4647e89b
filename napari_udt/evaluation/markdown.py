"""Results of an evaluation as Markdown tables, readable as plain text too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from napari_udt.evaluation import paper
from napari_udt.evaluation.downstream import METRICS, SeededScores
from napari_udt.evaluation.markdown_physics import arteries, networks, organs, oxygenation, textures
from napari_udt.evaluation.markdown_table import table
from napari_udt.evaluation.run import Evaluation, RowResult

_SHORT = {"balanced_accuracy": "balanced accuracy", "auroc": "AUROC", "f1": "F1"}


def as_markdown(evaluation: Evaluation) -> str:
    """Render the whole report."""
    parts = [f"# Evaluation: {evaluation.modality}", _data(evaluation), *_sections(evaluation)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(evaluation: Evaluation) -> Iterator[str]:
    rows = evaluation.rows
    yield _table_1(evaluation)
    yield _margins(rows)
    yield _recognised(rows)
    yield from organs(rows)
    yield oxygenation(rows)
    yield arteries(rows)
    yield textures(rows)
    yield networks(rows)


def _data(evaluation: Evaluation) -> str:
    facts = evaluation.facts
    lines = [
        f"* {part}: `{told['file']}`, {told['samples']} samples, {told['origin']}, seed {told['seed']}, SHA-256 "
        f"`{told['sha256'][:16]}`"
        for part, told in facts["data"].items()
    ]
    split = facts["split"]
    overlap = [f"* **Overlap that was allowed:** {sentence}" for sentence in split["overlaps"]]
    return "\n".join([*lines, f"* {split['rule']}", *overlap, *(f"* {note}" for note in facts["notes"])])


def _table_1(evaluation: Evaluation) -> str:
    settings = evaluation.facts["settings"]
    values = paper.TABLE_1[evaluation.modality]
    body = []
    for row in evaluation.rows:
        known = values.get(row.paper_row)
        theirs = [f"{getattr(known, m):.2f}" if known else "" for m in METRICS]
        body.append([row.name, *_spread(row.downstream), " / ".join(theirs) if known else "", row.paper_row])
    text = (
        "## Table 1: trained on the row, tested on the untouched second domain\n\n"
        f"Calibrated random forest, seeds {', '.join(map(str, settings['seeds']))} (mean ± standard deviation), at most "
        f"{settings['per_class']} spectra of each class. The paper's real data are measured, ours are not: compare "
        "rows within a column, not columns.\n\n"
    )
    columns = [
        "trained on",
        *(_SHORT[m] for m in METRICS),
        "paper's value (same order)",
        "row of the paper",
    ]
    return text + table(columns, body)


def _spread(scores: SeededScores) -> list[str]:
    mean, std, many = scores.mean, scores.std, len(scores.per_seed) > 1
    return [f"{getattr(mean, m):.3f}" + (f" ± {getattr(std, m):.3f}" if many else "") for m in METRICS]


def _margins(rows: Sequence[RowResult]) -> str:
    body = [
        [
            row.name,
            _SHORT[m.metric],
            f"{100 * m.computed:+.1f} %",
            f"{100 * m.paper:+.1f} %",
            f"{100 * m.ceiling:+.1f} %",
            "yes" if m.met else "**no**",
        ]
        for row in rows
        for m in row.margins
    ]
    if not body:
        return ""
    head = "## Gain over Simulated, relative\n\nThe second domain's own gain is what a perfect transfer would reach.\n\n"
    columns = [
        "row",
        "metric",
        "computed here",
        "paper's value (cINN_DY)",
        "second domain's own",
        "at least the paper's",
    ]
    return head + table(columns, body)


def _recognised(rows: Sequence[RowResult]) -> str:
    body = [[row.name, *_spread(row.recognised)] for row in rows]
    head = (
        "## Labels kept: trained on the second domain, tested on the row with its true classes\n\n"
        "The second domain's row is tested on its untouched test set.\n\n"
    )
    return head + table(["tested on", *(_SHORT[m] for m in METRICS)], body)
