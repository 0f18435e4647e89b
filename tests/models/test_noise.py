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


def test_noise_of_the_brightness_is_common_to_all_wavelengths_and_as_strong_in_every_octave(images):
    noise = with_noise(images, InputNoise(0.0, 0.1, 3)) - images
    np.testing.assert_allclose(noise[:, 0], noise[:, 3], atol=1e-5)
    blocks = noise[:, 0].reshape(3, 16, 4, 16, 4).mean((2, 4))
    assert noise.std() == pytest.approx(0.1 * 3**0.5, rel=0.05)
    assert blocks.std() == pytest.approx(0.1 * (1 + 1 / 4 + 1 / 16) ** 0.5, rel=0.1)


def test_training_draws_noise_of_the_same_kind(images):
    torch.manual_seed(0)
    noise = drawn_noise(torch.from_numpy(images), InputNoise(0.05, 0.1, 3)).numpy()
    common = noise.mean(axis=1, keepdims=True)
    assert common.std() == pytest.approx((0.03 + 0.05**2 / 4) ** 0.5, rel=0.05)
    assert (noise - common).std() == pytest.approx(0.05 * 0.75**0.5, rel=0.05)


def test_a_picture_that_no_octave_divides_gets_noise_too():
    picture = np.zeros((1, 2, 7, 9), np.float32)
    assert with_noise(picture, InputNoise(0.0, 0.1, 4)).std() > 0.05


def test_words_say_how_strong_it_is():
    assert str(InputNoise(0.05)) == "standard deviation 0.05 of normalised values"
    assert "0.1 of the brightness common to all wavelengths in each of 3 octaves (blocks of 1 to 4" in str(
        InputNoise(0.05, 0.1, 3)
    )
    assert InputNoise(0.0, 0.1, 3)
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
