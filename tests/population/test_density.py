"""Kernel densities against scipy's sum of kernels, and laws that every density obeys."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde, norm

from napari_udt.population.density import density, highest, joint_density


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("size", [20, 3000])
def test_density_is_that_of_scipy(rng, size):
    sample = np.concatenate([rng.normal(size=size), rng.normal(4, 0.5, size)])
    found = density(sample)
    exact = gaussian_kde(sample)(found.at)
    assert np.abs(found.values - exact).max() < 0.01 * exact.max()


def test_density_integrates_to_one_and_follows_shift_and_scale(rng):
    sample = rng.gamma(2, size=500)
    a, b = density(sample), density(3 * sample + 7)
    assert np.trapezoid(a.values, a.at) == pytest.approx(1, abs=2e-3)
    np.testing.assert_allclose(b.at, 3 * a.at + 7, rtol=1e-6)
    np.testing.assert_allclose(3 * b.values, a.values, rtol=1e-6, atol=1e-9)


def test_what_lies_outside_a_range_is_folded_back(rng):
    half_normal = np.abs(rng.normal(size=20_000))
    found = density(half_normal).within(low=0)
    assert found.at[0] == 0
    assert np.trapezoid(found.values, found.at) == pytest.approx(1, abs=2e-3)
    near = found.at < 1
    np.testing.assert_allclose(found.values[near], 2 * norm.pdf(found.at[near]), rtol=0.12)


def test_values_that_are_not_finite_are_left_out(rng):
    sample = rng.normal(size=100)
    np.testing.assert_array_equal(density(np.append(sample, [np.nan, np.inf])).values, density(sample).values)


@pytest.mark.parametrize("sample", [[], [1.0], [2.0, 2.0, 2.0], [np.nan, 1.0]])
def test_there_is_no_density_without_spread(sample):
    assert density(np.array(sample)) is None


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_joint_density_is_that_of_scipy(rng, correlation):
    points = rng.multivariate_normal([1, -2], [[4, 2 * correlation], [2 * correlation, 1]], 2000)
    found = joint_density(points)
    grid = np.stack(np.meshgrid(found.x, found.y, indexing="ij")).reshape(2, -1)
    exact = gaussian_kde(points.T)(grid).reshape(found.values.shape)
    assert np.abs(found.values - exact).max() < 0.015 * exact.max()
    cell = (found.x[1] - found.x[0]) * (found.y[1] - found.y[0])
    assert found.values.sum() * cell == pytest.approx(1, abs=2e-3)


def test_a_region_of_half_the_probability_holds_half_the_points(rng):
    from skimage.measure import points_in_poly

    points = rng.multivariate_normal([0, 0], [[2, 0.5], [0.5, 1]], 20_000)
    found = joint_density(points)
    for share in (0.25, 0.5, 0.95):
        (outline,) = [line for line in found.contours(share) if len(line) > 40]
        assert points_in_poly(points, outline).mean() == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    "points", [np.zeros((2, 2)), np.ones((9, 2)), np.arange(12).repeat(2).reshape(-1, 2)]
)
def test_there_is_no_joint_density_on_a_line(points):
    assert joint_density(points) is None


def test_the_highest_of_several(rng):
    found = density(rng.normal(size=50))
    assert highest([None, found]) == found.values.max()
    assert highest([]) == 0
