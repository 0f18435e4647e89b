"""What a press of the mouse means in a real window: grasp the divider, draw a region, pin a pixel."""

import numpy as np
import pytest
from canvas_mouse import canvas_of, move_mouse
from canvas_mouse import click as click_pixel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit

from napari_udt.bench.viewer_scene import redraw, screen_position
from napari_udt.viewer.app import furnish
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


def point(window, key, row, column):
    return QPoint(*(round(v) for v in screen_position(window, PixelRef(key, row, column))))


def click(window, key, row, column):
    click_pixel(window, PixelRef(key, row, column))


def test_a_click_on_the_divider_pins_nothing_and_beside_it_a_pixel(window):
    assert window.context.pair_view.show("swipe", "forearm → real", "forearm") == ""
    click(window, "forearm", 10, 32)
    assert window.context.session.pins == ()
    click(window, "forearm", 10, 5)
    assert len(window.context.session.pins) == 1


def test_after_a_freehand_region_clicks_pin_again(window, qtbot):
    assert window.context.regions.draw()
    key = window.context.adapter.top_key()
    canvas = canvas_of(window)
    corners = [point(window, key, *place) for place in ((4, 8), (4, 40), (26, 40), (26, 8), (6, 8))]
    move_mouse(window, corners[0])
    QTest.mousePress(canvas, _LEFT, _PLAIN, corners[0])
    for corner in corners[1:]:
        move_mouse(window, corner)
    QTest.mouseRelease(canvas, _LEFT, _PLAIN, corners[-1])
    qtbot.waitUntil(lambda: window.context.adapter.pans(), timeout=3000)
    assert len(window.context.session.regions) == 1
    assert window.viewer.layers.selection.active is window.context.adapter[key].image
    click(window, key, 16, 30)
    assert len(window.context.session.pins) == 1
    assert len(window.context.session.regions) == 1


def test_an_outline_is_given_up_by_escape(window, qtbot):
    assert window.context.regions.draw()
    key, canvas = window.context.adapter.top_key(), canvas_of(window)
    layer = window.context.adapter[key].regions
    layer.add(np.array([[4, 4], [4, 9], [9, 9]]), shape_type="polygon")
    qtbot.waitUntil(window.context.adapter.pans, timeout=3000)
    assert window.context.regions.draw()
    click(window, key, 20, 40)  # begins an outline
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(window.context.adapter.pans, timeout=3000)
    assert [region.number for region in window.context.session.regions] == [1]
    assert list(layer.features["region"]) == [1]


def test_a_name_typed_into_naparis_own_table_renames_the_pin(window, qtbot):
    from napari_builtins._qt.features_table import FeaturesTable

    session, viewer = window.context.session, window.viewer
    session.pin(PixelRef("forearm", 9, 15))
    qtbot.waitUntil(lambda: "forearm → real · pins" in viewer.layers, timeout=5000)
    viewer.layers.selection.active = viewer.layers["forearm → real · pins"]
    table = FeaturesTable(viewer)
    viewer.window.add_dock_widget(table)
    qtbot.mouseClick(table.toggle, _LEFT)
    headings = [
        table.table.model().headerData(c, Qt.Orientation.Horizontal)
        for c in range(table.table.model().columnCount())
    ]
    table.table.edit(table.table.model().index(0, headings.index("name")))
    (editor,) = table.table.viewport().findChildren(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "artery, left")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: viewer.layers["forearm → real · pins"].features["name"][0] == "artery, left", timeout=3000
    )
    window.context.pins.take_names()  # Qt's word of the focus does it, where windows get the keyboard
    assert session.pins[0].name == "artery, left"


def test_a_name_given_elsewhere_is_not_taken_back_while_the_dots_wait_for_it(window, qtbot):
    session, pins = window.context.session, window.context.pins
    session.pin(PixelRef("forearm", 9, 15))
    qtbot.waitUntil(lambda: not pins.busy, timeout=5000)
    session.rename_pin(1, "artery, left")  # as the Session dock does, whose editor then gives the focus back
    pins.take_names()
    assert session.pins[0].name == "artery, left"
    qtbot.waitUntil(lambda: not pins.busy, timeout=5000)
    assert list(window.viewer.layers["forearm → real · pins"].features["name"]) == ["artery, left"]
    session.history.undo()
    pins.take_names()
    assert session.pins[0].name == ""


def test_a_cube_that_comes_while_others_stand_side_by_side_gets_a_cell_of_full_size(window, pat, qtbot):
    QTest.mouseClick(window.transfer.layout_button.native, _LEFT)
    assert window.context.side_by_side.active
    bare = pat("second", domain="second", labels=None, label_names={}, oxygenation=None)
    window.context.session.add(bare)
    canvas = window.viewer.window._qt_viewer.canvas
    qtbot.waitUntil(lambda: len(window.context.side_by_side.cells) == 3, timeout=3000)
    qtbot.waitUntil(lambda: len(canvas.grid_views) == 3, timeout=3000)  # those that napari's camera moves
    redraw(window)  # vispy gives cells their size as it paints
    click(window, "second", 5, 40)
    assert [pin.pixel for pin in window.context.session.pins] == [PixelRef("second", 5, 40)]
    seen = [view.camera.rect for view in canvas.grid_views]
    assert all(np.allclose((rect.pos, rect.size), (seen[0].pos, seen[0].size)) for rect in seen)
