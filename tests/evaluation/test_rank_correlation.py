import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from napari_udt.evaluation.rank_correlation import (
    correlation_change,
    resampled_ranks,
    spearman,
    weighted_correlation,
)


@pytest.mark.parametrize("levels", [4, 1000])
def test_rho_is_scipys_with_and_without_ties(levels):
    rng = np.random.default_rng(levels)
    a = rng.integers(levels, size=(3, 60)).astype(float)
    b = a + rng.integers(levels, size=(3, 60))
    expected = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(spearman(a, b), expected)


def test_rho_knows_only_the_order_and_is_symmetric():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 50))
    assert spearman(a, b) == pytest.approx(spearman(np.exp(3 * a), b**3)) == pytest.approx(spearman(b, a))
    assert spearman(a, -np.log(a)) == pytest.approx(-1)


def test_what_does_not_vary_has_no_rank_correlation():
    assert np.isnan(spearman(np.ones(5), np.arange(5)))


def test_an_estimate_that_stays_has_changed_by_nothing():
    rng = np.random.default_rng(0)
    truth = rng.random(80)
    estimate = truth + 0.3 * rng.standard_normal(80)
    found = correlation_change(truth, estimate, 2 * estimate + 1, rng, resamples=50)
    assert found.change == found.low == found.high == 0
    assert found.before == pytest.approx(spearmanr(truth, estimate).statistic)


def test_the_interval_holds_the_change_and_narrows_with_samples():
    widths = []
    for n in (500, 4500):
        rng = np.random.default_rng(1)
        truth = rng.standard_normal(n)
        before, after = (truth + noise * rng.standard_normal(n) for noise in (0.3, 1.0))
        found = correlation_change(truth, before, after, rng)
        assert found.low < found.change < found.high < 0
        widths.append(found.high - found.low)
    # an interval's width goes with the root of the number of samples
    assert widths[0] / widths[1] == pytest.approx(3, rel=0.3)


def test_samples_without_a_value_are_left_out_and_too_few_say_nothing():
    truth = np.array([0.1, 0.2, 0.3, 0.4, np.nan])
    before, after = np.array([1.0, 2, np.nan, 4, 5]), np.array([3.0, 2, 1, 0, 5])
    found = correlation_change(truth, before, after, np.random.default_rng(0))
    assert (found.count, found.before, found.after) == (3, pytest.approx(1), pytest.approx(-1))
    assert np.isnan(correlation_change(truth[:2], before[:2], after[:2], np.random.default_rng(0)).change)


@pytest.mark.parametrize("levels", [3, 1000])
def test_counting_ranks_of_a_resample_is_ranking_what_was_drawn(levels):
    rng = np.random.default_rng(levels)
    a, b = rng.integers(levels, size=(2, 40)).astype(float)
    index = rng.integers(40, size=(5, 40))
    times = np.stack([np.bincount(drawn, minlength=40) for drawn in index]).astype(float)
    ranks = resampled_ranks(a, times)
    for drawn, counted in zip(index, ranks, strict=True):
        np.testing.assert_array_equal(counted[drawn], rankdata(a[drawn]))
    found = weighted_correlation(ranks, resampled_ranks(b, times), times)
    np.testing.assert_allclose(found, [spearmanr(a[drawn], b[drawn]).statistic for drawn in index])
