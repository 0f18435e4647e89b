"""One session per viewer, with everything that ties the two together; needs no Qt."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_udt.viewer.layers import (
    ColourLayers,
    LayerAdapter,
    MapLayers,
    PairView,
    PinLayers,
    RegionLayers,
    SideBySide,
)
from napari_udt.viewer.pointer import Pointer, WavelengthSlider
from napari_udt.viewer.session import Session

if TYPE_CHECKING:
    from napari.components import ViewerModel


@dataclass(eq=False)
class Desk:
    """What belongs to one viewer: its session, and what keeps layers, pins, mouse and slider in step with it."""

    session: Session
    adapter: LayerAdapter
    pins: PinLayers
    regions: RegionLayers
    maps: MapLayers
    colours: ColourLayers
    side_by_side: SideBySide
    pair_view: PairView
    pointer: Pointer
    slider: WavelengthSlider


_desks: weakref.WeakKeyDictionary[Any, Desk] = weakref.WeakKeyDictionary()


def desk_of(viewer: ViewerModel) -> Desk:
    """Return the desk of a viewer, shared by every dock in it; made at the first call."""
    viewer = getattr(viewer, "__wrapped__", viewer)  # napari hands plugins a proxy of the viewer
    if viewer not in _desks:
        _desks[viewer] = _made(viewer)
    return _desks[viewer]


def _made(viewer: ViewerModel) -> Desk:
    session = Session()
    adapter = LayerAdapter(viewer, session)
    pins = PinLayers(adapter)
    side_by_side = SideBySide(adapter, pins)
    return Desk(
        session=session,
        adapter=adapter,
        pins=pins,
        regions=RegionLayers(adapter),
        maps=MapLayers(adapter),
        colours=ColourLayers(adapter),
        side_by_side=side_by_side,
        pair_view=PairView(adapter, side_by_side),
        pointer=Pointer(adapter),
        slider=WavelengthSlider(adapter),
    )
