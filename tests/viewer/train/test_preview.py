"""What the weights of a running training make of some pixels, without Qt."""

import time
from dataclasses import replace

import numpy as np
import pytest
from own_cubes import write_envi

from napari_udt.cube import SpectralCube
from napari_udt.inference import transfer
from napari_udt.io import open_cube, save_cube
from napari_udt.models import load_model, save_model
from napari_udt.spectral.spectra import normalise
from napari_udt.training.preview_cubes import CUBES, thinning
from napari_udt.training.progress import PREVIEW, WANTED
from napari_udt.viewer.state.session import PixelRef, Session
from napari_udt.viewer.train.plan import Plan
from napari_udt.viewer.train.preview import LivePreview, default_scene, pinned_scene, preview_of

NM = np.array(load_model("hsi_unit_y").spec.wavelengths_nm)


def pair(tmp_path, shape=(20, 24), **fields):
    return [
        open_cube(
            write_envi(
                tmp_path / f"{name}.hdr", i, target=bool(i), wavelengths_nm=NM, names=("liver", "skin"),
                shape=shape, **fields,
            )
        )
        for i, name in enumerate("ab")
    ]  # fmt: skip


def test_without_pins_there_is_a_typical_pixel_of_each_structure(tmp_path):
    cube = pair(tmp_path)[0]
    found = default_scene(cube)
    assert sorted(place.title for place in found.places) == ["liver", "skin"]
    for place in found.places:
        name = cube.label_names[int(cube.labels[place.row, place.column])]
        assert name == place.title
        own = np.asarray(cube.data)[cube.labels == cube.labels[place.row, place.column]]
        away = np.linalg.norm(own - np.median(own, axis=0), axis=1)
        here = np.linalg.norm(cube.spectrum(place.row, place.column) - np.median(own, axis=0))
        assert here == pytest.approx(away.min())
    assert default_scene(cube.with_(labels=None)).places == ()


def test_the_newest_pin_says_which_simulated_cube_is_looked_at(tmp_path):
    session = Session()
    for cube in pair(tmp_path):
        session.add(cube)
    assert pinned_scene(session, Plan()) is None
    session.pin(PixelRef("b", 1, 1))
    assert pinned_scene(session, Plan()) is None or pinned_scene(session, Plan()).cube.name == "a"
    for row in range(6):
        session.pin(PixelRef("a", row, 2))
    found = pinned_scene(session, Plan(structures={"liver": "Leber"}))
    assert [(place.row, place.column) for place in found.places] == [(row, 2) for row in (2, 3, 4, 5)]
    assert "Leber" in found.cube.present_labels.values()


@pytest.mark.parametrize("shape", [(20, 24), (170, 120)])
def test_a_preview_is_the_transfer_beside_both_domains_at_unit_norm(tmp_path, shape):
    simulated, target = pair(tmp_path, shape)
    model = load_model("hsi_unit_y")
    model.spec = replace(model.spec, training={"step": 12})
    found = preview_of(model, default_scene(simulated), target)
    step = thinning(shape)
    assert (step > 1) == (shape[0] > 100)
    whole = np.asarray(transfer(simulated, model, device="cpu", scale="unit").data)
    np.testing.assert_allclose(found.pictures[1], whole[::step, ::step], rtol=1e-4, atol=1e-6)
    assert (found.step, found.quantity) == (12, "reflectance, L2-normalised [1]")
    for known in found.curves:
        np.testing.assert_allclose(
            known.now, whole[known.place.row, known.place.column], rtol=1e-4, atol=1e-6
        )
        np.testing.assert_allclose(np.linalg.norm(known.simulated), 1, rtol=1e-5)
        spectra = normalise(
            np.asarray(target.data)[target.labels == (1 if known.place.title == "liver" else 2)], "l2"
        )
        np.testing.assert_allclose(known.target, np.median(spectra, axis=0), rtol=1e-4)
    planes, (low, high) = found.planes(NM[3] + 0.1)
    values = np.concatenate([plane.reshape(-1) for plane in planes])
    np.testing.assert_array_equal(planes[0], found.pictures[0][..., 3])
    assert (low, high) == pytest.approx(tuple(np.percentile(values, (1, 99))))


def test_images_are_transferred_whole_and_keep_their_units(tmp_path, pat):
    model = load_model("pat_unit_y")
    nm = model.spec.wavelengths_nm
    rng = np.random.default_rng(0)
    cubes = [
        SpectralCube(
            rng.uniform(1, 2, (32, 32, len(nm))), nm, "PAT", domain, np.ones((32, 32), int), {1: "muscle"}
        )
        for domain in ("simulated", "real")
    ]
    found = preview_of(model, default_scene(cubes[0]), cubes[1].with_(labels=None))
    whole = np.asarray(transfer(cubes[0], model, device="cpu").data)
    np.testing.assert_allclose(found.pictures[1], whole, rtol=1e-4)
    (known,) = found.curves
    np.testing.assert_array_equal(known.simulated, cubes[0].spectrum(known.place.row, known.place.column))
    np.testing.assert_allclose(
        known.target, np.median(np.asarray(cubes[1].data).reshape(-1, len(nm)), axis=0)
    )


def test_weights_are_asked_for_read_and_asked_for_again_later(tmp_path, monkeypatch):
    folder = tmp_path / "mine.run"
    simulated, target = pair(tmp_path)
    folder.mkdir()
    for cube, domain in ((simulated, "simulated"), (target, "second")):
        save_cube(cube, folder / CUBES[domain])
    live = LivePreview()
    live.ask(folder)
    assert (folder / WANTED).exists()
    assert not live.is_ready(folder)
    save_model(load_model("hsi_unit_y"), folder / PREVIEW)
    (folder / WANTED).unlink()  # as the training does
    assert live.is_ready(folder)
    assert len(live.make(folder, None).curves) == 2
    live.ask(folder)
    assert not (folder / WANTED).exists(), "asked again at once"
    later = time.monotonic() + 1e4
    monkeypatch.setattr("napari_udt.viewer.train.preview.time.monotonic", lambda: later)
    live.ask(folder)
    assert (folder / WANTED).exists()
    live.withdraw()
    assert not (folder / WANTED).exists()


def test_a_pinned_cube_that_the_model_does_not_fit_is_not_looked_at(tmp_path):
    folder = tmp_path / "mine.run"
    folder.mkdir()
    for cube, domain in zip(pair(tmp_path), CUBES, strict=True):
        save_cube(cube, folder / CUBES[domain])
    save_model(load_model("hsi_unit_y"), folder / PREVIEW)
    other = default_scene(open_cube(write_envi(tmp_path / "narrow.hdr", 0, wavelengths_nm=[600, 610, 620])))
    found = LivePreview().make(folder, other)
    assert sorted(known.place.title for known in found.curves) == ["liver", "skin"]
