import numpy as np
import pytest
from napari.components import ViewerModel

from napari_udt.errors import CubeError
from napari_udt.viewer.context import context_of
from napari_udt.viewer.spectra.maps import MapChoice, SpectralMap, map_of, maps_of
from napari_udt.viewer.state.session import PixelRef


@pytest.fixture
def context(pat):
    viewer = ViewerModel()
    context = context_of(viewer)
    context.session.add(pat())
    context.keep = viewer  # a context holds its viewer weakly
    return context


def names(context):
    return [layer.name for layer in context.keep.layers]


def spectral_map(values, title="test"):
    return SpectralMap(title, "1", values, (0.0, 1.0), "turbo")


def test_drawn_shapes_become_regions_with_numbers_and_colours_of_their_own(context):
    assert context.regions.draw()
    layer = context.adapter["forearm"].regions
    assert context.keep.layers.selection.active is layer
    layer.add_rectangles(np.array([[2, 3], [8, 9]]))
    layer.add_ellipses(np.array([[10, 10], [10, 20], [16, 20], [16, 10]]))
    first, second = context.session.regions
    assert (first.number, first.outline, first.key) == (1, "polygon", "forearm")
    assert (second.number, second.outline) == (2, "ellipse")
    assert first.colour != second.colour
    assert set(first.vertices) == {(2, 3), (2, 9), (8, 9), (8, 3)}
    assert list(layer.features["region"]) == [1, 2]


def test_lines_give_no_region_and_deleted_shapes_take_theirs_along(context):
    context.regions.draw()
    layer = context.adapter["forearm"].regions
    layer.add_lines(np.array([[1, 1], [5, 5]]))
    assert context.session.regions == ()
    layer.add_rectangles(np.array([[2, 3], [8, 9]]))
    layer.add_rectangles(np.array([[12, 13], [18, 19]]))
    layer.selected_data = {1}
    layer.remove_selected()
    assert [region.number for region in context.session.regions] == [3]
    context.keep.layers.remove(layer)
    assert context.session.regions == ()


def test_there_is_nothing_to_draw_on_without_a_picture(context):
    context.session.remove("forearm")
    assert not context.regions.draw()
    assert context.maps.compared() == ()


def test_a_map_lies_under_the_outlines_with_its_scale_and_unit(context):
    cube = context.session["forearm"].cube
    layer = context.maps.show(cube, spectral_map(np.zeros(cube.shape[:2])))
    assert names(context)[:2] == ["forearm", "forearm · test [1]"]
    assert tuple(layer.contrast_limits) == (0, 1)
    np.testing.assert_allclose(layer.scale, cube.pixel_size_mm)
    assert layer.colorbar.visible


def test_another_map_of_a_cube_takes_the_place_of_the_last(context):
    cube = context.session["forearm"].cube
    first = context.maps.show(cube, spectral_map(np.zeros(cube.shape[:2])))
    context.maps.hide()
    again = context.maps.show(cube, spectral_map(np.ones(cube.shape[:2]), "other"))
    assert again is first
    assert (first.data.max(), first.visible, first.name) == (1, True, "forearm · other [1]")


def test_a_map_says_what_it_shows_in_the_place_of_the_picture_s_title_and_wavelength(context, transferred):
    cube = context.session["forearm"].cube
    moved = context.session.add(transferred(cube)).cube
    text = context.keep.canvas.overlays.text
    context.side_by_side.set_active(True)
    images = [context.adapter[key].image for key in ("forearm", "forearm → real")]
    assert all(image.name_overlay.visible for image in images)
    layers = [context.maps.show(each, spectral_map(np.zeros(cube.shape[:2]))) for each in (cube, moved)]
    assert [layer.name_overlay.text for layer in layers] == ["test [1]\nforearm", "test [1]\nforearm → real"]
    assert not any(image.name_overlay.visible for image in images)
    assert not text.visible
    layers[0].visible = False
    assert images[0].name_overlay.visible
    assert text.visible
    context.maps.hide()
    assert all(image.name_overlay.visible for image in images)
    context.side_by_side.set_active(False)
    assert not any(image.name_overlay.visible for image in images)
    context.maps.show(moved, spectral_map(np.zeros(cube.shape[:2])))
    assert not text.visible
    context.keep.layers.remove(context.adapter["forearm → real"].map)
    assert text.visible


def test_a_map_of_a_covered_cube_is_seen_and_the_only_one(context, transferred):
    cube = context.session["forearm"].cube
    moved = transferred(cube)
    context.session.add(moved)
    upper = context.maps.show(moved, spectral_map(np.zeros(cube.shape[:2])))
    lower = context.maps.show(cube, spectral_map(np.ones(cube.shape[:2])))
    order = names(context)
    assert order.index(lower.name) > order.index("forearm → real")
    assert order.index(lower.name) < order.index("forearm → real · structures")
    assert (upper.visible, lower.visible) == (False, True)
    context.maps.show(moved, spectral_map(np.zeros(cube.shape[:2])))
    assert names(context).index(upper.name) > names(context).index(lower.name)
    assert (upper.visible, lower.visible) == (True, False)


def test_a_map_made_side_by_side_lies_in_its_cell_and_the_others_keep_theirs(context, transferred):
    cube = context.session["forearm"].cube
    context.session.add(transferred(cube))
    context.session.pin(PixelRef("forearm", 9, 15))
    before = context.maps.show(cube, spectral_map(np.zeros(cube.shape[:2]), "before"))
    layers, grid = context.keep.layers, context.keep.canvas.grid
    context.side_by_side.set_active(True)
    assert not before.visible
    made = context.maps.show(cube, spectral_map(np.ones(cube.shape[:2])))
    assert grid.position(layers.index(made), layers) == context.side_by_side.cell_of("forearm")
    for part, key in (("forearm → real · structures", "forearm → real"), ("forearm · pins", "forearm")):
        place = grid.position(layers.index(layers[part]), layers)
        assert place == context.side_by_side.cell_of(key)
    assert made is before
    layers.remove(made)
    assert not context.side_by_side.active


def test_maps_follow_the_name_of_their_cube_and_close_with_it(context):
    cube = context.session["forearm"].cube
    context.maps.show(cube, spectral_map(np.zeros(cube.shape[:2])))
    context.keep.layers["forearm"].name = "arm"
    assert "arm · test [1]" in names(context)
    context.session.remove("arm")
    assert names(context) == []
    assert context.maps.show(cube, spectral_map(np.zeros(cube.shape[:2]))) is None


def test_blood_maps_have_names_units_and_limits(pat, hsi):
    for cube, unit in ((pat(), "a.u."), (hsi(), "g/l·cm")):
        total, saturation = (map_of(cube, MapChoice(kind)) for kind in ("haemoglobin", "saturation"))
        assert (saturation.title, saturation.limits) == ("oxygen saturation (unmixed)", (0.0, 1.0))
        assert (total.title, total.unit) == ("total haemoglobin (unmixed)", unit)
        assert total.values.shape == saturation.values.shape == cube.shape[:2]


def test_the_mean_over_a_range_is_that_of_its_channels(pat):
    cube = pat(quantity="initial pressure [a.u.]")
    found = map_of(cube, MapChoice("band", (720.0, 755.0)))
    np.testing.assert_allclose(found.values, cube.data[:, :, 2:6].mean(axis=-1), rtol=1e-6)
    assert (found.title, found.unit) == ("mean 720–755 nm", "a.u.")
    with pytest.raises(CubeError, match="no wavelength lies in 721-722 nm"):
        map_of(cube, MapChoice("band", (721.0, 722.0)))


def test_maps_of_several_cubes_report_their_progress_together(pat):
    reported = []
    maps_of(
        [pat(), pat("other")],
        MapChoice("band", (720.0, 755.0)),
        lambda done, total: reported.append((done, total)),
    )
    assert reported == [(32, 64), (64, 64)]


def test_a_click_in_structure_mode_ticks_the_structure_and_elsewhere_pins(context):
    session = context.session
    session.set_options(mode="structure")
    context.pointer._picked(PixelRef("forearm", 9, 12))
    assert session.options.structures == ("vein",)
    assert session.pins == ()
    context.pointer._picked(PixelRef("forearm", 9, 12))
    assert session.options.structures == ()
    session.set_options(mode="pixel")
    context.pointer._picked(PixelRef("forearm", 9, 12))
    assert len(session.pins) == 1
