"""What napari keeps private: that each name is there in this version, and that nothing fails without it."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path

import numpy as np
import pytest
from napari._vispy.overlays import text as name_visuals
from napari._vispy.utils import visual
from napari.components import ViewerModel
from napari.layers import Image, Shapes
from napari.qt import QtViewer
from napari.utils.events.containers import SelectableEventedList
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QMainWindow

import napari_udt
from napari_udt.viewer import napari_adapter
from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.arrangements.titles import TitleOverlay, hide_title, show_title

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
PACKAGE = Path(napari_udt.__file__).parent
ADAPTERS = ("viewer/napari_adapter.py", "viewer/napari_adapter_layers.py")
FOREIGN = re.compile(r"(napari|vispy|psygnal|qtpy|PyQt\d|PySide\d|superqt|pyqtgraph|magicgui)\b(?!_)")
MOST_LINES = 25
# Public in spite of the underscore, or of a library that is none of napari's: a named tuple's methods, pickle, torch.
NOT_PRIVATE = {"_exit", "_replace", "_asdict", "_fields", "_Unpickler", "_version"}


@pytest.fixture(autouse=True)
def reports(caplog):
    napari_adapter.report_missing.cache_clear()
    caplog.set_level(logging.WARNING, logger=napari_adapter.__name__)
    return caplog


# -- the public ways -------------------------------------------------------------------------------


def test_the_window_of_a_viewer_and_what_is_in_it(make_napari_viewer):
    viewer = make_napari_viewer()
    main = napari_adapter.main_window(viewer)
    assert isinstance(main, QMainWindow)
    assert isinstance(napari_adapter.viewer_widget_in(main), QtViewer)
    canvas = napari_adapter.canvas_of(viewer)
    assert canvas.native.window() is main
    assert canvas.view.canvas.native is canvas.native
    viewer.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert napari_adapter.canvas_of(viewer) is None


def test_a_model_without_a_window_has_none_of_it():
    viewer = ViewerModel()
    assert napari_adapter.main_window(viewer) is None
    assert napari_adapter.canvas_of(viewer) is None
    napari_adapter.make_canvas_current(viewer)


# -- the private names -----------------------------------------------------------------------------


def test_layers_are_added_without_becoming_active():
    viewer = ViewerModel()
    assert viewer.layers._activate_on_insert is True, "LayerList._activate_on_insert is not what it was"
    first = viewer.add_image(np.array([[1, 2]]))
    with napari_adapter.without_activation(viewer.layers):
        viewer.add_image(np.array([[3, 4]]))
    assert viewer.layers.selection.active is first
    viewer.add_image(np.array([[5, 6]]))
    assert viewer.layers.selection.active is not first


def test_without_the_switch_each_layer_becomes_active_and_cubes_open(monkeypatch, reports, pat):
    viewer = ViewerModel()

    def insert(layers, index, value):
        super(SelectableEventedList, layers).insert(index, value)
        layers.selection.active = value

    monkeypatch.setattr(SelectableEventedList, "insert", insert)
    del viewer.layers._activate_on_insert
    session = context_of(viewer).session
    session.add(pat())
    session.add(pat("other"))
    assert {"forearm", "other"} <= {layer.name for layer in viewer.layers}
    assert reports.messages == [
        "This version of napari has no _activate_on_insert: each new layer becomes the active one."
    ]


def test_a_shape_is_known_to_be_drawn():
    layer = Shapes([[[0, 0], [0, 5], [5, 5]]], shape_type="polygon")
    assert layer._is_creating is False, "Shapes._is_creating is not what it was"
    assert not napari_adapter.is_being_drawn(layer)
    layer._is_creating = True
    assert napari_adapter.is_being_drawn(layer)


def test_without_that_knowledge_the_tool_stays_chosen(reports):
    layer = Shapes()
    del layer._is_creating
    assert napari_adapter.is_being_drawn(layer)
    assert "_is_creating" in reports.messages[0]


def test_files_that_are_chosen_in_napari_s_dialog_come_here_first(make_napari_viewer):
    assert callable(QtViewer._qt_open), "QtViewer._qt_open is not what it was"
    widget, opened = napari_adapter.viewer_widget(make_napari_viewer()), []
    napari_adapter.open_files_with(widget, lambda before: lambda names, **options: opened.append(names))
    widget._qt_open(["a.h5"], stack=False)
    assert opened == [["a.h5"]]


def test_without_napari_s_way_of_opening_drops_still_come_here(
    make_napari_viewer, monkeypatch, reports, pat, tmp_path
):
    from test_app import drop

    from napari_udt import save_cube
    from napari_udt.viewer.app import furnish

    viewer = make_napari_viewer()
    monkeypatch.delattr(QtViewer, "_qt_open")
    window = furnish(viewer)
    save_cube(pat(), tmp_path / "forearm.udt.h5")
    drop(napari_adapter.viewer_widget(viewer), tmp_path / "forearm.udt.h5")
    assert [entry.key for entry in window.context.session] == ["forearm"]
    assert "_qt_open" in reports.messages[0]


def test_a_title_takes_the_place_of_a_layer_s_name(make_napari_viewer):
    for name in napari_adapter._OF_NAME_VISUAL:
        assert hasattr(name_visuals.VispyLayerNameOverlay, name), f"VispyLayerNameOverlay.{name} is gone"
    viewer = make_napari_viewer()
    layer = viewer.add_image(np.array([[1, 2]]), name="forearm")
    assert "layer_name" in layer._overlays, "Layer._overlays is not what it was"
    show_title(layer, "forearm\nsimulated")
    assert layer.name_overlay.text == "forearm\nsimulated"
    visuals = napari_adapter.canvas_of(viewer)._layer_overlay_to_visual[layer]
    assert visuals[layer.name_overlay].node.text == "forearm\nsimulated"
    show_title(layer, "forearm\ntransferred")
    assert visuals[layer.name_overlay].node.text == "forearm\ntransferred"
    hide_title(layer)
    assert not layer.name_overlay.visible


@pytest.mark.parametrize("gone", ["module", "method", "overlays"])
def test_without_napari_s_table_of_overlays_the_layer_s_name_is_shown(monkeypatch, reports, gone):
    layer = Image(np.array([[1, 2]]), name="forearm")
    names = layer.name_overlay
    monkeypatch.delitem(visual.overlay_to_visual, TitleOverlay, raising=False)
    if gone == "module":
        monkeypatch.delattr(visual, "overlay_to_visual")
    elif gone == "method":
        monkeypatch.setattr(name_visuals, "VispyLayerNameOverlay", type("Other", (), {}))
    else:
        monkeypatch.setattr(type(layer), "name_overlay", property(lambda _: names))
        del layer._overlays
    show_title(layer, "forearm\nsimulated")
    assert layer.name_overlay is names
    assert names.visible
    hide_title(layer)
    assert not names.visible
    assert len(reports.messages) == 1


# -- nowhere else ----------------------------------------------------------------------------------


def _private(name):
    return re.fullmatch(r"_[A-Za-z]\w*", name) is not None and name not in NOT_PRIVATE


def _own_names(tree):
    """Return names that a module gives to its own functions, classes, variables and attributes."""
    own = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
            own.add(node.attr)
    return own


def _uses(source):
    """Return the numbers of lines that reach for a private name of another library."""
    tree, found = ast.parse(source), set()
    own = _own_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") not in ("self", "cls"):
            foreign = _private(node.attr) and node.attr not in own
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [alias.name for alias in node.names]
            path = [*(getattr(node, "module", None) or "").split("."), *".".join(names).split(".")]
            foreign = FOREIGN.match(".".join(filter(None, path))) and any(map(_private, path))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "hasattr", "setattr"):
            name = getattr(node.args[1], "value", "") if len(node.args) > 1 else ""
            own_object = getattr(node.args[0], "id", "") in ("self", "cls")
            foreign = isinstance(name, str) and _private(name) and not own_object
        else:
            continue
        if foreign:
            found.add(node.lineno)
    return found


@pytest.mark.parametrize(
    "line",
    [
        "window._qt_window.show()",
        "from napari._qt.qt_viewer import QtViewer",
        "import vispy._private",
        'getattr(window, "_qt_viewer", None)',
        "layers._activate_on_insert = False",
    ],
)
def test_the_search_finds_private_uses(line):
    assert _uses(line) == {1}


@pytest.mark.parametrize(
    "line", ["self._mine = other._mine", "from napari_udt._x import y", "pair._replace(a=1)"]
)
def test_the_search_leaves_one_s_own_alone(line):
    assert not _uses(line)


# torch has no public name for oneDNN's product of matrices; one without it multiplies as usual.
_OF_TORCH = "inference/products.py"


def test_private_names_of_other_libraries_are_used_in_three_modules_only():
    uses = {
        path.relative_to(PACKAGE).as_posix(): _uses(path.read_text())
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    allowed = {*ADAPTERS, _OF_TORCH}
    assert {name: sorted(lines) for name, lines in uses.items() if lines and name not in allowed} == {}
    assert len(uses[_OF_TORCH]) == 1
    count = sum(len(uses[name]) for name in ADAPTERS) + len(
        napari_adapter._OF_NAME_VISUAL
    )  # which it overrides or calls
    assert 0 < count <= MOST_LINES
