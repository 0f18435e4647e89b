"""How near a row comes to the target, by tests that need no trained classifier of ours: one summary per modality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.class_spectra import class_distances, class_statistics, pixel_spectra
from napari_udt.evaluation.correlations import CorrelationDistance, correlation_distances
from napari_udt.evaluation.fine_detail import (
    Detail,
    GapClosed,
    Roughness,
    band_error,
    detail,
    gaps_closed,
    neighbour_difference,
    roughness,
)
from napari_udt.evaluation.label_recovery import LabelRecovery, Segmenter
from napari_udt.evaluation.patches import SIDE, patches_auc
from napari_udt.evaluation.two_sample import TwoSampleAuc, two_sample_auc

Labels = NDArray[np.integer[Any]]

# Spectra of each class and side that a forest is trained on.
_SPECTRA_PER_CLASS = 300


@dataclass(frozen=True)
class ClassAuc:
    """Two-sample test within one class."""

    class_name: str
    auc: TwoSampleAuc


@dataclass(frozen=True)
class HsiRealism:
    """Spectra of a row beside the untouched target's, class by class, L2-normalised.

    Parameters
    ----------
    classes : tuple of ClassAuc
    correlations : tuple of CorrelationDistance
    """

    classes: tuple[ClassAuc, ...]
    correlations: tuple[CorrelationDistance, ...]

    @property
    def mean_auc(self) -> float:
        """Mean over classes; NaN without any."""
        return float(np.mean([found.auc.value for found in self.classes])) if self.classes else float("nan")

    @property
    def mean_correlation_rms(self) -> float:
        """Mean over classes; NaN without any."""
        values = [found.rms for found in self.correlations]
        return float(np.mean(values)) if values else float("nan")


@dataclass(frozen=True)
class PatRealism:
    """Pictures of a row beside the untouched target's.

    Parameters
    ----------
    patches : TwoSampleAuc, optional
        Patches of 32 x 32 pixels; None for fewer than four pictures or pictures that are smaller.
    gaps : tuple of GapClosed
        At the wavelength of the texture; of transfers.
    roughness : Roughness
        In the background.
    band_error : float
        Energies of Haar details, see `~napari_udt.evaluation.fine_detail.band_error`.
    moved_away : tuple of str
        Classes whose mean L2-normalised spectrum is further from the target's than before the transfer.
    recovery : LabelRecovery
    """

    patches: TwoSampleAuc | None
    gaps: tuple[GapClosed, ...]
    roughness: Roughness
    band_error: float
    moved_away: tuple[str, ...]
    recovery: LabelRecovery


def hsi_realism(
    samples: NDArray[np.float32], labels: Labels, target: Dataset, groups: Labels | None = None
) -> HsiRealism:
    """Compare spectra (n, C) of known classes (n,) with a target data set, class by class.

    Parameters
    ----------
    samples, labels
    target : Dataset
    groups : integer array, shape (n,), optional
        Animal of each spectrum; so are the target's, where its parameters hold ``animal``.
    """
    own, kinds = _unit(samples, labels)
    wanted, wanted_kinds = _unit(target.samples, target.labels)
    animals = target.parameters.get("animal")
    found = []
    for index, name in enumerate(target.class_names):
        mine, theirs = kinds == index, wanted_kinds == index
        try:
            auc = two_sample_auc(
                own[mine],
                wanted[theirs],
                None if groups is None else groups[mine],
                None if animals is None else np.asarray(animals).reshape(-1)[theirs].astype(int),
                most=_SPECTRA_PER_CLASS,
            )
        except EvaluationError:
            continue  # a class with too few spectra has no test
        found.append(ClassAuc(name, auc))
    distances = correlation_distances(own, kinds, wanted, wanted_kinds, target.class_names)
    return HsiRealism(tuple(found), tuple(distances))


class PatRealismTest:
    """The target's pictures, and the simulated ones, that rows are compared with; made once.

    Parameters
    ----------
    simulated : Dataset
    target_train : Dataset
        What the segmenter learns from.
    target : Dataset
        Untouched.
    tissues : three sequences of int
        Labels of skin, background and vessels.
    channel : int
        Of the wavelength at which texture is measured.
    """

    def __init__(
        self,
        simulated: Dataset,
        target_train: Dataset,
        target: Dataset,
        tissues: tuple[list[int], list[int], list[int]],
        channel: int,
    ) -> None:
        self.simulated, self.target, self.tissues, self.channel = simulated, target, tissues, channel
        self.segmenter = Segmenter(target_train.samples, target_train.labels, target.class_names)
        self._target_detail = self._detail(target.samples, target.labels)
        self._simulated_detail = self._detail(simulated.samples, simulated.labels)
        self._target_roughness = neighbour_difference(target.samples, target.labels, tissues[1])
        self._before = self._distances(simulated.samples, simulated.labels)

    def __call__(
        self, samples: NDArray[np.float32], labels: Labels, rng: np.random.Generator, *, moved: bool
    ) -> PatRealism:
        """Compare pictures (n, C, H, W) with labels (n, H, W); ``moved`` for transfers of the simulated ones."""
        own = self._detail(samples, labels)
        after = self._distances(samples, labels) if moved else {}
        return PatRealism(
            patches=self._patches(samples),
            gaps=tuple(gaps_closed(own, self._simulated_detail, self._target_detail, rng)) if moved else (),
            roughness=roughness(
                neighbour_difference(samples, labels, self.tissues[1]),
                self._target_roughness,
                self.target.wavelengths_nm,
            ),
            band_error=band_error(own.energies, self._target_detail.energies),
            moved_away=tuple(name for name, angle in after.items() if angle > self._before.get(name, np.inf)),
            recovery=self.segmenter.recovery(samples, labels, rng),
        )

    def _patches(self, samples: NDArray[np.float32]) -> TwoSampleAuc | None:
        if min(samples.shape[2:]) < SIDE:
            return None
        try:
            return patches_auc(samples, self.target.samples)
        except EvaluationError:
            return None

    def _detail(self, samples: NDArray[np.float32], labels: Labels) -> Detail:
        return detail(samples[:, self.channel], labels, *self.tissues)

    def _distances(self, samples: NDArray[np.float32], labels: Labels) -> dict[str, float]:
        """Angle between the class means and the target's, in degrees."""
        names = self.target.class_names
        wanted = class_statistics(self.target.samples, self.target.labels, names, "l2")
        own = class_statistics(samples, labels, names, "l2")
        return {found.class_name: found.angle_degrees for found in class_distances(own, wanted)}


def _unit(samples: NDArray[np.float32], labels: Labels) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return unit spectra with their classes; those that are zero stay, as class -1, so that groups stay in step."""
    spectra, kept = pixel_spectra(samples, np.arange(len(labels)))
    unit = np.zeros(samples.shape, np.float64)
    kinds = np.full(len(labels), -1, np.int64)
    unit[kept], kinds[kept] = spectra, np.asarray(labels)[kept]
    return unit, kinds
