"""The noise on what is encoded: its strength, and that a sample's own values seed it."""

import numpy as np
import pytest

from napari_udt.models.noise import with_noise


@pytest.fixture
def images():
    return np.random.default_rng(0).standard_normal((3, 4, 64, 64)).astype(np.float32)


def test_it_has_the_stated_strength_and_no_mean(images):
    noise = with_noise(images, 0.05) - images
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    assert abs(noise.mean()) < 0.001


def test_a_sample_gets_the_same_noise_wherever_it_stands(images):
    together = with_noise(images, 0.05)
    np.testing.assert_array_equal(with_noise(images[2:], 0.05)[0], together[2])
    np.testing.assert_array_equal(with_noise(images[::-1], 0.05)[::-1], together)


def test_different_samples_get_different_noise(images):
    noise = with_noise(images, 1.0) - images
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05


def test_no_noise_leaves_the_samples_as_they_are(images):
    np.testing.assert_array_equal(with_noise(images, 0.0), images)
