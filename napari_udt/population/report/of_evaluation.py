"""The report of an evaluation on data sets: the population's figures and measures, with the downstream test's table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_udt.cli.progress_line import ProgressLine
from napari_udt.evaluation import paper
from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.rows import Row, make_rows
from napari_udt.evaluation.run import Evaluation
from napari_udt.population.datasets import population_of_datasets
from napari_udt.population.groups import Group, Population
from napari_udt.population.measures import MeasureOptions
from napari_udt.population.report import ReportOptions, write_report
from napari_udt.population.report.document import Section
from napari_udt.population.report.sheets import paper_sheet, score_sheet

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel


def write_evaluation_report(
    evaluation: Evaluation, data: EvaluationData, models: Sequence[TransferModel], args: argparse.Namespace
) -> None:
    """Write ``args.report``, of the data sets and all rows that are transfers."""
    line = ProgressLine("report")
    options = ReportOptions(
        wavelength_nm=args.wavelength,
        measures=MeasureOptions(normalisation=args.normalisation, resamples=args.resamples),
        sections=(scores_section(evaluation),),
    )
    write_report(population_of(data, models, args.baselines), args.report, options, progress=line)
    line.clear()


def population_of(
    data: EvaluationData, models: Sequence[TransferModel], baselines: Sequence[str]
) -> Population:
    """Gather the simulated data set, every transfer of it, and the untouched second domain."""
    rows = [row for row in make_rows(data, models, baselines) if row.is_transferred]
    simulated = data.simulated.dataset
    moved = [
        (
            row.name,
            replace(
                simulated, samples=row.samples, labels=row.labels, domain="transferred", origin=_origin(row)
            ),
        )
        for row in rows
    ]
    named = [("Simulated", simulated), *moved, ("Second domain, untouched", data.second_test.dataset)]
    population = population_of_datasets(named)
    made = {row.name: row.model.spec.name for row in rows if row.model}
    return replace(population, groups=tuple(_with_model(group, made) for group in population.groups))


def _origin(row: Row) -> str:
    return (
        f"transferred to: {row.model.spec.target}"
        if row.model
        else "matched to the second domain, no network"
    )


def _with_model(group: Group, made: dict[str, str]) -> Group:
    return replace(group, model=made.get(group.name, ""))


def scores_section(evaluation: Evaluation) -> Section:
    """Table 1: scores computed here, and the paper's beside them."""
    ours = [(row.name, row.kind, row.downstream) for row in evaluation.rows]
    text = (
        "A calibrated random forest of 100 trees, trained on each row's spectra and tested on the untouched second domain: "
        "Table 1 of the paper.",
    )
    sheets = (score_sheet(ours, ()), paper_sheet(paper.TABLE_1[evaluation.modality]))
    return Section("Downstream test", text, (), sheets)
