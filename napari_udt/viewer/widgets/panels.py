"""The docks as napari's plugin menu makes them: with nothing but the viewer at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_udt.viewer.desk import desk_of
from napari_udt.viewer.widgets.compare_dock import CompareDock
from napari_udt.viewer.widgets.population_dock import PopulationDock
from napari_udt.viewer.widgets.session_dock import SessionDock
from napari_udt.viewer.widgets.spectra_dock import SpectraDock
from napari_udt.viewer.widgets.transfer_dock import TransferDock
from napari_udt.viewer.widgets.trust_dock import TrustDock

if TYPE_CHECKING:
    import napari.viewer


class TransferPanel(TransferDock):
    """The Transfer dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = desk_of(napari_viewer)
        super().__init__(desk.session, desk.side_by_side, chosen=desk.chosen)


class SpectraPanel(SpectraDock):
    """The Spectra dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = desk_of(napari_viewer)
        super().__init__(desk.session, desk.regions, desk.maps, sources=(desk.live, desk.explorer))


class SessionPanel(SessionDock):
    """The Session dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(desk_of(napari_viewer).session)


class ComparePanel(CompareDock):
    """The Compare dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = desk_of(napari_viewer)
        super().__init__(desk.session, desk.side_by_side, desk.pair_view, desk.colours)


class TrustPanel(TrustDock):
    """The Trust dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = desk_of(napari_viewer)
        super().__init__(desk.session, desk.trust, desk.maps)


class PopulationPanel(PopulationDock):
    """The Population dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        desk = desk_of(napari_viewer)
        super().__init__(desk.session, desk.brushed)
