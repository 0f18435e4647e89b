"""What the monkey found, kept: deleting what is selected (napari takes one by one), layers with more axes."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_udt.viewer.context import context_of
from napari_udt.viewer.spectra.maps import SpectralMap
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
    context.session.pin(PixelRef("forearm", 3, 3))
    context.maps.show(cube, SpectralMap("saturation", "1", cube.labels * 1.0, (0.0, 1.0), "turbo"))
    return context


@pytest.mark.parametrize("arranged", [False, True])
@pytest.mark.parametrize("_again", range(3))  # napari takes them in the order of a set: every time another
def test_everything_can_be_selected_and_deleted(viewer, context, arranged, _again):
    context.side_by_side.set_active(arranged)
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    assert len(viewer.layers) == len(context.session) == 0
    assert not context.side_by_side.active


def test_a_picture_selected_with_its_other_layers_goes_with_all_of_them(viewer, context):
    viewer.layers.selection = {layer for layer in viewer.layers if layer.name.startswith("forearm →")}
    viewer.layers.remove_selected()
    assert [entry.key for entry in context.session] == ["forearm"]
    assert all(not layer.name.startswith("forearm →") for layer in viewer.layers)


def test_a_picture_takes_along_what_was_not_selected(viewer, context):
    viewer.layers.selection = {viewer.layers["forearm"]}
    viewer.layers.remove_selected()
    assert [entry.key for entry in context.session] == ["forearm → real"]
    assert [layer.name for layer in viewer.layers if isinstance(layer, Image)] == ["forearm → real"]


def test_a_layer_removed_by_code_takes_along_others_that_are_selected(viewer, context):
    viewer.layers.selection = {viewer.layers["forearm · structures"]}
    viewer.layers.remove("forearm")
    assert "forearm · structures" not in viewer.layers


def test_cubes_open_beside_a_layer_with_more_axes(viewer, context, pat):
    viewer.add_image(np.zeros((2, 3, 8, 9)))
    context.session.add(pat("another"))
    context.side_by_side.set_active(True)
    assert context.side_by_side.active
    assert "another" in context.adapter


def test_a_difference_can_be_selected_and_deleted_with_everything_else(viewer, context):
    assert context.pair_view.show("difference", "forearm", "forearm → real") == ""
    assert context.pair_view.mode == "difference"
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    assert len(viewer.layers) == len(context.session) == 0
    assert context.pair_view.mode == "off"


def test_a_cube_takes_the_name_that_its_picture_gets_where_another_layer_bears_its_own(viewer, context, pat):
    viewer.add_image(np.zeros((4, 5)), name="new")
    entry = context.session.add(pat("new"))
    assert entry.key == "new [1]" == context.adapter[entry.key].image.name
    assert context.session[entry.key] is entry
    assert f"{entry.key} · structures" in viewer.layers


def test_dots_deleted_while_they_are_hidden_leave_no_text_behind(viewer, context):
    context.session.pin(PixelRef("forearm", 5, 5))
    layer = next(each for each in viewer.layers if each.name.endswith("· pins"))
    layer.visible = False
    layer.selected_data = {1}
    layer.remove_selected()
    assert list(layer._view_text) == ["1"]


def test_regions_can_be_drawn_and_brought_back_after_a_look_in_3d(viewer, context):
    viewer.dims.ndisplay = 3
    assert context.regions.draw()
    layer = viewer.layers.selection.active
    layer.add(np.array([[1, 1], [1, 6], [6, 6]]), shape_type="polygon")
    assert len(context.session.regions) == 1
    context.session.remove(context.session.regions[0].key)
    assert context.session.regions == ()
    viewer.dims.ndisplay = 3
    context.session.history.undo()
    assert len(context.session.regions) == 1
