"""Every way of deleting layers, in whatever order they lie and are taken: a cube's layers go with its picture."""

import random

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.layer_data import CUBE_KEY
from napari_udt.viewer.spectra.maps import SpectralMap
from napari_udt.viewer.state.session import PixelRef

_SEEDS = range(5)


@pytest.fixture
def furnished(pat, transferred):
    """Open two cubes with pins, a map, structures and saturations in a viewer."""

    def furnish(viewer):
        context = context_of(viewer)
        cube = pat()
        context.session.add(cube)
        context.session.add(transferred(cube))
        context.session.pin(PixelRef("forearm", 3, 3))
        context.maps.show(cube, SpectralMap("saturation", "1", cube.labels * 1.0, (0.0, 1.0), "turbo"))
        return context

    return furnish


def _shuffled(viewer, rng):
    for _ in range(10):
        viewer.layers.move(rng.randrange(len(viewer.layers)), rng.randrange(len(viewer.layers) + 1))


def _check(viewer, context, gone):
    """What was deleted is gone, with all that belonged to it and nothing else."""
    layers = list(viewer.layers)
    assert not set(gone) & set(layers)
    open_cubes = {id(entry.cube) for entry in context.session}
    assert {id(layer.metadata[CUBE_KEY]) for layer in layers if CUBE_KEY in layer.metadata} == open_cubes
    assert sorted(context.adapter.open_keys) == sorted(entry.key for entry in context.session)
    own = {layer for key in context.adapter.open_keys for layer in context.adapter[key]}
    assert own <= set(layers)


@pytest.mark.parametrize("arrangement", ["stacked", "side by side", "difference", "swipe", "blink"])
@pytest.mark.parametrize("seed", _SEEDS)
def test_any_selection_can_be_deleted(furnished, arrangement, seed):
    viewer, rng = ViewerModel(), random.Random(seed)
    context = furnished(viewer)
    _arrange(context, arrangement)
    if arrangement == "stacked":
        _shuffled(viewer, rng)
    chosen = set(rng.sample(list(viewer.layers), rng.randint(1, len(viewer.layers))))
    viewer.layers.selection = chosen
    viewer.layers.remove_selected()
    _check(viewer, context, chosen)


def _arrange(context, arrangement):
    if arrangement == "side by side":
        context.side_by_side.set_active(True)
        assert context.side_by_side.active
    elif arrangement != "stacked":
        assert context.pair_view.show(arrangement, "forearm", "forearm → real") == ""


@pytest.mark.parametrize("arrangement", ["stacked", "side by side", "difference", "swipe", "blink"])
def test_all_layers_can_be_cleared(furnished, arrangement):
    viewer = ViewerModel()
    context = furnished(viewer)
    _arrange(context, arrangement)
    viewer.layers.clear()
    assert len(viewer.layers) == len(context.session) == 0
    assert not context.side_by_side.active
    assert context.pair_view.mode == "off"


@pytest.mark.parametrize("seed", _SEEDS)
def test_layers_can_be_deleted_one_by_one_by_name_place_or_themselves(furnished, seed):
    viewer, rng = ViewerModel(), random.Random(seed)
    context, layers = furnished(viewer), viewer.layers
    _shuffled(viewer, rng)
    while layers:
        layer = rng.choice(layers)
        match rng.randrange(4):
            case 0:
                layers.remove(layer.name)
            case 1:
                del layers[layers.index(layer)]
            case 2:
                layers.pop(layers.index(layer))
            case _:
                layers.remove(layer)
        _check(viewer, context, [layer])


def test_after_deleting_something_stays_selected(furnished):
    viewer = ViewerModel()
    furnished(viewer)
    viewer.layers.selection = {viewer.layers["forearm → real"]}
    viewer.layers.remove_selected()
    assert len(viewer.layers.selection) == 1


def test_deleted_cubes_come_back_with_their_layers(furnished):
    viewer = ViewerModel()
    context = furnished(viewer)
    names = _names(viewer)
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    while len(context.session) < 2 or not context.session.pins:
        assert context.session.history.undo()
    assert _names(viewer) == names


def _names(viewer):
    """Names of the layers; not of those with saturations: one map is made anew, one stands for two alike cubes.

    Pins lie on the picture in front, which is the one that came back last.
    """
    names = {layer.name for layer in viewer.layers if "saturation" not in layer.name}
    return {"pins" if name.endswith("· pins") else name for name in names}


def test_slices_can_be_deleted_in_a_window_whatever_the_order(furnished, make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    for seed in range(3):
        rng = random.Random(seed)
        context = furnished(viewer)
        _shuffled(viewer, rng)
        start, stop = sorted(rng.sample(range(len(viewer.layers) + 1), 2))
        chosen = list(viewer.layers[start:stop])
        del viewer.layers[start:stop]
        qtbot.wait(1)
        _check(viewer, context, chosen)
        viewer.layers.clear()


def test_the_delete_key_takes_what_is_selected_in_the_list(furnished, make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    context = furnished(viewer)
    qtbot.waitUntil(lambda: "forearm → real · pins" in viewer.layers, timeout=3000)
    viewer.layers.selection = {viewer.layers["forearm"], viewer.layers["forearm → real · pins"]}
    QTest.keyClick(viewer.window._qt_viewer.layers, Qt.Key.Key_Delete)
    assert [entry.key for entry in context.session] == ["forearm → real"]
    _check(viewer, context, [])


def test_a_foreign_layer_is_deleted_like_any_other(furnished):
    viewer = ViewerModel()
    context = furnished(viewer)
    foreign = viewer.add_image(np.zeros((8, 9)))
    viewer.layers.selection = {foreign, viewer.layers["forearm"]}
    viewer.layers.remove_selected()
    _check(viewer, context, [foreign])


def test_cubes_deleted_together_are_closed_as_one_change_that_is_undone_as_one(furnished):
    viewer = ViewerModel()
    context = furnished(viewer)
    changes = []
    context.session.cubes_changed.connect(changes.append)
    viewer.layers.selection = {context.adapter[key].image for key in context.adapter.open_keys}
    viewer.layers.remove_selected()
    assert not viewer.layers
    assert [len(change.closed) for change in changes] == [2]
    context.session.history.undo()
    assert len(context.session) == 2
