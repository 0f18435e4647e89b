"""Laws of the trust numbers: they are the model's own, and a map is its pixels."""

import math

import numpy as np
import pytest
from scipy import stats
from transfer_samples import make_cube, make_model

from napari_udt.errors import ModelError, TransferCancelled, TransferError
from napari_udt.inference import transfer
from napari_udt.inference.probe import DOMAIN_STEPS, DRAWS, SpectralProbe, make_job
from napari_udt.inference.trust import chi, spectral_trust, trust_of_cube


@pytest.fixture
def cube():
    return make_cube(5, 7, 12)


@pytest.fixture
def probe(cube, spectral_model):
    return SpectralProbe(make_job(cube, spectral_model))


def nothing(done, total):
    pass


def flat(cube):
    return cube.data.reshape(-1, cube.shape[2])


def test_the_live_spectrum_is_that_of_a_run(cube, spectral_model, probe):
    whole = transfer(cube, spectral_model, device="cpu")
    entries = probe.job.tissue.index
    found = probe.transfer(cube.data[2, 3][None], entries[2, 3][None])
    np.testing.assert_allclose(found[0], whole.data[2, 3], rtol=1e-4, atol=1e-5)


def test_exploring_its_own_condition_in_the_real_domain_is_the_transfer(cube, probe):
    spectra, entries = flat(cube), probe.job.tissue.index.reshape(-1)
    np.testing.assert_allclose(
        probe.explore(spectra, entries, None, 1.0), probe.transfer(spectra, entries), rtol=1e-4, atol=1e-5
    )


def test_exploring_its_own_condition_in_its_own_domain_gives_the_spectrum_back(cube, probe):
    spectra, entries = flat(cube), probe.job.tissue.index.reshape(-1)
    np.testing.assert_allclose(probe.explore(spectra, entries, None, 0.0), spectra, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("domain", [0.4, 0.75])
def test_exploring_is_what_the_model_decodes(cube, spectral_model, probe, domain):
    spectra, entries = flat(cube), probe.job.tissue.index.reshape(-1)
    tissue = probe.job.tissue.table[entries]
    z, _ = spectral_model.encode(spectral_model.normalise(spectra, "simulated"), "simulated", tissue)
    skin = np.tile(np.eye(3, dtype=np.float32)[1], (len(z), 1))
    expected = spectral_model.denormalise(spectral_model.decode(z, domain, skin), domain)
    expected = expected * np.linalg.norm(spectra, axis=1, keepdims=True)
    assert round(domain * DOMAIN_STEPS) == pytest.approx(domain * DOMAIN_STEPS)
    np.testing.assert_allclose(
        probe.explore(spectra, entries, "skin", domain), expected, rtol=1e-3, atol=1e-4
    )


def test_an_unknown_class_cannot_be_explored(cube, probe):
    with pytest.raises(ModelError, match="does not know the class 'bone'"):
        probe.explore(flat(cube), probe.job.tissue.index.reshape(-1), "bone", 1.0)


def test_draws_differ_between_conditions_and_not_between_companies(cube, probe):
    spectra, entries = flat(cube), probe.job.tissue.index.reshape(-1)
    together = probe.draws(spectra, entries)
    assert together.shape == (DRAWS, len(spectra), 12)
    assert (together.std(axis=0).max(axis=1) > 1e-4).all()
    alone = probe.draws(spectra[9:10], entries[9:10])
    np.testing.assert_allclose(alone[:, 0], together[:, 9], rtol=1e-4, atol=1e-5)


def test_the_draws_lie_around_the_expected_condition(cube, probe):
    spectra = flat(cube)[:1]
    known = np.flatnonzero([not np.allclose(row, row[0]) for row in probe.job.tissue.table])[:1]
    drawn, expected = probe.draws(spectra, known), probe.transfer(spectra, known)
    assert (np.abs(drawn.mean(axis=0) - expected) < 4 * drawn.std(axis=0) + 1e-6).all()


@pytest.mark.parametrize("norm", ["l2", "none"])
def test_what_is_not_a_spectrum_is_nan(cube, norm):
    probe = SpectralProbe(make_job(cube, make_model("HSI", 12, spectrum_norm=norm)))
    spectra = flat(cube)[:3].copy()
    spectra[0], spectra[1, 4] = 0, np.inf
    entries = probe.job.tissue.index.reshape(-1)[:3]
    assert np.isnan(probe.transfer(spectra, entries)).all(axis=1).tolist() == [True, True, False]
    numbers = spectral_trust(probe, "network", spectra, entries)
    assert all(np.isnan(values).tolist() == [True, True, False] for values in numbers.values())


def test_likelihoods_are_the_models(cube, spectral_model, probe):
    spectra, entries = flat(cube), probe.job.tissue.index.reshape(-1)
    tissue = probe.job.tissue.table[entries]
    x = spectral_model.normalise(spectra, "simulated")
    moved = spectral_model.decode(spectral_model.encode(x, "simulated", tissue)[0], "real", tissue)
    numbers = spectral_trust(probe, "network", spectra, entries)
    for key, values, domain in (("source", x, "simulated"), ("target", moved, "real")):
        bits = spectral_model.log_likelihood(values, domain, tissue) / 12 / math.log(2)
        np.testing.assert_allclose(numbers[key], bits, rtol=1e-5)


def test_latent_numbers_follow_from_the_latent(cube, spectral_model, probe):
    spectra, entries = flat(cube), probe.job.tissue.index.reshape(-1)
    x = spectral_model.normalise(spectra, "simulated")
    z, _ = spectral_model.encode(x, "simulated", probe.job.tissue.table[entries])
    numbers = spectral_trust(probe, "network", spectra, entries)
    norms = stats.chi(12)
    np.testing.assert_allclose(
        numbers["norm"], (np.linalg.norm(z, axis=1) - norms.mean()) / norms.std(), rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(numbers["tail"], 100 * (np.abs(z) > 3).mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(numbers["magnitude"], np.abs(x).max(axis=1), rtol=1e-6)


def test_an_invertible_network_comes_back(cube, probe):
    numbers = spectral_trust(probe, "network", flat(cube), probe.job.tissue.index.reshape(-1))
    assert (numbers["round_trip"] < 0.1).all()


@pytest.mark.parametrize("dimensions", [1, 2, 12, 100, 5000, 500_000])
def test_moments_of_the_chi_distribution(dimensions):
    found, expected = chi(dimensions), stats.chi(dimensions)
    assert found.mean == pytest.approx(expected.mean(), rel=1e-6)
    draws = min(dimensions, 5000)  # scipy's variance suffers from the cancellation that the series avoids
    assert chi(draws).std == pytest.approx(stats.chi(draws).std(), rel=1e-4)
    assert found.std == pytest.approx(math.sqrt(0.5), abs=0.11)


@pytest.mark.parametrize("group", ["network", "conditions"])
def test_a_map_is_its_pixels(cube, probe, group):
    found = trust_of_cube(probe, group, nothing)
    for row, column in ((0, 0), (2, 5), (4, 6)):
        one = spectral_trust(
            probe, group, cube.data[row, column][None], probe.job.tissue.index[row, column][None]
        )
        for key, values in one.items():
            assert found.maps[key][row, column] == pytest.approx(float(values[0]), rel=1e-3, abs=1e-4)
            assert found.numbers[key] == pytest.approx(float(np.median(found.maps[key])))


def test_a_run_can_be_cancelled(probe):
    def cancel(done, total):
        raise TransferCancelled("enough")

    with pytest.raises(TransferCancelled):
        trust_of_cube(probe, "network", cancel)


def test_a_picture_has_one_likelihood_and_maps_of_the_rest(image_model):
    cube = make_cube(8, 12, 4, "PAT")
    probe = SpectralProbe(make_job(cube, image_model))
    found = trust_of_cube(probe, "network", nothing)
    assert set(found.maps) == {"round_trip", "magnitude"}
    image = np.moveaxis(cube.data, 2, 0)[None]
    x, tissue = image_model.normalise(image, "simulated"), probe.job.tissue.as_image()[None]
    bits = image_model.log_likelihood(x, "simulated", tissue, per_dimension=True)[0] / math.log(2)
    assert found.numbers["source"] == pytest.approx(float(bits), rel=1e-5)
    np.testing.assert_allclose(found.maps["magnitude"], np.abs(x[0]).max(axis=0), rtol=1e-6)
    z, _ = image_model.encode(x, "simulated", tissue)
    assert found.latent.count * 4 == z.size
    assert found.latent.observed.min() >= z.min()
    assert np.median(found.latent.observed) == pytest.approx(float(np.median(z)), abs=0.3 * float(z.std()))
    assert "code" not in {**found.maps, **found.numbers}
    spread = trust_of_cube(probe, "conditions", nothing)
    assert spread.latent is None
    assert spread.maps["spread"].shape == (8, 12)
    assert (spread.maps["spread"] > 0).all()


def test_a_picture_that_would_have_to_be_filled_up_is_refused(image_model):
    probe = SpectralProbe(make_job(make_cube(7, 9, 4, "PAT"), image_model))
    with pytest.raises(TransferError, match="7 x 9 pixels"):
        trust_of_cube(probe, "network", nothing)


def test_a_network_without_likelihood_has_only_what_it_has(cube):
    architecture = {"hidden": 16, "latent": 6, "activation": "lrelu"}
    model = make_model("HSI", 12, kind="unit", architecture=architecture)
    found = trust_of_cube(SpectralProbe(make_job(cube, model)), "network", nothing)
    assert set(found.maps) == {"round_trip", "magnitude"}
    assert (found.maps["round_trip"] > 0.1).any()


def test_cubes_of_the_other_domain_go_the_other_way(cube, spectral_model):
    assert make_job(cube.with_(domain="second"), spectral_model).domains == ("real", "simulated")


def test_modalities_do_not_mix(cube, image_model):
    with pytest.raises(TransferError, match="HSI cube"):
        make_job(cube, image_model)


def test_simulated_spectra_get_the_noise_of_training_under_the_mouse_as_in_a_run(cube):
    model = make_model("HSI", 12, input_noise=0.05)
    probe = SpectralProbe(make_job(cube, model))
    noisy, clean = (transfer(cube, model, device="cpu", noise=noise) for noise in ("training", "none"))
    found = probe.transfer(flat(cube), probe.job.tissue.index.reshape(-1)).reshape(cube.shape)
    np.testing.assert_allclose(found, noisy.data, rtol=1e-4, atol=1e-5)
    assert np.abs(noisy.data - clean.data).max() > 1e-3
    np.testing.assert_array_equal(noisy.data, transfer(cube, model, device="cpu", chunk_size=3).data)
