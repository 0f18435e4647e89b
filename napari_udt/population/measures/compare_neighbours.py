"""Findings about the neighbours of two samples' spectra."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_udt.population.measures import manifold
from napari_udt.population.measures.options import MeasureOptions
from napari_udt.population.measures.pair import NO_REPLICATES, Finding, Pair, joined


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
