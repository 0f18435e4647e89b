"""Options of the measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.groups import Group
from napari_udt.population.measures.catalogue import CATALOGUE
from napari_udt.spectral.spectra import Normalisation

Floats = NDArray[np.floating[Any]]

# Judgement of a group by the model of that name: "round_trip" and "log_likelihood", each (n,), NaN where unknown.
Judge = Callable[[str, Group], Mapping[str, Floats]]


@dataclass(frozen=True)
class MeasureOptions:
    """How measures are computed.

    Parameters
    ----------
    normalisation : {"none", "l1", "l2", "max"}
        Of each spectrum, before anything else.
    measures : tuple of str
        Keys of the catalogue; those of one family are computed together.
    resamples : int
        Of the bootstrap; 0 for no intervals.
    confidence : float
        Of the intervals.
    permutations : int
        For the p-value of MMD^2.
    most_pairwise : int
        Spectra of each side whose pairwise distances are taken (MMD^2, precision, recall), at most.
    most_queries : int
        Spectra whose nearest neighbour is looked for, and of each side that a classifier tells apart, at most.
    components : int
        Principal components of the Fréchet distance.
    neighbours : int
        k of precision and recall.
    seed : int
        Of sub-samples, resamples, permutations and the classifier.
    judge : callable, optional
        Judgement of a group by its model; see :mod:`napari_udt.population.model_judge`.
    training : mapping of class name to array, shape (n, channels), optional
        What models were trained on, not normalised; nearest neighbours are looked for there, else in the reference.
    """

    normalisation: Normalisation = "l2"
    measures: tuple[str, ...] = tuple(CATALOGUE)
    resamples: int = 200
    confidence: float = 0.95
    permutations: int = 200
    most_pairwise: int = 500
    most_queries: int = 500
    components: int = 10
    neighbours: int = 3
    seed: int = 0
    judge: Judge | None = None
    training: Mapping[str, Floats] | None = None
