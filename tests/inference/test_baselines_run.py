"""Baselines behind the door of a transfer: statistics of the reference, per structure, and an honest label."""

from __future__ import annotations

import json

import numpy as np
import pytest
from transfer_samples import make_cube

import napari_udt
from napari_udt.errors import TransferCancelled, TransferError
from napari_udt.inference.baselines import transfer_baseline

METHODS = ["moments", "histograms", "gaussian"]
MODALITIES = ["HSI", "PAT"]


def reference_for(modality: str, channels: int = 6, **changes):
    """Another picture, other numbers and spellings for the same structures, other statistics."""
    cube = make_cube(30, 31, channels, modality)
    shift = np.linspace(0, 2, channels, dtype=np.float32) * (1 + cube.labels[..., None])
    fields = {
        "data": 0.5 * cube.data + shift,
        "labels": cube.labels + 4,
        "label_names": {4: "liver", 5: "Skin", 6: "Background"},
        "domain": "second",
        "origin": "digital device",
        "name": "the other",
    }
    return cube.with_(**(fields | changes))


def unit(spectra, modality):
    return spectra / np.linalg.norm(spectra, axis=-1, keepdims=True) if modality == "HSI" else spectra


def matched_scale(moved, cube):
    """The transferred spectra on the scale on which they were matched."""
    return moved.data / np.linalg.norm(cube.data, axis=2)[..., None] if cube.modality == "HSI" else moved.data


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_identity_is_the_identity(modality):
    cube = make_cube(7, 8, 6, modality)
    cube.data[0, 0], cube.data[1, 1, 2] = 0, np.nan
    for reference in (None, reference_for(modality, labels=None)):
        moved = transfer_baseline(cube, "identity", reference)
        np.testing.assert_array_equal(moved.data, cube.data)
        assert not np.shares_memory(moved.data, cube.data)
        assert moved.domain == "transferred"
        assert moved.origin == "simulated, as it is (baseline: identity)"


@pytest.mark.parametrize("modality", MODALITIES)
def test_moments_become_those_of_the_references_structure(modality):
    cube, reference = make_cube(20, 21, 6, modality), reference_for(modality)
    moved = transfer_baseline(cube, "moments", reference)
    found, wanted = matched_scale(moved, cube), unit(reference.data, modality)
    for number in range(3):
        own, theirs = found[cube.labels == number], wanted[reference.labels == number + 4]
        np.testing.assert_allclose(own.mean(axis=0), theirs.mean(axis=0), rtol=1e-4)
        np.testing.assert_allclose(own.std(axis=0), theirs.std(axis=0), rtol=1e-4)


@pytest.mark.parametrize("modality", MODALITIES)
def test_histograms_become_those_of_the_references_structure(modality):
    cube, reference = make_cube(20, 21, 6, modality), reference_for(modality)
    moved = transfer_baseline(cube, "histograms", reference)
    found, wanted = matched_scale(moved, cube), unit(reference.data, modality)
    shares = np.linspace(0.1, 0.9, 9)
    for number in range(3):
        own, theirs = found[cube.labels == number], wanted[reference.labels == number + 4]
        step = np.ptp(theirs, axis=0).max() / 20
        np.testing.assert_allclose(
            np.quantile(own, shares, axis=0), np.quantile(theirs, shares, axis=0), atol=step
        )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("modality", MODALITIES)
def test_matching_a_cube_to_itself_changes_nothing(method, modality):
    cube = make_cube(9, 10, 6, modality)
    np.testing.assert_allclose(transfer_baseline(cube, method, cube).data, cube.data, rtol=1e-4)


def test_brightness_of_an_input_does_not_matter_but_is_given_back():
    cube, reference = make_cube(9, 10, 6), reference_for("HSI")
    brighter = cube.with_(data=3 * cube.data)
    moved, again = (transfer_baseline(c, "moments", reference) for c in (cube, brighter))
    np.testing.assert_allclose(again.data, 3 * moved.data, rtol=1e-4)
    assert "times its input's L2 norm" in moved.provenance["scale"]


@pytest.mark.parametrize("unknown", ["liver", None])
def test_structures_that_the_reference_lacks_are_matched_to_all_that_is_labelled(unknown):
    names = {0: "Liver", 1: "skin", 2: "background"} if unknown else {1: "skin", 2: "background"}
    cube = make_cube(20, 21, 6, "PAT", label_names=names)
    reference = reference_for("PAT", label_names={5: "Skin", 6: "background"})
    moved = transfer_baseline(cube, "moments", reference)
    labelled = reference.data[reference.labels != 4]
    own = moved.data[cube.labels == 0]
    np.testing.assert_allclose(own.mean(axis=0), labelled.mean(axis=0), rtol=1e-4)
    said = unknown or "pixels without a named structure"
    assert moved.provenance["condition"] == (
        f"structures matched by name (background, skin); matched to all labelled spectra of the other: {said}"
    )


def test_a_cube_without_labels_is_matched_as_a_whole():
    cube, reference = make_cube(9, 10, 6, "PAT", labels=None), reference_for("PAT")
    moved = transfer_baseline(cube, "moments", reference)
    np.testing.assert_allclose(moved.data.mean(axis=(0, 1)), reference.data.mean(axis=(0, 1)), rtol=1e-4)
    assert "(none)" in moved.provenance["condition"]


def test_wavelengths_become_the_references():
    wanted = np.array([510.0, 600.0, 777.0])
    reference = reference_for("PAT", 3, wavelengths_nm=wanted)
    cube = make_cube(5, 6, 12, "PAT")
    moved = transfer_baseline(cube, "identity", reference)
    np.testing.assert_array_equal(moved.wavelengths_nm, wanted)
    expected = np.interp(wanted, cube.wavelengths_nm, cube.data[2, 3])
    np.testing.assert_allclose(moved.data[2, 3], expected, rtol=1e-5)
    assert "to the reference's 3" in moved.provenance["wavelengths"]
    assert transfer_baseline(cube, "histograms", reference).shape == (5, 6, 3)


@pytest.mark.parametrize("method", METHODS)
def test_spectra_without_values_become_nan_and_disturb_no_others(method):
    cube, reference = make_cube(9, 10, 6), reference_for("HSI")
    cube.data[0, 0], cube.data[1, 1, 2], cube.labels[:2] = 0, np.nan, 1
    reference.data[0, 0], reference.data[0, 1] = np.inf, 0
    moved = transfer_baseline(cube, method, reference)
    lost = np.isnan(moved.data).any(axis=2)
    assert [tuple(place) for place in np.argwhere(lost)] == [(0, 0), (1, 1)]
    assert moved.provenance["spectra_not_transferable"] == 2


def test_the_result_says_what_it_is_and_keeps_what_it_was():
    cube, reference = make_cube(9, 10, 6), reference_for("HSI")
    moved = napari_udt.transfer(cube, "baseline:histograms", reference=reference)
    assert (moved.domain, moved.origin) == (
        "transferred",
        "transferred to: digital device (baseline: histograms)",
    )
    assert moved.pixel_size_mm == cube.pixel_size_mm
    np.testing.assert_array_equal(moved.labels, cube.labels)
    reported = json.loads(json.dumps(moved.provenance))
    model = reported["model"]
    assert (model["name"], model["kind"], model["target"]) == (
        "baseline: histograms",
        "baseline",
        "digital device",
    )
    assert model["reference"]["name"] == "the other"
    assert reported["source"]["name"] == "test cube"
    assert reported["direction"] == "simulated to second"
    assert {"napari-udt", "numpy", "scikit-image", "python"} <= set(reported["software"])


def test_progress_counts_every_pixel_and_may_stop_the_run():
    cube, reference, seen = make_cube(9, 10, 6), reference_for("HSI"), []
    cube.data[0, 0] = np.nan
    transfer_baseline(cube, "moments", reference, lambda *step: seen.append(step))
    assert seen[0] == (0, 90)
    assert seen[-1] == (90, 90)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})

    def stop(done, total):
        raise TransferCancelled("stopped")

    with pytest.raises(TransferCancelled):
        transfer_baseline(cube, "moments", reference, stop)


@pytest.mark.parametrize(
    ("method", "reference", "said"),
    [
        ("magic", None, "'magic' is unknown; choose identity, moments, histograms"),
        ("moments", None, "needs a reference, a labelled cube .* test cube"),
        ("moments", reference_for("PAT"), "the other is PAT; choose a HSI reference"),
        (
            "moments",
            reference_for("HSI", labels=None),
            "the other has no usable spectra with a named structure",
        ),
        ("moments", reference_for("HSI", label_names={}), "the other has no usable spectra"),
        (
            "moments",
            reference_for("HSI", wavelengths_nm=np.linspace(400, 900, 6)),
            "the reference needs 400-900",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(method, reference, said):
    with pytest.raises(TransferError, match=said):
        transfer_baseline(make_cube(4, 5, 6), method, reference)


def test_options_that_belong_elsewhere_are_refused(spectral_model):
    cube, reference = make_cube(4, 5, 12), reference_for("HSI", 12)
    for options in ({"condition": "proxy"}, {"scale": "unit"}):
        with pytest.raises(TransferError, match="is for networks"):
            napari_udt.transfer(cube, "baseline:moments", reference=reference, **options)
    with pytest.raises(TransferError, match="Only baselines take a reference"):
        napari_udt.transfer(cube, spectral_model, reference=reference)


@pytest.mark.parametrize("method", ["gaussian_all", "coral"])
@pytest.mark.parametrize("modality", MODALITIES)
def test_one_map_for_all_spectra_needs_no_structures(method, modality):
    cube, reference = make_cube(20, 21, 6, modality), reference_for(modality)
    moved = transfer_baseline(cube, method, reference.with_(labels=None))
    np.testing.assert_array_equal(moved.data, transfer_baseline(cube, method, reference).data)
    found, wanted = (matched_scale(moved, cube).reshape(-1, 6), unit(reference.data, modality).reshape(-1, 6))
    np.testing.assert_allclose(found.mean(axis=0), wanted.mean(axis=0), rtol=1e-3)
    np.testing.assert_allclose(np.cov(found.T), np.cov(wanted.T), atol=0.02 * np.cov(wanted.T).max())
    assert "one map for all spectra" in moved.provenance["condition"]
