"""Cubes that stay in their files: only what is kept is held."""

import numpy as np
from populations import make_cube

from napari_udt.population.groups import population_of_cubes


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
