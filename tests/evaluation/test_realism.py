"""Two-sample tests, patches, fine detail, correlations and label recovery, against known answers."""

import numpy as np
import pytest

from napari_udt.dataset import Dataset
from napari_udt.errors import EvaluationError
from napari_udt.evaluation import two_sample
from napari_udt.evaluation.correlations import correlation_distances, correlation_rms
from napari_udt.evaluation.downstream import LabelledSpectra, judge
from napari_udt.evaluation.fine_detail import (
    band_error,
    detail,
    gaps_closed,
    haar_energies,
    neighbour_difference,
    roughness,
)
from napari_udt.evaluation.label_recovery import Segmenter
from napari_udt.evaluation.patches import patches_auc
from napari_udt.evaluation.realism import hsi_realism
from napari_udt.evaluation.two_sample import two_sample_auc
from napari_udt.models.haar import haar_downsample


@pytest.fixture(autouse=True)
def _small_forests(monkeypatch):
    monkeypatch.setattr(two_sample, "TREES", 40)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_two_draws_of_one_distribution_cannot_be_told_apart(rng):
    found = two_sample_auc(rng.normal(size=(300, 6)), rng.normal(size=(400, 6)))
    assert 0.4 < found.value < 0.6
    assert found.low < found.value < found.high
    assert (found.count, found.groups) == (300, 600)


def test_two_distributions_that_do_not_overlap_always_are(rng):
    assert two_sample_auc(rng.normal(size=(60, 3)), rng.normal(9, 1, (60, 3))).value == 1


def test_the_area_is_that_of_the_best_classifier(rng):
    # Two Gaussians one standard deviation apart: the best possible area is Phi(1 / sqrt(2)) = 0.760.
    found = two_sample_auc(rng.normal(size=(1500, 1)), rng.normal(1, 1, (1500, 1)))
    assert 0.68 < found.value < 0.79  # a forest comes near to it, and not past it


def test_what_marks_a_picture_does_not_mark_its_side(rng):
    """Each picture has an offset of its own: a split by spectra would recognise the pictures, one by pictures cannot."""
    pictures = np.repeat(np.arange(20), 30)
    own, other = (rng.normal(size=20)[pictures, None] + 0.01 * rng.normal(size=(600, 4)) for _ in range(2))
    assert two_sample_auc(own, other).value > 0.9
    by_picture = two_sample_auc(own, other, pictures, pictures)
    assert 0.2 < by_picture.value < 0.8
    assert by_picture.groups == 40
    assert by_picture.high - by_picture.low > 0.2  # 20 pictures, not 600 spectra


def test_too_few_pictures_are_refused(rng):
    spectra, pictures = rng.normal(size=(60, 3)), np.repeat(np.arange(3), 20)
    with pytest.raises(EvaluationError, match="needs 4 pictures or animals on each side; found 3"):
        two_sample_auc(spectra, spectra, pictures, pictures)


def test_whitening_finds_a_small_difference_of_shape_that_single_wavelengths_hide(rng):
    level = rng.normal(size=(2, 400, 1)) * np.ones(40)
    shape = np.sin(np.linspace(0, 20, 40))
    own, other = level[0] + 0.002 * rng.normal(size=(400, 40)), level[1] + 0.002 * shape
    other = other + 0.002 * rng.normal(size=(400, 40))
    assert two_sample_auc(own, other).value > 0.95
    assert two_sample_auc(own, other, whiten=False).value < 0.7


def test_patches_of_another_speckle_are_distinguished_and_those_of_the_same_are_not(rng):
    from scipy.ndimage import gaussian_filter

    def pictures(sigma):
        return np.exp(gaussian_filter(rng.normal(size=(6, 3, 64, 64)), (0, 0, sigma, sigma)))

    first = pictures(1)
    assert patches_auc(first, pictures(2)).value > 0.95
    found = patches_auc(first, pictures(1))
    assert 0.2 < found.value < 0.8
    assert (found.count, found.groups) == (24, 12)


def test_without_labels_all_pixels_count(rng):
    images = rng.random((2, 3, 12, 12)) + 1
    everywhere = neighbour_difference(images, np.zeros((2, 12, 12), int), [0])
    np.testing.assert_array_equal(neighbour_difference(images), everywhere)


def test_haar_energies_are_those_of_the_networks_transform(rng):
    import torch

    pictures = rng.random((2, 16, 32)).astype(np.float32)
    found = haar_energies(pictures, 2)
    bands = haar_downsample(torch.as_tensor(pictures)[:, None]).numpy()
    energy = np.square(bands[:, 1:]).sum(axis=(1, 2, 3)) / np.square(pictures).sum(axis=(1, 2))
    np.testing.assert_allclose(found[:, 0], energy, rtol=1e-5)
    assert band_error(found, found) == 0
    assert band_error(2 * found, found) == pytest.approx(1)


def test_a_checkerboard_at_one_wavelength_is_found(rng):
    target = rng.random((2, 5, 20, 20)) + 2
    labels = np.zeros((2, 20, 20), int)
    striped = target.copy()
    striped[:, 3] += 2 * (np.indices((20, 20)).sum(axis=0) % 2)
    own, wanted = (neighbour_difference(x, labels, [0]) for x in (striped, target))
    found = roughness(own, wanted, np.arange(700.0, 750, 10))
    assert found.roughest_nm == 730
    assert found.worst_over_rest > 3
    assert roughness(wanted, wanted, np.arange(5.0)).worst_over_rest == pytest.approx(1)


def _speckled(rng, spread, n=12):
    labels = np.zeros((n, 32, 32), int)
    labels[:, :4], labels[:, 12:20, 12:20] = 1, 2
    level = np.array([1.0, 2.0, 5.0])[labels]
    return level * np.exp(spread * rng.normal(size=labels.shape)), labels


def test_a_gap_that_is_half_closed_is_told_as_half(rng):
    parts = [detail(*_speckled(rng, spread), [1], [0], [2]) for spread in (0.3, 0.1, 0.5)]
    own, simulated, target = parts
    found = {gap.name: gap for gap in gaps_closed(own, simulated, target, rng)}
    background = found["background variation"]
    assert background.share == pytest.approx(0.5, abs=0.05)
    assert background.low < background.share < background.high
    same = gaps_closed(simulated, simulated, target, rng)
    assert [gap.share for gap in same] == [0, 0, 0]
    assert all(gap.share == 1 for gap in gaps_closed(target, simulated, target, rng))


def test_distance_of_correlations_of_two_wavelengths(rng):
    a = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 40_000)
    b = rng.multivariate_normal([3, 1], [[4, 0], [0, 9]], 40_000)
    assert correlation_rms(a, b) == pytest.approx(0.8, abs=0.02)  # level and spread do not matter
    assert correlation_rms(a, 2 * a + 1) == pytest.approx(0, abs=1e-12)
    labels = np.zeros(len(a), int)
    (found,) = correlation_distances(a, labels, b, labels, ("liver", "spleen"))
    assert (found.class_name, found.count) == ("liver", 40_000)


def test_labels_are_read_where_they_can_be_and_not_where_they_cannot(rng):
    labels = np.zeros((4, 24, 24), int)
    labels[:, 6:14, 6:14] = 1
    colours = np.array([[1.0, 1, 1], [1.0, 2, 4]])
    images = np.moveaxis(colours[labels], -1, 1) * (1 + 0.05 * rng.normal(size=(4, 3, 24, 24)))
    segmenter = Segmenter(images[:2], labels[:2], ("muscle", "artery"))
    found = segmenter.recovery(images[2:], labels[2:], rng)
    assert found.mean > 0.95
    assert set(found.per_class) == {"muscle", "artery"}
    flat = np.ones_like(images[2:]) * (1 + 0.05 * rng.normal(size=(2, 3, 24, 24)))
    assert segmenter.recovery(flat, labels[2:], rng).per_class["artery"] < 0.2


def test_a_class_from_a_shifted_distribution_is_named(rng):
    def spectra(n, shift):
        labels = np.arange(n) % 2
        values = np.array([[1.0, 2, 3, 4], [4.0, 3, 2, 1]])[labels] + 0.05 * rng.normal(size=(n, 4))
        values[labels == 1, 0] += shift
        return values.astype(np.float32), labels

    samples, labels = spectra(400, 0)
    target = Dataset(
        samples=samples,
        labels=labels.astype(np.int16),
        wavelengths_nm=np.arange(500.0, 540, 10),
        class_names=("fat", "liver"),
        modality="HSI",
        domain="second",
        origin="toy",
        seed=0,
        generator={"name": "toy"},
    )
    found = {entry.class_name: entry.auc.value for entry in hsi_realism(*spectra(400, 1), target).classes}
    assert found["liver"] > 0.95
    assert found["fat"] < 0.65


class _Constant:
    classes_ = np.array([0, 1])

    def predict_proba(self, spectra):
        return np.column_stack([spectra[:, 0] < 0.5, spectra[:, 0] >= 0.5]).astype(float)


def test_intervals_are_over_pictures_not_over_forests():
    """One picture in four is wrong from its first to its last pixel."""
    labels, pictures = np.tile([0, 1], 200), np.repeat(np.arange(8), 50)
    wrong = np.isin(pictures, [0, 1])
    spectra = np.where(wrong, 1 - labels, labels)[:, None].astype(float)
    found = judge([_Constant(), _Constant()], LabelledSpectra(spectra, labels, pictures))
    assert found.mean.balanced_accuracy == pytest.approx(0.75)
    assert found.low < 0.65
    assert found.high > 0.85
    alone = judge([_Constant()], LabelledSpectra(spectra, labels))
    assert alone.low is None
