"""From the verdict above the spectra to the chart of all structures, and back, by one click each."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QPushButton

from napari_udt.viewer.population.widgets.dock import PopulationDock
from napari_udt.viewer.spectra.widgets.dock import NO_POPULATION, SpectraDock
from napari_udt.viewer.state.session import PixelRef, Session


@pytest.fixture
def session(pat, hsi):
    session = Session()
    for cube in (hsi(), pat("second", domain="second"), pat()):
        session.add(cube)
    return session


@pytest.fixture
def window(qtbot, session):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(700, 800)
    docks = []
    for widget in (SpectraDock(session), PopulationDock(session)):
        docks.append(QDockWidget(window))
        docks[-1].setWidget(widget)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, docks[-1])
    window.tabifyDockWidget(*docks)
    window.show()
    docks[0].raise_()
    return window


def in_front(widget):
    return widget._visibility.is_shown


def press(qtbot, widget, name):
    button = widget.findChild(QPushButton, name)
    qtbot.waitUntil(button.isVisible, timeout=10000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_one_click_goes_to_the_chart_and_one_back(qtbot, window, session):
    spectra, population = window.findChild(SpectraDock), window.findChild(PopulationDock)
    population.pages.turn_to("metrics")
    press(qtbot, spectra, "Chart")
    qtbot.waitUntil(lambda: in_front(population), timeout=5000)
    assert population.current.NAME == "verdict"
    qtbot.waitUntil(lambda: not population.busy, timeout=20000)
    assert population.current.figure is not None
    press(qtbot, population, "Spectra")
    qtbot.waitUntil(lambda: in_front(spectra), timeout=5000)
    assert not in_front(population)


def test_the_chart_is_of_the_modality_that_is_looked_at(qtbot, window, session):
    spectra, population = window.findChild(SpectraDock), window.findChild(PopulationDock)
    first = next(entry.key for entry in session if entry.cube.modality == "HSI")
    session.set_cursor(PixelRef(first, 1, 1))
    press(qtbot, spectra, "Chart")
    qtbot.waitUntil(lambda: not population.busy, timeout=20000)
    assert population.open_population.population.modality == "HSI"


def test_a_closed_population_dock_comes_back(qtbot, window):
    spectra, population = window.findChild(SpectraDock), window.findChild(PopulationDock)
    population.parentWidget().close()
    press(qtbot, spectra, "Chart")
    qtbot.waitUntil(lambda: in_front(population), timeout=5000)


def test_without_a_population_dock_it_says_where_the_chart_is(qtbot, session):
    spectra = SpectraDock(session)
    qtbot.addWidget(spectra)
    spectra.show()
    said = []
    spectra._footer.show_message = said.append
    press(qtbot, spectra, "Chart")
    assert said[-1] == NO_POPULATION


def test_without_a_verdict_there_is_no_button(qtbot):
    spectra = SpectraDock(Session())
    qtbot.addWidget(spectra)
    spectra.show()
    assert not spectra.findChild(QPushButton, "Chart").isVisible()
