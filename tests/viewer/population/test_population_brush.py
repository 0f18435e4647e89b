"""Brushing spectra in the components, and their pixels in the pictures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from population_window import LEFT, PLAIN, clipboard_rows, drag, everything, layers, settle, turn
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QCheckBox, QPushButton


def test_a_rectangle_brushes_spectra_here_and_in_the_picture(qtbot, dock, context, three):
    tab = turn(qtbot, dock, "components")
    drag(qtbot, tab.canvas, *everything(tab))
    assert "Brushed: 40 of 40 simulated" in dock.footer._statement.text()
    layer = layers(context)["forearm · brushed"]
    np.testing.assert_array_equal(layer.data > 0, three["forearm"].cube.labels == 5)
    assert tab.spectra.isVisible()
    qtbot.mouseClick(dock.findChild(QPushButton, "Copy numbers"), LEFT)
    assert clipboard_rows()[0]["brushed spectra"] == "40"
    qtbot.mouseClick(tab.findChild(QPushButton, "clear brush"), LEFT)
    assert not any(name.endswith("brushed") for name in layers(context))
    assert not tab.spectra.isVisible()


def test_a_lasso_takes_what_it_surrounds(qtbot, dock, context, three):
    tab = turn(qtbot, dock, "components")
    qtbot.mouseClick(tab.findChild(QPushButton, "brush lasso"), LEFT)
    start, end = everything(tab)
    port = tab.canvas.viewport()
    corners = [start, QPointF(end.x(), start.y()), end, QPointF(start.x(), end.y()), start]
    qtbot.mousePress(port, LEFT, pos=start.toPoint())
    for a, b in pairwise(corners):
        for share in (0.5, 1.0):
            at = QPointF(a + share * (b - a))
            how = (QEvent.Type.MouseMove, at, QPointF(port.mapToGlobal(at)), LEFT, LEFT, PLAIN)
            QApplication.sendEvent(port, QMouseEvent(*how))
            qtbot.wait(20)
    qtbot.mouseRelease(port, LEFT, pos=start.toPoint())
    assert len(tab.outline) > 5
    assert "forearm · brushed" in layers(context)


def test_the_keyboard_brushes_too(qtbot, dock, context, three):
    tab = turn(qtbot, dock, "components")
    tab.canvas.setFocus()
    qtbot.keyClick(tab.canvas, Qt.Key.Key_Return)
    first = tab.outline.copy()
    qtbot.keyClick(tab.canvas, Qt.Key.Key_Right)
    assert (tab.outline[:, 0] > first[:, 0]).all()
    qtbot.keyClick(tab.canvas, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert np.ptp(tab.outline[:, 0]) > np.ptp(first[:, 0])
    qtbot.keyClick(tab.canvas, Qt.Key.Key_Escape)
    assert tab.outline is None


def test_brushed_layers_go_with_their_cube_and_may_be_deleted(qtbot, dock, context, three):
    tab = turn(qtbot, dock, "components")
    drag(qtbot, tab.canvas, *everything(tab))
    context.adapter.viewer.layers.remove("forearm · brushed")  # by the user
    assert "forearm" in three
    three.remove("second")
    assert "second · brushed" not in layers(context)
    settle(qtbot, dock)


def test_brushed_pixels_stand_side_by_side_with_their_cubes(qtbot, dock, context, three):
    tab = turn(qtbot, dock, "components")
    context.side_by_side.set_active(True)
    drag(qtbot, tab.canvas, *everything(tab))
    viewer = context.adapter.viewer
    for cell, key in enumerate(context.side_by_side.cells):
        stride = int(viewer.canvas.grid.stride)
        inside = viewer.layers[cell * stride : (cell + 1) * stride]
        assert context.adapter[key].brushed in inside
        assert context.adapter[key].brushed.visible
    qtbot.mouseClick(tab.findChild(QPushButton, "clear brush"), LEFT)
    assert [context.side_by_side.cell_of(key) for key in context.side_by_side.cells] == [
        (0, 0),
        (1, 0),
        (2, 0),
    ]
    three.rename("forearm", "arm")
    settle(qtbot, dock)
    tab.set_outline(np.array([(-9, -9), (9, -9), (9, 9), (-9, 9)], float))
    assert "arm · brushed" in layers(context)


def test_points_are_an_even_pick_and_said_to_be(qtbot, dock, three, monkeypatch):
    from napari_udt.viewer.population.widgets.components import items as component_items
    from napari_udt.viewer.population.widgets.components import tab as population_components

    for module in (component_items, population_components):
        monkeypatch.setattr(module, "MOST_POINTS", 10)
    tab = turn(qtbot, dock, "components")
    qtbot.mouseClick(
        tab.findChild(QCheckBox, "points"), LEFT, pos=tab.findChild(QCheckBox, "points").rect().center()
    )
    assert "at most 10 points are drawn" in dock.footer._statement.text()
    assert len(component_items.drawn_points(tab.figure.projections[0])) == 10
