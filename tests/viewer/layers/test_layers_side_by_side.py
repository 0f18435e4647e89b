"""Simulated, transferred and real beside each other."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.arrangements.titles import TITLE_HEIGHT
from napari_udt.viewer.state.session import PixelRef


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def context(viewer, pat, transferred):
    context = context_of(viewer)
    cube = pat()
    context.session.add(cube)
    context.session.add(transferred(cube))
    bare = pat("second", domain="second", labels=None, label_names={}, oxygenation=None)
    context.session.add(bare.with_(data=bare.data * 2))
    return context


def cells(viewer):
    """Names of visible layers, cell by cell."""
    grid, layers = viewer.canvas.grid, viewer.layers
    return [
        [layers[i].name for i in inside if layers[i].visible] for _, inside in grid.iter_viewboxes(layers)
    ]


def dots_without_layer(context):
    """Numbers of the pins that pictures show by themselves, by their cubes."""
    adapter = context.adapter
    shown = {key: adapter[key].image._overlays.get("udt_pins") for key in adapter.open_keys}
    return {
        key: [mark.text for mark in overlay.marks]
        for key, overlay in shown.items()
        if overlay is not None and overlay.visible
    }


def test_each_cube_has_one_cell(viewer, context):
    context.session.pin(PixelRef("forearm", 3, 3))
    context.side_by_side.set_active(True)
    assert cells(viewer) == [
        ["forearm", "forearm · structures", "forearm · pins"],
        ["forearm → real", "forearm → real · structures"],
        ["second"],
    ]
    assert dots_without_layer(context) == {"forearm → real": ["1"]}  # pins do not stand in another scene


def test_every_cube_knows_its_cell(viewer, context):
    keys = [entry.key for entry in context.session]
    assert [context.side_by_side.cell_of(key) for key in keys] == [None] * 3
    context.side_by_side.set_active(True)
    found = {context.side_by_side.cell_of(key) for key in keys}
    assert found in ({(0, 0), (0, 1), (0, 2)}, {(0, 0), (1, 0), (2, 0)})


def test_a_layer_that_comes_when_another_kind_of_cube_is_in_front_ends_the_arrangement(context, hsi):
    context.session.add(hsi())
    front = context.adapter["organs"].image
    front.visible = False
    context.side_by_side.set_active(True)
    assert len(context.side_by_side.cells) == 3
    reported = []
    context.side_by_side.changed.connect(reported.append)
    front.visible = True
    context.adapter.part_added.emit("forearm")
    assert not context.side_by_side.active
    assert reported == [False]


def test_a_hidden_picture_has_no_cell(context):
    context.side_by_side.set_active(True)
    context.adapter["second"].image.visible = False
    assert context.side_by_side.cell_of("second") is None
    assert context.side_by_side.cell_of("forearm") == (0, 0)


def test_without_pins_there_are_no_layers_for_them_and_a_missing_part_is_named(viewer, context):
    context.side_by_side.set_active(True)
    assert viewer.canvas.grid.stride == 2
    assert [layer.name for layer in viewer.layers][4:] == ["second", "second · no structures"]
    filler, picture = viewer.layers["second · no structures"], viewer.layers["second"]
    np.testing.assert_array_equal(filler.scale, picture.scale[1:])
    assert filler.units == picture.units[1:]


def test_no_filler_where_every_cube_has_structures(pat, transferred):
    context = context_of(viewer := ViewerModel())
    for cube in (pat(), transferred(pat()), pat("second", domain="second", oxygenation=None)):
        context.session.add(cube)
    context.side_by_side.set_active(True)
    assert [layer.name.rpartition(" · ")[2] for layer in viewer.layers] == [
        "forearm", "structures", "forearm → real", "structures", "second", "structures",
    ]  # fmt: skip
    context.session.pin(PixelRef("forearm", 3, 3))
    assert [layer.name.rpartition(" · ")[2] for layer in viewer.layers] == [
        "forearm", "structures", "forearm → real", "structures", "second", "structures", "pins",
    ]  # fmt: skip
    context.session.pin(PixelRef("second", 5, 5))
    assert len(viewer.layers) == 7
    assert dots_without_layer(context) == {"forearm → real": ["1"], "second": ["2"]}
    context.side_by_side.set_active(False)
    assert dots_without_layer(context) == {}
    assert list(viewer.layers["second · pins"].features["pin"]) == [2]  # "second" is in front
    viewer.layers["second"].visible = False
    assert [layer.name for layer in viewer.layers if "pins" in layer.name] == ["forearm → real · pins"]


def test_a_pin_set_side_by_side_is_seen(viewer, context):
    context.side_by_side.set_active(True)
    context.session.pin(PixelRef("forearm", 3, 3))
    assert cells(viewer)[0] == ["forearm", "forearm · structures", "forearm · pins"]
    context.session.unpin()
    assert cells(viewer)[0] == ["forearm", "forearm · structures"]


def test_other_modality_and_foreign_layers_are_hidden_and_come_back(viewer, context, hsi):
    foreign = viewer.add_layer(Image(np.zeros((8, 8)), name="photo"))
    context.session.add(hsi())
    viewer.layers["organs"].visible = False
    viewer.layers["second"].visible = True
    visible = {layer.name: layer.visible for layer in viewer.layers}
    context.side_by_side.set_active(True)
    assert not foreign.visible
    assert len(cells(viewer)) == 3
    context.side_by_side.set_active(False)
    shown = {layer.name: layer.visible for layer in viewer.layers}
    assert {name: shown.pop(name) for name in visible} == visible
    # Layers for pins stay, empty: making them anew would cost more than all else.
    assert not any(shown.values())
    assert not viewer.canvas.grid.enabled


def test_contrast_is_shared_linked_and_restored(viewer, context):
    keys = ("forearm", "forearm → real", "second")
    before = {key: tuple(viewer.layers[key].contrast_limits) for key in keys}
    context.side_by_side.set_active(True)
    assert len({tuple(viewer.layers[key].contrast_limits) for key in keys}) == 1
    viewer.layers["second"].contrast_limits = (0.1, 0.2)
    assert tuple(viewer.layers["forearm"].contrast_limits) == (0.1, 0.2)
    context.side_by_side.set_active(False)
    assert {key: tuple(viewer.layers[key].contrast_limits) for key in keys} == before


def test_pixel_in_a_cell_is_of_that_cells_cube(viewer, context):
    context.side_by_side.set_active(True)
    position = (800.0, 5 * 0.15625, 7 * 0.15625)
    grid = viewer.canvas.grid
    found = [context.adapter.pixel_at(position, cell) for cell, _ in grid.iter_viewboxes(viewer.layers)]
    assert found == [PixelRef(key, 5, 7) for key in ("forearm", "forearm → real", "second")]


def test_a_new_result_joins(viewer, context, pat, transferred):
    context.side_by_side.set_active(True)
    newer = transferred(context.session["forearm"].cube, name="newer")
    context.session.add(newer)
    assert [names[0] for names in cells(viewer)] == ["forearm", "newer", "second"]


def test_removing_a_cube_keeps_the_others_side_by_side(viewer, context):
    context.side_by_side.set_active(True)
    viewer.layers.remove("second")
    assert [names[0] for names in cells(viewer)] == ["forearm", "forearm → real"]
    viewer.layers.remove("forearm → real")
    assert not context.side_by_side.active
    assert not viewer.canvas.grid.enabled


def test_taking_a_layer_out_of_a_cell_stacks_them_again(viewer, context):
    context.side_by_side.set_active(True)
    viewer.layers.remove("forearm · structures")
    assert not context.side_by_side.active
    assert not [layer.name for layer in viewer.layers if "no structures" in layer.name]


def test_one_cube_cannot_stand_beside_itself(pat):
    context = context_of(viewer := ViewerModel())
    context.session.add(pat())
    reported = []
    context.side_by_side.changed.connect(reported.append)
    context.side_by_side.set_active(True)
    assert reported == [False]
    assert not viewer.canvas.grid.enabled


def test_the_layers_are_stacked_again_in_their_order(viewer, pat, transferred):
    context = context_of(viewer)
    for cube in (pat("second", domain="second"), pat(), transferred(pat())):
        context.session.add(cube)
    before = [layer.name for layer in viewer.layers]
    context.side_by_side.set_active(True)
    context.side_by_side.set_active(False)
    assert [layer.name for layer in viewer.layers if "pins" not in layer.name] == before
    assert context.adapter.top_key() == "forearm → real"


def test_a_second_entry_makes_no_layers(viewer, context):
    context.side_by_side.set_active(True)
    made = {id(layer) for layer in viewer.layers if "pins" in layer.name}
    context.side_by_side.set_active(False)
    context.side_by_side.set_active(True)
    assert {id(layer) for layer in viewer.layers if "pins" in layer.name} == made


def test_a_region_drawn_side_by_side_stays_in_its_cell(viewer, context):
    context.side_by_side.set_active(True)
    context.regions.draw()
    assert [names[0] for names in cells(viewer)] == ["forearm", "forearm → real", "second"]


def test_naparis_own_grid_button_ends_the_arrangement_and_finds_its_grid_as_it_was(viewer, context):
    grid = viewer.canvas.grid
    grid.stride, grid.shape = 2, (-1, 3)
    before = [layer.visible for layer in viewer.layers]
    context.side_by_side.set_active(True)
    grid.enabled = False
    assert not context.side_by_side.active
    assert [layer.visible for layer in viewer.layers if "pins" not in layer.name] == before
    assert (grid.stride, tuple(grid.shape)) == (2, (-1, 3))


def test_pictures_begin_below_their_titles(viewer, context):
    viewer.canvas.size = (600, 1800)
    context.side_by_side.set_active(True)
    image, camera = context.adapter["forearm"].image, viewer.scene.camera
    rows, _ = viewer.canvas.grid.actual_shape(viewer.layers)
    cell = viewer.canvas.size[0] / rows
    top = (image.extent.world[0][1] - camera.center[1]) * camera.zoom + cell / 2
    bottom = (image.extent.world[1][1] - camera.center[1]) * camera.zoom + cell / 2
    assert top >= TITLE_HEIGHT - 1
    assert bottom <= cell + 1
