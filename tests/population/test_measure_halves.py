"""The reference against itself: halves of pieces, and numbers without a difference."""

import numpy as np
import pytest
from population_toys import of_groups, toy_cube, toy_group

from napari_udt.population.block_means import pieces_of
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.measures import MeasureOptions, measure_halves
from napari_udt.population.measures.halves import halves

KEYS = ("mae", "two_sample_auc")


@pytest.fixture(scope="module")
def population():
    return population_of_cubes([("s", "simulated", toy_cube(1, "simulated")), ("r", "real", toy_cube(2))])


def test_halves_share_no_block_and_hold_every_spectrum(population):
    reference = population.reference
    first, second = halves(reference)
    assert len(first) + len(second) == len(reference)
    for label in range(3):
        index = np.flatnonzero(reference.labels == label)
        whole, _ = pieces_of(reference, index)
        block_of = dict(zip(map(tuple, reference.places[index].tolist()), whole.tolist(), strict=True))
        sides = [
            {block_of[tuple(place)] for place in half.places[half.labels == label].tolist()}
            for half in (first, second)
        ]
        assert all(sides)
        assert not sides[0] & sides[1]


def test_subjects_are_not_divided():
    group = toy_group("r", "real", 2, subjects=np.repeat(np.arange(6), 15))
    first, second = halves(group)
    for label in range(3):
        assert not set(first.subjects[first.labels == label]) & set(second.subjects[second.labels == label])


def test_between_halves_nothing_differs(population):
    found = measure_halves(population, MeasureOptions("none", KEYS, resamples=5))
    for row in found.rows:
        noise = 0.3 / np.sqrt(row.count)
        assert {"mae": 4 * noise, "two_sample_auc": 0.75}[row.key] > row.value
        assert np.isnan(row.low)


def test_what_cannot_be_divided_has_no_number():
    alone = toy_group("r", "real", 2, subjects=np.zeros(90, int))
    assert measure_halves(of_groups(toy_group("s", "simulated", 1), alone), MeasureOptions()) is None
    assert measure_halves(of_groups(toy_group("s", "simulated", 1)), MeasureOptions()) is None
