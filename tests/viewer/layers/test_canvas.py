"""Layers leave in the OpenGL context of the canvas, whatever was current; old grids leave when nothing hangs in them."""

import gc

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
from qtpy.QtWidgets import QApplication
from vispy.scene.widgets import Grid

from napari_udt.viewer.context import context_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def viewer(make_napari_viewer, pat):
    viewer = make_napari_viewer(show=True)
    context_of(viewer).session.add(pat())
    QApplication.processEvents()
    return viewer


@pytest.fixture
def foreign(viewer):
    """A context that shares its objects with the canvas, as Qt's own does, and is current."""
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.create()
    context.setShareContext(_canvas(viewer).context())
    assert context.create()

    def make_current():
        assert context.makeCurrent(surface)
        assert QOpenGLContext.currentContext() is context

    yield make_current
    context.doneCurrent()


def _canvas(viewer):
    return viewer.window._qt_viewer.canvas.native


def _contexts_of_deletions(viewer, monkeypatch):
    """Record in which context vispy's commands are carried out."""
    found = []
    glir = viewer.window._qt_viewer.canvas._scene_canvas.context.glir
    flush = glir.flush

    def recorded(parser):
        found.append(QOpenGLContext.currentContext())
        flush(parser)

    monkeypatch.setattr(glir, "flush", recorded)
    return found


def test_what_a_layer_had_on_the_card_is_deleted_in_the_canvas_s_context(viewer, foreign, monkeypatch):
    for name in "abc":
        viewer.add_image(np.zeros((8, 9)), name=name)
    QApplication.processEvents()
    found = _contexts_of_deletions(viewer, monkeypatch)

    def remove_several():
        viewer.layers.selection = {viewer.layers["b"], viewer.layers["c"]}
        viewer.layers.remove_selected()

    for remove in (lambda: viewer.layers.remove("a"), remove_several):
        found.clear()
        foreign()
        remove()
        assert found
        assert all(context is _canvas(viewer).context() for context in found)


def _grids():
    gc.collect()
    return sum(isinstance(thing, Grid) for thing in gc.get_objects())


@pytest.fixture
def in_a_grid(viewer):
    """Five layers, each in a cell of its own."""
    for number in range(4):
        viewer.add_image(np.zeros((8, 9)), name=f"picture {number}")
    viewer.canvas.grid.enabled = True
    return viewer


def _reshape(viewer, *shapes):
    for shape in shapes:
        viewer.canvas.grid.shape = shape
        QApplication.processEvents()


def test_grids_that_were_replaced_are_let_go(in_a_grid):
    kept = []
    for _ in range(3):
        _reshape(in_a_grid, (1, 5), (2, 3), (5, 1))
        kept.append(_grids())
    assert kept[0] == kept[-1] <= 2


@pytest.mark.parametrize("farewell", ["remove", "show"])
def test_a_layer_that_was_hidden_when_its_grid_was_replaced_can_still_leave(in_a_grid, farewell):
    hidden = in_a_grid.layers["picture 1"]
    hidden.visible = False
    _reshape(in_a_grid, (1, 5), (2, 3), (5, 1))
    in_a_grid.add_points([[1, 1]])
    with_hidden = _grids()
    if farewell == "remove":
        in_a_grid.layers.remove(hidden)
    else:
        hidden.visible = True
    _reshape(in_a_grid, (1, 5), (2, 3), (5, 1))
    in_a_grid.layers.clear()
    QApplication.processEvents()
    assert _grids() <= min(2, with_hidden)


def test_a_model_without_a_window_has_no_context(pat):
    viewer = ViewerModel()
    context_of(viewer).session.add(pat())
    viewer.layers.clear()
    assert not len(context_of(viewer).session)


def test_axes_follow_before_the_canvas_draws_what_a_deletion_left(viewer):
    """The scale bar looks up the units of the displayed axes, of which flat structures have two only."""
    viewer.canvas.overlays.scale_bar.visible = True
    picture = next(layer for layer in viewer.layers if layer.ndim == 3)
    labels = np.zeros((8, 9), np.uint8)
    flat = viewer.add_labels(labels, scale=picture.scale[-2:], units=picture.units[-2:])
    QApplication.processEvents()
    viewer.layers.selection = {layer for layer in viewer.layers if layer.ndim == 3}
    viewer.layers.remove_selected()
    assert flat in viewer.layers
    assert viewer.dims.ndim == 2
    QApplication.processEvents()
    assert not len(context_of(viewer).session)
