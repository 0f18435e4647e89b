"""Moves and clicks of the mouse over the canvas that wait for what the window system sends back."""

from __future__ import annotations

import time
from typing import Any

from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QCursor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_udt.bench.viewer_scene import point_of
from napari_udt.viewer.app import Window
from napari_udt.viewer.state.session import PixelRef


def canvas_of(window: Window) -> Any:
    """Return napari's canvas, a Qt widget."""
    return window.viewer.window._qt_viewer.canvas.native


def settled_point(window: Window, pixel: PixelRef, timeout_s: float = 3.0) -> QPoint:
    """Return where a pixel lies on the canvas, once the layout of the window no longer moves it."""
    deadline = time.monotonic() + timeout_s
    QApplication.processEvents()
    point = point_of(window, pixel)
    while time.monotonic() < deadline:
        QTest.qWait(10)
        before, point = point, point_of(window, pixel)
        if point == before:
            break
    return point


def move_mouse(window: Window, point: QPoint, timeout_s: float = 3.0) -> None:
    """Move the mouse to a point of the canvas, and wait until napari has heard of it there.

    Qt moves the pointer of the window system, which tells the window in its own time: on a busy machine
    after ``QTest.mouseMove`` has returned.
    """
    canvas = canvas_of(window)
    arrived = []

    def hear(viewer: Any, event: Any) -> None:
        if abs(event.pos[0] - point.x()) <= 1 and abs(event.pos[1] - point.y()) <= 1:
            arrived.append(True)

    callbacks = window.viewer.mouse_move_callbacks
    callbacks.append(hear)
    try:
        if QCursor.pos() == canvas.mapToGlobal(point):  # then a move would tell nothing
            QTest.mouseMove(canvas, point + QPoint(9, 9))
        QTest.mouseMove(canvas, point)
        deadline = time.monotonic() + timeout_s
        while not arrived and time.monotonic() < deadline:
            QTest.qWait(5)
        QApplication.processEvents()
    finally:
        callbacks.remove(hear)


def click(window: Window, pixel: PixelRef) -> None:
    """Move to a pixel and click there with the left button."""
    point = settled_point(window, pixel)
    move_mouse(window, point)
    QTest.mouseClick(canvas_of(window), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    QApplication.processEvents()
