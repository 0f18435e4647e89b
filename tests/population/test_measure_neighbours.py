"""Nearest neighbours against scikit-learn, and what precision, recall and memorisation must say."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from napari_udt.population.measures.manifold import lies_among, nearest_distances, neighbour_radii


def draw(n, seed=0, shift=0.0):
    return shift + np.random.default_rng(seed).standard_normal((n, 5))


def test_radii_are_scikit_learns():
    x = draw(80)
    expected = NearestNeighbors(n_neighbors=4).fit(x).kneighbors(x)[0][:, 3]  # itself is the first
    np.testing.assert_allclose(neighbour_radii(x, 3), expected)


def test_copies_are_neighbours_too():
    x = np.repeat(draw(10), 3, axis=0)
    np.testing.assert_allclose(neighbour_radii(x, 2), 0, atol=1e-7)


def test_lies_among_is_the_definition():
    a, b = draw(50, 1, shift=1), draw(40, 2)
    radii = neighbour_radii(b, 3)
    expected = [any(np.linalg.norm(x - y) <= r for y, r in zip(b, radii, strict=True)) for x in a]
    np.testing.assert_array_equal(lies_among(a, b, radii), expected)
    assert 0 < np.mean(expected) < 1


def test_a_set_lies_among_itself_and_not_far_away():
    x = draw(30)
    assert lies_among(x, x, neighbour_radii(x, 3)).all()
    assert not lies_among(x + 100, x, neighbour_radii(x, 3)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nearest_distances_are_scikit_learns(dtype):
    a, b = (draw(n, seed, shift=10).astype(dtype) for n, seed in ((700, 1), (300, 2)))
    expected = NearestNeighbors(n_neighbors=1).fit(b).kneighbors(a)[0][:, 0]
    np.testing.assert_allclose(nearest_distances(a, b), expected, rtol=1e-4)


def test_a_spectrum_is_not_its_own_neighbour():
    x = draw(200)
    some = np.arange(0, 200, 7)
    expected = NearestNeighbors(n_neighbors=2).fit(x).kneighbors(x[some])[0][:, 1]
    np.testing.assert_allclose(nearest_distances(x[some], x, some), expected, rtol=1e-4)


def test_a_near_copy_is_found_with_all_its_digits():
    x = draw(100, shift=5).astype(np.float32)
    copies = x.astype(np.float64)
    copies[:, 0] += 1e-5
    np.testing.assert_allclose(nearest_distances(copies, x), 1e-5, rtol=1e-6)
