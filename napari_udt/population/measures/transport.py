"""The Wasserstein distance of resamples: the same sorted values, counted anew."""

from __future__ import annotations

import numpy as np

from napari_udt.population.measures.sample import Array, Floats, Sample


def resampled_wasserstein(a: Sample, b: Sample) -> Array:
    r"""Wasserstein-1 distance of each resample at each wavelength, shape (resamples, channels).

    .. math:: W_1 = \int |F_a(x) - F_b(x)| \, dx

    The integrand is constant between neighbouring values of both sides together.
    """
    shares = np.concatenate([_shares(a), -_shares(b)])
    pooled = np.concatenate([a.spectra, b.spectra]).T
    return np.stack([_at_wavelength(values, shares) for values in np.ascontiguousarray(pooled)], axis=1)


def _shares(sample: Sample) -> Floats:
    """Share of each spectrum in each resample, shape (n, resamples)."""
    return np.ascontiguousarray((sample.times / sample.times.sum(axis=1, keepdims=True)).T)


def _at_wavelength(values: Floats, shares: Floats) -> Array:
    order = np.argsort(values)
    between = np.cumsum(shares[order[:-1]], axis=0)
    return np.asarray(np.diff(values[order]) @ np.abs(between, out=between), np.float64)
