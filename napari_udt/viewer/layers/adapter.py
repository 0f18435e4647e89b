"""Synchronise a session and ``viewer.layers``.

The session decides which cubes are open: a cube that is added to it gets layers, and they are removed with it. Layers that
napari adds itself (from a reader or a sample) carry their cube in ``layer.metadata`` and open it in the session; a picture
that the user deletes or renames closes or renames its cube.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.arrangements.fitted_view import FittedView
from napari_udt.viewer.layers.canvas import CanvasContext, ReplacedGrids
from napari_udt.viewer.layers.deferred_removal import DeferredRemoval, later_in
from napari_udt.viewer.layers.layer_data import (
    CUBE_KEY,
    PART_KEY,
    cube_layers,
    default_wavelength,
    picture_axes,
)
from napari_udt.viewer.layers.open_cubes import (
    CubeLayers,
    covered_later,
    differ_in_structures,
    hide_below,
    is_of,
    outline,
)
from napari_udt.viewer.layers.stacks import SeriesStack, not_yet
from napari_udt.viewer.napari_adapter import without_activation
from napari_udt.viewer.napari_adapter_layers import Measures, look_at_loading_only, rest_while_hidden
from napari_udt.viewer.state.session import CubesChange, Entry, Session

if TYPE_CHECKING:
    from napari.components import ViewerModel


class LayerAdapter(FittedView):
    """The layers of a session's cubes in one viewer, kept in step with the session.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Held weakly, so that an adapter never keeps a closed window alive.
    session : Session
        Whose cubes are shown.
    """

    structure_changed = Signal()  # a cube's layers came or went
    part_added = Signal(str)  # a cube got one more layer: its key
    part_removed = Signal(str, str)  # the user removed one layer of a cube: its key, which part
    front_changed = Signal()  # another cube is the topmost visible one
    covered_changed = Signal()  # a map was shown over a picture, or hidden

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        super().__init__(viewer)
        self.session = session
        self._removal = DeferredRemoval(viewer)
        self._soon = later_in(viewer, 0)
        self._adopted: Layer | None = None
        self._gone: list[tuple[str, str]] = []  # keys and parts of layers that the user removed
        self._front: str | None = None
        self.structure_changed.connect(self._look_at_front)
        viewer.layers.events.reordered.connect(self._look_at_front)
        self._context, self._grids = CanvasContext(viewer), ReplacedGrids(viewer)
        self._measures = Measures(viewer.layers)
        look_at_loading_only(viewer, viewer.layers)
        self._busy = False
        self._metric = False
        for layer in list(viewer.layers):
            self._adopt(layer)
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        session.cubes_changed.connect(self._cubes_changed)
        self._cubes_changed(CubesChange(added=tuple(session)))

    # -- session -> layers ------------------------------------------------------------------------

    def _cubes_changed(self, change: CubesChange) -> None:
        """Remove, add and rename the layers of cubes, but for changes that come from layers."""
        if self._busy:
            return
        change = self._relabelled(change)
        closed = [e.key for e in change.closed if e.key in self._open and self._open[e.key].cube is e.cube]
        opened = [e for e in change.opened if e.key in self.session]
        with self.own_changes(together=bool(closed) or len(opened) > 1):
            for old, new in change.renamed:
                self._rename_layers(old, new)
            self._take_all_away(closed)
            self._show_all([e for e in opened if e.key not in self._open])
            if closed:
                self._after_closing()
        if closed or opened or change.renamed:
            self.structure_changed.emit()

    def _relabelled(self, change: CubesChange) -> CubesChange:
        """Bring cubes whose structures alone changed up to date in their layers; return the rest of the change."""
        rest = []
        for before, after in change.replaced:
            group = self._open.get(after.key)
            if (
                group is not None
                and group.labels is not None
                and differ_in_structures(before.cube, after.cube)
            ):
                with self.own_changes():
                    group.set_cube(after.cube)
            else:
                rest.append((before, after))
        return replace(change, replaced=tuple(rest))

    def _show_all(self, entries: list[Entry]) -> None:
        """Add the layers of cubes, the last one in front; those that later ones cover are hidden from the start."""
        if not entries:
            return
        *others, last = entries
        hidden = covered_later([entry.cube for entry in entries])
        if others and not self._open:  # with the first, napari gets its axes
            self._show(others[0].key, others[0].cube, hidden=hidden[0])
            others, hidden = others[1:], hidden[1:]
        known = all(picture_axes(entry.cube) <= self.viewer.dims.ndim for entry in others)
        with self._measures.once() if others and known else nullcontext():
            for entry, is_hidden in zip(others, hidden, strict=False):
                self._show(entry.key, entry.cube, hidden=is_hidden)
        key = self._show(last.key, last.cube)
        self._bring_to_view(key)

    def _show(self, key: str, cube: SpectralCube, *, hidden: bool = False) -> str:
        """Add the layers of a cube on top; return its key."""
        made: dict[str, Any] = {}
        metric = self._agree_on_units(cube)
        with without_activation(self.viewer.layers):
            for data, attributes, kind in cube_layers(cube, metric, key):
                part = attributes["metadata"][PART_KEY]
                if isinstance(data, SeriesStack):
                    data.ask = not_yet  # napari looks at it before the slider is in its place
                layer = Layer.create(data, attributes | {"visible": not hidden}, kind)
                if part == "labels":
                    outline(layer, cube)
                made[part] = self.viewer.add_layer(layer)
        return self._register(key, CubeLayers(**made))

    def _agree_on_units(self, *new: SpectralCube) -> bool:
        """Use millimetres only when every cube has them: napari warns of mixed units and then ignores all."""
        cubes = [*(group.cube for group in self._open.values()), *new]
        metric = all(cube.pixel_size_mm is not None for cube in cubes) if cubes else self._metric
        if metric != self._metric:
            self._measure_in(metric, self._removal.waiting)
            self.viewer.canvas.overlays.scale_bar.visible = self._metric = metric
        return metric

    def _register(self, key: str, group: CubeLayers) -> str:
        """Follow the layers of a cube, and hide what its picture covers; return its key."""
        self._open[key] = group
        group.name(key)
        if group.image.name != key:  # another layer has that name
            key = self._rename(key, group.image.name)
        group.image.events.name.connect(self._on_renamed)
        group.image.events.visible.connect(self._look_at_front)
        for layer in group:
            self._let_rest(layer)
        if group.image.visible:
            hide_below(group, [other for other in self._open.values() if other is not group])
        return key

    def _let_rest(self, layer: Layer) -> None:
        """Have napari pass a layer by whenever it is hidden."""
        rest = partial(rest_while_hidden, layer, self.viewer.dims)
        layer.events.visible.connect(lambda: rest())
        rest()

    def _rename(self, old: str, new: str) -> str:
        """Rename a cube as its picture; return the key."""
        key = self.session.rename(old, new)
        self._rename_layers(old, key)
        return key

    def _bring_to_view(self, key: str) -> None:
        """Make a cube's picture the active layer, fit the view unless the user did so, and move the slider into range."""
        group = self._open[key]
        others = [other for other in self._open.values() if other is not group]
        self.viewer.layers.selection.active = group.image
        if any(other.cube.modality == group.cube.modality for other in others):
            self.fit_unless_set([key])
        else:
            self.fit([key])
        self._bring_slider_into_range(group.cube)

    def _look_at_front(self, _event: Any = None) -> None:
        if (front := self.top_key()) != self._front:
            self._front = front
            self.front_changed.emit()

    def attach(self, key: str, part: str, layer: Layer) -> None:
        """Add a layer of a cube directly above those that it has and that lie below such a part."""
        group, layers = self._open[key], self.viewer.layers
        with self.own_changes(), without_activation(self.viewer.layers):
            layers.insert(max(layers.index(own) for own in group.below(part)) + 1, layer)
        setattr(group, part, layer)
        self._let_rest(layer)
        self.part_added.emit(key)

    def detach(self, key: str, part: str) -> None:
        """Remove a layer of a cube, if it is there."""
        group = self._open[key]
        layer = getattr(group, part)
        setattr(group, part, None)
        if layer is not None:
            with self.own_changes():
                self.remove(layer)

    def remove(self, layer: Layer) -> None:
        """Remove a layer unless it is gone; a little later while napari deletes others, see ``DeferredRemoval``."""
        self._removal.take(layer)

    def answering(self, event: Any) -> AbstractContextManager[None]:
        """Mark what is done in answer to napari's event of a removed layer; see ``DeferredRemoval``."""
        return self._removal.answering(event.index)

    def _bring_slider_into_range(self, cube: SpectralCube) -> None:
        dims = self.viewer.dims
        axis = dims.ndim - 3
        low, high = cube.wavelengths_nm[0], cube.wavelengths_nm[-1]
        first = len(self._open) == 1  # the slider's position means nothing yet
        if first or not low <= dims.point[axis] <= high:
            dims.set_point(axis, default_wavelength(cube))

    def _take_all_away(self, keys: list[str]) -> None:
        """Remove the layers of cubes; with the last one napari measures those that stay."""
        layers = [layer for key in keys for layer in self._taken(key)]
        selection = self.viewer.layers.selection
        if cleared := len(keys) > 1 and selection.active in layers:
            selection.clear()  # napari would select and show each that comes next
        with self._measures.once() if len(keys) > 1 else nullcontext():
            for layer in layers[:-1]:
                self.remove(layer)
        for layer in layers[-1:]:
            self.remove(layer)
        if cleared and self._open and not selection:
            selection.active = list(self._open.values())[-1].image

    def _after_closing(self) -> None:
        self._show_newest()
        self._agree_on_units()

    def _taken(self, key: str) -> CubeLayers:
        """Return the layers of a cube, which is no longer followed."""
        group = self._open.pop(key)
        group.image.events.name.disconnect(self._on_renamed)
        group.image.events.visible.disconnect(self._look_at_front)
        return group

    # -- layers -> session ------------------------------------------------------------------------

    def _on_inserted(self, event: Any) -> None:
        if not self._busy:
            self._adopt(event.value)

    def _adopt(self, layer: Layer) -> None:
        """Open the cube of a layer that was not added here, or add the layer to its cube."""
        cube = layer.metadata.get(CUBE_KEY)
        if not isinstance(cube, SpectralCube):
            return
        with self.own_changes():
            part = layer.metadata.get(PART_KEY)
            self._agree_on_units(cube)
            if part == "image":
                self._bring_to_view(
                    self._register(self.session.add(cube, key=layer.name).key, CubeLayers(layer))
                )
                self._adopted = layer
                self._soon(self._select_adopted)
            else:
                self._adopt_part(layer, cube, str(part))
        self.structure_changed.emit()

    def _select_adopted(self) -> None:
        """Select the picture once napari has added all layers of a file; it selects the last, which has brushes for tools."""
        layer, self._adopted = self._adopted, None
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.selection.active = layer

    def _adopt_part(self, layer: Layer, cube: SpectralCube, part: str) -> None:
        for key, group in reversed(self._open.items()):
            if is_of(cube, group.cube) and getattr(group, part) is None:
                setattr(group, part, layer)
                self._let_rest(layer)
                if part == "labels":
                    outline(layer, cube)
                self._open[key].name(key)
                self.viewer.layers.selection.active = group.image
                return

    def _on_removed(self, event: Any) -> None:
        """Forget a layer that the user removed, with its cube if it is the picture; the session hears of all at once."""
        key = None if self._busy else self.key_of(event.value)
        if key is None:
            return
        if (part := str(self._open[key].part_of(event.value))) == "image":
            with self.own_changes(together=True), self.answering(event):
                self._take_all_away([key])
        else:
            setattr(self._open[key], part, None)
        self._gone.append((key, part))
        self._removal.afterwards(event.index, self._answer_removal)

    def _answer_removal(self) -> None:
        """Close the cubes whose pictures the user removed, and say which parts of others went."""
        gone, self._gone = self._gone, []
        if closed := [key for key, part in gone if part == "image"]:
            with self.own_changes():
                self.session.remove(*closed)
                self._after_closing()
        for key, part in [(key, part) for key, part in gone if key in self._open]:
            self.part_removed.emit(key, part)
            self.covered_changed.emit()
        self.structure_changed.emit()

    def _on_renamed(self, event: Any) -> None:
        if self._busy:
            return
        old = self.key_of(event.source)
        if old is None or old == event.source.name:
            return
        with self.own_changes():
            self._rename(old, event.source.name)
        self.structure_changed.emit()

    @contextmanager
    def own_changes(self, together: bool = False) -> Iterator[None]:
        """Mark changes of layers as made here, so that napari's events of them are ignored.

        With ``together`` napari (0.9) draws once for all. That pays when layers go or change places, each of which
        costs a collection of garbage or a redraw, and when several cubes come; for one, the collection would cost more.
        """
        before, self._busy = self._busy, True
        try:
            with self._removal.together() if together else nullcontext():
                yield
        finally:
            self._busy = before
