"""A whole evaluation: every row judged by every measure that its modality allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_udt.cube import nested
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.evaluation import paper
from napari_udt.evaluation.augmentation import RatioPoint, ratio_curve
from napari_udt.evaluation.calibration import SpreadCalibration, calibrate_hsi, calibrate_pat
from napari_udt.evaluation.class_spectra import pixel_spectra
from napari_udt.evaluation.cleaning import CleanedScores, Cleaner, cleaned_dataset, cleaned_scores
from napari_udt.evaluation.cost import Cost
from napari_udt.evaluation.data import SPLIT_RULE, EvaluationData, require_apart, require_model_fits
from napari_udt.evaluation.downstream import (
    LabelledSpectra,
    Scores,
    SeededScores,
    fit_per_seed,
    judge,
)
from napari_udt.evaluation.latent import DensityChecks, density_checks
from napari_udt.evaluation.modality_hsi import HsiMeasures, HsiReference, measure_hsi
from napari_udt.evaluation.modality_pat import VESSELS, PatMeasures, PatReference, measure_pat
from napari_udt.evaluation.plain import plain, software_versions
from napari_udt.evaluation.rows import Row, make_rows
from napari_udt.evaluation.untrained import BASELINES
from napari_udt.inference.from_labels import GENERATED

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel
    from napari_udt.models.spec import ModelSpec
    from napari_udt.simulation.tables_contract import Tables

# Spectra of each class that a forest is trained on, so that five seeds of eight rows take minutes on one core.
PER_CLASS = {"HSI": 160, "PAT": 1000}


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
        Table 1: trained on the row's spectra, tested on the untouched target spectra.
    recognised : SeededScores
        Labels kept: trained on target spectra, tested on the row's spectra with their true classes; of the target's own
        row, on the untouched target spectra.
    hsi, pat : measures of the modality, or None
    network : DensityChecks, optional
        Of a model.
    margins : list of Margin
        Of a transfer: gain over the simulated row, beside the paper's.
    augmentation : tuple of RatioPoint
        Few target spectra with more and more of the row's added; empty unless asked for.
    calibration : SpreadCalibration, optional
        Of a cINN: whether its spread over conditions predicts the error of the saturation.
    cleaned : CleanedScores, optional
        Of a transfer: the row without the spectra that the target's own classifier does not know; None unless asked for.
    cost : Cost, optional
        Of the transfer of one sample, a spectrum or a picture.
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
    augmentation: tuple[RatioPoint, ...] = ()
    cleaned: CleanedScores | None = None
    calibration: SpreadCalibration | None = None
    cost: Cost | None = None


@dataclass(frozen=True)
class Evaluation:
    """An evaluation's results, with what they were computed from.

    Parameters
    ----------
    modality : str
    provenance : dict
        Data, models, settings, versions and rules; JSON-serialisable.
    rows : list of RowResult
    """

    modality: str
    provenance: dict[str, Any]
    rows: list[RowResult]


def evaluate(
    data: EvaluationData,
    models: Sequence[TransferModel] = (),
    baselines: Sequence[str] = tuple(BASELINES),
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    per_class: int | None = None,
    tables: Path | None = None,
    allow_overlap: bool = False,
    augmentation: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Evaluation:
    """Judge models and baselines on untouched data.

    Parameters
    ----------
    data : EvaluationData
        See :func:`~napari_udt.evaluation.data.load_data`.
    models : sequence of TransferModel
    baselines : sequence of str
        Names in `~napari_udt.evaluation.untrained.BASELINES`; those that the modality does not allow are left out.
    seeds : sequence of int
        One forest and one draw of spectra each.
    per_class : int, optional
        Spectra of each class that a forest is trained on, at most; 160 (HSI) or 1000 (PAT) unless given.
    tables : Path, optional
        Folder with the measured tables to compare with; the package's own fits to them unless given.
    allow_overlap : bool
        Go on where test data share a file or a seed with training data; the results say so.
    augmentation : bool
        Also train on few target spectra with each row's added, and on each transfer after cleaning. It doubles the time.
    progress : callable, optional
        Called with the name of each row when it is begun.

    Raises
    ------
    EvaluationError
        When a model does not fit the data, or test data were seen in training.
    SimulationError
        When ``tables`` is given and lacks one.
    """
    from napari_udt.simulation.tables import find_tables

    specs = [model.spec for model in models]
    for spec in specs:
        require_model_fits(spec, data.simulated)
    found = require_apart(data, specs, allowed=allow_overlap)
    settings = Settings(tuple(seeds), per_class or PER_CLASS[data.modality])
    measured = find_tables(tables)
    notes = [f"Absorption and measured statistics: {measured.name}."]
    notes += [
        f"{spec.name}: {GENERATED}; no transfer of the simulated pictures, of whose oxygenation it knows nothing."
        for spec in specs
        if spec.from_labels
    ]
    judging = _Judging(data, settings, measured, augmentation=augmentation)
    rows = []
    for row in make_rows(data, models, baselines):
        if progress is not None:
            progress(row.name)
        rows.append(judging.result(row))
    return Evaluation(data.modality, _provenance(data, specs, settings, found, notes), rows)


def _provenance(
    data: EvaluationData, specs: Sequence[ModelSpec], settings: Settings, found: list[str], notes: list[str]
) -> dict[str, Any]:
    return {
        "data": {name: file.description() for name, file in data.parts().items()},
        "models": [
            {
                "name": spec.name,
                "weights_sha256": spec.weights_sha256,
                "target": spec.target,
                "training_data": spec.training.get("data", {}),
                "configuration": str(nested(spec.training, "config").get("name", "")),
                "seed": nested(spec.training, "config").get("seed"),
            }
            for spec in specs
        ],
        "classes": list(data.second_test.dataset.class_names),
        "split": {"rule": SPLIT_RULE, "overlaps": found},
        "settings": plain(settings),
        "versions": software_versions(),
        "notes": notes,
    }


class _Judging:
    """Classifiers, references and scores that rows are compared with, made once."""

    def __init__(
        self, data: EvaluationData, settings: Settings, tables: Tables, *, augmentation: bool
    ) -> None:
        self.data, self.settings, self.augmentation = data, settings, augmentation
        self.classes = classified(data.second_test.dataset.class_names, data.modality)
        second = data.second_test.dataset
        self.test = self._spectra(second.samples, second.labels, _groups(second))
        train = data.second_train.dataset
        self.train = self._spectra(train.samples, train.labels, _groups(train))
        self.classifiers = fit_per_seed(self.train, settings.seeds, settings.per_class)
        self.cleaner = Cleaner.split(self.train, settings.per_class) if augmentation else None
        self.hsi = HsiReference(data, tables) if data.modality == "HSI" else None
        self.pat = PatReference(data, tables) if data.modality == "PAT" else None
        self.scores: dict[str, Scores] = {}

    def result(self, row: Row) -> RowResult:
        own = self._spectra(row.samples, row.labels, _groups_of_row(row, self.data))
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
            augmentation=self._augmentation(row, own),
            cleaned=self._cleaned(row, own),
            calibration=self._calibration(row),
            cost=row.cost and Cost(row.cost.seconds / len(row.samples), row.cost.memory_bytes),
        )

    def _calibration(self, row: Row) -> SpreadCalibration | None:
        if row.model is None or row.model.spec.kind != "cinn":
            return None
        if self.hsi:
            return calibrate_hsi(row.model, row, self.hsi, self._rng())
        return calibrate_pat(row.model, row, self.pat, self._rng()) if self.pat else None

    def _augmentation(self, row: Row, own: LabelledSpectra) -> tuple[RatioPoint, ...]:
        if not self.augmentation or row.kind == "second":
            return ()
        return ratio_curve(self.train, own, self.test, seeds=self.settings.seeds)

    def _cleaned(self, row: Row, own: LabelledSpectra) -> CleanedScores | None:
        if self.cleaner is None or not row.is_transferred:
            return None
        return cleaned_scores(self.cleaner, own, self.test, self.settings.seeds, self.settings.per_class)

    def _downstream(self, row: Row, own: LabelledSpectra) -> SeededScores:
        if row.kind == "second":  # its classifiers judge the other rows too and are there already
            return judge(self.classifiers, self.test)
        return judge(fit_per_seed(own, self.settings.seeds, self.settings.per_class), self.test)

    def _margins(self, row: Row) -> list[paper.Margin]:
        """Gains of a transfer, once the rows before it, simulated and target, have been judged."""
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

    def _spectra(self, samples: Any, labels: Any, groups: Any) -> LabelledSpectra:
        spectra, kinds = pixel_spectra(samples, labels)
        _, kept = pixel_spectra(samples, np.where(labels >= 0, groups, -1))
        return LabelledSpectra(spectra, kinds, kept).of_classes(self.classes)

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(self.settings.bootstrap_seed)


def _groups(dataset: Dataset) -> Any:
    """Picture of each pixel, or animal of each spectrum; each spectrum its own where no animal is known."""
    if dataset.modality == "PAT":
        return np.broadcast_to(np.arange(len(dataset))[:, None, None], dataset.labels.shape)
    animals = dataset.parameters.get("animal")
    return np.arange(len(dataset)) if animals is None else np.asarray(animals).reshape(-1).astype(int)


def _groups_of_row(row: Row, data: EvaluationData) -> Any:
    return _groups((data.second_train if row.kind == "second" else data.simulated).dataset)


def classified(class_names: Sequence[str], modality: str) -> tuple[int, ...]:
    """Classes that the downstream test distinguishes: all of spectra, vein and artery of images."""
    if modality == "HSI":
        return tuple(range(len(class_names)))
    return tuple(index for index, name in enumerate(class_names) if name in VESSELS)


def save_cleaned(
    data: EvaluationData, models: Sequence[TransferModel], baselines: Sequence[str], folder: Path
) -> list[Path]:
    """Write every transfer, without what is dropped, as a data set into a folder; the paths.

    Raises
    ------
    EvaluationError
        When the target has too few spectra to learn from.
    """
    target = data.second_train.dataset
    classes = classified(target.class_names, data.modality)
    spectra = LabelledSpectra(*pixel_spectra(target.samples, target.labels)).of_classes(classes)
    cleaner = Cleaner.split(spectra, PER_CLASS[data.modality])
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for row in make_rows(data, models, baselines):
        if row.is_transferred:
            path = folder / f"{row.name.replace(' ', '_').replace(',', '').lower()}.h5"
            save_dataset(cleaned_dataset(cleaner, row, data.simulated.dataset), path)
            written.append(path)
    return written
