"""Every method once through the window, as a user goes: choose the model, press Transfer, see its curve at a pin, move what it offers.

The networks are small, with weights at random, and installed as any model is.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from canvas_mouse import click as click_pixel
from model_specs import flow_spec, hsi_spec, pat_spec, stir
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox, QSlider

from napari_udt.models import save_model, store
from napari_udt.models.assemble import transfer_model
from napari_udt.models.build import build_network
from napari_udt.viewer.app import furnish
from napari_udt.viewer.state.session import CurveId, PixelRef

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
PICTURES = {"widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu"}
BOUNDED = PICTURES | {"norm": "group", "residual_bound": 1.5}
SPECTRA = {"hidden": 8, "layers": 2}
ENCODERS = {"hidden": 8, "latent": 5, "activation": "relu"}
DIFFUSION = {"latent": 3, "steps": 4, "residual_bound": 1.5}
# By the model's name: its kind and architecture, and the field that it has beside model, direction and tissue.
HSI = {
    "hsi_cinn": ("cinn", hsi_spec().architecture, ""),
    "hsi_cinn_again": ("cinn", hsi_spec().architecture, ""),  # another training of it
    "hsi_unit": ("unit", ENCODERS, ""),
    "hsi_cyclegan": ("cyclegan", ENCODERS, ""),
    "hsi_flow_matching": ("flow_matching", SPECTRA | {"steps": 4}, "steps"),
    "hsi_bridge": ("flow_matching", SPECTRA | {"steps": 4, "bridge_noise": 0.3}, "seed steps"),
    "hsi_syndiff": ("syndiff", SPECTRA | DIFFUSION, "seed"),
}
PAT = {
    "pat_cinn": ("cinn", pat_spec().architecture, ""),
    "pat_cinn_again": ("cinn", pat_spec().architecture, ""),
    "pat_wavelet_flow": ("cinn", flow_spec().architecture, ""),
    "pat_unit": ("unit", PICTURES, ""),
    "pat_cyclegan": ("cyclegan", PICTURES, ""),
    "pat_dicyclegan": ("dicyclegan", BOUNDED | {"largest_offset": 2.0}, "deformed"),
    "pat_syndiff": ("syndiff", BOUNDED | DIFFUSION | {"denoiser_widths": [8, 16]}, "seed"),
    "pat_med_usis": (
        "label_to_image",
        {"widths": [6, 4], "latent": 3, "texture": 1, "wavelets": True},
        "seed truncation",
    ),
}
METHODS = {"HSI": HSI, "PAT": PAT}
PLACE = PixelRef("source", 9, 12)


def install(methods, make_spec, folder):
    for number, (name, (kind, architecture, _)) in enumerate(methods.items()):
        record = {"config": {"name": "cinn", "seed": number}} if "cinn" in name else {}
        spec = make_spec(name=name, kind=kind, architecture=architecture, training=record)
        torch.manual_seed(number)
        network = stir(build_network(spec), 0.1).requires_grad_(False)
        save_model(transfer_model(spec, network), folder / spec.name)


@pytest.fixture
def window(make_napari_viewer, monkeypatch, tmp_path, modality):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(store, "bundled_folder", lambda: tmp_path / "none")
    install(METHODS[modality], hsi_spec if modality == "HSI" else pat_spec, tmp_path / "models")
    return furnish(make_napari_viewer(show=True))


def source(pat, hsi, modality):
    if modality == "PAT":
        return pat("source")
    labels = np.arange(30) * 3 // 30 * np.ones((24, 1), int)
    return hsi("source", labels=labels, label_names={0: "fat", 1: "liver", 2: "skin"})


def step_to(box, text):
    """Choose as a keyboard user does."""
    for _ in range(box.count()):
        down = box.findText(text) - box.currentIndex()
        if down:
            QTest.keyClick(box, Qt.Key.Key_Down if down > 0 else Qt.Key.Key_Up)
    assert box.currentText() == text


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_every_method_transfers_and_is_seen_and_what_it_offers_does_something(
    window, pat, hsi, qtbot, modality
):
    session, dock, spectra = window.context.session, window.transfer, window.spectra
    session.set_options(normalisation="none", live=False)

    def unfolded():
        """Show the form again, which folds as a result comes."""
        if dock.folded:
            qtbot.mouseClick(dock.fold_button, Qt.MouseButton.LeftButton)

    def transferred():
        """Press the button; return the last result, once all and its curve at the pin are there, and what it was asked for."""
        before, request = {entry.key for entry in session}, dock.request()
        qtbot.mouseClick(dock.run_button.native, Qt.MouseButton.LeftButton)
        wanted = len(before) + (2 if "deformed" in request.arguments else 1)
        qtbot.waitUntil(lambda: not dock.running and len(session) == wanted, timeout=30000)
        key = next(entry.key for entry in reversed(list(session)))
        assert key not in before
        curves = []

        def seen():
            curves[:] = [c for c in spectra.curves.curves if c.id == CurveId(key, session.pins[0].number)]
            return bool(curves) and not spectra.busy

        qtbot.waitUntil(seen, timeout=30000)
        cube = session[key].cube
        np.testing.assert_allclose(curves[0].values, cube.data[PLACE.row, PLACE.column], rtol=1e-5)
        assert np.isfinite(cube.data).all(), key
        return cube, request.arguments

    def has_band():
        return any(curve.label.endswith("over 2 trainings") for curve in spectra.curves.curves)

    fields = {
        "seed": dock.seed.native,
        "steps": dock.steps.native.findChild(QSlider),
        "deformed": dock.deformation.native,
        "truncation": dock.truncation.slider,
    }
    keys = {"seed": Qt.Key.Key_Up, "deformed": Qt.Key.Key_Down}  # of the others: to the left end
    session.add(source(pat, hsi, modality))
    click_pixel(window, PLACE)
    assert [pin.pixel for pin in session.pins] == [PLACE]
    for name, (kind, _, offered) in METHODS[modality].items():
        if name.endswith("again"):
            continue
        unfolded()
        step_to(dock.model.native, name)
        assert {field for field, widget in fields.items() if widget.isVisible()} == {*offered.split()}, name
        first, _ = transferred()
        assert first.provenance["model"]["kind"] == kind
        assert np.abs(first.data - first.data.mean(axis=(0, 1))).max() > 1e-3, f"{name}: no picture"
        if name.endswith("cinn"):
            step_to(spectra.findChild(QComboBox, "spread"), "Over trainings: ± 1 SD")
            qtbot.waitUntil(has_band, timeout=30000)
            step_to(spectra.findChild(QComboBox, "spread"), "No band")
        for field in offered.split():
            unfolded()
            QTest.keyClick(fields[field], keys.get(field, Qt.Key.Key_Home))
            other, asked = transferred()
            assert other.provenance[field] == asked[field] != first.provenance.get(field), f"{name}: {field}"
            assert np.abs(other.data - first.data).max() > 1e-5, f"{name}: {field} changes nothing"
            assert (f"{other.name} · deformation" in window.viewer.layers) == (field == "deformed")
        for entry in session.with_role("transferred"):
            session.remove(entry.key)
