"""Bands over trainings: around which curves, against their definition, what is said where there can be none, and a click."""

import csv

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QComboBox
from transfer_samples import make_cube, make_model, make_training

from napari_udt.inference import transfer
from napari_udt.spectral.transforms import Transform
from napari_udt.viewer.spectra.export import csv_text
from napari_udt.viewer.spectra.figure_curves import band_title, figure_title
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.jobs import WorkerThread
from napari_udt.viewer.state.session import CurveId, PixelRef, Region, Session
from napari_udt.viewer.transfer.live import LiveTransfer
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust.training_bands import NO_TRANSFER, TrainingBands

SIM, MOVED = "test cube", "moved"


class Bench:
    """A session with a cube and its transfer by the first of three trainings, all in one thread."""

    def __init__(self, modality="HSI", size=(9, 10, 12), seeds=(1, 2, 3), submit=None):
        self.models = [make_training(seed, modality, size[2]) for seed in seeds]
        self.session, self.chosen = Session(), ChosenModel(lambda: [model.spec for model in self.models])
        self.bands = TrainingBands(self.chosen, submit, self.load)
        self.cube = self.session.add(make_cube(*size, modality=modality)).cube
        self.moved = transfer(self.cube, self.models[0], device="cpu").with_(name=MOVED)
        self.session.add(self.moved)
        self.session.set_options(normalisation="none", spread="trainings", live=False)
        self.sources = ()

    def load(self, name):
        return next(model for model in self.models if model.spec.name == name)

    def curves(self, **options):
        self.session.set_options(**options)
        for _ in range(3):  # what is computed is there at the next look
            found = resolve(self.session, None, self.sources, None, self.bands)
        return found, {curve.id: curve for curve in found.curves}

    def by_training(self):
        return np.stack([transfer(self.cube, model, device="cpu").data for model in self.models])


@pytest.fixture
def bench():
    return Bench()


def assert_band(curve, of_trainings, kind="trainings"):
    """Compare a band with its definition, of what each training gives, shape (trainings, channels)."""
    lower, upper = of_trainings.min(axis=0), of_trainings.max(axis=0)
    if kind == "trainings":
        middle, width = of_trainings.mean(axis=0), of_trainings.std(axis=0, ddof=1)
        lower, upper = middle - width, middle + width
    assert (upper - lower).max() > 1e-3
    np.testing.assert_allclose(curve.lower, lower, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(curve.upper, upper, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", ["trainings", "trainings_range"])
def test_the_band_of_a_pixel_is_that_of_the_transfers_themselves(bench, kind):
    bench.session.set_cursor(PixelRef(SIM, 3, 4))
    found, curves = bench.curves(spread=kind)
    assert_band(curves[CurveId(MOVED)], bench.by_training()[:, 3, 4], kind)
    words = "±1 standard deviation over" if kind == "trainings" else "range of"
    assert curves[CurveId(MOVED)].label.endswith(f"this pixel; band: {words} 3 trainings")
    assert curves[CurveId(SIM)].lower is None
    assert "Band over the trainings mine_1, mine_2, mine_3." in found.remarks


def test_windows_structures_and_regions_are_averaged_by_each_training(bench):
    every, liver = bench.by_training(), bench.cube.labels == 0
    bench.session.set_cursor(PixelRef(SIM, 3, 4))
    _, curves = bench.curves(window=3)
    assert_band(curves[CurveId(MOVED)], every[:, 2:5, 3:6].reshape(3, 9, -1).mean(axis=1))
    bench.session.set_regions(
        [Region(1, SIM, "polygon", ((1.0, 1.0), (1.0, 4.0), (5.0, 4.0), (5.0, 1.0)), "#E69F00")]
    )
    _, curves = bench.curves(mode="structure", structures=("Liver",), centre="median")
    assert_band(curves[CurveId(MOVED, structure="Liver")], np.median(every[:, liver], axis=1))
    assert_band(curves[CurveId(MOVED, region=1)], np.median(every[:, 1:6, 1:5].reshape(3, 20, -1), axis=1))


def test_each_training_is_treated_as_the_curve_is(bench):
    bench.session.set_cursor(PixelRef(SIM, 3, 4))
    _, curves = bench.curves(normalisation="l1", absorbance=True)
    treated = Transform("l1", absorbance=True)(bench.by_training()[:, 3, 4], bench.moved.wavelengths_nm)
    assert_band(curves[CurveId(MOVED)], treated)


def test_an_even_sample_stands_for_a_large_structure(bench, monkeypatch):
    monkeypatch.setattr("napari_udt.viewer.trust.training_bands._MOST_SPECTRA", 10)
    _, curves = bench.curves(mode="structure", structures=("Liver",))
    curve, pixels = curves[CurveId(MOVED, structure="Liver")], np.flatnonzero(bench.cube.labels == 0)
    sample = pixels[np.linspace(0, len(pixels) - 1, 10).astype(int)]
    assert curve.label.endswith("over 3 trainings, by 10 of the pixels")
    assert len(set(sample)) == 10 < len(pixels)
    centres = bench.by_training().reshape(3, 90, 12)[:, sample].mean(axis=1)
    assert_band(curve, centres - centres[0] + curve.values)


def test_pictures_are_compared_whole_and_once(monkeypatch):
    bench = Bench("PAT", (8, 12, 4), (1, 2))
    loaded = []
    monkeypatch.setattr(bench.bands, "_load", lambda name: loaded.append(name) or bench.load(name))
    bench.session.pin(PixelRef(SIM, 3, 4))
    bench.session.pin(PixelRef(SIM, 5, 2))
    _, curves = bench.curves(hover=False)
    every = bench.by_training()
    assert_band(curves[CurveId(MOVED, 1)], every[:, 3, 4])
    assert_band(curves[CurveId(MOVED, 2)], every[:, 5, 2])
    assert loaded == ["mine_1", "mine_2"]


def test_the_live_curve_has_it_too_unless_its_band_is_over_conditions(bench):
    bench.session.remove(MOVED)
    bench.sources = (LiveTransfer(Probes(load=bench.load), bench.chosen),)
    bench.session.set_cursor(PixelRef(SIM, 3, 4))
    _, curves = bench.curves(live=True)
    assert_band(curves[CurveId(SIM, extra="live")], bench.by_training()[:, 3, 4])
    _, curves = bench.curves(live_band=True)
    assert curves[CurveId(SIM, extra="live")].label.count("band:") == 1
    assert "admissible conditions" in curves[CurveId(SIM, extra="live")].label


def test_numbers_and_figures_say_what_the_band_is(bench):
    bench.session.pin(PixelRef(SIM, 3, 4))
    found, curves = bench.curves(hover=False)
    text = csv_text(found)
    assert "# spread: trainings" in text
    assert "Band over the trainings mine_1, mine_2, mine_3." in text
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    bands = {row["layer"]: row for row in rows if row["lower"]}
    assert set(bands) == {MOVED}
    title = figure_title(curves[CurveId(MOVED, 1)])
    assert title.endswith("row 3, column 4; band: ±1 standard deviation over 3 trainings")
    assert band_title(found) == ""


def test_a_finished_band_is_kept_while_the_mouse_moves(bench):
    from napari_udt.viewer.spectra.cached_curves import CurveCache

    cache, statistics = CurveCache(), None
    bench.session.pin(PixelRef(SIM, 3, 4))
    bench.curves()
    looks = []
    for column in (1, 2, 3):
        bench.session.set_cursor(PixelRef(SIM, 2, column))
        found = resolve(bench.session, statistics, (), cache, bench.bands)
        looks.append(next(curve for curve in found.curves if curve.id == CurveId(MOVED, 1)))
    assert looks[1] is looks[2]


def test_what_has_no_band_gets_a_sentence():
    alone = Bench(seeds=(1,))
    assert "mine_1: no other training of its configuration is installed" in alone.bands.obstacle(
        alone.session
    )
    alone.session.set_cursor(PixelRef(SIM, 3, 4))
    found, curves = alone.curves()
    assert curves[CurveId(MOVED)].lower is None
    assert any("no other training" in remark for remark in found.remarks)

    two = Bench(seeds=(1, 2))
    assert two.bands.obstacle(two.session) == ""
    two.session.set_cursor(PixelRef(SIM, 3, 4))
    two.session.remove(MOVED)
    assert two.bands.obstacle(two.session) == NO_TRANSFER
    two.session.add(two.moved.with_(data=two.moved.data * np.float32(1.5)))
    found, curves = two.curves()
    assert curves[CurveId(MOVED)].lower is None
    assert "moved is not what mine_1 makes of test cube now: transfer it again." in found.remarks
    two.session.remove(SIM)
    assert "the cube that it was made from is not open" in two.bands.obstacle(two.session)


def test_a_model_that_cannot_be_loaded_is_reported_and_the_curves_stay(bench):
    bench.bands._load = lambda name: 1 / 0
    bench.session.set_cursor(PixelRef(SIM, 3, 4))
    found, curves = bench.curves()
    assert set(curves) == {CurveId(SIM), CurveId(MOVED)}
    assert any("Other trainings could not be compared (ZeroDivisionError" in r for r in found.remarks)


def test_models_that_come_are_noticed():
    bench, heard = Bench(seeds=(1,)), []
    bench.bands.changed.connect(lambda: heard.append(1))
    assert bench.bands.obstacle(bench.session)
    bench.models.append(make_training(2))
    bench.chosen.announce(["mine_2"])
    assert heard
    assert bench.bands.obstacle(bench.session) == ""


def test_a_click_draws_the_band_and_one_training_alone_is_not_offered(qtbot):
    worker = WorkerThread()
    bench = Bench(submit=worker.submit)
    bench.session.set_options(spread="std")
    dock = SpectraDock(bench.session, bands=bench.bands)
    qtbot.addWidget(dock)
    dock.resize(420, 700)
    dock.show()
    bench.session.set_cursor(PixelRef(SIM, 3, 4))
    qtbot.waitUntil(lambda: len(dock.curves.curves) == 2 and not dock.busy, timeout=10000)
    box = dock.findChild(QComboBox, "spread")

    def click(text):
        box.showPopup()
        view = box.view()
        place = view.visualRect(view.model().index(box.findText(text), 0)).center()
        qtbot.wait(
            QApplication.doubleClickInterval() + 50
        )  # Qt ignores a release right after the opening press
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def moved():
        return next(curve for curve in dock.curves.curves if curve.id == CurveId(MOVED))

    assert moved().lower is None  # one pixel has no standard deviation
    click("Over trainings: range")
    qtbot.waitUntil(lambda: moved().lower is not None, timeout=20000)
    assert bench.session.options.spread == "trainings_range"
    assert_band(moved(), bench.by_training()[:, 3, 4], "trainings_range")
    qtbot.waitUntil(lambda: not dock.busy, timeout=10000)

    click("No band")
    bench.models[1:] = [make_model("HSI", 12)]
    bench.chosen.announce([])
    item = box.model().item(box.findText("Over trainings: range"))
    qtbot.waitUntil(lambda: not item.isEnabled(), timeout=5000)
    assert "no other training of its configuration is installed" in item.toolTip()
    assert "no other training of its configuration is installed" in box.toolTip()
    click("Over trainings: range")
    box.hidePopup()
    assert bench.session.options.spread == "none"
    worker.stop()
