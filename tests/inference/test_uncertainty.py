import numpy as np
import pytest
from transfer_samples import make_cube, make_model

from napari_udt.errors import ModelError, TransferError
from napari_udt.inference.probe import DRAWS, SpectralProbe, make_job
from napari_udt.inference.run import transfer
from napari_udt.inference.trust import spectral_trust, trust_of_cube
from napari_udt.inference.uncertainty import condition_spread

SYNDIFF = {"hidden": 16, "layers": 2, "latent": 3, "steps": 4, "residual_bound": 1.5}
PICTURES = {
    "widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu", "norm": "group",
    "denoiser_widths": [8, 8], "latent": 3, "steps": 4, "residual_bound": 1.5,
}  # fmt: skip


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


def stochastic(modality="HSI"):
    architecture = SYNDIFF if modality == "HSI" else PICTURES
    channels = 12 if modality == "HSI" else 4
    return make_model(modality, channels, kind="syndiff", architecture=architecture)


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_a_stochastic_model_draws_one_sample_that_its_seed_decides(modality):
    model, cube = stochastic(modality), make_cube(8, 12, 12 if modality == "HSI" else 4, modality)
    first, again, other = (transfer(cube, model, device="cpu", seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.data, again.data)
    assert np.abs(first.data - other.data).max() > 1e-3
    assert first.provenance["seed"] == 5
    assert first.provenance["drawn"].startswith("one sample")
    chunked = transfer(cube, model, device="cpu", seed=5, chunk_size=7)  # in any company
    np.testing.assert_allclose(chunked.data, first.data, rtol=1e-4, atol=1e-5)


def test_the_spread_of_a_stochastic_model_is_that_over_seeds(spectra):
    model = stochastic()
    found = condition_spread(model, spectra, draws=8)
    x = model.normalise(spectra, "simulated")
    drawn = [
        model.denormalise(model.translate(x, "simulated", "real", seed=seed), "real") for seed in range(8)
    ]
    np.testing.assert_allclose(found.mean, np.mean(drawn, axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.std, np.std(drawn, axis=0, ddof=1), rtol=1e-3, atol=1e-6)


def test_trust_and_bands_take_seeds_where_a_model_is_stochastic():
    cube, model = make_cube(5, 7, 12), stochastic()
    probe = SpectralProbe(make_job(cube, model))
    flat, entries = cube.data.reshape(-1, 12), probe.job.tissue.index.reshape(-1)
    drawn = probe.draws(flat, entries)
    assert drawn.shape == (DRAWS, 35, 12)
    for seed in (0, 3):
        np.testing.assert_allclose(
            drawn[seed],
            transfer(cube, model, device="cpu", seed=seed).data.reshape(-1, 12),
            rtol=1e-4,
            atol=1e-5,
        )
    spread = spectral_trust(probe, "conditions", flat, entries)["spread"]
    assert (spread > 0).all()
    picture = SpectralProbe(make_job(make_cube(8, 12, 4, "PAT"), stochastic("PAT")))
    assert (trust_of_cube(picture, "conditions", lambda done, total: None).maps["spread"] > 0).all()


def test_a_model_without_conditions_and_seeds_has_no_spread(spectra):
    flow = make_model("HSI", 12, kind="flow_matching", architecture={"hidden": 8, "layers": 1, "steps": 2})
    with pytest.raises(
        ModelError, match="draws no conditions; only a cINN does, and stochastic models have seeds"
    ):
        condition_spread(flow, spectra)
