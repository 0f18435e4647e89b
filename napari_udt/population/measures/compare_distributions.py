"""Findings about the distributions of two samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_udt.population.measures import distances
from napari_udt.population.measures.options import MeasureOptions
from napari_udt.population.measures.pair import NO_REPLICATES, Finding, Pair, joined
from napari_udt.population.measures.sample import Array, Sample
from napari_udt.population.measures.transport import resampled_wasserstein

# Spectra per principal component below which the Fréchet distance is mostly too large.
_FEW_PER_COMPONENT = 20


def compare_wasserstein(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the Wasserstein-1 distance, from all spectra."""
    curve = distances.wasserstein_1(pair.own.ordered, pair.reference.ordered)
    replicates = NO_REPLICATES
    if pair.can_resample:
        replicates = resampled_wasserstein(pair.own.boot, pair.reference.boot).mean(axis=1)
    yield Finding("wasserstein", float(curve.mean()), pair.counts, replicates, pair.boot_note, curve)


def compare_mmd(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield MMD^2 and its p-value, from sub-samples."""
    a, b, note = pair.drawn(options.most_pairwise)
    counts = len(a), len(b)
    if min(counts) < 2:
        yield from (
            Finding(key, np.nan, counts, note="needs two spectra on each side") for key in ("mmd", "mmd_p")
        )
        return
    kernel = distances.gaussian_kernel(np.concatenate([a.spectra, b.spectra]))
    first = np.repeat([1.0, 0.0], counts)
    value = float(distances.mmd_squared(kernel, first, 1 - first))
    replicates = NO_REPLICATES
    if pair.can_resample:
        padded = [np.pad(a.times, ((0, 0), (0, len(b)))), np.pad(b.times, ((0, 0), (len(a), 0)))]
        replicates = distances.mmd_squared(kernel, *padded)
    yield Finding("mmd", value, counts, replicates, note)
    rng = np.random.default_rng([*a.seed, 2])
    p = distances.permutation_p(kernel, len(a), value, options.permutations, rng)
    if a.subjects is not None or b.subjects is not None:
        note = joined(note, "spectra of one subject are alike: p is too small")
    yield Finding("mmd_p", p, counts, note=note)


def compare_frechet(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the Fréchet distance in the reference's principal components, from all spectra."""
    own, reference = pair.own, pair.reference
    if min(pair.counts) < 2:
        yield Finding("frechet", np.nan, pair.counts, note="needs two spectra on each side")
        return
    components = min(options.components, own.spectra.shape[1], len(reference) - 1)
    axes = distances.principal_axes(reference.covariance, components)
    values = [(s.mean @ axes, axes.T @ s.covariance @ axes) for s in (own, reference)]
    replicates = NO_REPLICATES
    if pair.can_resample:
        many = [_resampled_moments(s.boot, axes) for s in (own, reference)]
        replicates = distances.frechet_squared(*many[0], *many[1])
    few = min(pair.counts) < _FEW_PER_COMPONENT * components
    note = joined(f"{components} components", "few spectra: too large" if few else "", pair.boot_note)
    value = float(distances.frechet_squared(*values[0], *values[1]))
    yield Finding("frechet", value, pair.counts, replicates, note)


def _resampled_moments(sample: Sample, axes: Array) -> tuple[Array, Array]:
    """Means (resamples, k) and covariances (resamples, k, k) of scores on some axes."""
    k = axes.shape[1]
    scores = (sample.spectra - sample.mean) @ axes
    count = sample.times.sum(axis=1, dtype=np.float64)[:, None]
    means = sample.times @ scores / count
    products = (scores[:, :, None] * scores[:, None, :]).reshape(len(scores), k * k)
    squares = (sample.times @ products / count).reshape(-1, k, k)
    unbiased = (count / np.maximum(count - 1, 1))[..., None]
    return means + sample.mean @ axes, (squares - means[:, :, None] * means[:, None, :]) * unbiased
