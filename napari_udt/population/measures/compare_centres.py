"""Findings about the centres of two samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_udt.population.measures import centres
from napari_udt.population.measures.options import MeasureOptions
from napari_udt.population.measures.pair import NO_REPLICATES, Finding, Pair
from napari_udt.population.measures.sample import Array, Floats
from napari_udt.spectral import distances as metrics


def compare_centres(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield what mean and median spectra tell."""
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
