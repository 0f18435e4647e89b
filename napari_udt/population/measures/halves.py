"""The reference against itself: what the measures give for two halves of it, between which nothing differs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_udt.population.block_means import pieces_of
from napari_udt.population.groups import Group, Population
from napari_udt.population.measures.options import MeasureOptions
from napari_udt.population.measures.run import Progress, measure
from napari_udt.population.measures.table import MeasureTable


def halves(group: Group, seed: int = 0) -> tuple[Group, Group] | None:
    """Divide a group in two, each structure for itself; None where no structure has two pieces.

    Pieces are subjects where they are known, else blocks of the picture, else single spectra
    (:func:`napari_udt.population.block_means.pieces_of`): neighbouring pixels are alike, and divided one by one they would
    make the halves too similar. A structure of a single piece is in neither half.

    Parameters
    ----------
    group : Group
    seed : int
        Of the division.
    """
    rng = np.random.default_rng(seed)
    first = np.zeros(len(group), bool)
    second = np.zeros(len(group), bool)
    for label in np.unique(group.labels):
        index = np.flatnonzero(group.labels == label)
        pieces, _ = pieces_of(group, index)
        names = rng.permutation(np.unique(pieces))
        if len(names) < 2:
            continue
        inside = np.isin(pieces, names[: len(names) // 2])
        first[index[inside]], second[index[~inside]] = True, True
    if not first.any():
        return None
    return replace(group.take(first), model=""), replace(group.take(second), model="")


def measure_halves(
    population: Population, options: MeasureOptions, progress: Progress | None = None
) -> MeasureTable | None:
    """Compare one half of the reference with the other; without intervals, models' judgements and training spectra.

    Parameters
    ----------
    population : Population
    options : MeasureOptions
    progress : callable (done, total), optional
        An exception from it ends the work.

    Returns
    -------
    MeasureTable or None
        None where there is no reference, or it has no two halves.
    """
    divided = None if population.reference is None else halves(population.reference, options.seed)
    if divided is None:
        return None
    own = replace(divided[0], name=f"{divided[0].name}, other half")
    alone = replace(population, groups=(own, divided[1]))
    return measure(alone, replace(options, resamples=0, judge=None, training=None), progress)
