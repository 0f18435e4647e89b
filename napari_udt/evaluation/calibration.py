"""Does a model's spread predict its error? On simulations the true saturation is known, so that both can be compared.

The spread is that over admissible conditions (see :mod:`napari_udt.inference.uncertainty`): what was left open. Both are of
the saturation that is unmixed from the transferred spectrum, in the same unit. A spread that says nothing about the error
is no measure of trust, however small it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.intervals import percentile_interval
from napari_udt.evaluation.oxygenation import FEWEST_WAVELENGTHS, light_weighted_saturation
from napari_udt.evaluation.rank_correlation import spearman
from napari_udt.spectral.unmixing import EVALUATION_WINDOWS, unmix_spectra

if TYPE_CHECKING:
    from napari_udt.evaluation.modality_hsi import HsiReference
    from napari_udt.evaluation.modality_pat import PatReference
    from napari_udt.evaluation.rows import Row
    from napari_udt.models.model import TransferModel

Array = NDArray[np.float64]

BINS = 5
DRAWS = 12
_RESAMPLES = 500
_FEWEST = 20
# A rank correlation below it leaves most of the order of the errors open.
_STRONG = 0.5
_MOST_SPECTRA, _MOST_PICTURES = 1500, 6


@dataclass(frozen=True)
class SpreadCalibration:
    """Spread of the saturation beside its error, in bins of as many samples.

    Parameters
    ----------
    spread : tuple of float
        Median spread of each bin, 0 to 1, the smallest first.
    error : tuple of float
        Median absolute error of each bin, 0 to 1.
    rank_correlation, low, high : float
        Spearman's rho of spread and absolute error, with a 95 % bootstrap interval: 0, the spread says nothing.
    count : int
    """

    spread: tuple[float, ...]
    error: tuple[float, ...]
    rank_correlation: float
    low: float
    high: float
    count: int

    @property
    def sentence(self) -> str:
        """Whether the spread says anything about the error, in words, with the number."""
        if not np.isfinite(self.rank_correlation):
            return "The spread over conditions is the same for all samples and says nothing about the error of the saturation."
        words = "says nothing about the error of the saturation"
        if self.high < 0:
            words = "misleads: where it is large, the error of the saturation is small"
        elif self.low > 0:
            verb = "predicts" if self.rank_correlation >= _STRONG else "hardly predicts"
            words = f"{verb} the error of the saturation"
        return (
            f"The spread over conditions {words} (rank correlation {self.rank_correlation:+.2f}, 95 % "
            f"{self.low:+.2f} to {self.high:+.2f}, {self.count:,} samples); medians {100 * np.median(self.spread):.2g} and "
            f"{100 * np.median(self.error):.2g} points."
        )


def spread_calibration(spread: Array, error: Array, rng: np.random.Generator) -> SpreadCalibration | None:
    """Compare spreads with absolute errors, both (n,); None for fewer than 20 samples that have both."""
    known = np.isfinite(spread) & np.isfinite(error)
    spread, error = spread[known], np.abs(error[known])
    if len(spread) < _FEWEST:
        return None
    bins = np.array_split(np.argsort(spread, kind="stable"), BINS)
    drawn = [
        float(spearman(spread[i], error[i]))
        for i in rng.integers(len(spread), size=(_RESAMPLES, len(spread)))
    ]
    return SpreadCalibration(
        tuple(float(np.median(spread[own])) for own in bins),
        tuple(float(np.median(error[own])) for own in bins),
        float(spearman(spread, error)),
        *percentile_interval(drawn),
        len(spread),
    )


def saturation_spread(
    model: TransferModel,
    samples: NDArray[np.float32],
    labels: NDArray[Any],
    estimate: Callable[[NDArray[np.float32]], Array],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Array:
    """Return the standard deviation of an estimate over admissible conditions.

    Parameters
    ----------
    model : TransferModel
        A cINN.
    samples, labels
        Simulated samples and their classes, which are given to the model as known.
    estimate : callable samples -> array, shape (m,)
        Of transferred samples.
    draws, seed : int

    Returns
    -------
    array, shape (m,)
    """
    from napari_udt.inference.uncertainty import admissible_transfers

    values = [
        estimate(model.denormalise(moved, "real"))
        for moved in admissible_transfers(
            model,
            np.asarray(model.normalise(samples, "simulated")),
            ("simulated", "real"),
            labels,
            draws,
            seed,
        )
    ]
    found: Array = np.std(values, axis=0, ddof=1)
    return found


def calibrate_hsi(
    model: TransferModel, row: Row, reference: HsiReference, rng: np.random.Generator
) -> SpreadCalibration | None:
    """Compare spread and error of the saturation of transferred spectra, unmixed from the visible wavelengths.

    The error is that of the estimate after the transfer against the light-weighted simulated saturation. At most 1,500
    spectra are drawn. None without simulated parameters.
    """
    simulated = reference.simulated
    if "oxygenation" not in simulated.parameters:
        return None
    wavelengths_nm, window = simulated.wavelengths_nm, EVALUATION_WINDOWS[0]
    if window.mask(wavelengths_nm).sum() < FEWEST_WAVELENGTHS:
        return None
    drawn = np.sort(rng.permutation(len(simulated))[:_MOST_SPECTRA])
    parameters = {name: values[drawn] for name, values in simulated.parameters.items()}
    truth = light_weighted_saturation(parameters, wavelengths_nm, reference.absorption_per_cm, window)

    def estimate(spectra: NDArray[np.float32]) -> Array:
        return unmix_spectra(
            spectra,
            wavelengths_nm,
            "HSI",
            window=window,
            chromophores=reference.absorption_per_cm,
            largest_residual=1.0,
        ).oxygenation

    spread = saturation_spread(model, simulated.samples[drawn], simulated.labels[drawn], estimate)
    return spread_calibration(spread, estimate(row.samples[drawn]) - truth, rng)


def calibrate_pat(
    model: TransferModel, row: Row, reference: PatReference, rng: np.random.Generator
) -> SpreadCalibration | None:
    """Compare spread and error of the saturation of transferred vessels, of at most six pictures."""
    simulated = reference.simulated
    if simulated.oxygenation is None:
        return None
    part = slice(0, _MOST_PICTURES)
    labels = simulated.labels[part]
    truth = reference.vessels(simulated.samples[part], labels, simulated.oxygenation[part]).saturation

    def estimate(images: NDArray[np.float32]) -> Array:
        return unmix_spectra(
            reference.vessels(images, labels).spectra,
            reference.wavelengths_nm,
            "PAT",
            chromophores=reference.absorption_per_cm,
            largest_residual=1.0,
        ).oxygenation

    spread = saturation_spread(model, simulated.samples[part], labels, estimate)
    return spread_calibration(spread, estimate(row.samples[part]) - truth, rng)
