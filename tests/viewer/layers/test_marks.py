"""What is drawn on pictures without layers, in a real window: names of structures, the legend, pins in further cells."""

from __future__ import annotations

import numpy as np
import pytest
from canvas_mouse import canvas_of, move_mouse
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_udt.bench.viewer_scene import point_of, redraw
from napari_udt.viewer import commands
from napari_udt.viewer.app import furnish
from napari_udt.viewer.layers.layer_data import structure_colour
from napari_udt.viewer.state.session import PixelRef

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
_LEFT, _PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def window(make_napari_viewer, pat, transferred):
    window = furnish(make_napari_viewer(show=True))
    cube = pat()
    window.context.session.add(cube)
    window.context.session.add(transferred(cube))
    QApplication.processEvents()
    return window


def picture(window):
    """What is on the canvas, as red, green and blue."""
    redraw(window)
    return window.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)


def area(window, colour):
    """How many pixels of the canvas have a colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(picture(window) - wanted).max(axis=2) < 12).sum())


def test_names_and_legend_are_drawn_where_their_boxes_are_ticked(window):
    row, before = window.compare.structures, picture(window)
    colour = structure_colour("vein")
    bare = area(window, colour)
    row.names.click()
    named = picture(window)
    assert (named != before).any()
    row.legend.click()
    assert area(window, colour) > bare + 30  # the square in the legend
    row.names.click()
    row.legend.click()
    np.testing.assert_array_equal(picture(window), before)
    # commands and boxes agree, and the choice is remembered
    commands.toggle_structure_names(window.viewer)
    assert (row.names.isChecked(), row.legend.isChecked()) == (True, False)
    assert window.context.session.settings["compare"]["names"]
    commands.toggle_structure_legend(window.viewer)
    assert row.legend.isChecked()
    row.names.click()
    assert not window.context.structures.names
    _only_the_picture_in_front_has_names_and_side_by_side_each(window)


def _only_the_picture_in_front_has_names_and_side_by_side_each(window):
    structures, adapter = window.context.structures, window.context.adapter
    structures.show(names=True, legend=True)

    def named():
        overlays = {key: adapter[key].labels._overlays.get("udt_names") for key in adapter.open_keys}
        return [key for key, overlay in overlays.items() if overlay is not None and overlay.visible]

    assert named() == ["forearm → real"]
    window.context.side_by_side.set_active(True)
    assert named() == ["forearm", "forearm → real"]
    assert {mark.text for mark in adapter["forearm"].labels._overlays["udt_names"].marks} >= {"vein"}
    window.context.session.remove("forearm → real")
    assert named() == ["forearm"]
    entries = window.viewer.canvas.overlays["udt_legend"].entries
    assert ("vein", structure_colour("vein")) in entries
    assert not any("coupling" in name for name, _ in entries)


def test_a_pin_is_seen_in_every_cell_of_its_scene(window, qtbot):
    window.context.session.pin(PixelRef("forearm", 10, 30))
    colour = window.context.session.pins[0].colour
    qtbot.waitUntil(lambda: not window.context.pins.busy, timeout=5000)
    window.context.side_by_side.set_active(True)
    qtbot.waitUntil(lambda: not window.context.pins.busy, timeout=5000)
    both = area(window, colour)
    window.context.adapter["forearm"].pins.visible = False
    one = area(window, colour)
    assert 0.3 * both < one < 0.7 * both  # two dots of one size
    window.context.session.unpin()
    qtbot.waitUntil(lambda: area(window, colour) < 0.2 * one, timeout=5000)


def test_a_dot_that_is_dragged_in_any_cell_moves_its_pin(window, qtbot):
    window.context.session.pin(PixelRef("forearm", 10, 30))
    for side_by_side in (False, True):
        _drag_and_undo(window, qtbot, side_by_side)


def _drag_and_undo(window, qtbot, side_by_side):
    session, canvas = window.context.session, canvas_of(window)
    window.context.side_by_side.set_active(side_by_side)
    qtbot.waitUntil(lambda: not window.context.pins.busy, timeout=5000)
    redraw(window)
    key, camera = "forearm → real", window.viewer.scene.camera
    before, start = tuple(camera.center), point_of(window, PixelRef(key, 10, 30))
    move_mouse(window, start)
    QTest.mousePress(canvas, _LEFT, _PLAIN, start)
    for place in ((14, 34), (18, 40)):
        move_mouse(window, point_of(window, PixelRef(key, *place)))
    QTest.mouseRelease(canvas, _LEFT, _PLAIN, point_of(window, PixelRef(key, 18, 40)))
    assert [pin.pixel for pin in session.pins] == [PixelRef("forearm", 18, 40)]
    assert tuple(camera.center) == before
    assert camera.mouse_pan
    session.history.undo()
    assert [pin.pixel for pin in session.pins] == [PixelRef("forearm", 10, 30)]
