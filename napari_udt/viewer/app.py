"""One session per viewer, and the launcher that opens a window of its own."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_udt.viewer.layers import LayerAdapter, PinLayers, SideBySide
from napari_udt.viewer.pointer import Pointer, WavelengthSlider
from napari_udt.viewer.session import Session

if TYPE_CHECKING:
    from napari.components import ViewerModel


@dataclass(eq=False)
class Desk:
    """What belongs to one viewer: its session, the adapter to its layers, mouse and slider."""

    session: Session
    adapter: LayerAdapter
    pointer: Pointer
    slider: WavelengthSlider
    pins: PinLayers
    side_by_side: SideBySide


_desks: weakref.WeakKeyDictionary[Any, Desk] = weakref.WeakKeyDictionary()


def desk_of(viewer: ViewerModel) -> Desk:
    """Return the desk of a viewer, shared by every dock in it; made at the first call."""
    viewer = getattr(viewer, "__wrapped__", viewer)  # napari hands plugins a proxy of the viewer
    if viewer not in _desks:
        session = Session()
        adapter = LayerAdapter(viewer, session)
        pins = PinLayers(adapter)
        _desks[viewer] = Desk(
            session,
            adapter,
            Pointer(adapter),
            WavelengthSlider(adapter),
            pins,
            SideBySide(adapter, pins),
        )
    return _desks[viewer]
