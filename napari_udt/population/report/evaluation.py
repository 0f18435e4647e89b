"""An evaluation on data sets as sections: the same tables in Markdown, in model cards and in the HTML report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.evaluation import paper
from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.downstream import METRICS, SeededScores
from napari_udt.evaluation.rows import make_rows
from napari_udt.evaluation.run import Evaluation, RowResult
from napari_udt.evaluation.untrained import BASELINES
from napari_udt.population.datasets import population_of_datasets
from napari_udt.population.groups import Population
from napari_udt.population.report.document import Section, plain_sheet
from napari_udt.population.report.evaluation_augmentation import augmentation, calibration, cleaned
from napari_udt.population.report.evaluation_physics import (
    arteries,
    distances,
    networks,
    oxygenation,
    textures,
)
from napari_udt.population.report.evaluation_realism import realism
from napari_udt.population.report.markdown import as_markdown
from napari_udt.population.report.options import ReportOptions
from napari_udt.population.report.write import write_report

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

_SHORT = {"balanced_accuracy": "balanced accuracy", "auroc": "AUROC", "f1": "F1"}


def evaluation_markdown(evaluation: Evaluation) -> str:
    """Render the whole evaluation as Markdown."""
    return as_markdown(
        f"Evaluation: {evaluation.modality}", _lines(evaluation), evaluation_sections(evaluation)
    )


def evaluation_sections(evaluation: Evaluation) -> tuple[Section, ...]:
    """Return every table of an evaluation; sections of what was not computed are left out."""
    rows = evaluation.rows
    found = (_table_1(evaluation), realism(rows), _margins(rows), _recognised(rows), *distances(rows))
    found += (oxygenation(rows), augmentation(rows), cleaned(rows, evaluation.provenance["classes"]))
    found += (arteries(rows), textures(rows), networks(rows), calibration(rows))
    return tuple(section for section in found if section is not None)


def write_evaluation_report(
    evaluation: Evaluation,
    data: EvaluationData,
    models: Sequence[TransferModel],
    path: Path | str,
    baselines: Sequence[str] = tuple(BASELINES),
    options: ReportOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the figures and measures of the data sets and all transfers, with the tables of the evaluation, as HTML.

    Parameters
    ----------
    evaluation : Evaluation
    data : EvaluationData
    models : sequence of TransferModel
    path : path
    baselines : sequence of str
        Names in `~napari_udt.evaluation.untrained.BASELINES`; those that the modality does not allow are left out.
    options : ReportOptions, optional
    progress : callable (done, total), optional
        An exception from it ends the work; nothing is written then.

    Raises
    ------
    EvaluationError, OSError
        See :func:`~napari_udt.population.report.write.write_report`.
    """
    options = options or ReportOptions()
    options = replace(options, sections=(*options.sections, *evaluation_sections(evaluation)))
    write_report(evaluation_population(data, models, baselines), path, options, progress=progress)


def evaluation_population(
    data: EvaluationData, models: Sequence[TransferModel], baselines: Sequence[str]
) -> Population:
    """Gather the simulated data set, every transfer of it, and the untouched target data set."""
    simulated, named, made = data.simulated.dataset, [("Simulated", data.simulated.dataset)], {}
    for row in make_rows(data, models, baselines):
        if row.is_transferred:
            model = row.model.spec if row.model else None
            origin = f"transferred to: {model.target}" if model else "matched to the target, no network"
            moved = replace(
                simulated, samples=row.samples, labels=row.labels, domain="transferred", origin=origin
            )
            named.append((row.name, moved))
            made[row.name] = model.name if model else ""
    population = population_of_datasets([*named, (f"{data.target}, untouched", data.second_test.dataset)])
    groups = tuple(replace(group, model=made.get(group.name, "")) for group in population.groups)
    return replace(population, groups=groups)


def _lines(evaluation: Evaluation) -> Iterable[str]:
    known = evaluation.provenance
    for part, file in known["data"].items():
        yield (
            f"{part}: `{file['file']}`, {file['samples']} samples, {file['origin']}, seed {file['seed']}, SHA-256 "
            f"`{file['sha256'][:16]}`"
        )
    yield known["split"]["rule"]
    yield from (f"**Overlap that was allowed:** {sentence}" for sentence in known["split"]["overlaps"])
    yield from known["notes"]


def _table_1(evaluation: Evaluation) -> Section:
    settings = evaluation.provenance["settings"]
    values = paper.TABLE_1[evaluation.modality]
    body = []
    for row in evaluation.rows:
        known = values.get(row.paper_row)
        theirs = " / ".join(f"{getattr(known, m):.2f}" for m in METRICS) if known else ""
        body.append([row.name, *_spread(row.downstream), _interval(row.downstream), theirs, row.paper_row])
    text = (
        f"Calibrated random forest, seeds {', '.join(map(str, settings['seeds']))} (mean ± standard deviation), at most "
        f"{settings['per_class']} spectra of each class; the interval (95 %) is over test pictures or animals. The paper's real data are measured, ours are not: compare "
        "rows within a column, not columns."
    )
    columns = [
        "trained on",
        *_SHORT.values(),
        "interval of the first",
        "paper's value (same order)",
        "row of the paper",
    ]
    title = "Table 1: trained on the row, tested on the untouched target domain"
    return Section(title, (text,), (), (plain_sheet(columns, body),))


def _spread(scores: SeededScores) -> list[str]:
    mean, std, many = scores.mean, scores.std, len(scores.per_seed) > 1
    return [f"{getattr(mean, m):.3f}" + (f" ± {getattr(std, m):.3f}" if many else "") for m in METRICS]


def _interval(scores: SeededScores) -> str:
    return "" if scores.low is None else f"{scores.low:.3f} to {scores.high:.3f}"


def _margins(rows: Sequence[RowResult]) -> Section | None:
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
        return None
    columns = [
        "row",
        "metric",
        "computed here",
        "paper's value (cINN_DY)",
        "target domain's own",
        "at least the paper's",
    ]
    text = ("The target domain's own gain is what a perfect transfer would reach.",)
    return Section("Gain over Simulated, relative", text, (), (plain_sheet(columns, body),))


def _recognised(rows: Sequence[RowResult]) -> Section:
    body = [[row.name, *_spread(row.recognised)] for row in rows]
    title = "Labels kept: trained on the target domain, tested on the row with its true classes"
    text = ("The target domain's row is tested on its untouched test set.",)
    return Section(title, text, (), (plain_sheet(["tested on", *_SHORT.values()], body),))
