r"""Checks of a network as a probability density: likelihood, round trip, and normality of the latent.

Units: the network's density is one of normalised values :math:`u = (x - m) / s`. In the data's own units it is
:math:`\ln p(x) = \ln p(u) - d \ln s`, so that bits per dimension differ by :math:`\log_2 s`. What :math:`x` is: for
spectra the L2-normalised reflectance (dividing by the norm keeps no volume and is left out), for images raw values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import ModelError
from napari_udt.evaluation.transferring import ModelDomain, chunks, round_trip_error

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

# Enough dimensions and values to judge a distribution by; an image has half a million.
MOST_DIMENSIONS = 1000
MOST_VALUES = 200_000


@dataclass(frozen=True)
class BitsPerDimension:
    """Mean negative log-likelihood in bits per dimension (smaller is likelier), constant included.

    Parameters
    ----------
    normalised : float
        As a density of normalised values.
    data : float
        As a density of the data's own values.
    """

    normalised: float
    data: float


@dataclass(frozen=True)
class Normality:
    """How far latents are from a standard normal distribution.

    Parameters
    ----------
    largest_mean : float
        Largest absolute mean of a dimension; 0 is ideal.
    std_low, std_median, std_high : float
        Smallest, median and largest standard deviation of a dimension; 1 is ideal.
    ks_median, ks_high : float
        Kolmogorov-Smirnov distance of single dimensions to N(0, 1): median and largest.
    ks_pooled : float
        Of all values together.
    norm_mean, norm_std : float
        Mean of |z|^2 / d, and standard deviation of |z|^2 over sqrt(2 d): both 1 for a standard normal.
    samples, dimensions : int
        Latents, and dimensions that were judged one by one.
    """

    largest_mean: float
    std_low: float
    std_median: float
    std_high: float
    ks_median: float
    ks_high: float
    ks_pooled: float
    norm_mean: float
    norm_std: float
    samples: int
    dimensions: int


@dataclass(frozen=True)
class DensityChecks:
    """Checks of a model on data that it has not seen; None where the network has no likelihood.

    Parameters
    ----------
    round_trip : mapping of {"simulated", "second"} to float
        Largest deviation after encoding and decoding in one domain, in normalised units; NaN for models without a latent space.
    second, simulated : BitsPerDimension or None
        Held-out target samples, and simulated ones, both under the target domain's condition.
    latent : Normality or None
        Of the held-out target samples.
    """

    round_trip: dict[str, float]
    second: BitsPerDimension | None
    simulated: BitsPerDimension | None
    latent: Normality | None


def bits_per_dimension(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any]
) -> BitsPerDimension:
    """Mean over samples under the target domain's condition, with the samples' true classes."""
    nats = [
        model.log_likelihood(model.normalise(raw, "real"), "real", known, per_dimension=True)
        for raw, known in chunks(model, samples, labels)
    ]
    normalised = -float(np.mean(np.concatenate(nats), dtype=np.float64)) / math.log(2)
    return BitsPerDimension(normalised, normalised + math.log2(model.spec.statistics["real"][1]))


def latents(model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any]) -> Floats:
    """Codes (n, d) of samples of the target domain."""
    return np.concatenate(
        [
            model.encode(model.normalise(raw, "real"), "real", known)[0]
            for raw, known in chunks(model, samples, labels)
        ]
    )


def normality(z: Floats, rng: np.random.Generator) -> Normality:
    """Compare latents (n, d) with a standard normal distribution; many dimensions are sub-sampled."""
    count, dimensions = z.shape
    kept = np.sort(rng.permutation(dimensions)[:MOST_DIMENSIONS])
    single = np.asarray(z[:, kept], dtype=np.float64)
    distance, std = ks_to_normal(single), single.std(axis=0)
    pooled = rng.choice(z.reshape(-1), min(z.size, MOST_VALUES), replace=False).astype(np.float64)
    squares = np.einsum("ij,ij->i", z, z, dtype=np.float64)
    return Normality(
        largest_mean=float(np.abs(single.mean(axis=0)).max()),
        std_low=float(std.min()),
        std_median=float(np.median(std)),
        std_high=float(std.max()),
        ks_median=float(np.median(distance)),
        ks_high=float(distance.max()),
        ks_pooled=float(ks_to_normal(pooled[:, None])[0]),
        norm_mean=float(squares.mean() / dimensions),
        norm_std=float(squares.std() / math.sqrt(2 * dimensions)),
        samples=count,
        dimensions=len(kept),
    )


def ks_to_normal(values: Array) -> Array:
    """Kolmogorov-Smirnov distance of every column (n, d) to N(0, 1), shape (d,)."""
    from scipy.special import ndtr

    expected = ndtr(np.sort(values, axis=0))
    steps = np.arange(len(values) + 1)[:, None] / len(values)
    above = (steps[1:] - expected).max(axis=0)
    below = (expected - steps[:-1]).max(axis=0)
    return np.asarray(np.maximum(above, below))


def _round_trip(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any], domain: ModelDomain
) -> float:
    """Error of a round trip; NaN for models that refuse one, since they have no latent space."""
    try:
        return round_trip_error(model, samples, labels, domain)
    except ModelError:
        return math.nan


def density_checks(
    model: TransferModel,
    simulated: tuple[NDArray[np.float32], NDArray[Any]],
    second: tuple[NDArray[np.float32], NDArray[Any]],
    rng: np.random.Generator,
) -> DensityChecks:
    """Judge a model on samples and labels of both domains that it was not trained on."""
    invertible = model.spec.kind == "cinn"
    return DensityChecks(
        round_trip={
            "simulated": _round_trip(model, *simulated, "simulated"),
            "second": _round_trip(model, *second, "real"),
        },
        second=bits_per_dimension(model, *second) if invertible else None,
        simulated=bits_per_dimension(model, *simulated) if invertible else None,
        latent=normality(latents(model, *second), rng) if invertible else None,
    )
