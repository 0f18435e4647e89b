"""Cubes that stay in their files: only what is kept is held."""

import numpy as np
from populations import make_cube

from napari_udt import SpectralCube
from napari_udt.population.groups import UNKNOWN, population_of_cubes


class Counting:
    """An array that is read like a file, and knows how much of it was held at once."""

    def __init__(self, data):
        self._data, self.shape, self.dtype, self.most = data, data.shape, data.dtype, 0

    def __getitem__(self, key):
        part = self._data[key]
        self.most = max(self.most, part.size)
        return part


def test_a_file_gives_the_same_spectra_as_memory():
    cube = make_cube()
    held = population_of_cubes([("a", "simulated", cube)]).groups[0]
    read = population_of_cubes([("a", "simulated", cube.with_(data=Counting(cube.data)))]).groups[0]
    for name in ("spectra", "labels", "places", "oxygenation", "depth_mm"):
        np.testing.assert_array_equal(getattr(held, name), getattr(read, name))
    assert held.total == read.total == 600


def test_of_a_large_file_only_what_is_drawn_is_held(monkeypatch):
    from napari_udt.population import groups

    cube = make_cube(rows=100, columns=80)
    data = Counting(cube.data)
    monkeypatch.setattr(groups, "_BLOCK_VALUES", 16 * 80 * 5)
    population = population_of_cubes([("a", "simulated", cube.with_(data=data))], most_per_class=50)
    (group,) = population.groups
    assert (len(group), group.total) == (100, 8000)
    assert data.most <= 16 * 80 * 5
    np.testing.assert_array_equal(group.spectra, cube.data[group.places[:, 0], group.places[:, 1]])
    np.testing.assert_array_equal(np.bincount(group.labels), [50, 50])
    assert population.notes == ("a: 100 of 8,000 spectra, drawn per class.",)


def test_labels_that_count_objects_take_no_part():
    """70,000 structures took minutes, and more than 32,767 do not fit into the numbers of classes."""
    labels = np.arange(280 * 260, dtype=np.int32).reshape(280, 260)
    cube = SpectralCube(np.ones((280, 260, 2), np.float32), [700.0, 800.0], "PAT", labels=labels)
    found = population_of_cubes([("cells", "simulated", cube)])
    assert found.class_names == ()
    assert (found.groups[0].labels == UNKNOWN).all()
    assert found.notes[0] == "cells: its 72,800 structures are left out; at most 1,000 can be compared."
