"""The tour: through all its steps, or skipped at any; nothing below it is blocked."""

from __future__ import annotations

import pytest
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QPushButton, QWidget

from napari_udt.viewer.qt.tour_panel import TourPanel
from napari_udt.viewer.tour import STEPS


@pytest.fixture
def main(qtbot):
    main = QMainWindow()
    qtbot.addWidget(main)
    main.setCentralWidget(QPushButton("picture"))
    for name in {step.dock for step in STEPS if step.dock}:
        dock = QDockWidget(name, main)
        dock.setObjectName(name)
        dock.setWidget(QWidget())
        main.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    main.resize(1000, 700)
    main.show()
    return main


def test_the_tour_frames_each_dock_and_ends_by_itself(main, qtbot):
    panel = TourPanel(main)
    highlight, seen = panel._highlight, []
    for step in STEPS:
        assert step.title in panel.title.text()
        seen.append(step.title)
        if step.dock:
            assert highlight.geometry() == main.findChild(QDockWidget, step.dock).geometry()
        assert main.rect().contains(panel.geometry())
        qtbot.mouseClick(panel.next_button, Qt.MouseButton.LeftButton)
    assert seen == [step.title for step in STEPS]
    qtbot.waitUntil(lambda: not isalive(panel) and not isalive(highlight), timeout=3000)


def test_the_tour_can_be_skipped_and_lets_clicks_through_meanwhile(main, qtbot):
    panel, clicks = TourPanel(main), []
    main.centralWidget().clicked.connect(lambda: clicks.append(1))
    qtbot.mouseClick(main.childAt(40, 40), Qt.MouseButton.LeftButton)
    assert clicks == [1]
    qtbot.mouseClick(panel.skip_button, Qt.MouseButton.LeftButton)
    assert not panel.isVisible()
    main.resize(900, 600)  # what is left must not answer
    qtbot.waitUntil(lambda: not isalive(panel), timeout=3000)
