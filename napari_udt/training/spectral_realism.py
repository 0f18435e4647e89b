"""What transferred spectra look like beside held-out ones of the target domain, to choose weights by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_udt.errors import TrainingError
from napari_udt.evaluation.rank_correlation import spearman
from napari_udt.evaluation.transferring import transferred
from napari_udt.evaluation.two_sample import two_sample_auc
from napari_udt.models.model import TransferModel
from napari_udt.spectral.unmixing import VISIBLE, unmix_spectra
from napari_udt.training.samples import Samples

# How much of each value is as bad as one step of the area under the curve from 0 to 1.
_WEIGHTS = {"spectra": 1.0, "oxygenation": 3.0}
# Spectra of a class in either set below which it says nothing.
_FEWEST = 30
_MOST = 200


class SpectralRealism:
    """Judge of the transfers of one training run on spectra.

    Parameters
    ----------
    model : TransferModel
        Its network is the one that is trained.
    held_out : mapping of {"simulated", "second"} to Samples
        Spectra in normalised units.
    """

    def __init__(self, model: TransferModel, held_out: Mapping[str, Samples]) -> None:
        self.model = model
        self.simulated, self.labels = self._raw(held_out["simulated"], "simulated")
        self.second, self.second_labels = self._raw(held_out["second"], "real")
        counts = [
            np.bincount(labels[labels >= 0], minlength=len(model.spec.class_names))
            for labels in (self.labels, self.second_labels)
        ]
        self.classes = np.flatnonzero(np.minimum(*counts) >= _FEWEST)
        if not len(self.classes):
            raise TrainingError(
                f"{model.spec.name}: no class has {_FEWEST} held-out spectra in both domains; optimisation.choose_by = "
                "'realism' needs them: use more data, or raise data.held_out_fraction."
            )
        self.before = self._saturations(self.simulated)

    def __call__(self) -> dict[str, float]:
        """Values of the present weights, each 0 at best (``spectra``: 0.5), and how much they weigh.

        spectra: mean over the classes of the area under the ROC curve of a forest that distinguishes transferred spectra from the
        target's. oxygenation: 1 - mean over the classes of the rank correlation of the saturation, 500-600 nm, before and after.
        """
        training = self.model.network.training
        self.model.network.eval()
        try:
            moved = np.nan_to_num(np.clip(transferred(self.model, self.simulated, self.labels), -10, 10))
        finally:
            self.model.network.train(training)
        after = self._saturations(moved)
        areas, kept = [], []
        for index in self.classes:
            own, other = self.labels == index, self.second_labels == index
            areas.append(two_sample_auc(moved[own], self.second[other], most=_MOST).value)
            known = own & np.isfinite(self.before) & np.isfinite(after)
            order = float(spearman(self.before[known], after[known])) if known.sum() > 1 else 0.0
            kept.append(order if np.isfinite(order) else 0.0)
        found = {"spectra": float(np.mean(areas)), "oxygenation": 1.0 - float(np.mean(kept))}
        return {f"held_out_{name}": _WEIGHTS[name] * value for name, value in found.items()}

    def _saturations(self, spectra: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        at = np.array(self.model.spec.wavelengths_nm)
        return unmix_spectra(spectra, at, "HSI", window=VISIBLE, largest_residual=1.0).oxygenation

    def _raw(self, samples: Samples, domain: str) -> tuple[NDArray[np.float32], NDArray[np.integer[Any]]]:
        with torch.no_grad():
            raw = self.model.denormalise(samples.values, domain)  # type: ignore[arg-type]
        return np.asarray(raw, np.float32), samples.labels.numpy()
