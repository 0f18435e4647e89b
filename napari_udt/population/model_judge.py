"""Round trip and likelihood of a group's spectra, taken as real ones, under the model that made them.

Networks (and torch with them) are imported at the first call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import ModelError, TransferError
from napari_udt.population.groups import Group, spectra_at

if TYPE_CHECKING:
    from napari_udt.inference.probe import SpectralProbe
    from napari_udt.models.model import TransferModel

Floats = NDArray[np.floating[Any]]
Progress = Callable[[int, int], None]

_CHUNK = 512
_KEYS = {"round_trip": "round_trip", "source": "log_likelihood"}


class ModelJudge:
    """Round trip and likelihood of groups by the models that made some of them; goes into `MeasureOptions`.

    Parameters
    ----------
    models : mapping of str to TransferModel, optional
        Loaded models; others are loaded from the installed ones.
    progress : callable (done, total), optional
        Called between chunks; an exception from it ends the work.

    Notes
    -----
    A group needs its cube: the network needs the structure of each pixel, and takes photoacoustic pictures as a whole.
    What cannot be judged (no cube, a baseline, another grid of wavelengths) gives no numbers.
    """

    def __init__(
        self, models: Mapping[str, TransferModel] | None = None, progress: Progress | None = None
    ) -> None:
        self._models: dict[str, TransferModel | None] = dict(models or {})
        self._progress = progress or (lambda done, total: None)

    def __call__(self, model: str, group: Group) -> Mapping[str, Floats]:
        """Return "round_trip" (%) and "log_likelihood" (bits per dimension), each (n,), of a group's spectra."""
        network = self._model(model)
        if network is None or group.cube is None or group.places is None:
            return {}
        try:
            probe = _probe(network, group)
            found = (
                self._of_spectra(probe, group)
                if group.cube.modality == "HSI"
                else self._of_picture(probe, group)
            )
        except TransferError:
            return {}
        return {name: found[key] for key, name in _KEYS.items() if key in found}

    def _model(self, name: str) -> TransferModel | None:
        from napari_udt.inference.baselines import is_baseline
        from napari_udt.models import load_model

        if name not in self._models:
            try:
                self._models[name] = None if is_baseline(name) else load_model(name)
            except ModelError:
                self._models[name] = None  # no longer installed
        return self._models[name]

    def _of_spectra(self, probe: SpectralProbe, group: Group) -> dict[str, Floats]:
        from napari_udt.inference.trust import spectral_trust

        assert group.cube is not None
        rows, columns = _pixels(group)
        entries, parts = np.asarray(probe.job.tissue.index[rows, columns], np.intp), []
        # the group's own may lack bad bands, or lie on other wavelengths
        spectra = spectra_at(group.cube, rows.astype(np.intp) * group.cube.shape[1] + columns)
        for start in range(0, len(group), _CHUNK):
            self._progress(start, len(group))
            chunk = slice(start, start + _CHUNK)
            parts.append(spectral_trust(probe, "network", spectra[chunk], entries[chunk]))
        self._progress(len(group), len(group))
        return {key: np.concatenate([part[key] for part in parts]) for key in _KEYS} if parts else {}

    def _of_picture(self, probe: SpectralProbe, group: Group) -> dict[str, Floats]:
        """Numbers of pixels where there are some; what belongs to the picture as a whole, for every pixel."""
        from napari_udt.inference.trust import trust_of_cube

        found = trust_of_cube(probe, "network", self._progress)
        values: dict[str, Floats] = {
            key: np.full(len(group), number) for key, number in found.numbers.items() if key in _KEYS
        }
        return values | {key: found.maps[key][_pixels(group)] for key in _KEYS if key in found.maps}


def _pixels(group: Group) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    assert group.places is not None
    return group.places[:, 0], group.places[:, 1]


def _probe(model: TransferModel, group: Group) -> SpectralProbe:
    """Return a probe that takes the group's cube as one of the real domain."""
    from napari_udt.inference.probe import SpectralProbe, make_job

    assert group.cube is not None
    return SpectralProbe(replace(make_job(group.cube, model), domains=("real", "simulated")))
