"""The Collections dock with real drops, clicks and keys."""

import numpy as np
import pytest
from own_cubes import write_envi, write_tivita
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit

from napari_udt.collection import gather, load_collection, save_collection
from napari_udt.io import open_cube
from napari_udt.viewer.app import furnish
from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.collection.widgets import dock as dock_module
from napari_udt.viewer.collection.widgets.dock import CollectionDock
from napari_udt.viewer.napari_adapter import main_window
from napari_udt.viewer.population.widgets.dock import PopulationDock
from napari_udt.viewer.qt.visibility import dock_of
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.run import TrainingRun
from napari_udt.viewer.train.widgets.dock import TrainDock

NAME = "c.udt-collection.toml"
FILE, SUBJECT, DOMAIN, USE = range(4)


@pytest.fixture
def folder(tmp_path):
    for i in range(2):
        write_envi(tmp_path / "sim" / f"s{i}.hdr", i, names=("liver", "skin"))
    write_envi(tmp_path / "real" / "r.hdr", 9, target=True)
    (tmp_path / "real" / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    return tmp_path


def bring(qtbot, collection, session=None):
    dock = CollectionDock(session or Session(), collection, list)
    qtbot.addWidget(dock)
    dock.resize(640, 800)
    dock.show()
    return dock


@pytest.fixture
def dock(qtbot):
    return bring(qtbot, OpenCollection())


@pytest.fixture
def filled(dock, folder, qtbot):
    drop(dock.table.viewport(), folder)
    qtbot.waitUntil(lambda: dock.table.shown == 4, timeout=20_000)
    return dock


def drop(target, *paths):
    """Drag files over a widget and let go; Qt asks its parents where it does not take them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    while target is not None and not target.acceptDrops():
        target = target.parentWidget()
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(20, 20), *how))
    QApplication.sendEvent(target, QDropEvent(QPointF(20, 20), *how))


def cell(dock, name, column):
    """Return the middle of a cell, on the table's viewport."""
    table = dock.table
    for place in range(table.shown):
        index = table.model().index(place, column)
        if table.model().index(place, FILE).data() == name:
            table.scrollTo(index)
            return table.visualRect(index).center()
    raise AssertionError(f"{name} is not shown")


def double_click(dock, name, column):
    place = cell(dock, name, column)
    QTest.mouseClick(dock.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(dock.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_dropped_folder_is_listed_with_a_row_for_the_broken_file(filled):
    assert "3 cubes of 3 subjects (1 measured, 2 simulated). 1 file does not open" in filled.statement.text()
    problems = {row.member.name: bool(row.problem) for row in filled.table.rows}
    assert problems == {"broken.h5": True, "r.hdr": False, "s0.hdr": False, "s1.hdr": False}
    assert not filled.bar.isVisible()


def test_rows_are_sorted_and_filtered(filled):
    header = filled.table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(FILE) + 10, 10)
    for expected in ("broken.h5", "s1.hdr"):
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert filled.table.model().index(0, FILE).data() == expected
    QTest.keyClicks(filled.filter, "simulated LIVER")
    assert filled.table.shown == 2
    filled.table.selectAll()
    assert [row.member.name for row in filled.table.selected_rows()] == ["s1.hdr", "s0.hdr"]
    assert filled.status.text() == "2 of 4 shown."


def test_a_domain_is_chosen_for_all_selected_rows(filled, qtbot):
    QTest.mouseClick(filled.table.viewport(), Qt.MouseButton.LeftButton, pos=cell(filled, "s0.hdr", FILE))
    QTest.mouseClick(
        filled.table.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        cell(filled, "s1.hdr", DOMAIN),
    )
    QTest.keyClick(filled.table, Qt.Key.Key_F2)
    box = filled.table.viewport().findChild(QComboBox)
    assert [box.itemText(i) for i in range(box.count())][:2] == ["simulated", "measured"]
    QTest.keyClick(box, Qt.Key.Key_Down)
    QTest.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "3 measured" in filled.statement.text())
    assert len(filled.table.selected_rows()) == 2


def test_a_double_click_opens_the_cube_as_the_collection_has_it(filled, qtbot):
    filled.collection.name_structures({"Leber": "liver"})
    double_click(filled, "r.hdr", FILE)
    qtbot.waitUntil(lambda: "r" in filled._session, timeout=20_000)
    assert set(filled._session["r"].cube.present_labels.values()) == {"liver", "Haut"}
    double_click(filled, "broken.h5", FILE)
    assert "broken.h5" in filled.status.text()  # and what is wrong with it


def test_a_subject_is_typed(filled, qtbot):
    double_click(filled, "r.hdr", SUBJECT)
    editor = filled.table.viewport().findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "Ann")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: any(cube.member.subject == "Ann" for cube in filled.collection.cubes))


def test_suggested_names_are_taken_for_the_selected_structures(filled, qtbot):
    filled.pages.setCurrentIndex(1)
    assert not filled.names.take_button.isEnabled()
    filled.names.table.selectAll()
    QTest.mouseClick(filled.names.take_button, Qt.MouseButton.LeftButton)
    names = filled.collection.structures
    assert names in (
        {"liver": "Leber", "skin": "Haut"},
        {"Leber": "liver", "Haut": "skin"},
    )  # one side keeps its names
    filled.pages.setCurrentIndex(2)
    assert filled.counts.text_at(0, 0).endswith("(simulated): 240 pixels")
    assert filled.counts.text_at(9, 0) == ""


def test_the_collection_is_saved_and_handed_to_training(filled, qtbot, monkeypatch, folder):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(folder / "c"), ""))
    train = TrainDock(filled._session, TrainingRun(), None, filled.collection)
    qtbot.addWidget(train)
    QTest.mouseClick(filled.actions.train_button, Qt.MouseButton.LeftButton)
    assert [source.path for source in train.simulated.sources] == [folder / NAME]
    assert train.simulated.sources == train.target.sources
    assert len(load_collection(folder / NAME).members) == 3
    assert filled.status.text() == f"Saved {folder / NAME}"


def test_reading_is_cancelled_and_what_was_listed_stays(filled, qtbot, monkeypatch, tmp_path):
    def endless(paths, rules, report):
        while True:
            report(1, 2)

    monkeypatch.setattr(dock_module, "inspect", endless)
    filled.add_paths([tmp_path])
    filled.add_paths([tmp_path / "sim"])  # waits, and is given up too
    qtbot.waitUntil(filled.cancel_button.isVisible)
    QTest.mouseClick(filled.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not filled.reading, timeout=20_000)
    assert filled.status.text() == "Cancelled; nothing was added."
    assert filled.table.shown == 4


def test_a_wrong_rule_for_subjects_is_said(dock, folder, qtbot):
    dock.subject.setCurrentText("person")
    dock.add_paths([folder])
    qtbot.waitUntil(lambda: "Subject from 'person' is unknown" in dock.status.text(), timeout=20_000)
    assert not dock.table.rows


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_collection_dropped_on_the_window_opens_in_the_dock(make_napari_viewer, qtbot, folder):
    collection, _ = gather([folder / "sim"])
    save_collection(collection, folder / NAME)
    window = furnish(make_napari_viewer(show=True))
    dock = main_window(window.viewer).findChild(CollectionDock)
    drop(window.viewer.window._qt_viewer.canvas.native, folder / NAME)
    qtbot.waitUntil(lambda: dock.table.shown == 2, timeout=20_000)
    assert not dock_of(dock).visibleRegion().isEmpty()
    assert not list(window.viewer.layers)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_collection_opened_in_plain_napari_brings_the_dock(make_napari_viewer, qtbot, folder):
    collection, _ = gather([folder / "sim"])
    save_collection(collection, folder / NAME)
    viewer = make_napari_viewer(show=True)
    viewer.open(folder / NAME, plugin="napari-udt")
    qtbot.waitUntil(lambda: main_window(viewer).findChild(CollectionDock) is not None, timeout=20_000)
    dock = main_window(viewer).findChild(CollectionDock)
    qtbot.waitUntil(lambda: dock.table.shown == 2, timeout=20_000)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_collection_is_compared_in_the_place_of_the_open_cubes(qtbot, folder):
    for i in range(2):
        write_envi(folder / "real" / f"t{i}.hdr", 20 + i, target=True, names=("liver", "skin"))
    session, collection = Session(), OpenCollection()
    dock = bring(qtbot, collection, session)
    population = PopulationDock(session, None, collection)
    qtbot.addWidget(population)
    population.resize(700, 700)
    population.show()
    dock.add_paths([folder])
    qtbot.waitUntil(lambda: dock.table.shown == 6, timeout=20_000)
    QTest.mouseClick(dock.actions.compare_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: population.given.isVisible(), timeout=20_000)
    groups = population.open_population.population.groups
    assert [len(np.unique(group.images)) for group in groups] == [2, 3]
    assert "Measured: 3 cubes of 3 subjects" in dock.status.text()
    session.add(open_cube(folder / "real" / "r.hdr"))  # changes nothing that is shown
    assert population.open_population.population.groups == groups
    QTest.mouseClick(population.given.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not population.given.isVisible(), timeout=20_000)
    drawn = population.open_population
    qtbot.waitUntil(lambda: bool(drawn.population and len(drawn.population.groups) == 1), timeout=20_000)


def test_wavelengths_that_files_lack_are_typed_in_the_dock(dock, tmp_path, qtbot):
    write_tivita(tmp_path / "P1" / "2021_01", 1)
    write_envi(tmp_path / "s.hdr", 0)
    assert not dock.wavelengths.isVisible()
    drop(dock.table.viewport(), tmp_path)
    qtbot.waitUntil(lambda: dock.table.shown == 2 and not dock.reading, timeout=20_000)
    assert "1 file without wavelengths: type them above the table" in dock.status.text()
    assert dock.wavelengths.isVisible()
    for text in ("blue", "500-800"):
        dock.wavelengths.clear()
        QTest.keyClicks(dock.wavelengths, text)
        QTest.keyClick(dock.wavelengths, Qt.Key.Key_Return)
        assert ("are not understood" in dock.status.text()) == (text == "blue")
    qtbot.waitUntil(lambda: not dock.reading and not dock.wavelengths.isVisible(), timeout=20_000)
    assert dock.status.text() == "1 more can be opened."
    assert "2 cubes of 2 subjects (1 simulated, 1 measured). HSI, 31 common" in dock.statement.text()
    assert (
        len(dock.collection.collection().members[1].wavelengths_nm)
        + len(dock.collection.collection().members[0].wavelengths_nm)
        == 31
    )  # those that were stated stand in the collection
