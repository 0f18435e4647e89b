"""Where names of structures stand, and names and legend in a real window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_udt.viewer.layers.structure_places import _LETTER, _LINE, _SEEN_ACROSS, name_places


def test_a_name_stands_inside_its_structure_and_background_has_none():
    labels = np.zeros((200, 200), dtype=int)
    labels[20:180, 20:90] = 1
    labels[20:180, 110:190] = 2
    places = {place.name: place for place in name_places(labels, {0: "background", 1: "liver", 2: "fat"})}
    assert set(places) == {"liver", "fat"}
    assert labels[round(places["liver"].row), round(places["liver"].column)] == 1
    assert labels[round(places["fat"].row), round(places["fat"].column)] == 2


def test_a_structure_smaller_than_its_name_is_not_hidden_by_it():
    labels = np.ones((128, 256), dtype=int)
    labels[60:64, 120:124] = 2
    vessel = next(
        place for place in name_places(labels, {1: "muscle", 2: "artery"}) if place.name == "artery"
    )
    assert not 60 <= vessel.row < 64
    assert abs(vessel.column - 121.5) < 2


@pytest.mark.parametrize("seed", range(3))
def test_no_name_of_a_vessel_lies_over_another_name(seed):
    rng = np.random.default_rng(seed)
    labels, names = np.ones((256, 256), dtype=int), {1: "muscle"}
    for number in range(2, 7):
        row, column = rng.integers(20, 230, 2)
        labels[row : row + 6, column : column + 6] = number
        names[number] = f"vein {number}"
    pixel = 256 / _SEEN_ACROSS
    places = name_places(labels, names)
    for i, one in enumerate(places):
        for other in places[i + 1 :]:
            reach = (len(one.name) + len(other.name)) * _LETTER * pixel / 2
            assert abs(one.row - other.row) >= _LINE * pixel or abs(one.column - other.column) >= reach


def test_a_large_picture_is_looked_at_coarsely_and_placed_finely():
    labels = np.ones((1200, 1600), dtype=int)
    labels[:, 800:] = 2
    left, right = sorted(name_places(labels, {1: "liver", 2: "spleen"}), key=lambda place: place.column)
    assert (left.name, right.name) == ("liver", "spleen")
    assert left.column < 800 <= right.column < 1600
