"""Differences of centres against their definitions and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import mean_absolute_error

from napari_udt.population.measures import centres

positive = arrays(np.float64, 8, elements=st.floats(0.01, 100))


@given(positive, positive)
def test_mean_absolute_error_is_scikit_learns_and_symmetric(a, b):
    assert centres.mean_absolute_error(a, b) == pytest.approx(mean_absolute_error(a, b))
    assert centres.mean_absolute_error(a, b) == centres.mean_absolute_error(b, a)


@given(positive, st.floats(0.1, 10))
def test_a_spectrum_brighter_by_a_tenth_has_a_bias_of_ten_per_cent(reference, factor):
    assert centres.bias_percent(1.1 * reference, reference) == pytest.approx(10)
    assert centres.bias_percent(0.9 * factor * reference, factor * reference) == pytest.approx(-10)


def test_a_dark_reference_has_no_bias():
    assert np.isnan(centres.bias_percent(np.ones(3), np.array([1.0, -1.0, 0.0])))


def test_cohens_d_is_the_difference_in_pooled_standard_deviations():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 2, (40, 3)), rng.normal(0, 3, (60, 3))
    found = centres.cohens_d(
        (a.mean(axis=0), b.mean(axis=0)), (a.std(axis=0, ddof=1), b.std(axis=0, ddof=1)), (40, 60)
    )
    pooled = np.sqrt((39 * a.var(axis=0, ddof=1) + 59 * b.var(axis=0, ddof=1)) / 98)
    np.testing.assert_allclose(found, (a.mean(axis=0) - b.mean(axis=0)) / pooled)


def test_cohens_d_is_blind_to_the_scale_and_changes_sign():
    means, stds = (np.array([2.0]), np.array([1.0])), (np.array([0.5]), np.array([0.7]))
    d = centres.cohens_d(means, stds, (10, 20))
    scaled = centres.cohens_d(tuple(7 * m for m in means), tuple(7 * s for s in stds), (10, 20))
    np.testing.assert_allclose(scaled, d)
    np.testing.assert_allclose(centres.cohens_d(means[::-1], stds[::-1], (20, 10)), -d)
    assert np.isnan(centres.cohens_d(means, (np.zeros(1), np.zeros(1)), (10, 20))).all()


def test_all_broadcast_over_resamples():
    a, b = np.random.default_rng(0).random((2, 5, 7))
    for function in (centres.mean_absolute_error, centres.bias_percent):
        np.testing.assert_allclose(function(a, b), [function(x, y) for x, y in zip(a, b, strict=True)])
