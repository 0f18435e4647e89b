"""Distances against independent implementations (scipy, POT, scikit-learn), closed forms, and their laws."""

import numpy as np
import ot
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import wasserstein_distance
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

from napari_udt.population.measures import distances

finite = st.floats(-100, 100, width=32)


def columns(least=1, most=12):
    return st.integers(least, most).flatmap(
        lambda n: arrays(np.float64, (1, n), elements=finite).map(np.sort)
    )


def draw(n, channels=6, seed=0, shift=0.0, scale=1.0):
    mixing = np.random.default_rng(99).standard_normal((channels, channels))
    return shift + scale * np.random.default_rng(seed).standard_normal((n, channels)) @ mixing


def ordered(spectra):
    return np.sort(spectra.T, axis=1)


@pytest.mark.parametrize(("n", "m"), [(40, 40), (40, 55), (7, 300), (1, 9)])
def test_wasserstein_is_scipys_and_pots(n, m):
    a, b = draw(n), draw(m, seed=1, shift=0.3)
    found = distances.wasserstein_1(ordered(a), ordered(b))
    np.testing.assert_allclose(found, [wasserstein_distance(x, y) for x, y in zip(a.T, b.T, strict=True)])
    np.testing.assert_allclose(found, ot.wasserstein_1d(a, b, p=1))


@given(columns(), columns(), st.floats(0.1, 10), finite)
def test_wasserstein_is_a_distance_that_scales(a, b, factor, shift):
    distance = distances.wasserstein_1(a, b)
    assert distance >= 0
    np.testing.assert_allclose(distances.wasserstein_1(b, a), distance, atol=1e-9)
    np.testing.assert_allclose(distances.wasserstein_1(a, a), 0)
    scaled = distances.wasserstein_1(factor * a + shift, factor * b + shift)
    np.testing.assert_allclose(scaled, factor * distance, rtol=1e-9, atol=1e-8)


@given(columns(), columns(), columns())
def test_wasserstein_keeps_the_triangle_inequality(a, b, c):
    w = distances.wasserstein_1
    assert w(a, c) <= w(a, b) + w(b, c) + 1e-9


def test_wasserstein_of_a_shift_is_the_shift():
    a = draw(500)
    np.testing.assert_allclose(distances.wasserstein_1(ordered(a), ordered(a + 0.25)), 0.25)


def test_squared_distances_are_scikit_learns():
    a, b = draw(30, shift=10), draw(20, seed=1, shift=10)
    np.testing.assert_allclose(distances.squared_distances(a, b), euclidean_distances(a, b) ** 2, rtol=1e-9)


def test_the_kernel_is_scikit_learns_with_the_median_distance():
    x = draw(31)
    width = np.median(euclidean_distances(x)[np.triu_indices(31, 1)])
    expected = rbf_kernel(x, gamma=1 / (2 * width**2))
    np.testing.assert_allclose(distances.gaussian_kernel(x), expected, rtol=1e-6)


def split(n, m):
    first = np.repeat([1.0, 0.0], [n, m])
    return first, 1 - first


def test_mmd_is_lemma_6_written_out():
    a, b = draw(15), draw(11, seed=1, shift=0.5)
    kernel = distances.gaussian_kernel(np.concatenate([a, b]))
    xx, yy, xy = kernel[:15, :15], kernel[15:, 15:], kernel[:15, 15:]
    expected = (xx.sum() - 15) / (15 * 14) + (yy.sum() - 11) / (11 * 10) - 2 * xy.mean()
    assert distances.mmd_squared(kernel, *split(15, 11)) == pytest.approx(expected, rel=1e-12)


def test_mmd_of_gaussians_has_a_closed_form():
    # One dimension, k(x, y) = exp(-(x - y)^2 / 2 s^2), N(0, 1) against N(d, 1):
    # MMD^2 = 2 s / sqrt(s^2 + 2) (1 - exp(-d^2 / (2 (s^2 + 2))))
    rng = np.random.default_rng(0)
    d, s, n = 1.0, 1.5, 2000
    x = np.concatenate([rng.standard_normal(n), d + rng.standard_normal(n)])[:, None]
    kernel = np.exp(-distances.squared_distances(x, x) / (2 * s**2))
    expected = 2 * s / np.sqrt(s**2 + 2) * (1 - np.exp(-(d**2) / (2 * (s**2 + 2))))
    assert distances.mmd_squared(kernel, *split(n, n)) == pytest.approx(expected, rel=0.05)


def test_mmd_is_symmetric_unbiased_and_blind_to_order():
    values = []
    for seed in range(60):
        x = draw(40, seed=seed)
        kernel = distances.gaussian_kernel(x)
        first, second = split(20, 20)
        value = distances.mmd_squared(kernel, first, second)
        assert value == pytest.approx(distances.mmd_squared(kernel, second, first))
        order = np.concatenate([np.random.default_rng(seed).permutation(20), np.arange(20, 40)])
        shuffled = distances.gaussian_kernel(x[order])
        assert value == pytest.approx(distances.mmd_squared(shuffled, first, second), abs=1e-12)
        values.append(value)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(60)  # one distribution: zero on average


def test_mmd_does_not_change_with_the_scale_of_the_spectra():
    x = np.concatenate([draw(20), draw(20, seed=1, shift=1)])
    kernels = [distances.gaussian_kernel(factor * x) for factor in (1, 37.5)]
    values = [distances.mmd_squared(kernel, *split(20, 20)) for kernel in kernels]
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_copies_of_a_spectrum_are_no_pairs():
    kernel = distances.gaussian_kernel(np.concatenate([draw(5), draw(5, seed=1)]))
    twice = np.repeat([2.0, 0.0], 5), np.repeat([0.0, 3.0], 5)
    once = split(5, 5)
    assert distances.mmd_squared(kernel, *twice) == pytest.approx(distances.mmd_squared(kernel, *once))


def test_p_values_of_one_distribution_are_uniform_and_of_two_small():
    rng = np.random.default_rng(0)
    same, apart = [], []
    for seed in range(40):
        for shift, found in ((0.0, same), (1.5, apart)):
            kernel = distances.gaussian_kernel(
                np.concatenate([draw(20, seed=seed), draw(20, seed=1000 + seed, shift=shift * 3)])
            )
            observed = float(distances.mmd_squared(kernel, *split(20, 20)))
            found.append(distances.permutation_p(kernel, 20, observed, 99, rng))
    assert 0.35 < np.mean(same) < 0.65
    assert max(apart) <= 0.05
    assert min(apart) >= 0.01  # the observed split is one of them


def moments(spectra):
    return spectra.mean(axis=0), np.cov(spectra.T)


def test_frechet_is_pots_bures_distance():
    a, b = moments(draw(100)), moments(draw(80, seed=1, shift=1, scale=2))
    expected = ot.gaussian.bures_wasserstein_distance(a[0], b[0], a[1], b[1]) ** 2
    assert distances.frechet_squared(*a, *b) == pytest.approx(expected, rel=1e-6)


def test_frechet_of_independent_values_adds_up_and_is_symmetric():
    std_a, std_b, shift = np.array([1.0, 2, 3]), np.array([2.0, 2, 5]), np.array([1.0, 0, -1])
    a, b = (np.zeros(3), np.diag(std_a**2)), (shift, np.diag(std_b**2))
    expected = (shift**2).sum() + ((std_a - std_b) ** 2).sum()
    assert distances.frechet_squared(*a, *b) == pytest.approx(expected)
    assert distances.frechet_squared(*b, *a) == pytest.approx(expected)
    assert distances.frechet_squared(*a, *a) == pytest.approx(0, abs=1e-9)


def test_frechet_works_on_stacks():
    stacks = [moments(draw(50, seed=seed)) for seed in range(3)]
    means, covariances = (np.stack(parts) for parts in zip(*stacks, strict=True))
    reference = moments(draw(60, seed=9, shift=0.5))
    found = distances.frechet_squared(means, covariances, *reference)
    np.testing.assert_allclose(found, [distances.frechet_squared(*own, *reference) for own in stacks])


def test_principal_axes_are_scikit_learns():
    from sklearn.decomposition import PCA

    x = draw(200)
    axes = distances.principal_axes(np.cov(x.T), 3)
    expected = PCA(3).fit(x).components_
    np.testing.assert_allclose(np.abs(np.diag(expected @ axes)), 1, rtol=1e-9)
