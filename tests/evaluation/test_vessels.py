import numpy as np
import pytest

from napari_udt.evaluation.vessels import artery_agreement, find_vessels, vessel_oxygenation_kept
from napari_udt.simulation.tables_contract import ArteryStatistics
from napari_udt.spectral.unmixing import HB, HBO2

VEIN, ARTERY = 1, 2
NM = np.array([700.0, 750.0, 800.0])


def two_images():
    labels = np.zeros((2, 12, 12), np.int8)
    labels[0, 1:5, 1:5], labels[0, 7:11, 7:11] = ARTERY, VEIN
    labels[1, 1:5, 1:5] = ARTERY
    labels[1, 8, 8] = VEIN  # too small
    images = np.random.default_rng(0).uniform(1, 2, (2, 3, 12, 12)).astype(np.float32)
    return images, labels


def test_every_region_of_enough_pixels_is_one_vessel():
    images, labels = two_images()
    saturation = np.where(labels == ARTERY, 0.95, 0.6).astype(np.float32)
    found = find_vessels(images, labels, (VEIN, ARTERY), saturation)
    assert found.labels.tolist() == [VEIN, ARTERY, ARTERY]
    np.testing.assert_allclose(found.saturation, [0.6, 0.95, 0.95], atol=1e-6)
    np.testing.assert_allclose(found.spectra[2], np.median(images[1, :, 1:5, 1:5], axis=(1, 2)))
    assert found.of(ARTERY).spectra.shape == (2, 3)
    assert np.isnan(find_vessels(images, labels, (VEIN,)).saturation).all()
    assert find_vessels(images, labels, (7,)).spectra.shape == (0, 3)


def test_gains_keep_the_oxygenation_of_vessels_and_shuffling_does_not():
    rng = np.random.default_rng(0)
    absorption = {HBO2: np.array([1.0, 2.0, 3.0]), HB: np.array([3.0, 2.0, 1.5])}
    labels = np.zeros((30, 8, 8), np.int8)
    labels[:, 2:6, 2:6] = ARTERY
    saturation = np.broadcast_to(rng.random((30, 1, 1)), labels.shape).astype(np.float32)
    images = sum(
        share[:, None] * absorption[name][:, None, None]
        for name, share in ((HBO2, saturation), (HB, 1 - saturation))
    ).astype(np.float32)
    vessels = find_vessels(images, labels, (ARTERY,), saturation)
    brighter = find_vessels(images * rng.uniform(1, 9, (30, 1, 1, 1)), labels, (ARTERY,))
    shuffled = find_vessels(images[rng.permutation(30)], labels, (ARTERY,))
    names = {VEIN: "vein", ARTERY: "artery"}
    fine = vessel_oxygenation_kept(vessels, brighter, names, NM, absorption, rng)
    assert fine.kept
    assert fine.overall.before == pytest.approx(1)
    assert list(fine.per_class) == ["artery"]
    assert not vessel_oxygenation_kept(vessels, shuffled, names, NM, absorption, rng).kept


def test_agreement_is_blind_to_scale():
    nm, mean, std = (
        np.array(values) for values in ((700.0, 750, 800), (0.55, 0.975, 1.475), (0.1, 0.2, 0.3))
    )
    spectra = np.array([[1.0, 1.5, 2, 2.5, 3], [10, 15, 20, 25, 30]])
    found = artery_agreement(spectra, np.linspace(700, 800, 5), ArteryStatistics(nm, mean, std, 7))
    assert found.wavelengths_nm == (700, 750, 800)
    np.testing.assert_allclose(found.mean, [0.5, 1, 1.5])
    assert found.measured_mean == tuple(mean)
    assert found.largest_deviation == pytest.approx(0.05 / 0.1)
    assert found.relative_rms == pytest.approx(
        np.sqrt((0.05**2 + 2 * 0.025**2) / (0.55**2 + 0.975**2 + 1.475**2))
    )
    assert (found.count, found.measured_count) == (2, 7)
    short = artery_agreement(spectra, np.linspace(720, 800, 5), ArteryStatistics(nm, mean, std, 7))
    assert short is None  # 700 nm is missing
