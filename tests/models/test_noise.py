"""The noise on what is encoded: its strength, and that a sample's own values seed it."""

import numpy as np
import pytest
import torch

from napari_udt.models.noise import InputNoise, drawn_noise, with_noise


@pytest.fixture
def images():
    return np.random.default_rng(0).standard_normal((3, 4, 64, 64)).astype(np.float32)


def test_it_has_the_stated_strength_and_no_mean(images):
    noise = with_noise(images, InputNoise(0.05)) - images
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    assert abs(noise.mean()) < 0.001


def test_a_sample_gets_the_same_noise_wherever_it_stands(images):
    together = with_noise(images, InputNoise(0.05))
    np.testing.assert_array_equal(with_noise(images[2:], InputNoise(0.05))[0], together[2])
    np.testing.assert_array_equal(with_noise(images[::-1], InputNoise(0.05))[::-1], together)


def test_different_samples_get_different_noise(images):
    noise = with_noise(images, InputNoise(1.0)) - images
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05


def test_no_noise_leaves_the_samples_as_they_are(images):
    np.testing.assert_array_equal(with_noise(images, InputNoise(0.0)), images)


@pytest.fixture
def dark():
    """Two images whose wavelengths are one picture at 1, 2 and 3 times its brightness: dark, with a bright square; not compressed."""
    picture = np.full((2, 96, 96), 0.1)
    picture[:, 40:60, 40:60] = 300.0
    return (picture[:, None] * np.array([1.0, 2.0, 3.0])[:, None, None]).astype(np.float32)


def test_speckle_leaves_ratios_of_wavelengths_and_bright_tissue_as_they_are(dark):
    shown = np.sinh(with_noise(np.arcsinh(dark), InputNoise(0.0, 1.0)))
    np.testing.assert_allclose(shown[:, 2], 3 * shown[:, 0], rtol=1e-3)
    inside = shown[:, 0, 42:58, 42:58] / dark[:, 0, 42:58, 42:58]
    assert np.abs(inside - 1).max() < 0.1


def test_dark_tissue_becomes_speckle_of_the_stated_strength(dark):
    images = np.arcsinh(
        0.02
        * np.linspace(0.9, 1.0, 40, dtype=np.float32)[:, None, None, None]
        * np.ones((1, 64, 64), np.float32)
    )
    shown = np.sinh(with_noise(images, InputNoise(0.0, 1.0)))
    assert np.median(np.log(np.sqrt((shown**2).mean(axis=(1, 2, 3))))) == pytest.approx(0.2, abs=0.4)
    near = np.log(shown[:, 0, ::8, ::8])  # pixels that share no blur
    spread = np.median([picture[:3, :3].std() for picture in near])
    assert spread == pytest.approx(np.pi / 24**0.5, rel=0.3), "the logarithm of Rayleigh's distribution"


def test_speckle_hangs_together_over_a_pixel_or_two_and_further_along_rows():
    images = np.linspace(0.01, 0.02, 20, dtype=np.float32)[:, None, None, None] * np.ones(
        (1, 64, 64), np.float32
    )
    shown = np.log(with_noise(images, InputNoise(0.0, 1.0))[:, 0])
    shown = shown - shown.mean(axis=(1, 2), keepdims=True)

    def alike(rows, columns):
        return float((shown[:, : 64 - rows, : 64 - columns] * shown[:, rows:, columns:]).mean())

    assert alike(0, 1) > alike(1, 0) > 0.1
    assert alike(0, 8) < 0.5 * alike(0, 1)


def test_training_draws_noise_of_the_same_kind(dark):
    torch.manual_seed(0)
    x = torch.from_numpy(np.arcsinh(dark))
    noisy = np.sinh((x + drawn_noise(x, InputNoise(0.0, 1.0))).numpy())
    np.testing.assert_allclose(noisy[:, 2], 3 * noisy[:, 0], rtol=1e-3)
    assert np.log(noisy[:, 0, :30]).std() > 0.5
    assert abs(np.corrcoef(noisy[0, 0, :30].ravel(), noisy[1, 0, :30].ravel())[0, 1]) < 0.2


def test_speckle_knows_how_the_values_were_normalised(dark):
    plain = with_noise(np.arcsinh(dark), InputNoise(0.0, 1e-9)) - np.arcsinh(dark)
    normalised = (np.arcsinh(dark) - 1.5) / 0.7
    shown = np.sinh(with_noise(normalised, InputNoise(0.0, 1.0, 0.0, (1.5, 0.7))) * 0.7 + 1.5)
    np.testing.assert_allclose(plain, 0, atol=1e-5)
    np.testing.assert_allclose(shown[:, 2], 3 * shown[:, 0], rtol=1e-3)


def test_words_say_how_strong_it_is():
    assert str(InputNoise(0.05)) == "standard deviation 0.05 of normalised values"
    assert "speckle common to all wavelengths, 2 times the scale of the compression" in str(
        InputNoise(0.05, 2)
    )
    assert InputNoise(0.0, 0.1)
    assert not InputNoise()


def test_spectra_get_noise_of_their_own_and_the_same_wherever_they_stand():
    spectra = np.random.default_rng(1).standard_normal((3000, 20)).astype(np.float32)
    noise = with_noise(spectra, InputNoise(0.1)) - spectra
    assert noise.std() == pytest.approx(0.1, rel=0.02)
    assert abs(noise.mean()) < 0.002
    np.testing.assert_allclose(np.corrcoef(noise.T) - np.eye(20), 0, atol=0.08)
    assert len(np.unique(noise[:, 0])) > 2900
    np.testing.assert_array_equal(
        with_noise(spectra[7:9], InputNoise(0.1)), with_noise(spectra, InputNoise(0.1))[7:9]
    )
    np.testing.assert_array_equal(
        with_noise(spectra[::-1], InputNoise(0.1))[::-1], with_noise(spectra, InputNoise(0.1))
    )


def test_strength_that_varies_from_image_to_image():
    images = np.random.default_rng(0).standard_normal((60, 2, 16, 16)).astype(np.float32)
    strength = InputNoise(0.1, variation=0.8)
    for noise in (
        with_noise(images, strength) - images,
        drawn_noise(torch.from_numpy(images), strength).numpy(),
    ):
        sizes = np.log(noise.std(axis=(1, 2, 3)))
        assert sizes.mean() == pytest.approx(np.log(0.1), abs=0.4)
        assert sizes.std() == pytest.approx(0.8, rel=0.3)
    assert "2.2 times more or less from image to image" in str(strength)


def test_a_profile_is_as_strong_at_every_depth_as_it_says_and_each_wavelength_has_its_own():
    images = (
        np.full((6, 8, 64, 64), np.arcsinh(2.0), np.float32)
        + np.linspace(0, 1e-3, 6, dtype=np.float32)[:, None, None, None]
    )
    noise = InputNoise(profile=(0.1, 0.1, 0.4, 0.4))
    added = np.sinh(with_noise(images, noise)) - np.sinh(images)
    assert added[:, :, :20].std() == pytest.approx(0.1 * np.sqrt(0.8564**2 + 2 * 0.0718**2), rel=0.03)
    assert added[:, :, -20:].std() == pytest.approx(4 * added[:, :, :20].std(), rel=0.05)
    assert abs(np.corrcoef(added[:, 0].ravel(), added[:, 1].ravel())[0, 1]) < 0.03


def test_a_detectors_noise_on_an_envelope_stays_positive():
    images = np.full((1, 4, 32, 32), -2.0, np.float32)
    noise = InputNoise(profile=(0.5,), intensity="softplus")
    assert np.isfinite(with_noise(images, noise)).all()


def test_clutter_gives_dark_tissue_the_spectrum_of_the_brightest_and_leaves_that_as_it_is():
    """Dark tissue falls with wavelength, the bright part rises; with clutter the mean of dark tissue falls less."""
    dark, bright = np.array([3.0, 2.0, 1.0]) * 0.05, np.array([1.0, 2.0, 3.0]) * 200
    picture = np.broadcast_to(dark[:, None, None], (3, 96, 96)).copy()
    picture[:, :12] = bright[:, None, None]
    images = np.arcsinh(picture[None]).astype(np.float32)

    def ratio(rows, clutter):
        shown = np.sinh(with_noise(images, InputNoise(speckle=1.0, clutter=clutter)))[0, :, rows]
        return shown[0].mean() / shown[2].mean()

    deep, top = slice(20, None), slice(0, 10)
    assert ratio(deep, 0.0) == pytest.approx(3, rel=1e-3)
    assert ratio(deep, 1.0) < 0.7
    assert ratio(deep, 1.0) < ratio(deep, 0.5) < 2.5
    assert ratio(top, 1.0) == pytest.approx(1 / 3, rel=0.02)
