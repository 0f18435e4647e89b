"""Layers leave in the OpenGL context of the canvas, whatever was current."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
from qtpy.QtWidgets import QApplication

from napari_udt.viewer.desk import desk_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def viewer(make_napari_viewer, pat):
    viewer = make_napari_viewer(show=True)
    desk_of(viewer).session.add(pat())
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


@pytest.mark.parametrize("several", [False, True])
def test_what_a_layer_had_on_the_card_is_deleted_in_the_canvas_s_context(
    viewer, foreign, monkeypatch, several
):
    for name in "abc":
        viewer.add_image(np.zeros((8, 9)), name=name)
    QApplication.processEvents()
    found = _contexts_of_deletions(viewer, monkeypatch)
    foreign()
    if several:
        viewer.layers.selection = {viewer.layers["a"], viewer.layers["b"]}
        viewer.layers.remove_selected()
    else:
        viewer.layers.remove("a")
    assert found
    assert all(context is _canvas(viewer).context() for context in found)


def test_a_model_without_a_window_has_no_context(pat):
    viewer = ViewerModel()
    desk_of(viewer).session.add(pat())
    viewer.layers.clear()
    assert not len(desk_of(viewer).session)
