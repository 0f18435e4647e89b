"""Laws of the closed-form transports, and the values of an independent implementation."""

import numpy as np
import pytest

from napari_udt.models.transport import correlation_alignment, covariance, gaussian_transport

CHANNELS = 6


def cloud(seed, n=4000, channels=CHANNELS):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(channels, channels)) + 4 * np.eye(
        channels
    )  # well conditioned: the floor is small
    return rng.normal(size=channels) + rng.normal(size=(n, channels)) @ mixing


@pytest.mark.parametrize("estimate", [gaussian_transport, correlation_alignment])
def test_mean_and_covariance_become_the_targets(estimate):
    source, target = cloud(1), cloud(2)
    moved = estimate(source, target)(source)
    np.testing.assert_allclose(moved.mean(axis=0), target.mean(axis=0), atol=1e-9)
    wanted = np.cov(target.T)
    np.testing.assert_allclose(np.cov(moved.T), wanted, atol=1e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("estimate", [gaussian_transport, correlation_alignment])
def test_a_cloud_is_moved_onto_itself_by_nothing(estimate):
    source = cloud(3)
    np.testing.assert_allclose(estimate(source, source)(source), source, atol=1e-6)


def test_the_transport_is_symmetric_positive_and_moves_less_than_coral():
    source, target = cloud(4), cloud(5)
    transport, coral = gaussian_transport(source, target), correlation_alignment(source, target)
    np.testing.assert_allclose(transport.matrix, transport.matrix.T, atol=1e-10)
    assert np.linalg.eigvalsh(transport.matrix).min() > 0
    moved = [np.mean(np.sum((estimate(source) - source) ** 2, axis=1)) for estimate in (transport, coral)]
    assert moved[0] < moved[1]


def test_the_way_back_is_the_inverse():
    source, target = cloud(6), cloud(7)
    there, back = gaussian_transport(source, target), gaussian_transport(target, source)
    np.testing.assert_allclose(back(there(source)), source, atol=1e-6)


def test_independent_wavelengths_are_moved_as_moments_do():
    rng = np.random.default_rng(8)
    source, target = rng.normal(size=(40_000, 3)) * [1, 2, 3], 5 + rng.normal(size=(40_000, 3)) * [3, 2, 1]
    moved = gaussian_transport(source, target)(source)
    wanted = (source - source.mean(0)) / source.std(0) * target.std(0) + target.mean(0)
    np.testing.assert_allclose(moved, wanted, atol=0.15)


def test_the_matrix_is_that_of_pot():
    gaussian = pytest.importorskip("ot.gaussian")
    source, target = cloud(9), cloud(10)
    matrix, _ = gaussian.bures_wasserstein_mapping(
        source.mean(axis=0), target.mean(axis=0), covariance(source), covariance(target)
    )
    np.testing.assert_allclose(gaussian_transport(source, target).matrix, matrix, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("estimate", [gaussian_transport, correlation_alignment])
def test_few_or_equal_spectra_stay_finite(estimate):
    target = cloud(11)
    for source in (cloud(12, n=1), cloud(13, n=3), np.ones((5, CHANNELS))):
        assert np.isfinite(estimate(source, target)(source)).all()
        assert np.isfinite(estimate(target, source)(target)).all()
