"""The docks as napari's plugin menu makes them: with nothing but the viewer at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_udt.viewer.compare.widgets.dock import CompareDock
from napari_udt.viewer.context import Desk, desk_of
from napari_udt.viewer.population.widgets.dock import PopulationDock
from napari_udt.viewer.qt.dock_tabs import Neighbours
from napari_udt.viewer.qt.wavelength_field import dress_slider
from napari_udt.viewer.session.widgets.dock import SessionDock
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.transfer.widgets.dock import TransferDock
from napari_udt.viewer.trust.widgets.dock import TrustDock

if TYPE_CHECKING:
    import napari.viewer

# Which docks share a place, one behind the other.
_ABOVE = (TransferDock, CompareDock, TrustDock, SessionDock)
_BELOW = (SpectraDock, PopulationDock)


def _desk_in(napari_viewer: napari.viewer.Viewer) -> Desk:
    """Return a viewer's desk, and see that its window's slider tells nm."""
    viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)  # napari hands plugins a proxy
    desk = desk_of(viewer)
    dress_slider(desk.session, viewer.window._qt_viewer.dims)
    return desk


class TransferPanel(TransferDock):
    """The Transfer dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = _desk_in(napari_viewer)
        super().__init__(desk.session, desk.side_by_side, chosen=desk.chosen)
        Neighbours(self, _ABOVE)


class SpectraPanel(SpectraDock):
    """The Spectra dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = _desk_in(napari_viewer)
        super().__init__(desk.session, desk.regions, desk.maps, sources=(desk.live, desk.explorer))
        Neighbours(self, _BELOW)


class SessionPanel(SessionDock):
    """The Session dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(_desk_in(napari_viewer).session)
        Neighbours(self, _ABOVE)


class ComparePanel(CompareDock):
    """The Compare dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = _desk_in(napari_viewer)
        super().__init__(desk.session, desk.side_by_side, desk.pair_view, desk.colours)
        Neighbours(self, _ABOVE)


class TrustPanel(TrustDock):
    """The Trust dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = _desk_in(napari_viewer)
        super().__init__(desk.session, desk.trust, desk.maps)
        Neighbours(self, _ABOVE)


class PopulationPanel(PopulationDock):
    """The Population dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = _desk_in(napari_viewer)
        super().__init__(desk.session, desk.brushed)
        Neighbours(self, _BELOW)
