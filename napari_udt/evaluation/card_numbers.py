"""The ten numbers of a model's card, and how they are taken from the row of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from napari_udt.evaluation.downstream import SeededScores
    from napari_udt.evaluation.run import RowResult


@dataclass(frozen=True)
class Measurement:
    """A value with its 95 % interval; NaN where there is none."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class NumberSpec:
    """What a number is, and where it, and its parts by class, are found in a row; a row that lacks it gives NaN."""

    title: str
    short: str
    better: Literal["lower", "higher"]
    of: Callable[[RowResult], Measurement]
    form: str = ".3f"
    unit: str = ""
    classes: Callable[[RowResult], Mapping[str, float]] = lambda row: {}


def auc_of(row: RowResult) -> float:
    """How well a row is distinguished from the target; NaN where it was not computed."""
    if row.hsi:
        return row.hsi.realism.mean_auc
    return row.pat.realism.patches.value if row.pat and row.pat.realism.patches else math.nan


def moved_away(row: RowResult, simulated: RowResult | None) -> tuple[str, ...]:
    """Classes whose mean spectrum is further from the target's than that of the simulated samples."""
    if row.pat:
        return row.pat.realism.moved_away
    if row.hsi is None or simulated is None or simulated.hsi is None:
        return ()
    before = {found.class_name: found.relative_rms for found in simulated.hsi.to_second}
    after = {found.class_name: found.relative_rms for found in row.hsi.to_second}
    return tuple(name for name, value in after.items() if value > before.get(name, math.inf))


def _auc(row: RowResult) -> Measurement:
    if row.pat and row.pat.realism.patches:
        found = row.pat.realism.patches
        return Measurement(found.value, found.low, found.high)
    return Measurement(auc_of(row))


def _worst_auc(row: RowResult) -> Measurement:
    found = max(row.hsi.realism.classes, key=lambda c: c.auc.value, default=None) if row.hsi else None
    return Measurement(found.auc.value, found.auc.low, found.auc.high) if found else Measurement()


def _auc_by_class(row: RowResult) -> dict[str, float]:
    return {found.class_name: found.auc.value for found in row.hsi.realism.classes} if row.hsi else {}


def _means_by_class(row: RowResult) -> dict[str, float]:
    return {found.class_name: 100 * found.relative_rms for found in row.hsi.to_second} if row.hsi else {}


def _class_means(row: RowResult) -> Measurement:
    values = [found.relative_rms for found in row.hsi.to_second] if row.hsi else []
    return Measurement(100 * float(np.mean(values))) if values else Measurement()


def _spreads(row: RowResult) -> Measurement:
    values = [found.spread.share_within for found in row.hsi.to_second] if row.hsi else []
    return Measurement(100 * float(np.mean(values))) if values else Measurement()


def _correlations(row: RowResult) -> Measurement:
    return Measurement(row.hsi.realism.mean_correlation_rms) if row.hsi else Measurement()


def _accuracy(scores: SeededScores) -> Measurement:
    low, high = (math.nan if bound is None else bound for bound in (scores.low, scores.high))
    return Measurement(scores.mean.balanced_accuracy, low, high)


def _order_kept(window: str) -> Callable[[RowResult], Measurement]:
    def of(row: RowResult) -> Measurement:
        for found in row.hsi.oxygenation if row.hsi else ():
            if (found.window, found.truth, found.estimate) == (window, "light-weighted", "unmixing"):
                before, after = found.within_class
                return Measurement(after - before)
        return Measurement()

    return of


def _vessels_kept(row: RowResult) -> Measurement:
    if row.pat is None or row.pat.oxygenation is None:
        return Measurement()
    found = row.pat.oxygenation.overall
    return Measurement(found.change, found.low, found.high)


def _gap(name: str) -> Callable[[RowResult], Measurement]:
    def of(row: RowResult) -> Measurement:
        for found in row.pat.realism.gaps if row.pat else ():
            if found.name == name:  # how far from 100 %: past the target is no better than short of it
                return Measurement(100 * abs(1 - found.share))
        return Measurement()

    return of


def _away_count(row: RowResult) -> Measurement:
    return (
        Measurement(float(len(row.pat.realism.moved_away)))
        if row.pat and row.kind in ("baseline", "model")
        else Measurement()
    )


def _roughest(row: RowResult) -> Measurement:
    return Measurement(row.pat.realism.roughness.worst_over_rest) if row.pat else Measurement()


def _bands(row: RowResult) -> Measurement:
    return Measurement(row.pat.realism.band_error) if row.pat else Measurement()


def _labels_read(row: RowResult) -> Measurement:
    if row.pat is None:
        return Measurement()
    found = row.pat.realism.recovery
    return Measurement(found.mean, found.low, found.high)


def _arteries(row: RowResult) -> Measurement:
    return Measurement(100 * row.pat.arteries.relative_rms) if row.pat and row.pat.arteries else Measurement()


_TRAINED_ON = NumberSpec(
    "classifier trained on it, tested on the target: balanced accuracy",
    "a classifier trained on it",
    "higher",
    lambda row: _accuracy(row.downstream),
)
_RECOGNISED = NumberSpec(
    "its classes recognised by a classifier trained on the target: balanced accuracy",
    "its classes recognised",
    "higher",
    lambda row: _accuracy(row.recognised),
)
_CALIBRATION = NumberSpec(
    "spread over conditions predicts the error of the saturation: rank correlation",
    "spread",
    "higher",
    lambda row: (
        Measurement(row.calibration.rank_correlation, row.calibration.low, row.calibration.high)
        if row.calibration
        else Measurement()
    ),
    "+.2f",
)

NUMBERS: Mapping[str, tuple[NumberSpec, ...]] = {
    "HSI": (
        NumberSpec(
            "distinguished from the target within a class, AUC (0.5: not at all)",
            "AUC",
            "lower",
            _auc,
            classes=_auc_by_class,
        ),
        NumberSpec(
            "AUC of the class that is distinguished best", "AUC of the worst class", "lower", _worst_auc
        ),
        NumberSpec(
            "correlation matrices of wavelengths off by, rms",
            "correlations of wavelengths",
            "lower",
            _correlations,
        ),
        NumberSpec(
            "class means off by, relative rms, mean over classes",
            "class means",
            "lower",
            _class_means,
            ".1f",
            "%",
            _means_by_class,
        ),
        NumberSpec(
            "wavelengths whose spread is within a factor of 1.25 of the target's",
            "spreads",
            "higher",
            _spreads,
            ".0f",
            "%",
        ),
        _TRAINED_ON,
        _RECOGNISED,
        NumberSpec(
            "order of oxygenation within classes, 500-600 nm: change",
            "order of oxygenation, 500-600 nm",
            "higher",
            _order_kept("visible"),
            "+.3f",
        ),
        NumberSpec(
            "order of oxygenation within classes, 700-900 nm: change",
            "order of oxygenation, 700-900 nm",
            "higher",
            _order_kept("near infrared"),
            "+.3f",
        ),
        _CALIBRATION,
    ),
    "PAT": (
        NumberSpec(
            "patches distinguished from the target, AUC (0.5: not at all)", "AUC of patches", "lower", _auc
        ),
        NumberSpec(
            "classes whose mean spectrum moves away", "classes that move away", "lower", _away_count, ".0f"
        ),
        NumberSpec(
            "roughest wavelength over the median one (1: all alike)",
            "rough wavelengths",
            "lower",
            _roughest,
            ".2f",
        ),
        NumberSpec("Haar energies off by, factors of 2, rms", "energies of details", "lower", _bands, ".2f"),
        NumberSpec(
            "gap in background variation left open",
            "background variation",
            "lower",
            _gap("background variation"),
            ".0f",
            "%",
        ),
        NumberSpec(
            "classes read by a segmenter trained on the target, mean IoU",
            "classes read by a segmenter",
            "higher",
            _labels_read,
            ".2f",
            classes=lambda row: dict(row.pat.realism.recovery.per_class) if row.pat else {},
        ),
        _TRAINED_ON,
        NumberSpec(
            "order of the vessels' oxygenation: change",
            "order of the vessels' oxygenation",
            "higher",
            _vessels_kept,
            "+.3f",
        ),
        NumberSpec(
            "arteries off by from measured ones, relative rms", "arteries", "lower", _arteries, ".1f", "%"
        ),
        _CALIBRATION,
    ),
}
