"""The Train dock with real clicks; the training is the command's, in a process of its own."""

import json

import numpy as np
import pytest
from own_cubes import write_envi
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox, QPushButton

from napari_udt.io import open_cube
from napari_udt.models import list_models
from napari_udt.viewer.session.widgets import close_guard
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.session import PixelRef, Session
from napari_udt.viewer.train.plan import Plan, Source, work_folder
from napari_udt.viewer.train.run import TrainingRun
from napari_udt.viewer.train.widgets.closing import GO_ON, STOP, TrainingGuard
from napari_udt.viewer.train.widgets.dock import TrainDock

LONG_MS = 110_000


@pytest.fixture(autouse=True)
def _own_models(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))


@pytest.fixture
def session(tmp_path):
    """A simulated and a measured cube, open."""
    session = Session()
    for i, target in enumerate((False, True)):
        session.add(open_cube(write_envi(tmp_path / f"{'ab'[i]}.hdr", i, target=target)))
    return session


@pytest.fixture
def dock(session, qtbot):
    dock = TrainDock(session, TrainingRun(), ChosenModel())
    qtbot.addWidget(dock)
    dock.resize(640, 800)
    dock.show()
    yield dock
    if dock.training.running:
        dock.training._process.kill()


def choose(source_list, title):
    """Open the menu of a list and take an entry."""
    source_list.menu.aboutToShow.emit()
    next(action for action in source_list.menu.actions() if action.text() == title).trigger()


def over(dock):
    return not dock.training.running and not dock._writing.running and dock.train_button.isEnabled()


def test_open_cubes_are_checked_and_what_is_found_is_shown(dock, qtbot):
    choose(dock.simulated, "a (open)")
    choose(dock.target, "b (open)")
    QTest.mouseClick(dock.check_button, Qt.MouseButton.LeftButton)
    assert not dock.train_button.isEnabled()
    qtbot.waitUntil(lambda: "1 cube of 1 subject (measured)" in dock.findings.toPlainText(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: over(dock), timeout=LONG_MS)
    assert dock.status.text() == "Checked."
    assert "only one subject" in dock.findings.toPlainText()
    assert not dock.plot.isVisible()
    assert not (dock.training.folder / "cubes").exists()
    assert "my_model" not in {spec.name for spec in list_models()}


def test_a_training_is_looked_at_and_stopped_and_gives_the_best_model_so_far_to_all_lists(
    dock, qtbot, session
):
    came = []
    session.pin(PixelRef("a", 3, 2))
    dock._chosen.came.connect(came.append)
    choose(dock.simulated, "a (open)")
    choose(dock.target, "b (open)")
    assert dock.form.method.value == "hsi_transport_dy"
    assert len(dock.form.method.choices) == sum(
        1 for name in dock.form.method.choices if name.startswith("hsi")
    )
    QTest.mouseClick(dock.train_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dock.plot.isVisible, timeout=LONG_MS)
    assert dock.status.text().startswith("Step ")
    assert dock.plot.kind.currentText().startswith("Negative log-likelihood")
    x, _ = dock.plot._lines["simulated"].getData()
    assert len(x) >= 1
    qtbot.waitUntil(dock.preview.pictures.isVisible, timeout=LONG_MS)
    shown = dock.preview.preview
    assert [known.place.title for known in shown.curves] == ["pin 1: Leber"]
    assert dock.preview.images[1].image.shape == session["a"].cube.shape[:2]
    assert dock.preview.wavelength.currentText() == "650 nm"
    QTest.mouseClick(dock.stop_button, Qt.MouseButton.LeftButton)
    assert "the best weights so far are kept" in dock.status.text()
    qtbot.waitUntil(lambda: over(dock), timeout=LONG_MS)
    assert dock.status.text().startswith("my_model is trained, and listed among the models.")
    assert "distance of class means" in dock.findings.toPlainText()
    assert came == [["my_model"]]
    assert "my_model" in {spec.name for spec in list_models()}
    assert dock.form.name.value == "my_model_2"
    qtbot.waitUntil(lambda: len(session) == 3, timeout=LONG_MS)
    assert dock.status.text().endswith("my_model · a is open beside a and b.")
    assert session["my_model · a"].role == "transferred"
    assert dock._chosen.of(session["a"].cube).name == "my_model"


def test_a_training_that_cannot_begin_says_why(dock, qtbot, tmp_path, session):
    QTest.mouseClick(dock.train_button, Qt.MouseButton.LeftButton)
    assert "Add simulated cubes" in dock.status.text()
    choose(dock.simulated, "a (open)")
    dock.target.add([Source(path=write_envi(tmp_path / "c.hdr", 2, target=True, names=("foie", "peau")))])
    dock.form.names.value = "foie"
    QTest.mouseClick(dock.train_button, Qt.MouseButton.LeftButton)
    assert "'foie' is not understood" in dock.status.text()
    dock.form.names.value = ""
    QTest.mouseClick(dock.train_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.training.running, timeout=LONG_MS)
    qtbot.waitUntil(lambda: over(dock), timeout=LONG_MS)
    assert "No structure is in both domains" in dock.status.text()
    assert dock.train_button.isEnabled()


def test_files_are_dropped_and_taken_out(dock, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("a.hdr", "b.hdr", "a.hdr")])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(dock.target.list.viewport(), QDragEnterEvent(QPoint(5, 5), *how))
    QApplication.sendEvent(dock.target.list.viewport(), QDropEvent(QPointF(5, 5), *how))
    assert [source.title for source in dock.target.sources] == ["a.hdr", "b.hdr"]
    assert not dock.target.remove_button.isEnabled()
    dock.target.list.item(0).setSelected(True)
    QTest.mouseClick(dock.target.remove_button, Qt.MouseButton.LeftButton)
    assert [source.title for source in dock.target.sources] == ["b.hdr"]
    dock.target.list.setFocus()
    dock.target.list.item(0).setSelected(True)
    QTest.keyClick(dock.target.list, Qt.Key.Key_Delete)
    assert dock.target.sources == ()


def test_a_cube_that_is_closed_leaves_the_list(dock, session):
    choose(dock.simulated, "a (open)")
    session.remove("a")
    assert dock.simulated.sources == ()


def test_models_that_fit_can_be_started_from_and_others_say_why_not(dock, tmp_path):
    dock.form.method.value = "hsi_cinn_dy"
    assert "hsi_cinn_dy" in dock.form.start.choices  # nothing is known of the cubes yet
    choose(dock.simulated, "a (open)")
    assert dock.form.method.value == "hsi_cinn_dy"
    assert dock.form.start.choices == ("",)
    said = dock.form.start.native.toolTip()
    assert "hsi_cinn_dy: it needs 500-1000 nm, the cubes have 500-800 nm" in said
    assert "hsi_transport_dy: its transport is fitted in closed form" in said
    assert "hsi_unit: it is a unit, the method trains a cinn" in said
    assert dock.plan.start_from == ""
    assert "--from" not in dock.plan.command({})


def test_a_slower_start_from_a_model_is_one_command(dock, tmp_path):
    dock.form.method.value = "hsi_cinn_dy"
    dock.form.start.value = "hsi_cinn_dy"
    dock.form.rate.value = 10.0
    words = dock.plan.command({})
    assert words[words.index("--from") + 1] == "hsi_cinn_dy"
    assert words[-1].startswith("--set=optimisation.learning_rate=")


def test_an_interrupted_training_is_offered_until_it_is_dismissed(session, qtbot, tmp_path):
    plan = Plan(target=(Source(path=tmp_path),), method="hsi_unit", name="mine")
    folder = work_folder("mine").with_name("mine.run")
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"pid": 0, "created": 0.0, "plan": plan.as_dict()}))
    (folder / "checkpoint.pt").touch()
    (folder / "live.jsonl").write_text('{"step": 7, "steps": 20, "seconds_per_step": 1}\n')
    dock = TrainDock(session, TrainingRun())
    qtbot.addWidget(dock)
    dock.show()
    assert dock.status.text().startswith("mine was interrupted after about 7 of 20 steps; Resume goes on")
    assert dock.buttons.resume.isVisible()
    QTest.mouseClick(dock.buttons.dismiss, Qt.MouseButton.LeftButton)
    assert dock.status.text() == f"The checkpoint of this training stays in {folder}."
    assert not dock.buttons.resume.isVisible()
    again = TrainDock(session, TrainingRun())
    qtbot.addWidget(again)
    assert again.training.plan is None
    assert (folder / "checkpoint.pt").exists()


def test_more_is_folded(dock):
    assert not dock.form.names.native.isVisible()
    QTest.mouseClick(dock.form.more_button, Qt.MouseButton.LeftButton)
    assert dock.form.names.native.isVisible()


def test_open_cubes_are_written_as_they_are_in_the_session(session, tmp_path):
    session.replace_cubes(
        {"a": session["a"].cube.with_structures_named({"Leber": "liver"}).with_(domain="unknown")}
    )
    training, plan = TrainingRun(), Plan((Source("a"),), (Source(path=tmp_path),), "hsi_unit", 10, "mine")
    files = training.write_cubes(plan, session, lambda done, total: None)
    assert list(files) == [Source("a")]
    written = open_cube(files[Source("a")])
    assert set(written.present_labels.values()) == {"liver", "Haut"}
    assert written.domain == "simulated"
    np.testing.assert_array_equal(written.data, session["a"].cube.data)


class _Running:
    """A run that never ends."""

    running, plan = True, Plan(name="mine")

    def __init__(self):
        self.stopped = False

    def stop(self):
        self.stopped = True


@pytest.mark.parametrize(
    ("button", "closed", "stopped"), [(GO_ON, True, False), (STOP, True, True), ("Cancel", False, False)]
)
def test_closing_the_window_asks(qtbot, monkeypatch, button, closed, stopped):
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QMainWindow

    monkeypatch.setattr(close_guard, "closed_by_user", lambda window: True)
    window, training = QMainWindow(), _Running()
    qtbot.addWidget(window)
    TrainingGuard(training, window)
    window.show()

    def answer():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert "mine is still being trained" in box.text()
        next(b for b in box.findChildren(QPushButton) if b.text().replace("&", "") == button).click()

    QTimer.singleShot(100, answer)
    window.close()
    assert window.isVisible() == (not closed)
    assert training.stopped == stopped
    monkeypatch.setattr(close_guard, "closed_by_user", lambda window: False)
