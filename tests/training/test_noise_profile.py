"""The noise of a domain, estimated from its images."""

import numpy as np
import pytest

from napari_udt.models.noise import InputNoise, with_noise
from napari_udt.training.noise_profile import BANDS, noise_profile


def tissue(n, rng):
    """Smooth pictures with one spectrum, over two decades of brightness."""
    rows, columns = np.mgrid[:64, :96] / 20
    phases = rng.uniform(0, 6, (n, 1, 1, 1))
    brightness = 10 ** (1 + np.sin(rows + phases) * np.cos(columns + phases))
    return brightness * np.linspace(1, 2, 16)[:, None, None]


def test_noise_that_was_added_is_found_under_tissue_a_hundred_times_brighter():
    rng = np.random.default_rng(0)
    clean = tissue(12, rng)
    known = InputNoise(profile=(0.2, 0.2, 0.8, 0.8), variation=0.5)
    noisy = np.sinh(with_noise(np.arcsinh(clean).astype(np.float32), known))
    found = noise_profile(3 * noisy, 3.0)
    assert len(found.profile) == BANDS
    scale = np.exp(np.log(np.array(found.profile)[[0, 1, -2, -1]] / [0.2, 0.2, 0.8, 0.8]).mean())
    assert scale == pytest.approx(1, rel=0.45), "12 images whose strengths differ by a factor of 1.6"
    assert np.mean(found.profile[-4:]) / np.mean(found.profile[:4]) == pytest.approx(4, rel=0.1)
    assert found.variation == pytest.approx(0.5, abs=0.25)


def test_images_without_noise_have_next_to_none():
    found = noise_profile(tissue(3, np.random.default_rng(1)), 1.0)
    assert max(found.profile) < 1e-5
