"""What a new model is worth on test subjects, or on those that its training held out, beside rows that learn nothing.

The ten numbers of :mod:`napari_udt.evaluation` need data that chose nothing, and tissues that they know. Cubes of the user's own
have any names of classes, and where a collection keeps none for the test, only the held-out subjects, who also chose the weights:
a few numbers that need no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset, load_dataset
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.card_numbers import Measurement
from napari_udt.evaluation.class_spectra import class_distances, class_statistics, pixel_spectra
from napari_udt.evaluation.judgement import CardNumber, Judgement, save_judgement
from napari_udt.evaluation.patches import SIDE, patches_auc
from napari_udt.evaluation.transferring import transferred
from napari_udt.evaluation.two_sample import two_sample_auc
from napari_udt.evaluation.untrained import BASELINES, default_baselines
from napari_udt.files.writing import whole_or_nothing
from napari_udt.models import ModelSpec, TransferModel
from napari_udt.models.store import CARD
from napari_udt.training.card import model_card
from napari_udt.training.card_page import judged_on
from napari_udt.training.config import TrainingConfig
from napari_udt.training.findings import WORDS
from napari_udt.training.objective import DOMAINS
from napari_udt.training.samples import split_held_out
from napari_udt.wording import counted

_MOST = {"HSI": 4000, "PAT": 24}  # samples of each set
_SMALLEST_PATCH = 8  # pixels
_FEWEST = 30  # spectra of a class, for its mean
_MOST_PER_CLASS = 60  # spectra that trees see


@dataclass(frozen=True)
class _Values:
    """How a row compares with the target's held-out samples."""

    auc: Measurement
    class_means: Measurement
    by_class: dict[str, float]


def judge_held_out(
    config: TrainingConfig, model: TransferModel, untouched: Mapping[str, Dataset] | None = None
) -> Judgement:
    """Compare simulated samples, transferred and as they are, with samples of the target that training did not see.

    Parameters
    ----------
    config : TrainingConfig
        Of the run, which names its data sets.
    model : TransferModel
    untouched : mapping of {"simulated", "second"} to Dataset, optional
        Samples of test subjects, in the place of those that training held out.

    Raises
    ------
    EvaluationError
        When the target's samples have no classes, or too few of them.
    """
    untouched = untouched or {}
    simulated, _ = _split(config, "simulated", untouched)
    target, seen = _split(config, "second", untouched)
    if not (target.labels >= 0).any():
        raise EvaluationError("the target cubes name no structure, so there is nothing to compare by class")
    rows = {
        title: _values(samples, simulated.labels, target)
        for title, samples in _baseline_rows(simulated, seen)
    }
    before = _values(simulated.samples, simulated.labels, target)
    own = _values(transferred(model, simulated.samples, simulated.labels), simulated.labels, target)
    aim = _values(seen.samples, seen.labels, target)
    if not own.by_class:
        raise EvaluationError("no class has enough samples in both domains that training did not see")
    best = min(rows, key=lambda title: _order(rows[title]))
    numbers = [
        _number(
            f"{'patches' if target.modality == 'PAT' else 'spectra'} distinguished from the target's, AUC (0.5: not at all)",
            "AUC",
            [values.auc for values in (own, rows[best], before, aim)],
        ),
        _number(
            "class means off by, relative rms, mean over classes",
            "class means",
            [values.class_means for values in (own, rows[best], before, aim)],
            ".1f",
            "%",
        ),
    ]
    return Judgement(
        weights_sha256=model.spec.weights_sha256,
        data="; ".join(
            _sentence(WORDS[domain], dataset, tested=domain in untouched)
            for domain, dataset in (("simulated", simulated), ("second", target))
        ),
        baseline=best,
        numbers=tuple(number for number in numbers if math.isfinite(number.model.value)),
        moved_away=tuple(
            name for name, value in own.by_class.items() if value > before.by_class.get(name, math.inf)
        ),
        held_out=tuple(WORDS[domain] for domain in DOMAINS if domain not in untouched),
    )


def keep(judgement: Judgement, spec: ModelSpec, folder: Path) -> None:
    """Write a judgement into the folder of its model, and the card with it."""
    save_judgement(judgement, folder)
    with whole_or_nothing(folder / CARD) as temporary:
        temporary.write_text(model_card(replace(spec, card=""), judgement), encoding="utf-8")


def lines_of(judgement: Judgement) -> list[str]:
    """Return the numbers in lines for the screen."""
    where = judged_on(judgement)
    return [
        f"{where}, {number.title}: model {number.text(number.model)}; {judgement.baseline}, which learns nothing, "
        f"{number.text(number.baseline)}; simulated {number.text(number.simulated)}; the target's own {number.text(number.target)}"
        for number in judgement.numbers
    ]


def _split(config: TrainingConfig, domain: str, untouched: Mapping[str, Dataset]) -> tuple[Dataset, Dataset]:
    """Return the samples of a domain to be judged on, and those that were trained on; some of each, evenly spread."""
    dataset = load_dataset(Path(getattr(config.data, domain)))
    subjects = dataset.parameters.get("animal")
    trained, held_out = split_held_out(len(dataset), config.data.held_out_fraction, config.seed, subjects)
    most = _MOST[dataset.modality]
    judged = untouched.get(domain)
    own = _some(dataset, held_out, most) if judged is None else _some(judged, np.arange(len(judged)), most)
    return own, _some(dataset, trained, most)


def _some(dataset: Dataset, index: NDArray[np.intp], most: int) -> Dataset:
    chosen = index[np.unique(np.linspace(0, len(index) - 1, min(most, len(index))).astype(int))]
    return replace(
        dataset,
        samples=dataset.samples[chosen],
        labels=dataset.labels[chosen],
        oxygenation=None if dataset.oxygenation is None else dataset.oxygenation[chosen],
        parameters={name: values[chosen] for name, values in dataset.parameters.items()},
    )


def _baseline_rows(simulated: Dataset, seen: Dataset) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name in default_baselines(simulated.modality):
        yield BASELINES[name].title, np.asarray(BASELINES[name].make(simulated, seen), np.float32)


def _values(samples: NDArray[np.float32], labels: NDArray[Any], target: Dataset) -> _Values:
    names = target.class_names
    wanted = class_statistics(target.samples, target.labels, names, fewest=_FEWEST)
    found = class_distances(class_statistics(samples, labels, names, fewest=_FEWEST), wanted)
    by_class = {each.class_name: 100 * each.relative_rms for each in found}
    mean = Measurement(float(np.mean(list(by_class.values())))) if by_class else Measurement()
    return _Values(_auc(samples, labels, target), mean, by_class)


def _auc(samples: NDArray[np.float32], labels: NDArray[Any], target: Dataset) -> Measurement:
    if target.modality == "HSI":
        return _spectra_auc(samples, labels, target)
    side = min(SIDE, *samples.shape[2:], *target.samples.shape[2:])
    if side < _SMALLEST_PATCH:
        return Measurement()
    try:
        found = patches_auc(np.nan_to_num(samples), target.samples, side=side)
    except EvaluationError:  # too few images
        return Measurement()
    return Measurement(found.value, found.low, found.high)


def _spectra_auc(samples: NDArray[np.float32], labels: NDArray[Any], target: Dataset) -> Measurement:
    """Return how well trees tell L2-normalised spectra from the target's, as many of each class on either side."""
    sides = [pixel_spectra(s, own) for s, own in ((samples, labels), (target.samples, target.labels))]
    drawn: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
    for index in range(len(target.class_names)):
        own = [spectra[kinds == index] for spectra, kinds in sides]
        count = min(_MOST_PER_CLASS, *map(len, own))
        for side, spectra in zip(drawn, own, strict=True):
            side.append(
                spectra[np.linspace(0, len(spectra) - 1, count).astype(int)] if count else spectra[:0]
            )
    try:
        found = two_sample_auc(np.concatenate(drawn[0]), np.concatenate(drawn[1]))
    except EvaluationError:  # too few spectra
        return Measurement()
    return Measurement(found.value)  # spectra of one subject are no independent samples: no interval


def _order(values: _Values) -> tuple[float, float]:
    auc, means = values.auc.value, values.class_means.value
    return (auc if math.isfinite(auc) else 0.0), (means if math.isfinite(means) else math.inf)


def _number(
    title: str, short: str, values: list[Measurement], form: str = ".3f", unit: str = ""
) -> CardNumber:
    return CardNumber(title, short, unit, form, "lower", *values)


def _sentence(domain: str, dataset: Dataset, *, tested: bool) -> str:
    subjects = len(np.unique(dataset.parameters["animal"])) if "animal" in dataset.parameters else 0
    whose = f" of {counted(subjects, 'subject')}" if subjects else ""
    which = "samples of cubes for the test" if tested else "held-out samples"
    return f"{domain}: {len(dataset):,} {which}{whose}"
