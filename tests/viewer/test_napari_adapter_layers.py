"""Many layers: hidden ones at rest, and changes of several at once; each private name is there, and nothing fails without it."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.events import EventEmitter

from napari_udt.viewer import napari_adapter, napari_adapter_layers
from napari_udt.viewer.napari_adapter_layers import (
    Measures,
    followed_once,
    rest_while_hidden,
    signatures_kept,
)


class Stack:
    """Counts which planes are read."""

    dtype, ndim, shape = np.dtype(np.float32), 3, (8, 4, 5)

    def __init__(self):
        self.read = []

    def __getitem__(self, key):
        self.read.append(key[0])
        return np.full(self.shape, np.arange(8)[:, None, None], np.float32)[key]


def _shown(layer):
    return float(layer._data_view.mean())


@pytest.fixture
def stack_and_layer():
    viewer, stack = ViewerModel(), Stack()
    layer = viewer.add_layer(Image(stack, contrast_limits=(0, 8), multiscale=False, rgb=False))
    viewer.dims.set_current_step(0, 2)
    layer.visible = False
    rest_while_hidden(layer, viewer.dims)
    stack.read.clear()
    return viewer, stack, layer


def test_a_hidden_layer_is_passed_by_and_shows_the_slider_s_plane_when_it_is_shown(stack_and_layer):
    viewer, stack, layer = stack_and_layer
    before = layer._slice_input
    for step in (3, 4, 6):
        viewer.dims.set_current_step(0, step)
    assert layer._slice_input is before
    assert not stack.read
    layer.visible = True
    assert _shown(layer) == 6
    assert len(stack.read) == 1
    viewer.dims.set_current_step(0, 1)
    assert _shown(layer) == 1
    layer.visible = False
    rest_while_hidden(layer, viewer.dims)
    layer.visible = True
    assert _shown(layer) == 1


def test_a_layer_at_rest_follows_axes_that_change_places(stack_and_layer):
    viewer, _, layer = stack_and_layer
    viewer.dims.ndisplay = 3
    assert layer._slice_input.ndisplay == 3
    viewer.dims.ndisplay = 2
    viewer.dims.set_current_step(0, 5)
    layer.visible = True
    assert _shown(layer) == 5


def test_without_the_private_names_hidden_layers_are_sliced_as_before(monkeypatch, caplog):
    napari_adapter.report_missing.cache_clear()
    monkeypatch.setattr(napari_adapter_layers, "OF_LAYER", ("_no_such_name",))
    layer = Image(np.zeros((3, 4, 5)), visible=False)
    rest_while_hidden(layer, ViewerModel().dims)
    assert "refresh" not in vars(layer)
    monkeypatch.delattr(EventEmitter, "_check_signature")
    with signatures_kept():
        assert not hasattr(EventEmitter, "_check_signature")
    assert len(caplog.messages) == 2
    napari_adapter.report_missing.cache_clear()


def test_layers_that_come_and_go_together_are_measured_once():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((3, 4, 5)))
    measures = Measures(viewer.layers)
    with measures.once():
        viewer.add_image(np.zeros((9, 4, 5)))
        viewer.add_image(np.zeros((3, 40, 5)))
        assert viewer.dims.range[0].stop == 2
        assert viewer.layers.get_extent(viewer.layers[1:2]).world[1, 0] == 8
    viewer.add_image(np.zeros((3, 4, 5)))
    assert [axis.stop for axis in viewer.dims.range] == [8, 39, 4]
    with measures.once():
        del viewer.layers[2:]
    viewer.layers.pop(1)
    assert [axis.stop for axis in viewer.dims.range] == [2, 3, 4]
    viewer.layers[0].scale = (2, 1, 1)
    assert viewer.dims.range[0].stop == 4
    viewer.layers.clear()
    assert viewer.dims.ndim == 2


def test_signatures_are_looked_at_once(monkeypatch):
    looked, look = [], EventEmitter._check_signature
    monkeypatch.setattr(
        EventEmitter, "_check_signature", staticmethod(lambda one: looked.append(one) or look(one))
    )
    emitters, heard = [EventEmitter(type_name="a"), EventEmitter(type_name="b")], []

    def listener(event):
        heard.append(event)

    with signatures_kept():
        for emitter in emitters:
            emitter.connect(listener)
    emitters[0]()
    assert (len(looked), len(heard)) == (1, 1)


def test_axes_follow_once_where_layers_go_and_at_once_where_one_comes():
    viewer, ranges = ViewerModel(), []
    for planes in (3, 9, 5):
        viewer.add_image(np.zeros((planes, 4, 5)))
    viewer.dims.events.range.connect(lambda event: ranges.append(event.value[0].stop))
    with followed_once(viewer, viewer.layers):
        del viewer.layers[1:]
        assert ranges == []
        viewer.add_image(np.zeros((7, 4, 5)))
        assert ranges == [6]
        viewer.layers.pop(1)
        with followed_once(viewer, viewer.layers):  # as one who is called in between might do
            viewer.layers.clear()
        assert viewer.dims.ndim == 2  # another number of axes is followed at once
    assert viewer.dims.ndim == 2
    viewer.add_image(np.zeros((3, 4, 5)))
    assert viewer.dims.ndim == 3


def test_buttons_and_controls_follow_once_where_many_layers_are_deleted(make_napari_viewer, monkeypatch):
    viewer = make_napari_viewer()
    for _ in range(6):
        viewer.add_image(np.zeros((3, 4, 5)))
    widget = napari_adapter.viewer_widget(viewer)
    buttons, controls, made = widget.layerButtons, widget.controls, []
    monkeypatch.setattr(buttons.newLabelsButton, "_refresh_qss", lambda: made.append("style"))
    viewer.layers.selection = set(viewer.layers[1:])
    assert controls.panel is not None
    made.clear()
    with followed_once(viewer, viewer.layers):
        del viewer.layers[1:]
        assert not made
    assert (made, controls.panel) == (["style"], None)
    viewer.layers.selection.active = viewer.layers[0]
    assert controls.currentWidget() is controls.widgets[viewer.layers[0]]
    assert made == ["style", "style"]
    monkeypatch.setattr(napari_adapter_layers, "OF_WIDGETS", {"layerButtons": "_no_such_name"})
    napari_adapter.report_missing.cache_clear()
    with followed_once(viewer, viewer.layers):
        viewer.layers.clear()
    assert made[2:]
    napari_adapter.report_missing.cache_clear()
