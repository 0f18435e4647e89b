"""Resamples against drawing the spectra again and computing anew."""

import numpy as np
import ot
import pytest

from napari_udt.evaluation.intervals import percentile_interval
from napari_udt.population.measures.comparisons import _resampled_moments, resampled_wasserstein
from napari_udt.population.measures.sample import Sample


def sample(n=60, channels=4, resamples=25, seed=0, subjects=None, shift=0.0):
    spectra = shift + np.random.default_rng(seed).gamma(2, size=(n, channels))
    return Sample(spectra, subjects, resamples, (seed,))


def drawn_again(one):
    """Each resample written out, spectrum by spectrum."""
    return [np.repeat(one.spectra, times.astype(int), axis=0) for times in one.times]


def test_resamples_have_as_many_spectra_and_differ():
    one = sample()
    assert (one.times.sum(axis=1) == 60).all()
    assert len({tuple(times) for times in one.times}) == 25
    np.testing.assert_array_equal(one.times, sample().times)  # seeded


def test_spectra_of_one_subject_are_drawn_together():
    subjects = np.repeat([3, 5, 9, 12], 15)
    times = sample(subjects=subjects).times.reshape(25, 4, 15)
    assert (times == times[:, :, :1]).all()
    assert (times[:, :, 0].sum(axis=1) == 4).all()


@pytest.mark.parametrize("n", [60, 61])
def test_moments_and_medians_are_those_of_the_spectra_drawn_again(n):
    one = sample(n)
    for name, function in (
        ("resampled_means", lambda x: x.mean(axis=0)),
        ("resampled_stds", lambda x: x.std(axis=0, ddof=1)),
        ("resampled_medians", lambda x: np.median(x, axis=0)),
    ):
        np.testing.assert_allclose(getattr(one, name), [function(x) for x in drawn_again(one)], rtol=1e-5)


def test_medians_of_subjects_of_unlike_size():
    one = sample(60, subjects=np.repeat([0, 1, 2], [10, 20, 30]))
    np.testing.assert_allclose(one.resampled_medians, [np.median(x, axis=0) for x in drawn_again(one)])


def test_medians_and_shares_of_a_number_per_spectrum():
    one, values = sample(), np.random.default_rng(5).random(60)
    again = [np.repeat(values, times.astype(int)) for times in one.times]
    np.testing.assert_allclose(one.medians_of(values), [np.median(x) for x in again])
    np.testing.assert_allclose(one.shares_of(values > 0.3), [np.mean(x > 0.3) for x in again])


def test_wasserstein_of_resamples_is_pots():
    a, b = sample(40, seed=1), sample(55, seed=2, shift=0.4)
    expected = [ot.wasserstein_1d(x, y, p=1) for x, y in zip(drawn_again(a), drawn_again(b), strict=True)]
    np.testing.assert_allclose(resampled_wasserstein(a, b), expected, rtol=1e-5)


def test_covariances_of_resamples():
    one, axes = sample(), np.linalg.qr(np.random.default_rng(1).random((4, 3)))[0]
    means, covariances = _resampled_moments(one, axes)
    again = [x @ axes for x in drawn_again(one)]
    np.testing.assert_allclose(means, [x.mean(axis=0) for x in again], rtol=1e-6)
    np.testing.assert_allclose(covariances, [np.cov(x.T) for x in again], rtol=1e-4, atol=1e-6)


def test_the_interval_is_the_percentile_one_and_covers():
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5, 95))
    assert np.isnan(percentile_interval(np.full(3, np.nan), 0.95)).all()
    covered = 0
    for seed in range(200):
        one = sample(40, 1, 200, seed)
        low, high = percentile_interval(one.resampled_means[:, 0], 0.95)
        covered += low <= 2 <= high  # mean of the gamma distribution
    assert 0.88 <= covered / 200 <= 0.99


def test_what_is_alone_cannot_be_drawn_again():
    assert not sample(1).can_resample
    assert not sample(60, subjects=np.zeros(60, int)).can_resample
    assert not sample(60, resamples=0).can_resample
    assert sample().can_resample


def test_a_part_is_drawn_without_replacement_and_always_the_same():
    one = sample(100)
    part = one.drawn(30)
    assert len(np.unique(part.spectra[:, 0])) == 30
    np.testing.assert_array_equal(part.spectra, one.spectra[one.kept(30)])
    assert one.drawn(100) is one
