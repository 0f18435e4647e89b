"""Few real spectra with labels, and transferred ones added to them.

The question of somebody who has a handful of labelled recordings. A forest is trained on a fixed number of real (target)
spectra of each class, plus a multiple of that number of a row's spectra, and tested on untouched real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.downstream import LabelledSpectra, SeededScores, fit_classifier, judge

RATIOS = (0.0, 1.0, 2.0, 4.0, 8.0)
REAL_PER_CLASS = 20


@dataclass(frozen=True)
class RatioPoint:
    """Scores with so many added spectra.

    Parameters
    ----------
    ratio : float
        Added spectra over real ones; 0: the real ones alone.
    added : int
        Added spectra of the class that has the fewest.
    scores : SeededScores
    """

    ratio: float
    added: int
    scores: SeededScores


def ratio_curve(
    real: LabelledSpectra,
    added: LabelledSpectra,
    test: LabelledSpectra,
    *,
    real_per_class: int = REAL_PER_CLASS,
    ratios: Sequence[float] = RATIOS,
    seeds: Sequence[int] = (0, 1, 2),
) -> tuple[RatioPoint, ...]:
    """Train on real spectra with more and more of a row's spectra added.

    Parameters
    ----------
    real : LabelledSpectra
        To draw the real training spectra from; a seed draws the same ones for every ratio.
    added : LabelledSpectra
        Transferred (or simulated) spectra, of the same classes.
    test : LabelledSpectra
        Untouched real ones.
    real_per_class : int
    ratios : sequence of float
    seeds : sequence of int
        One draw and one forest each.

    Raises
    ------
    EvaluationError
        When a ratio is negative, or there are too few real spectra.
    """
    if any(ratio < 0 for ratio in ratios):
        raise EvaluationError("The ratio of added to real spectra cannot be negative; choose 0 or more.")
    points = []
    for ratio in ratios:
        count = round(ratio * real_per_class)
        classifiers = [_fitted(real, added, real_per_class, count, seed) for seed in seeds]
        fewest = min(int(np.count_nonzero(added.labels == label)) for label in np.unique(real.labels))
        points.append(RatioPoint(float(ratio), min(count, fewest), judge(classifiers, test)))
    return tuple(points)


def _fitted(
    real: LabelledSpectra, added: LabelledSpectra, real_count: int, added_count: int, seed: int
) -> object:
    own = real.draw(real_count, np.random.default_rng(seed))
    if not added_count:
        return fit_classifier(own, seed)
    more = added.draw(added_count, np.random.default_rng([seed, 1]))
    both = LabelledSpectra(
        np.concatenate([own.spectra, more.spectra]), np.concatenate([own.labels, more.labels])
    )
    return fit_classifier(both, seed)
