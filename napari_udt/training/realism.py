"""What transferred images look like beside held-out ones of the target domain, to choose weights by.

A likelihood says how well each domain is described, not what a transfer looks like. Here whole held-out simulated pictures are transferred as
inference does it, and compared with held-out pictures of the target domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_udt.errors import TrainingError
from napari_udt.evaluation.class_spectra import class_means, relative_rms
from napari_udt.evaluation.fine_detail import neighbour_difference, roughness
from napari_udt.evaluation.patches import SIDE, patches_auc
from napari_udt.evaluation.transferring import transferred
from napari_udt.evaluation.vessels import find_vessels
from napari_udt.models.model import TransferModel
from napari_udt.spectral.unmixing import unmix_spectra
from napari_udt.training.picture_terms import VESSELS
from napari_udt.training.samples import Samples

# How much of each value is as bad as one step of the area under the curve from 0 to 1.
_WEIGHTS = {"patches": 1.0, "classes": 2.0, "roughness": 0.5, "oxygenation": 3.0}
_ROUGHEST = 1.3
_FEWEST_VESSELS = 5
_FEWEST_PICTURES = 4


class Realism:
    """Judge of the transfers of one training run.

    Parameters
    ----------
    model : TransferModel
        Its network is the one that is trained.
    held_out : mapping of {"simulated", "second"} to Samples
        Images in normalised units.
    most : int
        Pictures of each domain that are looked at.
    """

    def __init__(self, model: TransferModel, held_out: Mapping[str, Samples], most: int) -> None:
        if (fewest := min(map(len, held_out.values()))) < _FEWEST_PICTURES:
            raise TrainingError(
                f"{model.spec.name}: {fewest} pictures are held out; optimisation.choose_by = 'realism' needs "
                f"{_FEWEST_PICTURES} of each domain: use more data, or raise data.held_out_fraction."
            )
        self.model = model
        self.simulated, self.labels = self._raw(held_out["simulated"], "simulated", most)
        self.second, self.second_labels = self._raw(held_out["second"], "real", most)
        names = model.spec.class_names
        self.wanted = class_means(self.second, self.second_labels, names)
        self.differences = neighbour_difference(self.second)
        self.vessels = [index for index, name in enumerate(names) if name in VESSELS]
        self.before = self._saturations(self.simulated)

    def __call__(self) -> dict[str, float]:
        """Values of the present weights, each 0 at best (``patches``: 0.5), and how much they weigh.

        patches: area under the ROC curve of a forest that distinguishes patches. classes: mean over the classes of the
        distance of mean spectra, relative to the target's, 0 where training does not know the target's classes. roughness: by how much one wavelength exceeds 1.3 times the others' ratio of
        neighbour differences to the target's. oxygenation: 1 - rank correlation of the vessels' saturations before and after.
        """
        training = self.model.network.training
        self.model.network.eval()
        try:
            moved = transferred(self.model, self.simulated, self.labels)
        finally:
            self.model.network.train(training)
        # early weights may overflow
        moved = np.nan_to_num(np.clip(moved, -1e6, 1e6))
        names = self.model.spec.class_names
        apart = relative_rms(class_means(moved, self.labels, names), self.wanted)
        rough = roughness(neighbour_difference(moved), self.differences, self.model.spec.wavelengths_nm)
        found = {
            "patches": patches_auc(moved, self.second, side=min(SIDE, *self.second.shape[2:])).value,
            "classes": _mean_of_known(apart.values()),
            "roughness": max(0.0, rough.worst_over_rest - _ROUGHEST),
            "oxygenation": self._order_lost(moved),
        }
        return {f"held_out_{name}": _WEIGHTS[name] * value for name, value in found.items()}

    def _order_lost(self, moved: NDArray[np.float32]) -> float:
        from scipy.stats import spearmanr

        after = self._saturations(moved)
        known = np.isfinite(self.before) & np.isfinite(after)
        if known.sum() < _FEWEST_VESSELS or self.model.spec.from_labels:  # labels know no saturation
            return 0.0
        found = float(spearmanr(self.before[known], after[known]).statistic)
        return 1.0 - found if np.isfinite(found) else 1.0

    def _saturations(self, pictures: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        spectra = find_vessels(pictures, self.labels, self.vessels).spectra
        at = np.array(self.model.spec.wavelengths_nm)
        return unmix_spectra(spectra, at, "PAT", largest_residual=1.0).oxygenation

    def _raw(
        self, samples: Samples, domain: str, most: int
    ) -> tuple[NDArray[np.float32], NDArray[np.integer[Any]]]:
        multiple = self.model.picture_multiple
        rows, columns = (side - side % multiple for side in samples.values.shape[2:])
        values = samples.values[:most, :, :rows, :columns]
        with torch.no_grad():
            raw = self.model.denormalise(values, domain)  # type: ignore[arg-type]
        return np.asarray(raw, np.float32), samples.labels[:most, :rows, :columns].numpy()


def _mean_of_known(values: Iterable[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else 0.0
