import numpy as np
import pytest

from napari_udt.evaluation.class_spectra import (
    class_distances,
    class_levels,
    class_means,
    class_statistics,
    nearest_mean_accuracy,
    pixel_spectra,
    relative_rms,
    spread_ratio,
)
from napari_udt.spectral.moments import Moments

NAMES = ("liver", "skin", "fat")


def test_pixel_spectra_are_unit_vectors_of_labelled_pixels_in_order():
    images = np.zeros((1, 2, 2, 2), np.float32)
    images[0, :, 0, 0] = [3, 4]
    images[0, :, 0, 1] = [0, 2]
    images[0, :, 1, 0] = [1, 0]
    labels = np.array([[[2, 0], [-1, 1]]], np.int8)  # the last pixel is dark, the third unlabelled
    spectra, flat = pixel_spectra(images, labels)
    np.testing.assert_allclose(spectra, [[0.6, 0.8], [0, 1]], atol=1e-7)
    np.testing.assert_array_equal(flat, [2, 0])


def test_class_means_need_enough_spectra():
    spectra = np.repeat(np.eye(3, dtype=np.float32), [12, 12, 3], axis=0)
    means = class_means(5 * spectra, np.repeat([0, 1, 2], [12, 12, 3]), NAMES)
    assert list(means) == ["liver", "skin"]
    np.testing.assert_allclose(means["skin"], [0, 1, 0])


def test_relative_rms_equals_the_value_computed_by_hand():
    found = relative_rms({"liver": np.array([1.0, 3.0])}, {"liver": np.array([1.0, 2.0]), "skin": np.ones(2)})
    assert found == {"liver": pytest.approx((0.5 / 2.5) ** 0.5)}


def test_levels_are_medians_over_pixels_of_means_over_wavelengths():
    images = np.array([[[[0, 2, 90, 7]], [[2, 4, 92, 9]]]], np.float32)
    assert class_levels(images, np.array([[[0, 0, 0, 2]]]), NAMES) == {"liver": 3.0, "fat": 8.0}


def test_the_nearest_mean_is_judged_class_by_class():
    means = {"liver": np.array([1.0, 0.0]), "skin": np.array([0.0, 1.0])}
    spectra = np.array([[1, 0.1]] * 8 + [[0.1, 1]] * 1 + [[1, 0.1]] * 1, np.float32)
    labels = np.array([0] * 8 + [1, 1])
    assert nearest_mean_accuracy(means, spectra, labels, NAMES) == pytest.approx((1 + 0.5) / 2)


def test_without_labels_there_is_no_accuracy():
    means = {"liver": np.array([1.0, 0.0])}
    assert nearest_mean_accuracy(means, np.ones((4, 2), np.float32), np.full(4, -1), NAMES) is None


def test_statistics_are_of_spectra_that_sum_to_one():
    found = class_statistics(np.array([[1.0, 3.0], [6.0, 2.0]], np.float32), np.zeros(2), NAMES)["liver"]
    np.testing.assert_allclose(found.mean, [0.5, 0.5])
    np.testing.assert_allclose(found.std, [0.25, 0.25])
    assert found.count == 2


def test_the_spread_within_a_factor_counts_both_ends():
    found = spread_ratio(np.array([1.25, 0.8, 1.3, 0.5]), np.ones(4))
    assert (found.low, found.median, found.high, found.share_within) == (0.5, 1.025, 1.3, 0.5)


def test_a_set_is_at_no_distance_from_itself_whatever_the_scale_and_order():
    rng = np.random.default_rng(0)
    spectra, labels = rng.random((40, 6)) + 0.5, rng.integers(3, size=40)
    order = rng.permutation(40)
    own = class_statistics(3 * spectra[order], labels[order], NAMES)
    found = class_distances(own, class_statistics(spectra, labels, NAMES))
    assert [d.class_name for d in found] == list(NAMES)
    for distance in found:
        assert distance.relative_rms == pytest.approx(0, abs=1e-12)
        assert distance.angle_degrees == pytest.approx(0, abs=1e-9)
        assert distance.spread.low == pytest.approx(1) == pytest.approx(distance.spread.high)
    assert sum(d.count for d in found) == 40


def test_known_distances():
    reference = {"skin": Moments(np.array([0.6, 0.4]), np.array([0.1, 0.1]), 5)}
    spectra = np.array([[0.3, 0.7], [0.5, 0.5], [9.0, 1.0]])
    (found,) = class_distances(class_statistics(spectra, np.array([1, 1, 0]), NAMES), reference)
    assert found.relative_rms == pytest.approx(np.sqrt(0.08 / 0.52))
    assert found.angle_degrees == pytest.approx(np.degrees(np.arctan2(0.6, 0.4) - np.arctan2(0.4, 0.6)))
    assert found.spread.median == pytest.approx(1)
