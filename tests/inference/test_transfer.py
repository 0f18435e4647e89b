"""The transfer run: what comes out, whatever the chunks, and what stays when it goes wrong."""

import json

import numpy as np
import pytest
import torch
from transfer_samples import make_cube, make_model

import napari_udt
from napari_udt.errors import ModelError, TransferCancelled, TransferError
from napari_udt.inference import spectra
from napari_udt.inference.components import split


def plain_transfer(cube, model, tissue):
    """Section 2 of the paper, written out for every pixel."""
    x = cube.data.reshape(-1, cube.shape[2])
    latent, _ = model.encode(model.normalise(x, "simulated"), "simulated", tissue)
    moved = model.denormalise(model.decode(latent, "real", tissue), "real")
    return (moved * np.linalg.norm(x, axis=1, keepdims=True)).reshape(cube.shape)


def test_spectra_are_encoded_and_decoded_under_the_label_of_their_pixel(spectral_model):
    cube = make_cube(9, 7, 12)
    labels = np.where(cube.labels < 2, cube.labels, -1).reshape(-1)
    moved = napari_udt.transfer(cube, spectral_model)
    np.testing.assert_allclose(moved.data, plain_transfer(cube, spectral_model, labels), rtol=2e-4, atol=2e-5)
    proxy = napari_udt.transfer(cube, spectral_model, condition="proxy")
    np.testing.assert_allclose(proxy.data, plain_transfer(cube, spectral_model, None), rtol=2e-4, atol=2e-5)
    assert np.abs(moved.data - proxy.data).max() > 1e-3


def test_a_class_can_be_named_for_the_whole_picture(spectral_model):
    cube = make_cube(5, 6, 12, labels=None)
    named = napari_udt.transfer(cube, spectral_model, condition="skin")
    expected = plain_transfer(cube, spectral_model, np.full(30, 1))
    np.testing.assert_allclose(named.data, expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000, 10**6])
def test_the_result_does_not_depend_on_the_chunk_size(spectral_model, chunk):
    cube = make_cube(20, 31, 12)
    whole = napari_udt.transfer(cube, spectral_model)
    chunked = napari_udt.transfer(cube, spectral_model, chunk_size=chunk)
    np.testing.assert_array_equal(chunked.data, whole.data)


def test_there_and_back_again(spectral_model):
    cube = make_cube(9, 7, 12)
    there = napari_udt.transfer(cube, spectral_model)
    back = napari_udt.transfer(there, spectral_model, "real2sim")
    # The network's output is not on the unit sphere, so the norm of the way back differs; the shape does not.
    norm = np.linalg.norm(cube.data, axis=2, keepdims=True) / np.linalg.norm(back.data, axis=2, keepdims=True)
    assert np.corrcoef((back.data * norm).ravel(), cube.data.ravel())[0, 1] > 0.9


def test_unit_scale_leaves_the_models_own(spectral_model):
    cube = make_cube(4, 4, 12)
    source = napari_udt.transfer(cube, spectral_model)
    unit = napari_udt.transfer(cube, spectral_model, scale="unit")
    norms = np.linalg.norm(cube.data, axis=2, keepdims=True)
    np.testing.assert_allclose(unit.data * norms, source.data, rtol=1e-5)
    assert "unit" not in source.provenance["scale"]
    assert "L2-normalised" in unit.provenance["scale"]


@pytest.mark.parametrize("scale", ["source", "unit"])
def test_a_model_without_l2_norm_transfers_values_as_they_are(scale):
    cube, model = make_cube(4, 4, 12), make_model("HSI", 12, spectrum_norm="none", condition="domain")
    moved = napari_udt.transfer(cube, model, scale=scale)
    latent, _ = model.encode(model.normalise(cube.data.reshape(-1, 12), "simulated"), "simulated")
    expected = model.denormalise(model.decode(latent, "real"), "real")
    np.testing.assert_allclose(moved.data.reshape(-1, 12), expected, rtol=1e-3, atol=1e-4)
    assert "L2" not in moved.provenance["scale"]


def test_the_result_inherits_and_says_where_it_comes_from(spectral_model):
    cube = make_cube(4, 5, 12, oxygenation=np.full((4, 5), 0.7))
    moved = napari_udt.transfer(cube, spectral_model, device="cpu")
    assert moved.domain == "transferred"
    assert "digital device" in moved.origin
    assert moved.pixel_size_mm == cube.pixel_size_mm
    np.testing.assert_array_equal(moved.labels, cube.labels)
    np.testing.assert_array_equal(moved.oxygenation, cube.oxygenation)
    reported = json.loads(json.dumps(moved.provenance))
    assert reported["model"]["name"] == "hsi_test"
    assert reported["direction"] == "sim2real"
    assert reported["source"]["name"] == "test cube"
    assert len(reported["source"]["values_sha256"]) == 64
    assert "proxy: background" in reported["condition"]


@pytest.mark.parametrize("norm", ["l2", "none"])
def test_pixels_without_a_spectrum_become_nan_and_are_counted(norm):
    spectral_model = make_model("HSI", 12, spectrum_norm=norm)
    cube = make_cube(4, 5, 12)
    cube.data[1, 2] = 0
    cube.data[3, 3, 5] = np.nan
    cube.data[0, 4, 1] = np.inf
    moved = napari_udt.transfer(cube, spectral_model)
    lost = np.isnan(moved.data)
    assert np.argwhere(lost.all(axis=2)).tolist() == [[0, 4], [1, 2], [3, 3]]
    assert lost.any(axis=2).sum() == 3
    assert np.isfinite(moved.data).all(axis=2).sum() == 17
    assert moved.provenance["spectra_not_transferable"] == 3


def test_spectra_that_a_network_makes_infinite_are_counted(monkeypatch):
    from napari_udt.inference import spectra

    def overflowing(job, runner, values, entries):
        found = np.ones((len(values), 12), np.float32)
        found[values[:, 0] > 5] = np.inf
        return found

    monkeypatch.setattr(spectra, "_transferred", overflowing)
    cube = make_cube(4, 5, 12)
    cube.data[...] = 1
    cube.data[2, 1] = cube.data[3, 0] = 9
    moved = napari_udt.transfer(cube, make_model("HSI", 12))
    assert moved.provenance["spectra_not_transferable"] == 2


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_spectra_far_outside_what_the_model_saw_are_counted_and_said():
    from napari_udt.inference.far_outside import largest_accepted, warning

    cube = make_cube(8, 12, 4, "PAT")
    cube.data[0, 0] = np.nan  # not the model's fault
    fine = napari_udt.transfer(cube, make_model("PAT", 4), noise="none")
    assert "spectra_far_outside" not in fine.provenance
    assert warning(fine.provenance, 96) == ""
    scales = {"simulated": 1e-4, "real": 1e38}
    model = make_model("PAT", 4, intensity="asinh", intensity_scales=scales)
    moved = napari_udt.transfer(cube, model, noise="none")
    assert largest_accepted(model.spec, "real") > float(np.finfo(np.float32).max)
    far = ~np.isfinite(moved.data).all(axis=2)
    assert far.sum() > 40
    assert moved.provenance["spectra_far_outside"] == far.sum() - 1
    assert warning({"spectra_far_outside": 48}, 96).startswith("50 % of the spectra came out far outside")
    assert warning({"spectra_far_outside": 1}, 960).startswith("Less than 1 % of")


def test_values_below_zero_are_counted_where_a_model_reads_them_as_dark():
    from napari_udt.inference.far_outside import warning

    cube = make_cube(8, 12, 4, "PAT")
    cube.data[...] = np.abs(cube.data) + 0.1
    cube.data[2, 3, 1] = cube.data[5, 5] = -0.2
    scales = {"simulated": 0.5, "real": 0.5}
    softplus, asinh = (
        napari_udt.transfer(
            cube, make_model("PAT", 4, intensity=intensity, intensity_scales=scales), noise="none"
        )
        for intensity in ("softplus", "asinh")
    )
    assert softplus.provenance["spectra_below_zero"] == 2
    assert softplus.data.min() > 0
    assert "2 % of the spectra held values below zero" in warning(softplus.provenance, 96)
    assert "spectra_below_zero" not in asinh.provenance


def test_a_spectrum_far_outside_is_counted_but_not_one_that_was_broken_before(monkeypatch):
    from napari_udt.inference import spectra

    def overflowing(job, runner, values, entries):
        return np.where(values > 5, np.float32(1e9), values)

    monkeypatch.setattr(spectra, "_transferred", overflowing)
    cube = make_cube(4, 5, 12)
    cube.data[2, 1], cube.data[3, 0] = 9, np.nan
    moved = napari_udt.transfer(cube, make_model("HSI", 12, spectrum_norm="none"))
    assert moved.provenance["spectra_far_outside"] == 1


def test_broken_pixels_of_a_picture_go_in_as_zero_and_come_out_as_nan(image_model):
    whole = make_cube(8, 12, 4, "PAT")
    whole.data[2, 3] = 0
    broken = whole.with_(data=whole.data.copy())
    broken.data[2, 3] = np.nan, 0, np.inf, -np.inf
    expected = napari_udt.transfer(whole, image_model, noise="none").data
    moved = napari_udt.transfer(broken, image_model, noise="none")
    assert np.isfinite(expected).all()  # a dark pixel is a value
    assert np.argwhere(np.isnan(moved.data).any(axis=2)).tolist() == [[2, 3]]
    assert moved.provenance["spectra_not_transferable"] == 1
    expected[2, 3] = np.nan
    np.testing.assert_array_equal(moved.data, expected)


def test_other_wavelengths_are_interpolated_inside_the_covered_range(spectral_model):
    fine = make_cube(4, 5, 45, wavelengths_nm=np.linspace(480, 1020, 45))
    moved = napari_udt.transfer(fine, spectral_model)
    assert moved.shape == (4, 5, 12)
    np.testing.assert_array_equal(moved.wavelengths_nm, spectral_model.spec.wavelengths_nm)
    assert "interpolated" in moved.provenance["wavelengths"]


def test_wavelengths_outside_the_cubes_range_are_refused_with_both_ranges(spectral_model):
    narrow = make_cube(4, 5, 12, wavelengths_nm=np.linspace(600, 900, 12))
    with pytest.raises(TransferError, match=r"600-900 nm.*500-1000 nm"):
        napari_udt.transfer(narrow, spectral_model)


def test_progress_counts_pixels_up_to_all_of_them(spectral_model):
    calls = []
    napari_udt.transfer(
        make_cube(10, 10, 12), spectral_model, progress=lambda *c: calls.append(c), chunk_size=30
    )
    assert calls == [(0, 100), (30, 100), (60, 100), (90, 100), (100, 100)]


def test_cancelling_in_the_progress_ends_the_run(spectral_model):
    def cancel(done, total):
        if done >= 30:
            raise TransferCancelled("enough")

    with pytest.raises(TransferCancelled):
        napari_udt.transfer(make_cube(10, 10, 12), spectral_model, progress=cancel, chunk_size=30)


def test_a_full_device_memory_halves_the_chunk_and_goes_on(spectral_model, monkeypatch):
    sizes = []
    prepare = spectra.spectral_runner

    def tight(job):
        runner = prepare(job)

        def run(x, entries):
            sizes.append(len(x))
            if len(x) > 150:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return runner(x, entries)

        return run

    cube = make_cube(20, 30, 12)
    expected = napari_udt.transfer(cube, spectral_model)
    monkeypatch.setattr(spectra, "spectral_runner", tight)
    moved = napari_udt.transfer(cube, spectral_model, chunk_size=512)
    assert sizes[:3] == [512, 256, 128]
    np.testing.assert_array_equal(moved.data, expected.data)


def test_a_memory_too_small_for_anything_is_said_in_one_sentence(spectral_model, monkeypatch):
    def nothing_fits(job):
        def run(x, entries):
            raise torch.OutOfMemoryError("CUDA out of memory")

        return run

    monkeypatch.setattr(spectra, "spectral_runner", nothing_fits)
    with pytest.raises(TransferError, match="too little memory"):
        napari_udt.transfer(make_cube(20, 30, 12), spectral_model)


def test_a_broken_network_is_not_mistaken_for_a_full_memory(spectral_model, monkeypatch):
    def broken(job):
        def run(x, entries):
            raise RuntimeError("shape mismatch")

        return run

    monkeypatch.setattr(spectra, "spectral_runner", broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        napari_udt.transfer(make_cube(4, 4, 12), spectral_model)


@pytest.mark.parametrize("size", [(8, 12), (7, 13)])
def test_pictures_are_transferred_whole_and_padded_where_needed(image_model, size):
    cube = make_cube(*size, 4, "PAT")
    moved = napari_udt.transfer(cube, image_model)
    assert moved.shape == cube.shape
    padded = np.pad(cube.data, ((0, -size[0] % 2), (0, -size[1] % 2), (0, 0)), mode="edge")
    labels = np.pad(
        np.where(cube.labels < 2, cube.labels, -1), ((0, -size[0] % 2), (0, -size[1] % 2)), mode="edge"
    )
    x = image_model.normalise(np.moveaxis(padded, 2, 0)[None], "simulated")
    latent, _ = image_model.encode(x, "simulated", labels[None])
    expected = image_model.denormalise(image_model.decode(latent, "real", labels[None]), "real")
    np.testing.assert_allclose(
        moved.data, np.moveaxis(expected[0], 0, 2)[: size[0], : size[1]], rtol=1e-4, atol=1e-4
    )


def test_simulated_pictures_get_the_noise_of_training_the_same_every_time():
    noisy, clean = make_model("PAT", 4, input_noise=0.05), make_model("PAT", 4)
    cube = make_cube(8, 12, 4, "PAT")
    first, again = (napari_udt.transfer(cube, noisy) for _ in range(2))
    without = napari_udt.transfer(cube, noisy, noise="none")
    np.testing.assert_array_equal(first.data, again.data)
    np.testing.assert_array_equal(without.data, napari_udt.transfer(cube, clean).data)
    assert np.abs(first.data - without.data).max() > 1e-3
    assert "0.05" in first.provenance["noise"]
    assert without.provenance["noise"] == "none"


@pytest.mark.parametrize("modality", ["PAT", "HSI"])
def test_another_seed_gives_other_noise_and_is_in_the_provenance(modality):
    model, cube = make_model(modality, 4, input_noise=0.05), make_cube(8, 12, 4, modality)
    usual, first, again, second = (napari_udt.transfer(cube, model, seed=seed) for seed in (0, 7, 7, 8))
    np.testing.assert_array_equal(napari_udt.transfer(cube, model).data, usual.data)
    np.testing.assert_array_equal(first.data, again.data)
    for other in (usual, second):
        assert np.abs(first.data - other.data).max() > 1e-3
    assert [moved.provenance["seed"] for moved in (usual, first, second)] == [0, 7, 8]
    assert "seed" not in napari_udt.transfer(cube, model, noise="none").provenance  # it decides nothing there


def test_seeds_and_steps_that_cannot_be_used_are_refused():
    cube, model = make_cube(8, 12, 4, "HSI"), make_model("HSI", 4)
    with pytest.raises(TransferError, match="Seed -1 is out of range; choose a whole number from 0 to"):
        napari_udt.transfer(cube, model, seed=-1)
    with pytest.raises(TransferError, match="does not go in steps that can be chosen"):
        napari_udt.transfer(cube, model, steps=3)


def test_pictures_of_the_other_domain_get_no_noise():
    cube = make_cube(8, 12, 4, "PAT", domain="second")
    moved = [
        napari_udt.transfer(cube, make_model("PAT", 4, input_noise=noise), "real2sim")
        for noise in (0.0, 0.05)
    ]
    np.testing.assert_array_equal(moved[0].data, moved[1].data)
    assert "noise" not in moved[1].provenance


def test_an_unknown_noise_is_named(image_model):
    with pytest.raises(TransferError, match=r"'loud'.*training or none"):
        napari_udt.transfer(make_cube(8, 12, 4, "PAT"), image_model, noise="loud")


def test_a_model_of_the_other_modality_is_refused(image_model):
    with pytest.raises(TransferError, match=r"HSI cube.*PAT"):
        napari_udt.transfer(make_cube(4, 4, 12), image_model)


def test_an_unknown_device_direction_or_class_is_named(spectral_model):
    cube = make_cube(4, 4, 12)
    with pytest.raises(TransferError, match="cuda:9"):
        napari_udt.transfer(cube, spectral_model, device="cuda:9")
    with pytest.raises(TransferError, match="sideways"):
        napari_udt.transfer(cube, spectral_model, "sideways")
    with pytest.raises(TransferError, match=r"kidney.*liver, skin, spleen"):
        napari_udt.transfer(cube, spectral_model, condition="kidney")


def test_an_unknown_scale_is_named(spectral_model):
    with pytest.raises(TransferError, match="Scale 'l2' is unknown; choose source or unit"):
        napari_udt.transfer(make_cube(2, 2, 12), spectral_model, scale="l2")


def test_labels_must_be_there_when_they_are_asked_for(spectral_model):
    with pytest.raises(TransferError, match="no labels"):
        napari_udt.transfer(make_cube(4, 4, 12, labels=None), spectral_model, condition="labels")


def test_a_model_for_the_domain_alone_needs_no_labels():
    model = make_model("HSI", 12, condition="domain")
    cube = make_cube(6, 6, 12)
    moved = napari_udt.transfer(cube, model)
    np.testing.assert_allclose(moved.data, plain_transfer(cube, model, None), rtol=2e-4, atol=2e-5)


def test_an_invertible_model_comes_back_and_counts_itself(spectral_model, image_model):
    spectra = spectral_model.normalise(make_cube(4, 5, 12).data.reshape(-1, 12), "simulated")
    assert spectral_model.round_trip_error(spectra, "simulated").max() < 1e-4
    images = image_model.normalise(np.moveaxis(make_cube(8, 6, 4, "PAT").data, 2, 0)[None], "real")
    assert image_model.round_trip_error(images, "real").shape == (1,)
    assert image_model.round_trip_error(images, "real").max() < 1e-4
    assert spectral_model.parameter_count == sum(p.numel() for p in spectral_model.network.parameters())


def test_likelihood_per_dimension_is_the_likelihood_over_the_values(spectral_model):
    spectra = spectral_model.normalise(make_cube(4, 5, 12).data.reshape(-1, 12), "simulated")
    whole = spectral_model.log_likelihood(spectra, "simulated")
    per_value = spectral_model.log_likelihood(spectra, "simulated", per_dimension=True)
    np.testing.assert_allclose(per_value * 12, whole, rtol=1e-5)


@pytest.mark.parametrize("kind", ["unit", "cyclegan"])
@pytest.mark.parametrize("widths", [[4], [4, 8], [4, 8, 8]])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 40), (9, 6)])
def test_pictures_of_any_size_go_through_autoencoders(kind, widths, shape):
    architecture = {"widths": widths, "residual_blocks": 1, "padding": "reflect", "activation": "relu"}
    changes = {"architecture": architecture, "condition": "none", "kind": kind}
    moved = napari_udt.transfer(make_cube(*shape, 16, "PAT"), make_model("PAT", 16, **changes))
    assert moved.shape == (*shape, 16)
    assert np.all(np.isfinite(moved.data))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("odd", [1e30, np.inf, np.nan])
def test_odd_numbers_are_missing_values_and_warn_of_nothing(spectral_model, odd):
    cube = make_cube(4, 5, 12)
    cube.data[1, 2] = odd
    found = napari_udt.transfer(cube, spectral_model).data
    np.testing.assert_array_equal(np.argwhere(np.isnan(found).any(2)), [[1, 2]])
    pictures = make_cube(4, 5, 16, "PAT", wavelengths_nm=np.linspace(700, 850, 16))
    pictures.data[1, 2] = odd
    assert np.isfinite(split(pictures).shares).all()


def test_a_picture_too_small_for_an_autoencoder_is_a_sentence():
    architecture = {"widths": [4, 8, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu"}
    model = make_model("PAT", 16, architecture=architecture, condition="none", kind="unit")
    with pytest.raises(ModelError, match="multiples of 4, at least 8"):
        model.encode(np.ones((1, 16, 4, 8), np.float32), "simulated")
