"""Remove layers that belong to a removed one, at once or as soon as napari has finished with its own list.

napari (0.9) deletes what is selected, and slices of its list, one layer after the other, and insists on finding each
of them where it was when it began. It fails when another layer is removed in between.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_udt.viewer.napari_adapter_layers import followed_once, signatures_kept

if TYPE_CHECKING:
    from napari.components import ViewerModel

Later = Callable[[Callable[[], None]], object]


def at_once(job: Callable[[], None]) -> None:
    """Call a function now, where there is no event loop that could call it later."""
    job()


def later_in(viewer: ViewerModel, wait_ms: int = 0) -> Later:
    """Return a function that calls another one from the event loop of a viewer's window, after some milliseconds."""
    if not hasattr(viewer, "window"):
        return at_once
    from qtpy.QtCore import QTimer

    return partial(QTimer.singleShot, wait_ms)


def in_thread_of(viewer: ViewerModel) -> Later:
    """Return a function that calls another one in the thread of a viewer's window; at once where there is no window."""
    if not hasattr(viewer, "window"):
        return at_once
    from superqt.utils import ensure_main_thread

    return ensure_main_thread(at_once)


class DeferredRemoval:
    """Removes layers from a viewer, but not while napari iterates over them.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Held weakly.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._later = later_in(viewer)
        self._waiting: dict[Layer, None] = {}
        self._deletions = 0  # deletions of napari's that are under way
        self._own = False
        self._answer: Callable[[], None] | None = None  # after the deletion that is under way
        self._at_the_end = ExitStack()  # what napari does once for all layers of its deletion
        self._removing: int | None = (
            None  # index of the layer that is being removed, in no announced deletion
        )
        events = viewer.layers.events
        if hasattr(events, "begin_batch"):  # napari 0.9 announces that it deletes several
            events.begin_batch.connect(self._began)
            events.end_batch.connect(self._ended)

    def take(self, layer: Layer) -> None:
        """Remove a layer unless it is gone; later, if napari may be iterating over it."""
        layers = self._layers
        if layers is None or layer not in layers or layer in self._waiting:
            return
        if not self._is_in_use(layer):
            layers.remove(layer)
            return
        self._waiting[layer] = None
        if not self._deletions:
            self._later(self._let_go)

    @contextmanager
    def answering(self, index: int) -> Iterator[None]:
        """Mark what is done because the layer at this index was removed, perhaps as one of a slice."""
        before, self._removing = self._removing, index
        try:
            yield
        finally:
            self._removing = before

    def afterwards(self, index: int, answer: Callable[[], None]) -> None:
        """Call a function that answers the removal of the layer at this index, now or once after all that napari deletes together."""
        if self._deletions:
            self._answer = answer
            return
        with self.answering(index):
            answer()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let napari (0.9) draw once for all changes; its batches do not nest."""
        layers = self._layers
        if self._own or self._deletions or layers is None or not hasattr(layers, "batched_update"):
            yield
            return
        self._own = True
        try:
            with layers.batched_update(), signatures_kept(), followed_once(self._viewer(), layers):
                yield
        finally:
            self._own = False

    @property
    def waiting(self) -> tuple[Layer, ...]:
        """Layers that are still to be removed."""
        return tuple(self._waiting)

    @property
    def _layers(self) -> Any:
        viewer = self._viewer()
        return None if viewer is None else viewer.layers

    def _is_in_use(self, layer: Layer) -> bool:
        """Whether napari may be about to delete a layer, or count from it: it deletes slices from their end."""
        if self._deletions:
            return True
        layers = self._layers
        return self._removing is not None and (
            layer in layers.selection or layers.index(layer) < self._removing
        )

    def _began(self) -> None:
        viewer = self._viewer()
        if self._own or viewer is None:
            return
        self._deletions += 1
        if self._deletions == 1:
            self._at_the_end.enter_context(signatures_kept())
            self._at_the_end.enter_context(followed_once(viewer, viewer.layers))

    def _ended(self) -> None:
        if self._own or not self._deletions:
            return
        self._deletions -= 1
        if not self._deletions:
            self._at_the_end.close()
            answer, self._answer = self._answer, None
            if answer is not None:
                answer()
            self._let_go()

    def _let_go(self) -> None:
        """Remove the layers that waited, unless they are gone."""
        layers, waiting, self._waiting = self._layers, self._waiting, {}
        if layers is None or not waiting:
            return
        with self.together():
            for layer in waiting:
                if layer in layers:
                    layers.remove(layer)
        if layers and not layers.selection:  # napari had selected one that has just gone
            layers.selection.active = layers[-1]
