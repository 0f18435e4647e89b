"""The Transfer dock: real clicks, real threads, no network."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QScrollArea, QWidget

from napari_udt import save_cube
from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.viewer.files.recent import recent_files
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer.job import result_name
from napari_udt.viewer.transfer.queue import requests_for_all
from napari_udt.viewer.transfer.widgets import closing
from napari_udt.viewer.transfer.widgets.dock import TransferDock


@pytest.fixture
def session(pat):
    session = Session()
    session.add(pat())
    return session


@pytest.fixture
def make_dock(qtbot, session, make_spec, slow_transfer):
    def make(specs=None, devices=lambda: []):
        window = QWidget()
        specs = [make_spec("pat-small"), make_spec("pat-other")] if specs is None else specs
        dock = TransferDock(
            session, transfer=slow_transfer, models=lambda: specs, devices=devices, parent=window
        )
        window.resize(400, 700)
        qtbot.addWidget(window)
        windows.append(window)
        return dock

    windows = []
    return make


@pytest.fixture
def errors():
    """Error notifications shown during the test."""
    notification_manager.records.clear()
    yield notification_manager.records
    notification_manager.records.clear()


def click(qtbot, button):
    qtbot.mouseClick(button.native, Qt.MouseButton.LeftButton)


def test_a_fitting_model_is_preselected(make_dock, make_spec):
    organs, fits = make_spec("organs", "HSI", 500, 1000, 100), make_spec("fits")
    dock = make_dock([organs, make_spec("wide", low=600, high=900), fits])
    assert dock.model.value is fits
    assert [c.name for c in dock.model.choices] == ["fits"]
    assert "600–900 nm" in dock.model_note.text()
    assert "digital device" in dock.note.text()
    assert dock.condition.value == "labels"


def test_the_caution_stays_in_view_in_a_low_window_and_when_folded(qtbot, make_dock):
    dock = make_dock()
    window = dock.window()
    window.resize(420, 380)
    dock.setGeometry(0, 0, 420, 380)
    window.show()
    qtbot.waitUntil(lambda: dock.note.isVisible())
    assert not any(area.isAncestorOf(dock.note) for area in dock.findChildren(QScrollArea))
    assert dock.note.height() >= dock.note.heightForWidth(dock.note.width())
    assert "not real images" in dock.note.text()
    assert "hallucinate" in dock.note.text()
    dock.set_folded(True)
    assert dock.caution.isVisible()
    assert dock.caution.text() == "Research use only"
    assert dock.caution.toolTip() == dock.note.text()
    dock.set_folded(False)
    assert dock.note.isVisible()
    assert not dock.caution.isVisible()


def test_structures_are_used_again_after_a_cube_without_them(make_dock, session, pat):
    dock = make_dock()
    session.add(pat("bare", labels=None))
    assert dock.source.value == "bare"
    assert dock.condition.value == "proxy"
    session.add(pat("next"))
    assert dock.source.value == "next"
    assert dock.condition.value == "labels"


def test_a_tissue_that_the_user_chose_stays_chosen(make_dock, session, pat):
    dock = make_dock()
    dock.condition.value = "artery"
    session.add(pat("next"))
    assert (dock.source.value, dock.condition.value) == ("next", "artery")


def test_without_a_cube_or_a_model_there_is_nothing_to_press(make_dock, session, make_spec):
    dock = make_dock([make_spec("organs", "HSI", 500, 1000, 100)])
    assert not dock.run_button.enabled
    assert "No installed model fits" in dock.status.text()
    session.remove("forearm")
    assert "drop" in dock.status.text()


def test_a_click_transfers_into_a_new_cube(qtbot, make_dock, session, slow_transfer):
    dock = make_dock()
    click(qtbot, dock.run_button)
    qtbot.waitUntil(lambda: dock.progress.value == 500, timeout=3000)
    assert not dock.run_button.enabled
    assert dock.cancel_button.enabled
    slow_transfer.gate.set()
    qtbot.waitUntil(lambda: not dock.running, timeout=3000)
    key = "pat-small · forearm"
    assert [entry.key for entry in session] == ["forearm", key]
    assert session[key].role == "transferred"
    assert "2 048 spectra" in dock.status.text()
    assert dock.run_button.enabled
    assert dock.source.value == "forearm"


@pytest.mark.parametrize("far", [0, 12])
def test_a_warning_about_a_result_opens_the_dock_again(qtbot, make_dock, session, slow_transfer, far):
    dock = make_dock()
    dock._runs._transfer = lambda *args, **options: _with_far(slow_transfer(*args, **options), far)
    slow_transfer.gate.set()
    dock.succeeded.connect(lambda: dock.set_folded(True))  # as the window does
    dock.set_folded(True)
    click(qtbot, dock.run_button)
    qtbot.waitUntil(lambda: not dock.running)
    assert dock.folded == (not far)
    assert ("do not use them" in dock.status.text()) == bool(far)


def _with_far(cube, far):
    return cube.with_(provenance={**cube.provenance, "spectra_far_outside": far})


def test_the_window_lives_while_a_run_is_busy(qtbot, make_dock, session, pat):
    dock = make_dock()
    click(qtbot, dock.run_button)
    qtbot.waitUntil(lambda: dock.progress.value == 500, timeout=3000)
    session.add(pat("opened meanwhile"))
    assert dock.source.value == "opened meanwhile"
    dock.cancel()


def test_cancel_adds_nothing(qtbot, make_dock, session, slow_transfer):
    dock = make_dock()
    click(qtbot, dock.run_button)
    qtbot.waitUntil(lambda: dock.progress.value == 500, timeout=3000)
    click(qtbot, dock.cancel_button)
    assert not dock.running
    qtbot.waitUntil(lambda: not slow_transfer.running, timeout=3000)
    qtbot.wait(50)
    assert [entry.key for entry in session] == ["forearm"]
    assert "Cancelled" in dock.status.text()
    assert dock.progress.value == 0


def test_one_press_transfers_with_all_models_that_fit(qtbot, make_dock, session, slow_transfer, make_spec):
    dock = make_dock(
        [make_spec("a"), make_spec("b"), make_spec("organs", "HSI", 500, 1000, 100), make_spec("c")]
    )
    assert (dock.all_button.text, dock.all_button.native.isHidden()) == ("All 3 models", False)
    click(qtbot, dock.all_button)
    qtbot.waitUntil(lambda: dock.progress.value == round(500 / 3), timeout=3000)
    assert dock.status.text() == "1 of 3: forearm with b …"
    assert not dock.all_button.enabled
    slow_transfer.gate.set()
    qtbot.waitUntil(lambda: not dock.running, timeout=3000)
    assert [entry.key for entry in session] == ["forearm", "b · forearm", "c · forearm", "a · forearm"]
    assert [call[1] for call in slow_transfer.calls] == ["b", "c", "a"]  # the chosen one ends in front
    assert dock.status.text().startswith("3 transfers in ")
    assert (dock.source.value, dock.progress.value) == ("forearm", 1000)


def test_cancel_ends_the_run_and_those_that_wait_and_keeps_what_is_finished(
    qtbot, make_dock, session, slow_transfer
):
    dock = make_dock()
    slow_transfer.gate.set()
    session.cubes_changed.connect(lambda change: slow_transfer.gate.clear())
    click(qtbot, dock.all_button)
    qtbot.waitUntil(lambda: dock.status.text().startswith("2 of 2"), timeout=3000)
    qtbot.waitUntil(lambda: dock.progress.value == 750, timeout=3000)
    click(qtbot, dock.cancel_button)
    assert not dock.running
    assert dock.status.text() == "Cancelled; 1 finished transfer kept."
    qtbot.waitUntil(lambda: not slow_transfer.running, timeout=3000)
    assert [entry.key for entry in session] == ["forearm", "pat-other · forearm"]


def test_a_model_that_fails_does_not_stop_the_others(qtbot, make_dock, session, slow_transfer, errors):
    dock = make_dock()
    slow_transfer.gate.set()
    slow_transfer.error = TransferError("no memory left")
    click(qtbot, dock.all_button)
    qtbot.waitUntil(lambda: not dock.running, timeout=3000)
    assert len(slow_transfer.calls) == 2
    assert dock.status.text() == "0 transfers in 0.0 s; 2 failed: no memory left"


def test_the_button_for_all_models_needs_several(make_dock, make_spec):
    assert make_dock([make_spec()]).all_button.native.isHidden()


def test_results_that_are_open_are_not_made_again(make_dock, session, make_spec, pat, transferred):
    first, second = make_spec("a"), make_spec("b")
    request = make_dock([first, second]).request()
    (cube,) = (entry.cube for entry in session)
    made = transferred(cube)
    model = {"name": "a", "kind": "cinn", "weights_sha256": first.weights_sha256}
    facts = {"model": model, "direction": "sim2real", "arguments": {"condition": request.condition}}
    session.add(made.with_(provenance={**made.provenance, **facts}))
    assert [each.spec for each in requests_for_all(session, request, [first, second])] == [second]
    other = replace(request, condition="artery")
    assert [each.spec for each in requests_for_all(session, other, [first, second])] == [second, first]
    unconditional = replace(second, kind="unit", condition="none")
    (each,) = requests_for_all(session, other, [unconditional])
    assert each.condition == "auto"


@pytest.mark.parametrize("error", [None, TransferError("late")])
def test_a_late_result_of_a_cancelled_run_is_ignored(qtbot, make_dock, session, slow_transfer, errors, error):
    dock = make_dock()
    slow_transfer.deaf, slow_transfer.error = True, error
    click(qtbot, dock.run_button)
    qtbot.waitUntil(lambda: slow_transfer.running == 1, timeout=3000)
    dock.cancel()
    assert not dock.running
    slow_transfer.gate.set()
    qtbot.waitUntil(lambda: slow_transfer.running == 0, timeout=3000)
    qtbot.wait(50)
    assert [entry.key for entry in session] == ["forearm"]
    assert len(errors) == 0
    assert "Cancelled" in dock.status.text()


def test_a_cancelled_run_does_not_keep_the_next_one_waiting(qtbot, make_dock, session, slow_transfer):
    dock = make_dock()
    click(qtbot, dock.run_button)
    dock.cancel()
    click(qtbot, dock.run_button)
    assert dock.running
    slow_transfer.gate.set()
    qtbot.waitUntil(lambda: not dock.running, timeout=3000)
    assert len(session) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [(TransferError("no memory left"), "no memory left"), (ValueError("odd"), "ValueError: odd")],
)
def test_a_failure_is_one_notification(qtbot, make_dock, session, slow_transfer, errors, error, words):
    dock = make_dock()
    slow_transfer.error = error
    slow_transfer.gate.set()
    click(qtbot, dock.run_button)
    qtbot.waitUntil(lambda: not dock.running, timeout=3000)
    assert [entry.key for entry in session] == ["forearm"]
    assert [words in record.message for record in errors] == [True]
    assert words in dock.status.text()
    assert dock.run_button.enabled


def test_closing_the_window_stops_the_run(qtbot, make_dock, session, slow_transfer):
    dock = make_dock()
    dock.window().show()
    qtbot.waitExposed(dock.window())
    click(qtbot, dock.run_button)
    qtbot.waitUntil(lambda: dock.progress.value == 500, timeout=3000)
    dock.window().close()
    qtbot.waitUntil(lambda: not slow_transfer.running, timeout=3000)
    assert [entry.key for entry in session] == ["forearm"]


def test_destroying_the_dock_stops_the_run(qtbot, session, make_spec, slow_transfer):
    dock = TransferDock(session, transfer=slow_transfer, models=lambda: [make_spec()], devices=list)
    dock.start()
    qtbot.waitUntil(lambda: slow_transfer.running == 1, timeout=3000)
    dock.deleteLater()
    del dock
    qtbot.waitUntil(lambda: not slow_transfer.running, timeout=3000)
    session.remove("forearm")  # what is left of the dock must not answer
    assert len(session) == 0


@pytest.mark.parametrize("stop", [True, False])
def test_a_run_whose_dock_is_taken_away_is_asked_about(
    qtbot, session, make_spec, slow_transfer, monkeypatch, stop
):
    asked = []
    monkeypatch.setattr(closing, "agrees_to_cancel", lambda *a: asked.append((a[0], a[2])) or stop)
    holder = QWidget()
    dock = TransferDock(
        session, transfer=slow_transfer, models=lambda: [make_spec()], devices=list, parent=holder
    )
    dock.start()
    qtbot.waitUntil(lambda: slow_transfer.running == 1, timeout=3000)
    dock.setParent(None)  # as napari does when the cross of a dock is pressed
    del dock
    qtbot.waitUntil(lambda: bool(asked), timeout=3000)
    gc.collect()
    slow_transfer.gate.set()
    qtbot.waitUntil(lambda: not closing._remaining, timeout=3000)
    assert asked == [("forearm", "Cancel the transfer")]
    assert [entry.role for entry in session] == ["simulated"] + ["transferred"] * (not stop)


def test_the_question_about_a_run_goes_when_the_run_ends(qtbot, session, make_spec, slow_transfer):
    holder = QWidget()
    qtbot.addWidget(holder)
    dock = TransferDock(
        session, transfer=slow_transfer, models=lambda: [make_spec()], devices=list, parent=holder
    )
    holder.show()
    dock.start()
    qtbot.waitUntil(lambda: slow_transfer.running == 1, timeout=3000)
    parents = []

    def look():
        box = QApplication.activeModalWidget()
        parents.append(box and box.parent())
        slow_transfer.gate.set()

    QTimer.singleShot(300, look)
    dock.setParent(None)
    qtbot.waitUntil(lambda: bool(parents) and len(session) == 2, timeout=5000)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None, timeout=3000)
    assert parents == [holder]


def test_taking_away_an_idle_dock_asks_nothing(qtbot, make_dock, monkeypatch):
    monkeypatch.setattr(closing, "agrees_to_cancel", lambda *a: pytest.fail("asked"))
    make_dock().setParent(None)
    qtbot.wait(20)
    assert not closing._remaining


def test_removing_the_source_during_a_run_keeps_the_result(qtbot, make_dock, session, slow_transfer):
    dock = make_dock()
    click(qtbot, dock.run_button)
    session.remove("forearm")
    slow_transfer.gate.set()
    qtbot.waitUntil(lambda: not dock.running, timeout=3000)
    assert [entry.role for entry in session] == ["transferred"]


def test_devices_are_listed_by_name_without_holding_the_window(qtbot, make_dock, monkeypatch):
    from napari_udt.viewer.transfer.widgets import device_search

    monkeypatch.setattr(device_search, "_TORCH_DELAY_MS", 1)
    threads = []

    def devices():
        threads.append(threading.current_thread())
        return [
            SimpleNamespace(key="cuda:0", title="Big card"),
            SimpleNamespace(key="cpu", title="Processor"),
        ]

    dock = make_dock(devices=devices)
    dock.window().show()
    qtbot.waitUntil(lambda: len(dock.device.choices) == 3, timeout=3000)
    assert [dock.device.native.itemText(i) for i in range(3)] == [
        "automatic (Big card)",
        "Big card",
        "Processor",
    ]
    assert dock.device.value == "auto"
    assert threads[0] is not threading.main_thread()


def test_choices_reach_the_request(make_dock, pat, session):
    dock = make_dock()
    dock.direction.value, dock.condition.value = "real2sim", "artery"
    dock.model.value = dock.model.choices[1]
    request = dock.request()
    assert (request.direction, request.condition, request.spec.name) == ("real2sim", "artery", "pat-other")
    session.add(pat("b", domain="second"))
    assert dock.model.value.name == "pat-other"  # a choice once made is kept


def test_the_noise_is_a_choice_where_the_model_knows_it(make_dock, make_spec, session):
    dock = make_dock([make_spec("plain"), replace(make_spec("noisy"), input_noise=0.05)])
    dock.window().show()
    assert not dock.noise.native.isVisible()
    dock.model.value = dock.model.choices[1]
    assert dock.noise.native.isVisible()
    assert dock.request().noise == "training"
    dock.noise.value = "none"
    assert dock.request().noise == "none"
    assert session.settings["transfer"]["noise"] == "none"
    dock.direction.value = "real2sim"
    assert not dock.noise.native.isVisible()


def test_seed_and_steps_are_choices_where_they_decide_something(make_dock, make_spec, session):
    flow = make_spec("flow", kind="flow_matching", architecture={"hidden": 4, "layers": 1, "steps": 6})
    dock = make_dock([make_spec("plain"), replace(make_spec("noisy"), input_noise=0.05), flow])
    dock.window().show()
    assert not dock.seed.native.isVisible()
    assert not dock.steps.native.isVisible()
    dock.model.value = dock.model.choices[1]
    dock.seed.value = 3
    assert dock.seed.native.isVisible()
    assert dock.request().arguments == {"condition": "labels", "noise": "training", "seed": 3}
    dock.noise.value = "none"  # then there is nothing to seed
    assert not dock.seed.native.isVisible()
    assert "seed" not in dock.request().arguments
    dock.model.value = dock.model.choices[2]
    assert dock.steps.native.isVisible()
    assert dock.request().steps == 6  # the model's own
    dock.steps.value = 12
    assert dock.request().arguments["steps"] == 12
    assert session.settings["transfer"]["steps"] == 12


def test_a_picture_from_labels_has_a_truncation_and_one_direction(make_dock, make_spec, session):
    size = {"widths": [4, 4], "latent": 2, "texture": 1, "wavelets": True}
    made = make_spec("pat_med_usis", kind="label_to_image", architecture=size)
    dock = make_dock([make_spec("plain"), made])
    dock.window().show()
    assert not dock.truncation.isVisible()
    dock.model.value = made
    assert dock.truncation.isVisible()
    assert [dock.direction.native.itemText(i)[:6] for i in range(dock.direction.native.count())] == ["labels"]
    assert dock.note.text().startswith("Generated from the cube's labels alone")
    assert dock.request().arguments == {
        "condition": "labels",
        "noise": "training",
        "seed": 0,
    }  # off: no bound
    for bound, shown in ((1e308, 3.0), (-1e308, 0.0)):  # of a damaged session
        dock.truncation.value = bound
        assert dock.truncation.value == shown
    dock.truncation.slider.setValue(12)
    assert dock.request().arguments["truncation"] == 1.2
    assert session.settings["transfer"]["truncation"] == 1.2
    assert result_name(dock.request()).startswith("generated from labels (Med-USIS) · truncation 1.2 · ")
    dock.model.value = dock.model.choices[0]
    assert len(dock.direction.choices) == 2
    assert "truncation" not in dock.request().arguments


def test_directions_say_what_the_target_really_is(make_dock, make_spec):
    dock = make_dock([make_spec("a"), make_spec("b", target="measured")])
    texts = [dock.direction.native.itemText(i) for i in range(2)]
    assert texts == [
        "simulated → target: digital device",
        "target: digital device → simulated",
    ]
    dock.direction.value = "real2sim"
    dock.model.value = dock.model.choices[1]
    assert dock.direction.native.currentText() == "real → simulated"
    assert dock.model.native.currentText() == "b"
    assert "b (test)" in dock.model.tooltip


def test_an_imported_model_that_fits_is_chosen(qtbot, shared, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path))
    organs = Session()
    grid = np.linspace(500, 1000, 100)
    organs.add(SpectralCube(np.ones((2, 2, 100), np.float32), grid, "HSI", "simulated", name="organs"))
    dock = TransferDock(organs, devices=list)
    qtbot.addWidget(dock)
    assert dock.model.value.name == "hsi_transport_dy"
    dock.model_tools.import_from(shared / "fixtures" / "checkpoints" / "cinn_hsi_small")
    assert not dock.model_tools.import_button.isEnabled()
    qtbot.waitUntil(dock.model_tools.import_button.isEnabled, timeout=20_000)
    assert [path.name for path in tmp_path.iterdir()] == ["cinn_hsi_small"]
    assert dock.model.value.name == "cinn_hsi_small"
    assert "Imported cinn_hsi_small" in dock.status.text()


def test_a_model_that_another_dock_trained_is_chosen(qtbot, make_spec, pat):
    session, specs = Session(), [make_spec("first")]
    chosen = ChosenModel(lambda: specs)
    session.add(pat())
    dock = TransferDock(session, chosen=chosen, models=lambda: specs, devices=list)
    qtbot.addWidget(dock)
    specs.append(make_spec("trained"))
    assert [spec.name for spec in dock.model.choices] == ["first"]
    chosen.announce(["trained"])
    assert [spec.name for spec in dock.model.choices] == ["first", "trained"]
    (entry,) = session
    assert dock.model.value.name == chosen.of(entry.cube).name == "trained"


def test_files_opened_lately_are_one_click_away_in_an_empty_window(qtbot, make_spec, pat, tmp_path):
    session, first, second = Session(), tmp_path / "first <1>.udt.h5", tmp_path / "second.udt.h5"
    dock = TransferDock(session, models=lambda: [make_spec()], devices=list)
    qtbot.addWidget(dock)
    assert "Opened lately" not in dock.status.text()
    for path in (first, second):
        save_cube(pat(path.name), path)
        dock.open_files([path])
    session.remove(*(entry.key for entry in session))
    assert recent_files() == [second, first]
    text = dock.status.text()
    assert text.index("second.udt.h5") < text.index("first &lt;1&gt;.udt.h5")
    dock.status.linkActivated.emit(str(first))
    assert [entry.cube.name for entry in session] == ["first <1>.udt.h5"]
    second.unlink()
    session.remove(*(entry.key for entry in session))
    assert recent_files() == [first]
    assert "second" not in dock.status.text()
