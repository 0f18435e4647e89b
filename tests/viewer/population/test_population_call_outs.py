"""Pictures of the Population dock and their call-outs."""

from __future__ import annotations

from population_window import LEFT, drag, point_of, settle, turn
from qtpy.QtCore import Qt

from napari_udt.population.scenes import CallOut


def typed(tab, column, text):
    model = tab.list.model()
    model.setData(model.index(0, column), text)


def test_a_click_places_a_call_out_where_it_lands(qtbot, dock, three):
    tab = turn(qtbot, dock, "pictures")
    qtbot.mouseClick(tab.place_button, LEFT)
    item = tab.sheet.items_shown[1]
    at = point_of(tab.sheet, item.box, 20.5, 10.5)
    qtbot.mouseClick(tab.sheet.viewport(), LEFT, pos=at.toPoint())
    (call_out,) = tab.call_outs
    assert call_out.picture == "forearm → real"
    assert abs(call_out.row - 10) <= 1
    assert abs(call_out.column - 20) <= 1
    assert not tab.place_button.isChecked()
    assert three.settings["population"]["tabs"]["pictures"]["call_outs"][0]["text"] == "1"
    qtbot.mouseClick(tab.sheet.viewport(), LEFT, pos=at.toPoint())  # the button is up: nothing more
    assert len(tab.call_outs) == 1


def test_call_outs_are_named_sized_moved_and_deleted(qtbot, dock, three):
    tab = turn(qtbot, dock, "pictures")
    tab.sheet.placed.emit("forearm", 9, 15)
    typed(tab, 0, "the vein")
    typed(tab, 3, "8")
    assert tab.call_outs == (CallOut("forearm", 9, 15, 8, "the vein"),)
    typed(tab, 3, "wide")
    assert tab.call_outs[0].size == 8
    assert "no number of pixels" in dock.footer._message.text()
    tab.list.selectRow(0)
    tab.sheet.setFocus()
    qtbot.keyClick(tab.sheet, Qt.Key.Key_Down)
    assert (tab.call_outs[0].row, tab.call_outs[0].column) == (10, 15)
    qtbot.keyClick(tab.list, Qt.Key.Key_Delete)
    assert tab.call_outs == ()
    assert not tab.list.isVisible()


def test_a_call_out_can_be_dragged(qtbot, dock, three):
    tab = turn(qtbot, dock, "pictures")
    tab.sheet.placed.emit("forearm", 16, 20)
    typed(tab, 3, "10")
    box = tab.sheet.items_shown[0].box
    drag(qtbot, tab.sheet, point_of(tab.sheet, box, 20, 16), point_of(tab.sheet, box, 40, 10))
    assert abs(tab.call_outs[0].column - 40) <= 2
    assert abs(tab.call_outs[0].row - 10) <= 2


def test_return_places_a_call_out_in_the_middle(qtbot, dock, three):
    tab = turn(qtbot, dock, "pictures")
    tab.sheet.setFocus()
    qtbot.keyClick(tab.sheet, Qt.Key.Key_Return)
    assert (tab.call_outs[0].row, tab.call_outs[0].column) == (16, 32)


def test_pictures_follow_the_slider_if_asked_to(qtbot, dock, three):
    tab = turn(qtbot, dock, "pictures")
    assert tab.figure.wavelength_nm == 800
    three.set_wavelength(720.0)
    settle(qtbot, dock)
    assert tab.figure.wavelength_nm == 800
    tab.follow.click()
    settle(qtbot, dock)
    assert tab.figure.wavelength_nm == 720
    three.set_wavelength(730.0)
    settle(qtbot, dock)
    assert tab.figure.wavelength_nm == 730
