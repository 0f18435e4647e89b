"""Pins as dots: what the user does to the dots, the pins follow. No Qt."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_udt.viewer.context import context_of
from napari_udt.viewer.state.session import PixelRef


@pytest.fixture
def context(pat, transferred):
    viewer = ViewerModel()
    context = context_of(viewer)
    cube = pat()
    context.session.add(cube)
    context.session.add(transferred(cube))
    context.viewer = viewer
    return context


def pins(context):
    return [(p.number, p.pixel.row, p.pixel.column) for p in context.session.pins]


def dots(context, key="forearm → real"):
    return context.viewer.layers[f"{key} · pins"]


def drag(layer, index, place):
    """What napari does when the mouse drags a selected point."""
    layer.selected_data = {index}
    layer._set_drag_start({index}, layer.data[index])
    layer._move({index}, place)
    layer._drag_start = None


def test_dragging_a_dot_moves_the_pin_on_every_picture_of_the_scene(context):
    context.session.pin(PixelRef("forearm", 3, 4))
    context.session.pin(PixelRef("forearm", 9, 15))
    layer = dots(context, "forearm → real")
    drag(layer, 1, (20.3, 30.8))
    assert pins(context) == [(1, 3, 4), (2, 20, 31)]
    np.testing.assert_array_equal(dots(context).data, [[3, 4], [20, 31]])
    np.testing.assert_array_equal(layer.data, [[3, 4], [20, 31]])  # on a pixel, not between
    assert context.session.pins[1].pixel.key == "forearm"
    assert list(layer.features["row"]) == [3, 20]
    context.session.history.undo()
    np.testing.assert_array_equal(layer.data, [[3, 4], [9, 15]])


def test_a_dot_dragged_out_of_the_picture_stops_at_its_edge(context):
    context.session.pin(PixelRef("forearm", 3, 4))
    layer = dots(context)
    drag(layer, 0, (-50, 500))
    assert pins(context) == [(1, 0, 63)]
    np.testing.assert_array_equal(layer.data, [[0, 63]])


def test_a_dot_dragged_within_its_pixel_snaps_back(context):
    context.session.pin(PixelRef("forearm", 3, 4))
    layer = dots(context)
    drag(layer, 0, (3.3, 4.2))
    assert pins(context) == [(1, 3, 4)]
    np.testing.assert_array_equal(layer.data, [[3, 4]])
    assert context.session.history.undo_title == "Pin 1"  # no step of its own


def test_deleted_dots_are_deleted_pins_and_come_back(context):
    for column in range(4):
        context.session.pin(PixelRef("forearm", 3, column))
    layer = dots(context)
    layer.selected_data = {1, 3}
    layer.remove_selected()
    assert [number for number, *_ in pins(context)] == [1, 3]
    assert context.session.history.undo() == "Delete 2 pins"
    assert [number for number, *_ in pins(context)] == [1, 2, 3, 4]
    assert list(layer.features["pin"]) == [1, 2, 3, 4]
    assert len(dots(context, "forearm → real").data) == 4


def test_what_is_selected_stays_so_when_other_pins_go_and_no_other_dot_is(context):
    for row in (3, 9, 15):
        context.session.pin(PixelRef("forearm", row, 4))
    layer = dots(context)
    layer.selected_data = {1}
    context.session.unpin(1)
    assert layer.selected_data == {0}  # still pin 2
    context.session.unpin(2)
    assert layer.selected_data == set()
    layer.remove_selected()  # what the Delete key does
    assert pins(context) == [(3, 15, 4)]


def test_deleting_the_last_dot_takes_the_layer_away(context):
    context.session.pin(PixelRef("forearm", 3, 4))
    layer = dots(context)
    layer.selected_data = {0}
    layer.remove_selected()
    assert context.session.pins == ()
    assert not any("pins" in other.name for other in context.viewer.layers)


def test_a_dot_added_with_naparis_tool_is_a_pin(context):
    context.session.pin(PixelRef("forearm", 3, 4))
    dots(context).add((7.4, 8.6))
    assert pins(context) == [(1, 3, 4), (2, 7, 9)]
    assert list(dots(context).features["pin"]) == [1, 2]
    dots(context).add((7.4, 8.6))  # where a pin is already: no second one
    assert len(dots(context).data) == 2


def test_features_carry_the_numbers(context):
    context.session.pin(PixelRef("forearm", 9, 15), name="radial artery")
    context.session.pin(PixelRef("forearm", 30, 60))
    table = dots(context).features
    assert list(table["name"]) == ["radial artery", "2"]
    assert list(table["cube"]) == ["forearm", "forearm"]
    assert list(table["structure"]) == ["vein", "coupling medium"]
    assert table["x [mm]"][0] == pytest.approx(15 * 0.15625, abs=1e-3)
    assert list(table["colour"]) == [pin.colour for pin in context.session.pins]
    assert "sO2" not in table
    context.session.set_options(blood=True)
    assert 0 <= dots(context).features["sO2"][0] <= 1


def test_a_name_typed_into_naparis_table_renames_the_pin(context):
    context.session.pin(PixelRef("forearm", 9, 15))
    layer = dots(context)
    table = layer.features.copy()
    table.loc[0, "name"] = "vein, left"
    layer.features = table
    assert context.session.pins[0].name == "vein, left"
    assert list(dots(context, "forearm → real").features["name"]) == ["vein, left"]
    context.session.history.undo()
    assert list(layer.features["name"]) == ["1"]


def test_the_layer_may_be_hidden_renamed_moved_and_deleted_by_hand(context):
    context.session.pin(PixelRef("forearm", 9, 15))
    layer = dots(context)
    layer.visible = False
    layer.name = "mine"
    context.viewer.layers.move(context.viewer.layers.index(layer), 0)
    context.session.pin(PixelRef("forearm", 1, 1))
    assert len(layer.data) == 2
    assert not layer.visible
    context.viewer.layers.remove(layer)
    assert context.session.pins == ()
    context.session.history.undo()
    assert len(context.session.pins) == 2
    assert len(dots(context).data) == 2


@pytest.mark.filterwarnings("ignore:Applying the encoding failed")
def test_without_its_numbers_every_dot_is_a_new_pin(context):
    context.session.pin(PixelRef("forearm", 9, 15))
    layer = dots(context)
    layer.features = {}
    drag(layer, 0, (4, 4))
    assert [(p.pixel.row, p.pixel.column) for p in context.session.pins] == [(4, 4)]
    assert list(dots(context).features["pin"]) == [p.number for p in context.session.pins]


def test_closing_and_undoing_brings_layers_and_dots_back(context):
    context.session.pin(PixelRef("forearm", 9, 15))
    context.viewer.layers.remove("forearm → real")
    assert len(context.session) == 1
    context.session.history.undo()
    assert len(context.session) == 2
    np.testing.assert_array_equal(dots(context, "forearm → real").data, [[9, 15]])
