import numpy as np
import pytest

from napari_udt.errors import TransferError
from napari_udt.inference.uncertainty import condition_spread


@pytest.fixture
def spectra():
    return 0.2 + np.random.default_rng(0).random((30, 12), dtype=np.float32)


def test_the_same_seed_gives_the_same_band(spectral_model, spectra):
    one, again = (condition_spread(spectral_model, spectra, draws=5, seed=3) for _ in range(2))
    other = condition_spread(spectral_model, spectra, draws=5, seed=4)
    np.testing.assert_array_equal(one.std, again.std)
    assert np.abs(one.std - other.std).max() > 0


def test_a_known_class_leaves_less_open_than_an_unknown_one(spectral_model, spectra):
    known = condition_spread(spectral_model, spectra, labels=np.ones(30, int), draws=30)
    unknown = condition_spread(spectral_model, spectra, labels=np.full(30, -1), draws=30)
    assert known.std.mean() < unknown.std.mean()
    assert (known.std > 0).any()


def test_the_mean_lies_near_the_expected_condition(spectral_model, spectra):
    labels = np.ones(30, int)
    latent, _ = spectral_model.encode(spectral_model.normalise(spectra, "simulated"), "simulated", labels)
    expected = spectral_model.denormalise(spectral_model.decode(latent, "real", labels), "real")
    drawn = condition_spread(spectral_model, spectra, labels=labels, draws=60)
    assert np.abs(drawn.mean - expected).mean() < drawn.std.mean()


def test_pictures_have_a_band_too(image_model):
    images = np.random.default_rng(0).random((1, 4, 8, 6), dtype=np.float32)
    spread = condition_spread(image_model, images, draws=4)
    assert spread.mean.shape == spread.std.shape == images.shape
    assert (spread.std > 0).any()


def test_one_draw_has_no_spread(spectral_model, spectra):
    with pytest.raises(TransferError, match="two or more"):
        condition_spread(spectral_model, spectra, draws=1)
