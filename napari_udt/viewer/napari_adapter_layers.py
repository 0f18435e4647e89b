"""Many layers in napari, as far as its public API does not reach: hidden ones at rest, and changes of several at once.

napari (0.9) slices hidden layers at each step of a slider, measures them at each draw, and measures all layers whenever one
comes or goes. As in :mod:`napari_udt.viewer.napari_adapter`, each function says what is lost where a private name is gone.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_udt.viewer.napari_adapter import report_missing, viewer_widget

if TYPE_CHECKING:
    from napari.components import Dims, LayerList, ViewerModel
    from napari.layers import Layer

OF_LAYER = ("_slice_dims", "_update_draw", "_slice_input")
OF_WIDGETS = {"layerButtons": "_on_selection_changed", "controls": "_populate"}  # of QtViewer


def rest_while_hidden(layer: Layer, dims: Dims) -> None:
    """Have napari pass a hidden layer by, at steps of sliders and draws, until it is shown; nothing happens to a visible one.

    Public way: none. Private: ``OF_LAYER`` (0.9.2). Lost without it: time; sixty hidden cubes cost as much as two visible ones.
    """
    if layer.visible or "refresh" in vars(layer):
        return
    missing = [name for name in OF_LAYER if not hasattr(layer, name)]
    if missing:
        report_missing(missing[0], "hidden layers cost time at each step of a slider")
        return
    slice_dims, refresh = layer._slice_dims, layer.refresh
    shown = weakref.ref(dims)
    view = [_view(dims)]

    def pass_by(dims: Dims, force: bool = False) -> None:
        """Follow where the axes change, which all that napari draws must agree on; not where a slider moves."""
        if force or _view(dims) != view[0]:
            view[0] = _view(dims)
            slice_dims(dims, force)

    def wake(**how: Any) -> None:
        """Take the slice that was passed by; napari refreshes a layer as the first thing when it is shown."""
        if not layer.visible:
            refresh(**how)
            return
        for name in ("_slice_dims", "_update_draw", "refresh"):
            vars(layer).pop(name, None)
        before, now = layer._slice_input, shown()
        if now is not None:
            layer._slice_dims(now)
        if layer._slice_input is before:  # otherwise it was refreshed with its slice
            layer.refresh(**how)

    vars(layer).update(_slice_dims=pass_by, _update_draw=_nothing, refresh=wake)


def _view(dims: Dims) -> tuple[Any, ...]:
    return dims.ndim, dims.ndisplay, tuple(dims.order)


def _nothing(*_measures: Any, **_named: Any) -> None:
    """Measure nothing."""


class Measures:
    """What napari measures of all layers in common, taken again only where a layer has changed, and once for several that come or go.

    napari measures all layers at each step of a slider, and whenever one comes or goes.

    Public way: ``LayerList.get_extent``, whose place this takes for one list.

    Parameters
    ----------
    layers : LayerList
        Of one viewer.
    """

    def __init__(self, layers: LayerList) -> None:
        self._layers, self._measure = weakref.ref(layers), layers.get_extent
        self._extents: list[Any] = []
        self._found: Any = None
        self._kept = False
        vars(layers)["get_extent"] = self
        layers.events.units.connect(self._forget)  # called before those that connected earlier

    def __call__(self, layers: Iterable[Layer]) -> Any:
        """Return the extent of layers, as ``LayerList.get_extent`` does."""
        layers, listed = list(layers), self._layers()
        if listed is None or len(layers) != len(listed):
            return self._measure(layers)
        if self._kept:
            return self._found
        extents = [layer.extent for layer in layers]
        if (
            self._found is None
            or len(extents) != len(self._extents)
            or not all(map(_same, extents, self._extents))
        ):
            self._found = self._measure(layers)
        self._extents = extents
        return self._found

    def _forget(self, _event: Any = None) -> None:
        self._extents = []

    @contextmanager
    def once(self) -> Iterator[None]:
        """Measure no layers while some come or go; the one that comes or goes next has all measured.

        Those that come need no more axes than there are.
        """
        layers = self._layers()
        if layers is None or not layers or self._kept:
            yield
            return
        self._found, self._kept = layers.extent, True
        try:
            yield
        finally:
            self._kept = False
            vars(layers).pop("extent", None)  # that of before


def _same(extent: Any, other: Any) -> bool:
    return extent is other or (
        np.array_equal(extent.world, other.world)
        and np.array_equal(extent.step, other.step)
        and extent.units == other.units
    )


def look_at_loading_only(viewer: ViewerModel, layers: LayerList) -> None:
    """Have napari's list of layers ask each layer itself whether it is loaded, not its table: it asks for all with each row it paints.

    Public way: the model behind the list, ``QtViewer.layers.model().sourceModel()``, and its ``all_loaded``.
    """
    widget = viewer_widget(viewer)
    model = None if widget is None else widget.layers.model()
    table: Any = getattr(model, "sourceModel", lambda: None)()
    if hasattr(table, "all_loaded"):
        listed = weakref.ref(layers)
        table.all_loaded = lambda: all(layer.loaded for layer in listed() or ())


@contextmanager
def signatures_kept() -> Iterator[None]:
    """Have napari look at the signature of each callback once, however often it connects and disconnects it.

    Public way: none. Private: ``EventEmitter._check_signature`` (0.9.2). Lost without it: half of the time to close many layers.
    """
    from napari.utils.events import EventEmitter

    look = getattr(EventEmitter, "_check_signature", None)
    if look is None:
        report_missing("_check_signature", "closing many cubes takes longer")
        yield
        return
    known: dict[Any, bool] = {}

    def kept(callback: Any) -> bool:
        key = type(callback), getattr(callback, "__func__", callback)
        if key not in known:
            known[key] = look(callback)
        return known[key]

    setattr(EventEmitter, "_check_signature", staticmethod(kept))  # noqa: B010 - mypy knows no such attribute
    try:
        yield
    finally:
        setattr(EventEmitter, "_check_signature", staticmethod(look))  # noqa: B010


@contextmanager
def followed_once(viewer: ViewerModel, layers: LayerList) -> Iterator[None]:
    """Have napari bring axes, buttons and controls up to date once where several layers go, not after each of them.

    Where a layer comes in between, or another number of axes is left, axes follow at once: what is drawn needs them,
    and napari draws before it tells a plugin that it has finished.

    Public way: none. Private: ``ViewerModel._on_layers_change`` and ``OF_WIDGETS`` (0.9.2). Lost without them: time to close
    many layers; buttons are styled anew three times for each, and the controls of several selected layers made twice.
    """
    with _axes_followed_once(viewer, layers), _widgets_followed_once(viewer, layers):
        yield


@contextmanager
def _axes_followed_once(viewer: ViewerModel, layers: LayerList) -> Iterator[None]:
    follow: Any = getattr(viewer, "_on_layers_change", None)
    if follow is None or "_on_layers_change" in vars(viewer):
        if follow is None:
            report_missing("_on_layers_change", "closing many cubes takes longer")
        yield
        return
    count, behind = len(layers), False

    def follow_what_comes() -> None:
        nonlocal count, behind
        behind = len(layers) < count and layers.ndim == viewer.dims.ndim
        count = len(layers)
        if not behind:
            follow()

    vars(viewer)["_on_layers_change"] = follow_what_comes
    try:
        yield
    finally:
        vars(viewer).pop("_on_layers_change", None)
        if behind:
            follow()


@contextmanager
def _widgets_followed_once(viewer: ViewerModel, layers: LayerList) -> Iterator[None]:
    widget = viewer_widget(viewer)
    if widget is None:
        yield
        return
    removed, selected = layers.events.removed, layers.selection.events.changed
    follow: list[Any] = [getattr(getattr(widget, part), name, None) for part, name in OF_WIDGETS.items()]
    if None in follow:
        report_missing(" or ".join(OF_WIDGETS.values()), "closing many cubes takes longer")
        follow = []
    with ExitStack() as blocked:
        for each in follow:
            blocked.enter_context(removed.blocker(each))
            blocked.enter_context(selected.blocker(each))
        yield
    for each in follow:
        each()
