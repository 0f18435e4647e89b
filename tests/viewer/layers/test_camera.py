"""The camera that the user has set stays where it is, whatever comes; until then pictures are fitted into the view."""

import pytest
from napari.components import ViewerModel

from napari_udt.viewer.context import context_of
from napari_udt.viewer.state.session import PixelRef


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def context(viewer):
    return context_of(viewer)


def camera(viewer):
    return (*viewer.scene.camera.center, viewer.scene.camera.zoom, *viewer.scene.camera.angles)


def test_a_transfer_and_a_further_cube_leave_the_users_camera(viewer, context, pat, transferred):
    cube = pat()
    context.session.add(cube)
    viewer.scene.camera.zoom, viewer.scene.camera.center = 37.0, (0.0, 2.0, 3.0)
    seen = camera(viewer)
    context.session.add(transferred(cube))
    context.session.add(pat("second", domain="second", rows=64))
    assert camera(viewer) == seen


def test_until_the_user_moves_it_new_pictures_are_fitted(viewer, context, pat):
    context.session.add(pat())
    before = camera(viewer)
    context.session.add(pat("second", domain="second", rows=64, columns=128))
    assert camera(viewer) != before


def test_data_of_another_kind_are_brought_into_view(viewer, context, pat, hsi):
    context.session.add(pat())
    viewer.scene.camera.zoom = 37.0
    context.session.add(hsi())
    assert viewer.scene.camera.zoom != 37.0


def test_side_by_side_fits_once_and_then_keeps_the_users_camera(viewer, context, pat, transferred):
    cube = pat()
    context.session.add(cube)
    context.session.add(pat("second", domain="second"))
    context.side_by_side.set_active(True)
    viewer.scene.camera.zoom = 37.0
    context.session.add(transferred(cube))
    assert len(context.side_by_side.cells) == 3
    assert viewer.scene.camera.zoom == 37.0


def test_side_by_side_with_pins_ends_although_their_layers_go(viewer, context, pat, transferred):
    cube = pat()
    for one in (pat("second", domain="second"), cube, transferred(cube)):
        context.session.add(one)
    context.session.pin(PixelRef("forearm", 3, 3))
    context.pins.refresh()
    context.side_by_side.set_active(True)
    context.pins.add_missing()
    context.side_by_side.set_active(False)
    assert not context.side_by_side.active
    assert sum(name.endswith("pins") for name in (layer.name for layer in viewer.layers)) <= 1
