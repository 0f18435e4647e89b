"""The Session dock: roles, pins, undo, files, scripts. Real widgets, no napari window."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton, QWidget

from napari_udt import open_cube, save_cube
from napari_udt.viewer.session.widgets import actions as session_actions
from napari_udt.viewer.session.widgets.dock import SessionDock
from napari_udt.viewer.session.widgets.tables import ROLE_TITLES, CubeTable, RoleBox
from napari_udt.viewer.state.session import PixelRef, Session


@pytest.fixture
def session(pat, transferred):
    session = Session()
    cube = pat()
    session.add(cube)
    session.add(transferred(cube))
    return session


@pytest.fixture
def dock(qtbot, session):
    window = QWidget()
    dock = SessionDock(session, parent=window)
    qtbot.addWidget(window)
    dock.window_ = window
    return dock


def heading(table, column):
    return table.model().headerData(column, Qt.Orientation.Horizontal)


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def answer():
    """Press a button of the next question, whenever it comes."""
    timer, wanted = QTimer(), []

    def choose():
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox) and box.isVisible():
            next(b for b in box.findChildren(QPushButton) if b.text().replace("&", "") == wanted[0]).click()

    def prepare(text):
        wanted.append(text)
        timer.start(50)

    timer.timeout.connect(choose)
    yield prepare
    timer.stop()


def test_a_role_chosen_in_the_table_is_played_and_can_be_undone(dock, session):
    box = dock.cubes.role_box(0)
    assert isinstance(box, RoleBox)
    assert box.currentText() == "simulated"
    box.setCurrentIndex(list(ROLE_TITLES).index("real"))
    box.activated.emit(box.currentIndex())
    assert session["forearm"].role == "real"
    assert "never pixel by pixel" in box.toolTip()
    press(dock.undo_button)
    assert session["forearm"].role == "simulated"
    assert dock.cubes.role_box(0).currentText() == "simulated"
    press(dock.redo_button)
    assert session["forearm"].role == "real"


def test_every_role_can_be_read_even_when_the_table_was_seen_empty(dock, session):
    for entry in list(session):
        session.remove(entry.key)
    dock.window_.show()
    QApplication.processEvents()
    press(dock.undo_button)
    QApplication.processEvents()
    box = dock.cubes.role_box(0)
    longest = max(box.fontMetrics().horizontalAdvance(title) for title in ROLE_TITLES.values())
    assert box.width() > longest + 16  # the arrow
    assert dock.cubes.horizontalScrollBar().maximum() == 0


def test_closing_cubes_is_one_step(dock, session):
    dock.cubes.selectAll()
    QTest.keyClick(dock.cubes, Qt.Key.Key_Delete)
    assert len(session) == 0
    assert not dock.save_button.isEnabled()
    press(dock.undo_button)
    assert [entry.key for entry in session] == ["forearm", "forearm → real"]
    assert len(dock.cubes.rows) == 2


def test_pins_are_shown_renamed_and_deleted(dock, session):
    for column in (15, 35, 50):
        session.pin(PixelRef("forearm", 9, column))
    assert [heading(dock.pins, c) for c in range(6)] == [
        "Pin",
        "Structure",
        "Row",
        "Column",
        "x [mm]",
        "y [mm]",
    ]
    assert dock.pins.model().index(0, 1).data() == "vein"
    dock.pins.model().setData(dock.pins.model().index(1, 0), "deep vein")
    assert session.pins[1].name == "deep vein"
    dock.pins.selectRow(0)
    QTest.keyClick(dock.pins, Qt.Key.Key_Delete)
    assert [pin.title for pin in session.pins] == ["deep vein", "3"]
    dock.pins.selectRow(1)
    press(dock.delete_button)
    assert [pin.title for pin in session.pins] == ["deep vein"]
    for _ in range(2):
        press(dock.undo_button)
    assert len(dock.pins.rows) == 3


def test_saturation_is_a_column_when_asked_for(dock, session):
    session.pin(PixelRef("forearm", 9, 15))
    session.set_options(blood=True)
    assert heading(dock.pins, 6) == "sO₂ [%]"
    assert dock.pins.model().index(0, 6).data().isdigit()


def test_undo_keys_work_in_the_dock_and_say_what_they_would_do(dock, session, qtbot):
    session.pin(PixelRef("forearm", 9, 15))
    assert dock.undo_button.toolTip() == "Undo: Pin 1 (Ctrl+Z)"
    dock.window_.show()
    dock.window_.activateWindow()
    dock.pins.setFocus()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is dock.window_, timeout=3000)
    QTest.keyClick(dock.pins, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.pins == ()
    assert not dock.undo_button.isEnabled()
    QTest.keyClick(
        dock.pins, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert len(session.pins) == 1


@pytest.mark.parametrize(
    ("choice", "files", "cubes"),
    [
        (session_actions.SAVE_RESULTS, ["arm.udt.h5", "mine.udt-session.json", "mine.udt.h5"], 2),
        (session_actions.LEAVE_OUT, ["arm.udt.h5", "mine.udt-session.json"], 1),
        ("Cancel", ["arm.udt.h5"], None),
    ],
)
def test_saving_asks_about_results(
    dock, session, tmp_path, monkeypatch, answer, transferred, pat, choice, files, cubes
):
    for key in ("forearm", "forearm → real"):
        session.remove(key)
    save_cube(pat(), tmp_path / "arm.udt.h5")
    cube = open_cube(tmp_path / "arm.udt.h5")
    session.add(cube)
    session.add(transferred(cube, "result"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(tmp_path / "mine"), ""))
    answer(choice)
    press(dock.save_button)
    assert sorted(f.name for f in tmp_path.iterdir()) == files
    if cubes is not None:
        back = Session()
        path = tmp_path / "mine.udt-session.json"
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(path), ""))
        other = SessionDock(back, parent=dock.window_)
        press(other.open_button)
        assert len(back) == cubes


def test_a_script_is_copied_for_results_only(dock, session, tmp_path, transferred, pat):
    save_cube(pat(), tmp_path / "arm.udt.h5")
    cube = open_cube(tmp_path / "arm.udt.h5")
    source = {"name": "arm", "file": dict(cube.metadata["file"])}
    result = transferred(cube, "result")
    session.add(result.with_(provenance={**result.provenance, "source": source}))
    dock.cubes.selectRow(0)
    assert not dock.copy_button.isEnabled()
    dock.cubes.clearSelection()
    dock.cubes.selectRow(2)
    press(dock.copy_button)
    assert f"open_cube({str(tmp_path / 'arm.udt.h5')!r}" in QGuiApplication.clipboard().text()


def test_a_cube_in_the_place_of_measured_ones_is_called_a_reference_and_no_measurement(qtbot, pat):
    session = Session()
    session.add(pat("device", domain="second", origin="digital device"))
    session.add(pat("forearm", domain="real", origin=""))
    table = CubeTable(session)
    qtbot.addWidget(table)
    table.refresh()
    assert [row.origin for row in table.rows] == ["digital device, not a measurement", "measured"]
    assert [table.role_box(place).currentText() for place in (0, 1)] == ["reference (by structure)"] * 2
    assert {entry.role for entry in session} == {"real"}
