"""One function for each family of measures: from two samples to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from napari_udt.population.measures.catalogue import Family
from napari_udt.population.measures.compare_centres import compare_centres, compare_effect_size
from napari_udt.population.measures.compare_distributions import (
    compare_frechet,
    compare_mmd,
    compare_wasserstein,
)
from napari_udt.population.measures.compare_learnt import compare_classifier, compare_model
from napari_udt.population.measures.compare_neighbours import compare_manifold, compare_neighbours
from napari_udt.population.measures.options import MeasureOptions
from napari_udt.population.measures.pair import Finding, Pair

COMPARISONS: Mapping[Family, Callable[[Pair, MeasureOptions], Iterator[Finding]]] = {
    "centres": compare_centres,
    "effect size": compare_effect_size,
    "wasserstein": compare_wasserstein,
    "mmd": compare_mmd,
    "frechet": compare_frechet,
    "manifold": compare_manifold,
    "neighbours": compare_neighbours,
    "classifier": compare_classifier,
    "model": compare_model,
}
