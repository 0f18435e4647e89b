"""The rows of an evaluation: target, simulated, baselines and models, made one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.evaluation import paper
from napari_udt.evaluation.data import EvaluationData
from napari_udt.evaluation.transferring import transferred, with_training_noise
from napari_udt.models.baselines import match_histograms, match_moments
from napari_udt.models.noise import InputNoise
from napari_udt.spectral.spectra import normalise

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

Kind = Literal["second", "simulated", "baseline", "model"]
Samples = NDArray[np.float32]

BASELINES: Mapping[str, Callable[..., Any]] = {"moments": match_moments, "histograms": match_histograms}
# Images whose pixels a baseline's statistics are taken from: more of them change little and fill the memory.
_REFERENCE_IMAGES = 24


@dataclass(frozen=True, eq=False)
class Row:
    """Samples of one row with their true classes.

    Parameters
    ----------
    name : str
        In tables.
    kind : {"second", "simulated", "baseline", "model"}
    samples : array, shape (n, C) or (n, C, H, W)
    labels : integer array, shape (n,) or (n, H, W)
    paper_row : str
        Row of the paper's Table 1 that it corresponds to; empty for none.
    model : TransferModel, optional
        The model that made the samples.
    """

    name: str
    kind: Kind
    samples: Samples
    labels: NDArray[Any]
    paper_row: str = ""
    model: TransferModel | None = None

    @property
    def is_transferred(self) -> bool:
        """Whether the samples are transfers of the simulated ones."""
        return self.kind in ("baseline", "model")


def make_rows(
    data: EvaluationData, models: Sequence[TransferModel], baselines: Sequence[str]
) -> Iterator[Row]:
    """Yield the rows in the order of Table 1; the target's row holds its training samples.

    Parameters
    ----------
    data : EvaluationData
    models : sequence of TransferModel
        They transfer with the true classes as condition.
    baselines : sequence of {"moments", "histograms"}
        Matched per class to the target's training samples. Where a model was trained on noisy images of a noise-free
        simulation, a row with that noise and nothing else is added.
    """
    simulated, second = data.simulated.dataset, data.second_train.dataset
    yield Row(data.target, "second", second.samples, second.labels, paper.REAL)
    yield Row("Simulated", "simulated", simulated.samples, simulated.labels, paper.SIMULATED)
    for name in baselines:
        yield Row(f"Matched {name}", "baseline", matched(simulated, second, name), simulated.labels)
    if noisy := next((model for model in models if InputNoise.of(model.spec)), None):
        # Noise alone, without any transfer: the control of every model of noise-free images.
        samples = with_training_noise(noisy, simulated.samples)
        yield Row("Simulated with noise", "baseline", samples, simulated.labels)
    for model in models:
        moved = transferred(model, simulated.samples, simulated.labels)
        yield Row(model.spec.name, "model", moved, simulated.labels, paper.row_of(model.spec), model)


def matched(source: Dataset, reference: Dataset, baseline: str) -> Samples:
    """Give samples of ``source`` the statistics of ``reference``, class by class and wavelength by wavelength.

    Spectra are matched L2-normalised, images as they are, pixel by pixel.
    """
    step = 1 if reference.modality == "HSI" else max(1, len(reference) // _REFERENCE_IMAGES)
    wanted, kinds = _spectra(reference.samples[::step]), reference.labels[::step].reshape(-1)
    result = BASELINES[baseline](_spectra(source.samples), source.labels.reshape(-1), wanted, kinds)
    return _like(result, source.samples.shape)


def _spectra(samples: Samples) -> Samples:
    """Spectra (n, C): unit ones of spectra, values as they are of images."""
    if samples.ndim == 2:
        return normalise(samples, "l2")
    return np.moveaxis(samples, 1, -1).reshape(-1, samples.shape[1])


def _like(spectra: Samples, shape: tuple[int, ...]) -> Samples:
    if len(shape) == 2:
        return spectra
    count, channels, height, width = shape
    return np.moveaxis(spectra.reshape(count, height, width, channels), -1, 1)
