"""The Wasserstein distance of resamples: the same sorted values, counted anew."""

from __future__ import annotations

import numpy as np

from napari_udt.population.measures.sample import Array, Sample

# Places of the pooled values at which the distribution functions are held against each other.
_EDGES = 1000


def resampled_wasserstein(a: Sample, b: Sample, most_edges: int = _EDGES) -> Array:
    r"""Wasserstein-1 distance of each resample at each wavelength, shape (resamples, channels).

    .. math:: W_1 = \int |F_a(x) - F_b(x)| \, dx

    Exact for at most ``most_edges`` spectra on both sides together; for more, the distribution functions are compared at
    that many quantiles of the pooled values.
    """
    channels = range(a.spectra.shape[1])
    return np.stack([_at_wavelength(a, b, channel, most_edges) for channel in channels], axis=1)


def _at_wavelength(a: Sample, b: Sample, channel: int, most_edges: int) -> Array:
    pooled = np.sort(np.concatenate([a.spectra[:, channel], b.spectra[:, channel]]))
    edges = pooled[np.unique(np.linspace(0, len(pooled) - 1, most_edges).round().astype(np.intp))]
    gap = np.abs(_distribution(a, channel, edges) - _distribution(b, channel, edges))
    return np.asarray(np.diff(edges).astype(np.float64) @ gap[:-1])


def _distribution(sample: Sample, channel: int, edges: np.ndarray) -> Array:
    """Share of each resample at or below each edge, shape (edges, resamples)."""
    values, below = sample.cumulative(channel)
    place = np.searchsorted(values, edges, side="right")
    share = below[np.maximum(place - 1, 0)] / below[-1]
    share[place == 0] = 0
    return share
