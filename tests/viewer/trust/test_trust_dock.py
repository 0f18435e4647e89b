"""The Trust dock: real clicks, real threads, a small real network."""

import json

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QCheckBox, QComboBox, QPushButton, QSlider, QToolButton
from transfer_samples import make_cube, make_model

from napari_udt.viewer.context import context_of
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.state.session import CurveId, PixelRef, Session
from napari_udt.viewer.state.settings import RememberedOptions, user_settings_path
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust.numbers import NOT_JUDGED, UNKNOWN_RANGE
from napari_udt.viewer.trust.widgets.dock import NO_CUBE, TrustDock

KEY = "test cube"


@pytest.fixture
def models():
    return {"HSI": make_model("HSI", 12), "PAT": make_model("PAT", 4)}


@pytest.fixture
def context(models):
    viewer = ViewerModel()
    context = context_of(viewer)
    context.chosen._models = lambda: [model.spec for model in models.values()]
    context.probes._load = lambda name: next(m for m in models.values() if m.spec.name == name)
    context.keeps_alive = viewer
    return context


@pytest.fixture
def dock(qtbot, context):
    dock = TrustDock(context.session, context.trust, context.maps)
    qtbot.addWidget(dock)
    dock.show()
    return dock


def number(dock, name):
    return dock.findChild(QToolButton, name)


def press(qtbot, dock, name, kind=QToolButton):
    qtbot.mouseClick(dock.findChild(kind, name), Qt.MouseButton.LeftButton)


def look(qtbot, dock, context, row=1, column=2):
    context.session.set_cursor(PixelRef(KEY, row, column))
    qtbot.waitUntil(lambda: number(dock, "source pixel").isEnabled(), timeout=20000)


def layers(context):
    return {layer.name: layer for layer in context.adapter.viewer.layers}


def test_without_a_cube_it_invites(dock):
    assert dock._statement.text() == NO_CUBE
    assert not dock.findChild(QPushButton, "Judge whole cube").isEnabled()


def test_numbers_of_the_pixel_appear_with_their_unit(qtbot, dock, context):
    context.session.add(make_cube(4, 6, 12))
    look(qtbot, dock, context)
    assert np.isfinite(float(number(dock, "source pixel").text()))
    assert "in bit/dim" in number(dock, "source pixel").accessibleName()
    assert number(dock, "norm pixel").text()[0] in "+-"
    assert not number(dock, "source cube").isEnabled()
    assert dock._statement.text().startswith(f"{KEY}: row 1, column 2")


def test_a_click_copies_a_number(qtbot, dock, context):
    context.session.add(make_cube(4, 6, 12))
    look(qtbot, dock, context)
    press(qtbot, dock, "source pixel")
    title, value, unit = QGuiApplication.clipboard().text().split("\t")
    assert (title, unit) == ("Log-likelihood before", "bit/dim")
    assert f"{float(value):.2f}" in number(dock, "source pixel").text()
    press(qtbot, dock, "Copy all", QPushButton)
    assert len(QGuiApplication.clipboard().text().splitlines()) == 9


def test_one_click_makes_a_map_and_the_cubes_numbers(qtbot, dock, context):
    context.session.add(make_cube(4, 6, 12))
    look(qtbot, dock, context)
    press(qtbot, dock, "source map")
    qtbot.waitUntil(lambda: not dock.running, timeout=20000)
    layer = layers(context)[f"{KEY} · log-likelihood before (hsi_test) [bit/dim]"]
    shown = float(number(dock, "source pixel").text())
    assert layer.data[1, 2] == pytest.approx(shown, abs=0.006)
    assert number(dock, "source cube").isEnabled()
    press(qtbot, dock, "norm map")  # known by now: no further run
    assert not dock.running
    assert f"{KEY} · latent norm (hsi_test) [σ of chi]" in layers(context)


def test_a_cancelled_run_leaves_nothing(qtbot, dock, context, monkeypatch):
    context.session.add(make_cube(4, 6, 12))
    look(qtbot, dock, context)
    before = set(layers(context))
    dock.start("network", "source")
    press(qtbot, dock, "Judge whole cube", QPushButton)
    assert not dock.running
    qtbot.wait(300)
    assert set(layers(context)) == before
    assert dock._message.text() == "Cancelled; nothing was added."


def test_pictures_offer_only_what_exists_for_each_pixel(qtbot, dock, context):
    context.session.add(make_cube(8, 12, 4, "PAT"))
    qtbot.waitUntil(lambda: dock._results.probe_of(dock._subject) is not None, timeout=20000)
    dock.refresh()
    assert not number(dock, "source map").isEnabled()
    assert "the latent of an image network has no pixels" in number(dock, "source map").toolTip()
    press(qtbot, dock, "magnitude map")
    qtbot.waitUntil(lambda: not dock.running, timeout=20000)
    assert np.isfinite(float(number(dock, "source cube").text()))
    assert f"{KEY} · largest value (pat_test) [SD]" in layers(context)


def test_a_picture_says_what_to_press_and_that_no_normal_range_is_known(qtbot, dock, context):
    context.session.add(make_cube(8, 12, 4, "PAT"))
    qtbot.waitUntil(lambda: dock._results.probe_of(dock._subject) is not None, timeout=20000)
    dock.refresh()
    assert dock._missing.isVisible()
    assert dock._missing.text() == f"{NOT_JUDGED} {UNKNOWN_RANGE}"
    press(qtbot, dock, "Judge whole cube", QPushButton)
    qtbot.waitUntil(lambda: not dock.running, timeout=20000)
    qtbot.waitUntil(lambda: dock._missing.text() == UNKNOWN_RANGE, timeout=20000)
    context.session.remove(KEY)
    context.session.add(make_cube(4, 6, 12))
    qtbot.waitUntil(lambda: not dock._missing.isVisible(), timeout=20000)


def test_a_broken_model_is_said_once_and_the_dock_lives(qtbot, dock, context):
    def broken(name):
        raise OSError("the disk is gone")

    notification_manager.records.clear()
    context.probes._load = broken
    context.session.add(make_cube(4, 6, 12))
    for column in range(4):
        context.session.set_cursor(PixelRef(KEY, 1, column))
        qtbot.wait(150)
    assert [("disk is gone" in str(n.message)) for n in notification_manager.records] == [True]
    notification_manager.records.clear()
    assert dock._statement.text().startswith(KEY)


def test_the_explorer_moves_a_curve_of_the_spectra_dock(qtbot, dock, context):
    spectra = SpectraDock(context.session, sources=(context.live, context.explorer))
    qtbot.addWidget(spectra)
    spectra.show()
    context.session.add(make_cube(4, 6, 12))
    look(qtbot, dock, context)
    dock.findChild(QCheckBox, "explore").click()
    explored = CurveId(KEY, extra="explored")

    def curve():
        return next((c for c in spectra.curves.curves if c.id == explored), None)

    qtbot.waitUntil(lambda: curve() is not None, timeout=20000)
    before = curve().values
    slider, classes = dock.findChild(QSlider, "explore_domain"), dock.findChild(QComboBox, "explore_class")
    slider.setValue(8)
    qtbot.waitUntil(lambda: "domain 0.4" in curve().label, timeout=5000)
    assert not np.array_equal(curve().values, before)
    classes.setCurrentIndex(classes.findText("spleen"))
    classes.activated.emit(classes.currentIndex())
    qtbot.waitUntil(lambda: curve() is not None and "→ spleen" in curve().label, timeout=20000)
    assert [c.id.extra for c in spectra.curves.curves] == [None, "live", "explored"]


def test_the_check_box_remembers_itself(qtbot, dock, context):
    spectra = SpectraDock(context.session)
    qtbot.addWidget(spectra)
    box = spectra.findChild(QCheckBox, "live")
    assert dock.findChild(QCheckBox, "live") is None
    assert box.isChecked()
    box.click()
    assert not context.session.options.live
    assert json.loads(user_settings_path().read_text())["live"] is False
    context.session.set_options(explore=True, explore_class="spleen", explore_domain=0.4)
    later = Session()
    RememberedOptions(later)
    assert not later.options.live
    assert (later.options.explore, later.options.explore_class, later.options.explore_domain) == (
        True,
        "spleen",
        0.4,
    )


def test_a_damaged_file_of_choices_is_no_harm():
    user_settings_path().write_text("{broken")
    session = Session()
    RememberedOptions(session)
    assert session.options.live


def test_probes_are_made_once_however_often_they_are_asked_for(models):
    jobs = []
    probes = Probes(jobs.append, load=lambda name: models["HSI"])
    cube = make_cube(4, 6, 12)
    for _ in range(3):
        assert probes.get(cube, models["HSI"].spec) is None
    assert len(jobs) == 1
    jobs[0]()
    assert probes.get(cube, models["HSI"].spec) is not None


def test_a_closed_cube_is_not_kept_alive_by_what_was_made_ready_for_it(models):
    jobs, session = [], Session()
    probes = Probes(jobs.append, load=lambda name: models["HSI"])
    probes.follow(session)
    entries = [session.add(make_cube(4, 6, 12).with_(name=name)) for name in ("one", "other", "late")]
    for entry in entries:
        probes.get(entry.cube, models["HSI"].spec)
    jobs[0](), jobs[1]()
    session.remove("one")
    session.remove("late")
    jobs[2]()  # ready after it was closed
    assert list(probes._known) == [session["other"].cube]
    assert probes.get(session["other"].cube, models["HSI"].spec) is not None
