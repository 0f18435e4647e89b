"""A whole evaluation: every row judged by every measure that its modality allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_udt.evaluation import paper
from napari_udt.evaluation.class_spectra import pixel_spectra
from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.downstream import (
    LabelledSpectra,
    Scores,
    SeededScores,
    fit_per_seed,
    judge,
)
from napari_udt.evaluation.latent import DensityChecks, density_checks
from napari_udt.evaluation.modality_hsi import HsiMeasures, HsiReference, measure_hsi
from napari_udt.evaluation.modality_pat import PatMeasures, PatReference, measure_pat
from napari_udt.evaluation.rows import Row, make_rows

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel
    from napari_udt.simulation.tables_contract import Tables

Report = Callable[[str], None]

# Spectra of each class that a forest is trained on, so that five seeds of eight rows take minutes on one core.
PER_CLASS = {"HSI": 160, "PAT": 1000}
VESSEL_CLASSES = ("vein", "artery")


@dataclass(frozen=True)
class Settings:
    """Choices of an evaluation.

    Parameters
    ----------
    seeds : tuple of int
        One forest and one draw of spectra each.
    per_class : int
        Spectra of each class that a forest is trained on, at most.
    bootstrap_seed : int
    """

    seeds: tuple[int, ...]
    per_class: int
    bootstrap_seed: int = 0


@dataclass(frozen=True)
class RowResult:
    """Everything that was computed of one row.

    Parameters
    ----------
    name, kind, paper_row : str
        As in :class:`~napari_udt.evaluation.rows.Row`.
    downstream : SeededScores
        Table 1: trained on the row's spectra, tested on the untouched second domain.
    recognised : SeededScores
        Labels kept: trained on the second domain, tested on the row's spectra with their true classes; of the second
        domain's row, on the untouched second domain.
    hsi, pat : measures of the modality, or None
    network : DensityChecks, optional
        Of a model.
    margins : list of Margin
        Of a transfer: gain over the simulated row, beside the paper's.
    """

    name: str
    kind: str
    paper_row: str
    downstream: SeededScores
    recognised: SeededScores
    hsi: HsiMeasures | None = None
    pat: PatMeasures | None = None
    network: DensityChecks | None = None
    margins: list[paper.Margin] = field(default_factory=list)


@dataclass(frozen=True)
class Evaluation:
    """An evaluation's results, with what they were computed from.

    Parameters
    ----------
    modality : str
    facts : dict
        Data, models, settings, versions and rules; JSON-serialisable.
    rows : list of RowResult
    """

    modality: str
    facts: dict[str, Any]
    rows: list[RowResult]


def evaluate(
    data: EvaluationData,
    models: Sequence[TransferModel],
    baselines: Sequence[str],
    settings: Settings,
    tables: Tables,
    facts: dict[str, Any],
    report: Report = lambda text: None,
) -> Evaluation:
    """Judge models and baselines.

    Parameters
    ----------
    data : EvaluationData
    models : sequence of TransferModel
    baselines : sequence of {"moments", "histograms"}
    settings : Settings
    tables : Tables
        Absorption and measured statistics to compare with.
    facts : dict
        Goes into the result as it is.
    report : callable
        Told the name of each row when it is begun.
    """
    standard = _Standard(data, settings, tables)
    rows = []
    for row in make_rows(data, models, baselines):
        report(row.name)
        rows.append(standard.result(row))
    return Evaluation(data.modality, facts, rows)


class _Standard:
    """What all rows are held against, made once."""

    def __init__(self, data: EvaluationData, settings: Settings, tables: Tables) -> None:
        self.data, self.settings = data, settings
        self.classes = classified(data.second_test.dataset.class_names, data.modality)
        second = data.second_test.dataset
        self.test = self._spectra(second.samples, second.labels)
        train = data.second_train.dataset
        self.classifiers = fit_per_seed(
            self._spectra(train.samples, train.labels), settings.seeds, settings.per_class
        )
        self.hsi = HsiReference(data, tables) if data.modality == "HSI" else None
        self.pat = PatReference(data, tables) if data.modality == "PAT" else None
        self.scores: dict[str, Scores] = {}

    def result(self, row: Row) -> RowResult:
        own = self._spectra(row.samples, row.labels)
        downstream = self._downstream(row, own)
        self.scores[row.kind] = downstream.mean
        return RowResult(
            name=row.name,
            kind=row.kind,
            paper_row=row.paper_row,
            downstream=downstream,
            recognised=downstream if row.kind == "second" else judge(self.classifiers, own),
            hsi=measure_hsi(row, self.hsi, self._rng()) if self.hsi else None,
            pat=measure_pat(row, self.pat, self._rng()) if self.pat else None,
            network=self._network(row),
            margins=self._margins(row),
        )

    def _downstream(self, row: Row, own: LabelledSpectra) -> SeededScores:
        if row.kind == "second":  # its classifiers judge the other rows too and are there already
            return judge(self.classifiers, self.test)
        return judge(fit_per_seed(own, self.settings.seeds, self.settings.per_class), self.test)

    def _margins(self, row: Row) -> list[paper.Margin]:
        """Gains of a transfer, once the rows before it, simulated and second domain, have been judged."""
        if not row.is_transferred:
            return []
        return paper.margins(
            self.data.modality, self.scores["simulated"], self.scores[row.kind], self.scores["second"]
        )

    def _network(self, row: Row) -> DensityChecks | None:
        if row.model is None:
            return None
        simulated, second = self.data.simulated.dataset, self.data.second_test.dataset
        return density_checks(
            row.model, (simulated.samples, simulated.labels), (second.samples, second.labels), self._rng()
        )

    def _spectra(self, samples: Any, labels: Any) -> LabelledSpectra:
        return LabelledSpectra(*pixel_spectra(samples, labels)).of_classes(self.classes)

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(self.settings.bootstrap_seed)


def classified(class_names: Sequence[str], modality: str) -> tuple[int, ...]:
    """Classes that the downstream test tells apart: all of spectra, vein and artery of images."""
    if modality == "HSI":
        return tuple(range(len(class_names)))
    return tuple(index for index, name in enumerate(class_names) if name in VESSEL_CLASSES)
