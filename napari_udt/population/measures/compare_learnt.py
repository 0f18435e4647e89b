"""Findings of what was learnt: a classifier that tells two samples apart, and the model that made one of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_udt.population.measures.classifier import FEWEST_PER_SIDE, folds_share_subjects, out_of_fold_hits
from napari_udt.population.measures.options import MeasureOptions
from napari_udt.population.measures.pair import NO_REPLICATES, Finding, Pair, joined

JUDGED = ("round_trip", "log_likelihood")


def compare_classifier(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the cross-validated accuracy on as many spectra of each side."""
    a, b, note = pair.drawn(min(options.most_queries, *pair.counts))
    counts = len(a), len(b)
    if min(counts) < FEWEST_PER_SIDE:
        yield Finding("classifier", np.nan, counts, note=f"needs {FEWEST_PER_SIDE} spectra on each side")
        return
    hits, hits_reference = out_of_fold_hits(a, b, options.seed)
    replicates = NO_REPLICATES
    if pair.can_resample:
        replicates = (a.shares_of(hits) + b.shares_of(hits_reference)) / 2
    shared = "folds share subjects: too high" if folds_share_subjects(a, b) else ""
    value = float(hits.mean() + hits_reference.mean()) / 2
    yield Finding("classifier", value, counts, replicates, joined(note, shared))


def compare_model(pair: Pair, options: MeasureOptions) -> Iterator[Finding]:
    """Yield the medians of what the group's model says of each spectrum."""
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
