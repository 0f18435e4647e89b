"""Session and layers in step, in napari's viewer model; no window is needed."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.layer_data import cube_layers
from napari_udt.viewer.state.session import PixelRef


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def context(viewer):
    return context_of(viewer)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_one_context_per_viewer(viewer):
    assert context_of(viewer) is context_of(viewer)
    assert context_of(ViewerModel()) is not context_of(viewer)


def test_context_goes_with_its_viewer():
    viewer = ViewerModel()
    session = weakref.ref(context_of(viewer).session)
    del viewer
    gc.collect()
    assert session() is None


def test_adding_a_cube_shows_it_at_800_nm(viewer, context, pat):
    context.session.add(pat())
    assert names(viewer) == ["forearm", "forearm · structures"]
    assert viewer.dims.point[0] == 800.0
    assert context.session.wavelength_nm == 800.0
    assert viewer.canvas.overlays.text.text == "800 nm"
    assert viewer.canvas.overlays.text.visible
    assert viewer.layers.selection.active is viewer.layers["forearm"]
    assert viewer.dims.axis_labels == ("wavelength [nm]", "y", "x")


def test_a_bad_band_is_marked_on_the_picture(viewer, context, pat):
    cube = pat()
    context.session.add(cube.with_(bad_bands=cube.wavelengths_nm == 800))
    assert viewer.canvas.overlays.text.text == "800 nm (bad band)"
    context.session.set_wavelength(810.0)
    assert viewer.canvas.overlays.text.text == "810 nm"


def test_in_3d_the_canvas_says_why_the_docks_stand_still(viewer, context, pat):
    context.session.add(pat())
    viewer.dims.ndisplay = 3
    assert viewer.canvas.overlays.text.text == "3-D: the docks follow\nthe mouse in 2-D"
    viewer.dims.ndisplay = 2
    assert viewer.canvas.overlays.text.text == "800 nm"


def test_removing_the_picture_closes_the_cube(viewer, context, pat):
    context.session.add(pat())
    viewer.layers.remove("forearm")
    assert len(context.session) == 0
    assert len(viewer.layers) == 0
    assert not viewer.canvas.overlays.text.visible


def test_removing_the_structures_keeps_the_cube(viewer, context, pat):
    context.session.add(pat())
    viewer.layers.remove("forearm · structures")
    assert "forearm" in context.session
    assert names(viewer) == ["forearm"]


def test_closing_a_cube_removes_its_layers(viewer, context, pat, hsi):
    context.session.add(pat())
    context.session.add(hsi())
    context.session.remove("forearm")
    assert names(viewer) == ["organs"]


def test_the_first_cube_after_all_were_closed_is_shown_at_800_nm(viewer, context, pat, hsi):
    context.session.add(hsi())
    context.session.remove("organs")
    context.session.add(pat())
    assert context.session.wavelength_nm == 800.0
    viewer.dims.set_point(0, 720.0)
    context.session.add(pat("other"))
    assert context.session.wavelength_nm == 720.0


def test_renaming_follows_and_stays_unique(viewer, context, pat):
    context.session.add(pat())
    context.session.add(pat("other"))
    viewer.layers["other"].name = "mine"
    assert [e.key for e in context.session] == ["forearm", "mine"]
    assert "mine · structures" in names(viewer)
    viewer.layers.remove("mine")
    assert [e.key for e in context.session] == ["forearm"]


def test_two_cubes_of_one_name_get_two_keys(viewer, context, pat):
    context.session.add(pat())
    context.session.add(pat())
    assert [e.key for e in context.session] == ["forearm", "forearm [1]"]
    assert "forearm [1] · structures" in names(viewer)


def test_layers_of_a_reader_are_adopted(viewer, context, pat):
    cube = pat()
    for layer in cube_layers(cube):
        viewer.add_layer(Layer.create(*layer))
    assert [e.key for e in context.session] == ["forearm"]
    assert context.session["forearm"].cube is cube
    viewer.layers.remove("forearm")
    assert len(viewer.layers) == 0


def test_layers_from_before_the_context_are_adopted(viewer, pat):
    for layer in cube_layers(pat()):
        viewer.add_layer(Layer.create(*layer))
    context = context_of(viewer)
    assert [e.key for e in context.session] == ["forearm"]
    assert context.adapter["forearm"].labels is viewer.layers["forearm · structures"]


def test_foreign_layers_are_left_alone(viewer, context, pat):
    foreign = viewer.add_layer(Image(np.zeros((8, 8)), name="photo"))
    context.session.add(pat())
    viewer.layers.remove(foreign)
    assert "forearm" in context.session


def test_cubes_of_two_modalities_do_not_break_each_other(viewer, context, pat, hsi):
    context.session.add(hsi())
    context.session.add(pat())
    assert viewer.layers["forearm"].visible
    assert not viewer.layers["organs"].visible
    context.session.set_wavelength(720.0)
    np.testing.assert_array_equal(
        viewer.layers["forearm"]._data_view, context.session["forearm"].cube.image(720.0)
    )
    viewer.layers["forearm"].visible, viewer.layers["organs"].visible = False, True
    viewer.dims.set_point(0, 950.0)
    shown = context.session["organs"].cube.image(950.0)
    np.testing.assert_array_equal(viewer.layers["organs"]._data_view, shown)


def test_mixed_pixel_sizes_agree_on_units(viewer, context, pat, hsi):
    context.session.add(pat())
    assert viewer.layers.extent.units is not None
    assert viewer.canvas.overlays.scale_bar.visible
    context.session.add(hsi())
    assert {str(u) for layer in viewer.layers for u in layer.units} == {"pixel"}
    assert not viewer.canvas.overlays.scale_bar.visible


@pytest.mark.filterwarnings("error")  # of mixed units, which napari ignores
@pytest.mark.parametrize("by_layer", [False, True])
def test_millimetres_come_back_once_all_cubes_without_pixel_size_are_closed(
    viewer, context, pat, hsi, by_layer
):
    context.session.add(pat())
    context.session.add(pat("another", labels=None))
    before = [layer.units for layer in viewer.layers]
    for name in ("one", "two"):
        context.session.add(hsi(name, labels=np.ones((24, 30), np.int32), label_names={1: "vein"}))
    for name in ("one", "two"):
        assert str(viewer.layers["forearm"].units[-1]) == "pixel"
        if by_layer:
            viewer.layers.remove(viewer.layers[name])
        else:
            context.session.remove(name)
    assert [layer.units for layer in viewer.layers] == before
    assert viewer.canvas.overlays.scale_bar.visible


def test_pixel_at_uses_scale_and_the_topmost_cube(viewer, context, pat):
    context.session.add(pat())
    context.session.add(pat("upper", rows=16, columns=16))
    size = 0.15625
    assert context.adapter.pixel_at((800.0, 10 * size, 12 * size)) == PixelRef("upper", 10, 12)
    assert context.adapter.pixel_at((800.0, 20 * size, 40.4 * size)) == PixelRef("forearm", 20, 40)
    assert context.adapter.pixel_at((800.0, -0.6 * size, 3 * size)) is None
    viewer.layers["upper"].visible = False
    assert context.adapter.pixel_at((800.0, 10 * size, 12 * size)) == PixelRef("forearm", 10, 12)


def test_pins_of_all_cubes_have_one_layer_on_the_picture_in_front(viewer, context, pat, transferred):
    cube = pat()
    context.session.add(pat("second", domain="second"))
    context.session.add(cube)
    context.session.add(transferred(cube))
    pin = context.session.pin(PixelRef("forearm", 10, 12))

    def pin_layers():
        return [layer for layer in viewer.layers if layer.name.endswith("pins")]

    (layer,) = pin_layers()
    assert layer.name == "forearm → real · pins"
    np.testing.assert_array_equal(layer.data, [[10, 12]])
    assert list(layer.features["pin"]) == [pin.number]
    np.testing.assert_allclose(layer.scale, (0.15625, 0.15625))
    assert len(viewer.layers) == 7  # three pictures, their structures, the pins
    viewer.layers["forearm → real"].visible = False
    assert pin_layers() == [layer]  # handed over: a new one would cost napari time
    assert (layer.name, layer.visible) == ("forearm · pins", True)
    assert viewer.layers.index(layer) > viewer.layers.index("forearm")
    viewer.layers["forearm"].visible = False
    assert pin_layers() == []  # the pins stand in another scene than what is seen
    viewer.layers["forearm → real"].visible = True
    assert [made.name for made in pin_layers()] == ["forearm → real · pins"]
    context.session.unpin()
    assert pin_layers() == []


def test_pin_colours_follow_their_pins(viewer, context, pat):
    context.session.add(pat())
    first, second = (context.session.pin(PixelRef("forearm", r, r)) for r in (3, 9))
    context.session.unpin(first.number)
    third = context.session.pin(PixelRef("forearm", 20, 20))
    layer = viewer.layers["forearm · pins"]
    hexes = ["#" + "".join(f"{round(255 * c):02X}" for c in rgba[:3]) for rgba in layer.face_color]
    assert hexes == [second.colour, third.colour]
    assert list(layer.features["row"]) == [9, 20]


def test_removing_the_pins_layer_unpins(viewer, context, pat):
    context.session.add(pat())
    context.session.pin(PixelRef("forearm", 3, 3))
    viewer.layers.remove("forearm · pins")
    assert context.session.pins == ()


def test_clearing_all_layers_ends(viewer, context, pat, transferred):
    cube = pat()
    context.session.add(cube)
    context.session.add(transferred(cube))
    context.session.pin(PixelRef("forearm", 3, 3))
    context.side_by_side.set_active(True)
    viewer.layers.clear()
    assert len(context.session) == 0
    assert not context.side_by_side.active


def test_of_many_cubes_only_the_newest_four_stay_visible(viewer, context, pat, hsi):
    """napari slices and draws each visible layer at every step of a slider."""
    for number in range(6):
        context.session.add(pat(f"cube {number}"))
    shown = [layer.name for layer in viewer.layers if layer.visible and isinstance(layer, Image)]
    assert shown == ["cube 2", "cube 3", "cube 4", "cube 5"]
    assert not viewer.layers["cube 1 · structures"].visible
    viewer.layers["cube 0"].visible = True  # the user wants to see it
    context.session.set_wavelength(710.0)
    assert viewer.layers["cube 0"].visible


def test_a_larger_picture_below_stays_visible(viewer, context, pat):
    context.session.add(pat("wide", columns=128))
    for number in range(6):
        context.session.add(pat(f"cube {number}"))
    assert viewer.layers["wide"].visible


@pytest.mark.parametrize("by_user", [True, False])
def test_once_all_visible_cubes_are_closed_the_newest_hidden_one_is_shown(viewer, context, pat, by_user):
    for number in range(6):
        context.session.add(pat(f"cube {number}"))
    for number in (5, 4, 3, 2):
        if by_user:
            viewer.layers.remove(f"cube {number}")
        else:
            context.session.remove(f"cube {number}")
    assert viewer.layers["cube 1"].visible
    assert viewer.layers["cube 1 · structures"].visible
    assert not viewer.layers["cube 0"].visible
