"""What the mouse does to the Population dock, and what can be read of it."""

from __future__ import annotations

import csv
import io

import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QGuiApplication, QMouseEvent
from qtpy.QtWidgets import QApplication

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def turn(qtbot, dock, name):
    """Turn to a tab by a click on its title, and wait for what it shows."""
    place = next(i for i, tab in enumerate(dock.pages.tabs) if name == tab.NAME)
    bar = dock.pages.tabBar()
    qtbot.mouseClick(bar, LEFT, pos=bar.tabRect(place).center())
    dock.pages.turn_to(name)  # titles beyond the dock's edge have to be scrolled to first
    settle(qtbot, dock)
    return dock.current


def settle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.busy, timeout=20000)


def drag(qtbot, view, start, end):
    """Drag from one point of a view's widget to another, as the mouse does it."""
    port = view.viewport()
    qtbot.mousePress(port, LEFT, pos=start.toPoint())
    for share in np.linspace(0, 1, 6):
        at = QPointF(start + share * (end - start))
        how = (QEvent.Type.MouseMove, at, QPointF(port.mapToGlobal(at)), LEFT, LEFT, PLAIN)
        QApplication.sendEvent(port, QMouseEvent(*how))
        qtbot.wait(20)
    qtbot.mouseRelease(port, LEFT, pos=end.toPoint())


def point_of(view, box, x, y):
    return QPointF(view.mapFromScene(box.mapViewToScene(QPointF(x, y))))


def everything(tab):
    """Two corners, on the widget, between which all of the joint plot lies."""
    (left, right), (bottom, top) = tab.box.viewRange()
    across, up = 0.01 * (right - left), 0.01 * (top - bottom)
    return (
        point_of(tab.canvas, tab.box, left + across, bottom + up),
        point_of(tab.canvas, tab.box, right - across, top - up),
    )


def choose(box, value):
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def layers(context):
    return {layer.name: layer for layer in context.adapter.viewer.layers}


def clipboard_rows():
    text = QGuiApplication.clipboard().text()
    return list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))
