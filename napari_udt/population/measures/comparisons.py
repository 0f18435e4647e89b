"""Comparisons of two samples, one function for each family of measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.correlations import correlation_rms
from napari_udt.evaluation.two_sample import FEWEST_GROUPS, area, out_of_fold_scores
from napari_udt.population.measures import centres, distances, manifold
from napari_udt.population.measures.catalogue import Family
from napari_udt.population.measures.options import MeasureOptions
from napari_udt.population.measures.pair import NO_REPLICATES, Finding, Pair, joined
from napari_udt.population.measures.sample import Array, Floats, Sample
from napari_udt.spectral import distances as metrics

# Spectra per principal component below which the Fréchet distance is mostly too large.
_FEW_PER_COMPONENT = 20
_FEWEST_PER_SIDE = 20
JUDGED = ("round_trip", "log_likelihood")


def compare_centres(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the differences of mean and median spectra."""
    own, reference = pair.own, pair.reference
    means, medians = (own.mean, reference.mean), (own.median, reference.median)
    drawn = (own.boot, reference.boot) if pair.can_resample else None
    many_means = drawn and (drawn[0].resampled_means, drawn[1].resampled_means)
    many_medians = drawn and (drawn[0].resampled_medians, drawn[1].resampled_medians)
    curves = {
        "median_difference": np.abs(medians[0] - medians[1]),
        "mae": np.abs(means[0] - means[1]),
    }
    for key, between, values, many in (
        ("median_difference", centres.mean_absolute_error, medians, many_medians),
        ("mae", centres.mean_absolute_error, means, many_means),
        ("rmse", metrics.rmse, means, many_means),
        ("bias", centres.bias_percent, means, many_means),
        ("spectral_angle", _angle, means, many_means),
    ):
        replicates = np.asarray(between(*many), np.float64) if many else NO_REPLICATES
        yield Finding(key, float(between(*values)), pair.counts, replicates, pair.boot_note, curves.get(key))


def _angle(a: Floats, b: Floats) -> Floats:
    return metrics.spectral_angle(a, b, degrees=True)


def compare_effect_size(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield Cohen's d."""
    own, reference = pair.own, pair.reference
    if min(pair.counts) < 2:
        yield Finding("cohens_d", np.nan, pair.counts, note="needs two spectra on each side")
        return
    d = centres.cohens_d((own.mean, reference.mean), (own.std, reference.std), pair.counts)
    replicates = NO_REPLICATES
    if pair.can_resample:
        a, b = own.boot, reference.boot
        many = centres.cohens_d(
            (a.resampled_means, b.resampled_means), (a.resampled_stds, b.resampled_stds), (len(a), len(b))
        )
        replicates = _mean_size(many)
    yield Finding("cohens_d", float(_mean_size(d)), pair.counts, replicates, pair.boot_note, d)


def _mean_size(values: Array) -> Array:
    """Mean of the absolute values over the wavelengths where there is one."""
    known = np.isfinite(values)
    total = np.where(known, np.abs(values), 0).sum(axis=-1)
    return np.divide(
        total, known.sum(axis=-1), out=np.full(np.shape(total), np.nan), where=known.any(axis=-1)
    )


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


def compare_manifold(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield precision and recall; intervals are of the judged spectra, for the others as they are."""
    a, b, note = pair.drawn(min(options.most_pairwise, *pair.counts))  # radii depend on how many there are
    counts, k = (len(a), len(b)), options.neighbours
    for key, judged, others in (("precision", a, b), ("recall", b, a)):
        if min(counts) <= k:
            yield Finding(key, np.nan, counts, note=f"needs more than {k} spectra on each side")
            continue
        radii = manifold.neighbour_radii(others.spectra, k)
        inside = manifold.lies_among(judged.spectra, others.spectra, radii)
        replicates = judged.shares_of(inside) if judged.can_resample else NO_REPLICATES
        yield Finding(key, float(inside.mean()), counts, replicates, note)


def compare_neighbours(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the distance to the nearest spectrum in units of the usual one among the reference (or training) spectra."""
    others = pair.training or pair.reference
    own, some = pair.own.drawn(options.most_queries), others.drawn(options.most_queries)
    counts = len(own), len(others)
    distance = manifold.nearest_distances(own.spectra, others.spectra)
    usual = manifold.nearest_distances(some.spectra, others.spectra, others.kept(options.most_queries))
    if not np.median(usual) > 0 or len(others) < 2:
        yield Finding("nearest_neighbour", np.nan, counts, note="the reference has no two different spectra")
        return
    replicates = NO_REPLICATES
    if own.can_resample and some.can_resample:
        replicates = own.medians_of(distance) / some.medians_of(usual)
    note = joined(
        "to the training spectra" if pair.training else "to the reference",
        f"{len(own):,} of {len(pair.own):,} spectra" if len(own) < len(pair.own) else "",
    )
    yield Finding(
        "nearest_neighbour", float(np.median(distance) / np.median(usual)), counts, replicates, note
    )


def compare_classifier(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield cross-validated accuracy and area under the ROC curve on as many spectra of each side."""
    a, b, note = pair.drawn(min(options.most_queries, *pair.counts))
    counts = len(a), len(b)
    if min(counts) < _FEWEST_PER_SIDE:
        for key in ("classifier", "two_sample_auc"):
            yield Finding(key, np.nan, counts, note=f"needs {_FEWEST_PER_SIDE} spectra on each side")
        return
    groups = _subjects(a, b)
    scores, others = out_of_fold_scores((a.spectra, b.spectra), groups, options.seed)
    hits, hits_reference = scores <= 0.5, others > 0.5
    accuracies = areas = NO_REPLICATES
    if pair.can_resample:
        accuracies = (a.shares_of(hits) + b.shares_of(hits_reference)) / 2
        areas = np.array([area(scores, others, *times) for times in zip(a.times, b.times, strict=True)])
    shared = groups is None and not a.subjects is b.subjects is None
    note = joined(note, "folds share subjects: too high" if shared else "")
    accuracy = float(hits.mean() + hits_reference.mean()) / 2
    yield Finding("classifier", accuracy, counts, accuracies, note)
    yield Finding("two_sample_auc", area(scores, others), counts, areas, note)


def _subjects(a: Sample, b: Sample) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Subjects of both sides; None where they are unknown or too few to keep each in one fold."""
    if a.subjects is None or b.subjects is None:
        return None
    fewest = min(len(np.unique(own)) for own in (a.subjects, b.subjects))
    return (a.subjects, b.subjects) if fewest >= FEWEST_GROUPS else None


def compare_correlations(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the distance of the correlation matrices of wavelengths."""
    few = min(pair.counts) < _FEWEST_PER_SIDE
    value = np.nan if few else correlation_rms(pair.own.spectra, pair.reference.spectra)
    note = f"needs {_FEWEST_PER_SIDE} spectra on each side" if few else ""
    yield Finding("correlation_rms", value, pair.counts, note=note)


def compare_model(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the medians over spectra of the judgements of the group's model."""
    for key in JUDGED:
        values, others = (
            np.asarray(judged.get(key, NO_REPLICATES), np.float64)
            for judged in (pair.judged, pair.judged_reference)
        )
        known, others = np.isfinite(values), others[np.isfinite(others)]
        if not known.any():
            continue
        sample = pair.own.of(known)
        replicates = NO_REPLICATES
        whole = bool(len(sample) > 1 and np.ptp(values[known]) == 0)
        if sample.can_resample and not whole:
            replicates = sample.boot.medians_of(values[known][sample.kept(len(sample.boot))])
        note = joined(
            f"reference {np.median(others):.3g}" if len(others) else "",
            "of the whole picture" if whole else "",
        )
        yield Finding(key, float(np.median(values[known])), (len(sample), len(others)), replicates, note)


COMPARISONS: Mapping[Family, Callable[[Pair, MeasureOptions], Iterator[Finding]]] = {
    "centres": compare_centres,
    "effect size": compare_effect_size,
    "correlations": compare_correlations,
    "wasserstein": compare_wasserstein,
    "mmd": compare_mmd,
    "frechet": compare_frechet,
    "manifold": compare_manifold,
    "neighbours": compare_neighbours,
    "classifier": compare_classifier,
    "model": compare_model,
}
