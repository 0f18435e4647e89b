"""Transfer of the samples of a data set, some at a time. The model brings torch; nothing here imports it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.models.noise import InputNoise, with_noise

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

# The model's names of the two domains.
ModelDomain = Literal["simulated", "real"]
# At most this many samples go through the network at once: whole PAT images are large.
_CHUNK = {"HSI": 2048, "PAT": 2}

Chunk = tuple[NDArray[np.float32], NDArray[Any]]


def chunks(model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any]) -> Iterator[Chunk]:
    """Yield samples and their labels in portions that the model takes at once."""
    size = _CHUNK[model.spec.modality]
    for start in range(0, len(samples), size):
        yield samples[start : start + size], labels[start : start + size]


def transferred(
    model: TransferModel,
    samples: NDArray[np.float32],
    labels: NDArray[Any],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float32]:
    """Transfer samples of the simulated domain to the target domain.

    Parameters
    ----------
    model : TransferModel
    samples : array, shape (n, C) or (n, C, H, W)
        Raw values of the data set.
    labels : array, shape (n,) or (n, H, W)
        The same classes condition encoding and decoding.
    progress : callable, optional
        Called with samples done and samples in all; an exception from it ends the transfer.

    Returns
    -------
    array of the shape of ``samples``
        L2-normalised spectra where the model normalises, raw values else.
    """
    parts, done = [], 0
    for raw, known in chunks(model, samples, labels):
        progress(done, len(samples))
        moved = model.translate(_source(model, raw), "simulated", "real", known)
        parts.append(model.denormalise(moved, "real"))
        done += len(raw)
    progress(done, len(samples))
    return np.concatenate(parts)


def with_training_noise(model: TransferModel, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return simulated images with the noise that the model adds before it transfers them, not transferred."""
    size = _CHUNK[model.spec.modality]
    parts = [_source(model, samples[start : start + size]) for start in range(0, len(samples), size)]
    return np.concatenate([model.denormalise(part, "simulated") for part in parts])


def _source(model: TransferModel, raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalise simulated samples and add the noise that the model expects on them."""
    return with_noise(model.normalise(raw, "simulated"), InputNoise.of(model.spec))


def round_trip_error(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any], domain: ModelDomain
) -> float:
    """Largest absolute difference between samples and their decoded codes, in normalised units."""
    return max(
        float(model.round_trip_error(model.normalise(raw, domain), domain, known).max())
        for raw, known in chunks(model, samples, labels)
    )


def cycle_rms_error(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any], domain: ModelDomain
) -> float:
    """Root mean square difference between samples and themselves transferred there and back, in normalised units."""
    other: ModelDomain = "real" if domain == "simulated" else "simulated"
    squares = []
    for raw, known in chunks(model, samples, labels):
        x = model.normalise(raw, domain)
        back = model.translate(model.translate(x, domain, other, known), other, domain, known)
        squares.append(np.square(back - x).mean() * len(x) / len(samples))
    return float(np.sqrt(sum(squares)))
