"""The last step of a closed-form fit that keeps the shape of spectra: class means of transferred pictures are put on the target's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from napari_udt.models.intensity import log_slope
from napari_udt.models.noise import drawn_noise
from napari_udt.models.wavelet_flow import WaveletFlow
from napari_udt.training.samples import Samples

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

_PICTURES = 18  # of each domain, about
_ROUNDS = 2
_FEWEST_PIXELS = 200
_SMALLEST = 1e-6
_LARGEST_STEP = 0.5  # of a logarithm: means of noise around zero say nothing


@torch.no_grad()
def match_class_means(model: TransferModel, simulated: Samples, target: Samples) -> None:
    """Correct the target's offsets so that mean unit spectra of transferred classes are the target's.

    Offsets are fitted to compressed values; the mean of a spectrum of length one is another mean, which brightness and noise change. A
    class that is rare or missing in either domain stays as it is; without known classes all pixels are one.

    Parameters
    ----------
    model : TransferModel
        Of a `WaveletFlow` that keeps the shape.
    simulated, target : Samples
        In normalised units.
    """
    network = model.network
    assert isinstance(network, WaveletFlow)
    assert network.shape is not None
    rows, columns = (side - side % network.multiple for side in simulated.values.shape[2:])
    step = max(1, len(simulated) // _PICTURES)
    values, labels = simulated.values[::step, :, :rows, :columns], simulated.labels[::step, :rows, :columns]
    noisy = values + drawn_noise(values, simulated.noise)
    classes = model.spec.class_count
    every = max(1, len(target) // _PICTURES)
    wanted, counts, _ = _means(model, target.values[::every], target.labels[::every])
    for _ in range(_ROUNDS):
        moved = torch.cat(
            [_moved(model, x[None], kinds[None]) for x, kinds in zip(noisy, labels, strict=True)]
        )
        found, own, slope = _means(model, moved, labels)
        known = (counts >= _FEWEST_PIXELS) & (own >= _FEWEST_PIXELS)
        apart = torch.log(wanted.clamp_min(_SMALLEST) / found.clamp_min(_SMALLEST)).clamp(
            -_LARGEST_STEP, _LARGEST_STEP
        )
        apart = torch.where(known[:, None], apart, torch.zeros_like(apart))
        change = (
            (slope[:, None] * apart) @ network.basis[network.coded :].double().T / network.shape.unit.double()
        )
        kinds = torch.arange(max(1, classes))[:, None, None] if classes else None
        condition = model.condition((max(1, classes), 1, 1), "real", kinds)[:, 2:, 0, 0].double()
        regressors = torch.cat(
            (torch.ones_like(condition[:, :1] if classes else change[:, :1]), condition), dim=1
        )
        network.shape.offset[1] += (torch.linalg.pinv(regressors) @ change).T.to(network.shape.offset)


def _moved(model: TransferModel, x: Tensor, labels: Tensor) -> Tensor:
    z, _ = model.encode(x, "simulated", labels)
    found: Tensor = model.decode(z, "real", labels)
    return found


def _means(model: TransferModel, values: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean unit spectrum (classes, channels), pixels (classes,), and slope of the compression (classes,), of pictures of the target domain.

    The slope is by how much a compressed value changes when the logarithm of the value does: 1 where pictures are bright.
    """
    spec = model.spec
    raw = model.denormalise(values, "real").double()
    spectra = raw.movedim(1, -1).flatten(0, 2)
    mean, std = spec.statistics["real"]
    slopes = (
        log_slope(values.double() * std + mean, spec.intensity).exp()
        * raw.abs()
        / spec.intensity_scales["real"]
    )
    columns = torch.cat(
        (spectra / spectra.norm(dim=1, keepdim=True).clamp_min(1e-12), slopes.mean(dim=1).flatten()[:, None]),
        dim=1,
    )
    kinds = labels.flatten() if spec.class_count else torch.zeros(labels.numel(), dtype=torch.long)
    # a picture that is hardly alike the training's may leave the floating range at a place
    known, classes = (kinds >= 0) & columns.isfinite().all(dim=1), max(1, spec.class_count)
    counts = torch.bincount(kinds[known], minlength=classes)
    sums = torch.zeros(classes, columns.shape[1], dtype=torch.float64).index_add_(
        0, kinds[known], columns[known]
    )
    means = sums / counts.clamp_min(1)[:, None]
    return means[:, :-1], counts, means[:, -1]
