"""Difference, swipe and blink of two cubes in one picture."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_udt.viewer.context import context_of
from napari_udt.viewer.state.session import PixelRef

SOURCE, RESULT = "forearm", "forearm → real"


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def context(viewer, pat, transferred):
    context = context_of(viewer)
    cube = pat()
    context.session.add(cube)
    context.session.add(transferred(cube))
    context.session.add(pat("second", domain="second"))
    return context


def visible(viewer):
    return [layer.name for layer in viewer.layers if layer.visible]


def drag(viewer, context, start, *columns):
    """Press at a column of the picture, move over others and let go, as napari calls back."""

    def at(column):
        return (800.0, 5 * 0.15625, column * 0.15625)

    event = SimpleNamespace(type="mouse_press", button=1, position=at(start), modifiers=())
    moves = context.pair_view.pressed(viewer, event)
    grabbed = next(moves, "nothing") is None
    for column in columns if grabbed else ():
        event.type, event.position = "mouse_move", at(column)
        next(moves)
        assert not viewer.scene.camera.mouse_pan
    event.type = "mouse_release"
    next(moves, None)
    return grabbed


def test_the_difference_follows_the_slider(viewer, context):
    assert context.pair_view.show("difference", RESULT, SOURCE) == ""
    layer = viewer.layers[f"{RESULT} − {SOURCE} [a.u.]"]
    source = context.session[SOURCE].cube
    for nm in (700.0, 770.0, 850.0):
        viewer.dims.set_point(0, nm)
        np.testing.assert_allclose(layer._data_view, -0.1 * source.image(nm), rtol=1e-4, atol=1e-6)
    low, high = layer.contrast_limits
    assert low == -high
    white = layer.colormap.map([0.5])[0]
    assert min(white[:3]) > 0.95


def test_a_relative_difference_is_in_percent_of_the_second(viewer, context):
    context.pair_view.set_kind("relative")
    context.pair_view.show("difference", RESULT, SOURCE)
    layer = viewer.layers[f"{RESULT} − {SOURCE} [% of {SOURCE}]"]
    values = layer._data_view[np.isfinite(layer._data_view)]
    np.testing.assert_allclose(values, -10.0, atol=0.01)
    context.pair_view.set_kind("absolute")
    assert f"{RESULT} − {SOURCE} [a.u.]" in viewer.layers
    assert layer not in viewer.layers


@pytest.mark.parametrize("mode", ["difference", "swipe"])
def test_other_pixels_are_refused_in_one_sentence(viewer, context, mode):
    before = visible(viewer)
    sentence = context.pair_view.show(mode, RESULT, "second")
    assert sentence == (
        f"{RESULT} and second do not show the same pixels; choose a transferred cube and the cube that it was made from."
    )
    assert context.pair_view.mode == "off"
    assert visible(viewer) == before


def test_the_title_of_a_swipe_says_which_is_left_and_which_right_of_the_divider(viewer, context):
    context.pair_view.show("swipe", RESULT, SOURCE)
    overlays = [layer.name_overlay for layer in viewer.layers if layer.name_overlay.visible]
    assert [overlay.text for overlay in overlays] == [
        f"left: {SOURCE}\nsimulated\nright: {RESULT}\ntransferred by m"
    ]


@pytest.mark.parametrize("mode", ["difference", "swipe", "blink"])
def test_everything_comes_back(viewer, context, mode):
    context.session.pin(PixelRef(SOURCE, 3, 3))
    viewer.layers["second"].visible = False
    names = [layer.name for layer in viewer.layers]
    before, limits = visible(viewer), tuple(viewer.layers[RESULT].contrast_limits)
    context.pair_view.show(mode, RESULT, SOURCE)
    context.pair_view.step()
    assert visible(viewer) != before
    context.pair_view.stop()
    assert visible(viewer) == before
    assert [layer.name for layer in viewer.layers] == names
    assert tuple(viewer.layers[RESULT].contrast_limits) == limits
    assert not any(context.adapter[key].image.name_overlay.visible for key in context.adapter.open_keys)
    viewer.layers[RESULT].contrast_limits = (0.1, 0.2)  # no longer linked
    assert tuple(viewer.layers[SOURCE].contrast_limits) != (0.1, 0.2)


def test_swipe_shows_the_first_right_of_the_divider(viewer, context):
    context.pair_view.show("swipe", RESULT, SOURCE)
    assert visible(viewer)[:3] == [SOURCE, f"{RESULT} · right of the divider", "divider"]
    overlay = viewer.layers[f"{RESULT} · right of the divider"]
    result = context.session[RESULT].cube
    for part, column in ((0.5, 32), (0.25, 16), (0.0, 1), (1.0, 63)):
        context.pair_view.put_divider(part)
        np.testing.assert_allclose(overlay._data_view, result.image(800.0)[:, column:], rtol=1e-6)
        assert overlay.translate[2] == pytest.approx(column * 0.15625)
        np.testing.assert_allclose(viewer.layers["divider"].data[0, 0], (-0.5, column - 0.5))
    viewer.dims.set_point(0, 720.0)
    np.testing.assert_allclose(overlay._data_view, result.image(720.0)[:, 63:], rtol=1e-6)


def test_the_divider_is_dragged_and_the_picture_stays(viewer, context):
    context.pair_view.show("swipe", RESULT, SOURCE)
    reported = []
    context.pair_view.changed.connect(lambda: reported.append(context.pair_view.divider))
    assert drag(viewer, context, 32, 40, 48)
    assert context.pair_view.divider == pytest.approx(48.5 / 64, abs=0.01)
    assert reported == [context.pair_view.divider]
    assert viewer.scene.camera.mouse_pan
    viewer.scene.camera.zoom = 100  # pixels of the screen per mm: far from the divider now
    assert not drag(viewer, context, 10, 20)


def test_blink_shows_one_after_the_other_with_its_title(viewer, context):
    context.pair_view.show("blink", RESULT, "second")  # need not be the same pixels
    seen = []
    for _ in range(4):
        top = context.adapter.top_key()
        titled = [k for k in context.adapter.open_keys if context.adapter[k].image.name_overlay.visible]
        assert titled == [top]
        seen.append(top)
        context.pair_view.step()
    assert seen == ["second", RESULT, "second", RESULT]
    assert context.adapter["second"].image.name_overlay.text == "second\ntarget domain (not measured)"


def test_one_scale_or_each_its_own(viewer, context):
    context.side_by_side.set_scale("own")
    context.pair_view.show("blink", RESULT, SOURCE)
    assert viewer.layers[RESULT].contrast_limits != viewer.layers[SOURCE].contrast_limits
    assert context.pair_view.statement == "Each picture has its own scale"
    context.side_by_side.set_scale("common")
    context.pair_view.show("blink", RESULT, SOURCE)
    assert viewer.layers[RESULT].contrast_limits == viewer.layers[SOURCE].contrast_limits
    assert context.pair_view.statement.startswith("One scale for all")


def test_one_arrangement_at_a_time(viewer, context):
    context.pair_view.show("swipe", RESULT, SOURCE)
    context.side_by_side.set_active(True)
    assert context.pair_view.mode == "off"
    assert "divider" not in viewer.layers
    context.pair_view.show("difference", RESULT, SOURCE)
    assert not context.side_by_side.active
    context.pair_view.stop()
    assert not [layer.name for layer in viewer.layers if "right of" in layer.name]


@pytest.mark.parametrize("gone", [SOURCE, RESULT, f"{RESULT} · right of the divider", "divider"])
def test_removing_a_layer_ends_the_swipe(viewer, context, gone):
    context.pair_view.show("swipe", RESULT, SOURCE)
    viewer.layers.remove(gone)
    assert context.pair_view.mode == "off"
    assert not {"divider", f"{RESULT} · right of the divider"} & {layer.name for layer in viewer.layers}


def test_a_new_cube_is_seen(viewer, context, pat):
    context.pair_view.show("blink", RESULT, SOURCE)
    context.session.add(pat("newest"))
    assert context.pair_view.mode == "off"
    assert context.adapter.top_key() == "newest"
