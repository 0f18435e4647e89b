"""The Population dock: real clicks, a real thread, both modalities."""

from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest
from PIL import Image
from population_window import LEFT, choose, clipboard_rows, drag, everything, point_of, settle, turn
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QApplication, QCheckBox, QDockWidget, QPushButton

from napari_udt.viewer.app import furnish
from napari_udt.viewer.context import context_of
from napari_udt.viewer.population.open_population import NO_CUBES
from napari_udt.viewer.population.widgets.dock import PopulationDock
from napari_udt.viewer.population.widgets.table import NumberTable, shown
from napari_udt.viewer.style import theme

# -- the shell ----------------------------------------------------------------------------------------


def test_an_empty_session_invites(dock):
    assert dock._hint.text() == NO_CUBES
    assert not dock.findChild(QPushButton, "Copy numbers").isEnabled()
    assert not dock.findChild(QPushButton, "Export...").isEnabled()


@pytest.mark.parametrize("modality", ["PAT", "HSI"])
def test_every_tab_shows_something_or_says_why_not(qtbot, dock, context, pat, hsi, transferred, modality):
    if modality == "PAT":
        cube, second = pat(), pat("second", domain="second")
    else:
        labels = np.zeros((24, 30), int)
        labels[:12] = 4
        named = {"labels": labels, "label_names": {0: "liver", 4: "skin"}}
        cube, second = hsi(**named), hsi("second", domain="second", **named)
    for one in (cube, transferred(cube, "t"), second):
        context.session.add(one)
    settle(qtbot, dock)
    for tab in dock.pages.tabs:
        turn(qtbot, dock, tab.NAME)
        if tab.NAME == "depth" and modality == "HSI":
            assert "takes a photoacoustic cube" in tab._hint.text()
            assert tab.drawing() is None
        elif hasattr(tab, "figure"):
            assert tab.figure is not None, tab._hint.text()
            assert tab.statement


@pytest.mark.parametrize("role", ["simulated", "real"])
def test_one_domain_alone_is_enough_for_all_but_differences(qtbot, dock, context, pat, role):
    context.session.add(pat(domain="simulated" if role == "simulated" else "second"))
    settle(qtbot, dock)
    tab = turn(qtbot, dock, "differences")
    assert "a difference needs a second cube" in tab._hint.text()
    assert not dock.findChild(QPushButton, "Export...").isEnabled()
    assert turn(qtbot, dock, "components").figure is not None


def test_a_cube_without_labels_is_all_spectra(qtbot, dock, context, hsi):
    context.session.add(hsi())
    settle(qtbot, dock)
    assert dock.controls.structure.currentText() == "all spectra"
    assert [s.structure for s in turn(qtbot, dock, "structures").figure.structures] == ["all spectra"]
    assert turn(qtbot, dock, "data").classes.rows[0][0] == "no label"


def test_figures_follow_cubes_roles_and_choices(qtbot, dock, three):
    tab = turn(qtbot, dock, "differences")
    assert [d.group.name for d in tab.figure.differences] == ["forearm", "forearm → real"]
    three.set_role("forearm → real", "none")
    settle(qtbot, dock)
    assert [d.group.name for d in tab.figure.differences] == ["forearm"]
    choose(dock.controls.structure, "artery")
    choose(dock.controls.normalisation, "l1")
    settle(qtbot, dock)
    assert (tab.figure.structure, tab.figure.normalisation) == ("artery", "l1")
    three.remove("second")
    qtbot.waitUntil(lambda: "needs a second cube" in tab._hint.text(), timeout=20000)


def test_a_modality_is_chosen_where_both_are_open(qtbot, dock, three, hsi):
    settle(qtbot, dock)
    assert not dock.controls.modality.isVisible()
    three.add(hsi())
    settle(qtbot, dock)
    assert dock.controls.modality.isVisible()
    assert dock.open_population.population.modality == "HSI"
    choose(dock.controls.modality, "PAT")
    settle(qtbot, dock)
    assert len(dock.open_population.population.groups) == 3


def test_the_legend_hides_a_group_everywhere_and_remembers_it(qtbot, dock, three):
    tab = turn(qtbot, dock, "differences")
    box = dock.legend.findChild(QCheckBox, "group forearm")
    assert box.text() == "simulated"
    before = tab.figure
    qtbot.mouseClick(box, LEFT, pos=box.rect().center())
    settle(qtbot, dock)
    assert [d.group.name for d in tab._shown] == ["forearm → real"]
    assert tab.figure is before  # nothing is computed anew
    assert three.settings["population"]["common"]["hidden"] == ["forearm"]
    assert "target: digital device" in [b.text() for b in dock.legend.findChildren(QCheckBox)]


def test_sub_sampling_is_stated(qtbot, dock, three, monkeypatch):
    from napari_udt.population import groups

    monkeypatch.setattr(groups.population_of_cubes, "__kwdefaults__", {"most_per_class": 30, "seed": 0})
    three.set_role("second", "none")
    settle(qtbot, dock)
    assert "forearm: 90 of 2,048 spectra, drawn per class." in dock.footer._statement.text()


def test_a_hidden_dock_reads_nothing_and_catches_up(qtbot, dock, context, pat):
    dock.hide()
    context.session.add(pat())
    assert not dock.open_population.busy
    assert dock.open_population.population is None
    dock.show()
    settle(qtbot, dock)
    assert len(dock.open_population.population.groups) == 1


def test_settings_come_back_with_the_session(qtbot, context, dock, three):
    tab = turn(qtbot, dock, "pictures")
    tab.wavelength.setValue(730.0)
    settle(qtbot, dock)
    choose(dock.controls.structure, "artery")
    again = PopulationDock(context.session, context.brushed)
    qtbot.addWidget(again)
    again.show()
    settle(qtbot, again)
    assert again.current.NAME == "pictures"
    assert again.current.wavelength.value() == 730.0
    assert again.controls.structure.currentData() == "artery"


def test_closing_while_a_worker_runs_is_clean(qtbot, context, pat):
    dock = PopulationDock(context.session, context.brushed)
    dock.show()
    context.session.add(pat())
    begun = threading.Event()
    dock.open_population._job.start(lambda: begun.set() or time.sleep(0.5))
    assert begun.wait(5)
    dock.close()
    dock.deleteLater()
    QApplication.sendPostedEvents(dock, QEvent.Type.DeferredDelete)
    qtbot.wait(700)
    context.session.add(pat("later"))  # nobody listens any more, and nothing breaks


def test_themes_change_the_figures(qtbot, dock, three):
    tab = turn(qtbot, dock, "oxygenation")
    for name in ("light", "dark"):
        tab.set_theme(theme(name))
        assert tab.canvas.backgroundBrush().color().name() == theme(name).background


def test_nothing_is_left_of_a_closed_window(make_napari_viewer, pat, transferred, qtbot):
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    furnish(viewer)
    main = viewer.window._qt_window
    dock = main.findChild(PopulationDock)
    cube = pat()
    for one in (cube, transferred(cube), pat("second", domain="second")):
        dock.session.add(one)
    next(d for d in main.findChildren(QDockWidget) if d.objectName() == "Population").raise_()
    components = turn(qtbot, dock, "components")
    drag(qtbot, components.canvas, *everything(components))
    turn(qtbot, dock, "pictures").sheet.placed.emit("forearm", 9, 15)
    context_of(viewer).side_by_side.set_active(True)
    qtbot.wait(100)
    del dock, components, main
    viewer.close()
    del viewer
    gc.collect()  # what is left now is held by something, and the fixture's check would fail


# -- leaving the window -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["data", "components", "differences", "structures", "depth", "oxygenation"])
def test_numbers_are_copied(qtbot, dock, three, name):
    turn(qtbot, dock, name)
    qtbot.mouseClick(dock.findChild(QPushButton, "Copy numbers"), LEFT)
    rows = clipboard_rows()
    assert len(rows) == len(dock.current.table().rows) > 0
    assert "transferred" in {row["origin"] for row in rows}


@pytest.mark.parametrize("name", ["pictures", "components", "differences", "structures"])
def test_figures_are_saved_with_a_legend(qtbot, dock, three, tmp_path, name):
    turn(qtbot, dock, name)
    dock.save(tmp_path / "figure.png")
    picture = Image.open(tmp_path / "figure.png")
    view = dock.current.drawing()
    assert picture.height > 2 * view.height() + 3 * 30
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 20
    dock.save(tmp_path / "figure.svg")
    drawn = (tmp_path / "figure.svg").read_text()
    assert "target (digital device)" in drawn
    assert dock.current.statement.splitlines()[0].split(":")[0] in drawn
    if dock.current.table() is not None:
        dock.save(tmp_path / "figure.csv")
        assert (tmp_path / "figure.csv").read_text() == dock.current.table().csv_text()


def test_a_file_that_cannot_be_written_is_reported(qtbot, dock, three, tmp_path):
    turn(qtbot, dock, "differences")
    (tmp_path / "file").touch()
    dock._on_export(tmp_path / "file" / "figure.csv")
    assert dock.footer._message.text().startswith("figure.csv was not saved")


def test_the_mouse_reads_values(qtbot, dock, three):
    tab = turn(qtbot, dock, "differences")
    qtbot.wait(50)  # for the sheet's layout
    box = tab.curves.getViewBox()
    at = point_of(tab.canvas, box, 752.0, np.mean(box.viewRange()[1]))
    tab.canvas._on_mouse_moved(tab.canvas.mapToScene(at.toPoint()))
    assert dock.footer._message.text().startswith("750 nm: simulated ")
    tab.canvas._on_mouse_moved(QPointF(-5, -5))
    assert dock.footer._message.text() == ""


# -- tables, grids ------------------------------------------------------------------------------------


def test_numbers_sort_as_numbers(qtbot, dock, three):
    tab = turn(qtbot, dock, "data")
    table: NumberTable = tab.classes
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    counts = [row[1] for row in table.rows]
    assert counts == sorted(counts)
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert len(QGuiApplication.clipboard().text().splitlines()) == 2
    assert (shown(float("nan")), shown(1234567), shown(0.123456)) == ("–", "1,234,567", "0.1235")


def test_small_plots_take_the_columns_that_fit(qtbot, dock, three):
    tab = turn(qtbot, dock, "structures")
    assert tab.grid._shape[1] == 2
    tab.grid.setFixedWidth(300)
    settle(qtbot, dock)
    qtbot.waitUntil(lambda: tab.grid._shape[1] == 1)
    settle(qtbot, dock)
    assert len(tab.grid.canvas.ci.items) == 2


def test_bins_of_depth_are_chosen(qtbot, dock, three):
    tab = turn(qtbot, dock, "depth")
    before = len(tab.figure.edges_mm)
    tab.bin.setValue(0.5)
    settle(qtbot, dock)
    assert len(tab.figure.edges_mm) > before


def test_all_figures_are_in_the_menu(qtbot, dock, three):
    menu = dock.pages.cornerWidget().menu()
    titles = [action.text() for action in menu.actions()]
    assert len(titles) == len(dock.pages.tabs)
    menu.actions()[-1].trigger()
    assert dock.pages.currentIndex() == len(titles) - 1
