"""How well patches of the device are recognised among measured ones: a random forest, split by person."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_udt.simulation.measured_pictures import SITES, MeasuredPictures
from napari_udt.simulation.picture_texture import patch_features

Array = NDArray[np.float64]

TREES = 300
HALVES = ((0, 1), (2, 3), (0, 2), (1, 3))  # of the sites, to learn from; the others are asked


def recognition(
    device: Array, pictures: MeasuredPictures, learnt: Sequence[int], asked: Sequence[int], seed: int = 0
) -> float:
    """Area under the ROC curve of a forest that learns the device against some people and is asked about others.

    Parameters
    ----------
    device : array, shape (N, rows, columns)
        Envelopes at 700 nm; the forest learns from every other picture and is asked about the rest.
    pictures : MeasuredPictures
    learnt, asked : sequence of int
        Persons.
    seed : int
        Of the forest.
    """
    ours = [patch_features(envelope) for envelope in device]
    return _area(
        np.concatenate(ours[::2]),
        _features(pictures.of(tuple(learnt))),
        np.concatenate(ours[1::2]),
        _features(pictures.of(tuple(asked))),
        seed,
    )


def recognition_by_person(
    device: Array, pictures: MeasuredPictures, persons: Sequence[int], seed: int = 0
) -> dict[int, float]:
    """For each person the area of a forest that learns from the others."""
    return {
        person: recognition(device, pictures, [p for p in persons if p != person], [person], seed)
        for person in persons
    }


def recognition_among_people(pictures: MeasuredPictures, persons: Sequence[int], seed: int = 0) -> float:
    """Mean area of forests that tell two people apart at sites that they have not learnt from."""
    areas = []
    for first, other in combinations(persons, 2):
        for half in HALVES:
            learnt = tuple(SITES[k] for k in half)
            asked = tuple(site for site in SITES if site not in learnt)
            (a, b), (c, d) = (
                [_features(pictures.of((person,), sites)) for person in (first, other)]
                for sites in (learnt, asked)
            )
            areas.append(_area(a, b, c, d, seed))
    return float(np.mean(areas))


def _features(envelopes: Array) -> Array:
    return np.concatenate([patch_features(envelope) for envelope in envelopes])


def _area(learnt: Array, others_learnt: Array, asked: Array, others_asked: Array, seed: int) -> float:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score

    forest = RandomForestClassifier(TREES, min_samples_leaf=2, class_weight="balanced", random_state=seed)
    forest.fit(np.concatenate([learnt, others_learnt]), _classes(learnt, others_learnt))
    score = forest.predict_proba(np.concatenate([asked, others_asked]))[:, 1]
    return float(roc_auc_score(_classes(asked, others_asked), score))


def _classes(ones: Array, others: Array) -> Array:
    return np.concatenate([np.ones(len(ones)), np.zeros(len(others))])
