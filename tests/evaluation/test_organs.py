import numpy as np
import pytest

from napari_udt.evaluation.organs import (
    SampleStatistics,
    class_distances,
    class_statistics,
    sample_statistics,
    spread_ratio,
)

NAMES = ("liver", "skin", "fat")


def test_statistics_are_of_spectra_that_sum_to_one():
    found = sample_statistics(np.array([[1.0, 3.0], [6.0, 2.0]], np.float32))
    np.testing.assert_allclose(found.mean, [0.5, 0.5])
    np.testing.assert_allclose(found.std, [0.25, 0.25])


def test_the_spread_within_a_factor_counts_both_ends():
    found = spread_ratio(np.array([1.25, 0.8, 1.3, 0.5]), np.ones(4))
    assert (found.low, found.median, found.high, found.share_within) == (0.5, 1.025, 1.3, 0.5)


def test_a_set_is_at_no_distance_from_itself_whatever_the_scale_and_order():
    rng = np.random.default_rng(0)
    spectra, labels = rng.random((40, 6)) + 0.5, rng.integers(3, size=40)
    order = rng.permutation(40)
    found = class_distances(
        3 * spectra[order], labels[order], NAMES, class_statistics(spectra, labels, NAMES)
    )
    assert [d.class_name for d in found] == list(NAMES)
    for distance in found:
        assert distance.relative_rms == pytest.approx(0, abs=1e-12)
        assert distance.angle_degrees == pytest.approx(0, abs=1e-9)
        assert distance.spread.low == pytest.approx(1) == pytest.approx(distance.spread.high)
    assert sum(d.count for d in found) == 40


def test_known_distances():
    reference = {"skin": SampleStatistics(np.array([0.6, 0.4]), np.array([0.1, 0.1]))}
    spectra = np.array([[0.3, 0.7], [0.5, 0.5], [9.0, 1.0]])
    (found,) = class_distances(spectra, np.array([1, 1, 0]), NAMES, reference)
    assert found.relative_rms == pytest.approx(np.sqrt(0.08 / 0.52))
    assert found.angle_degrees == pytest.approx(np.degrees(np.arctan2(0.6, 0.4) - np.arctan2(0.4, 0.6)))
    assert found.spread.median == pytest.approx(1)
