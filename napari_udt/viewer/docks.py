"""The docks of napari's plugin menu, which makes each from the viewer alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_udt.viewer.collection.widgets.dock import CollectionDock
from napari_udt.viewer.compare.widgets.dock import CompareDock
from napari_udt.viewer.context import ViewerContext, context_of
from napari_udt.viewer.files.widgets.layer_names import keep_names_apart
from napari_udt.viewer.population.widgets.dock import PopulationDock
from napari_udt.viewer.qt.dock_tabs import DockTabifier
from napari_udt.viewer.qt.wavelength_field import dress_slider
from napari_udt.viewer.session.widgets.dock import SessionDock
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.train.widgets.dock import TrainDock
from napari_udt.viewer.transfer.widgets.dock import TransferDock
from napari_udt.viewer.trust.widgets.dock import TrustDock

if TYPE_CHECKING:
    import napari.viewer

# Docks that are tabs of the same area.
_ABOVE = (TransferDock, CompareDock, TrustDock, SessionDock)
_BELOW = (SpectraDock, PopulationDock, TrainDock, CollectionDock)


def _context_in(napari_viewer: napari.viewer.Viewer) -> ViewerContext:
    """Return a viewer's context, with its window's slider in nm."""
    context = context_of(napari_viewer)
    dress_slider(context.session, napari_viewer)
    keep_names_apart(napari_viewer)
    return context


class TransferPanel(TransferDock):
    """The Transfer dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        context = _context_in(napari_viewer)
        super().__init__(context.session, context.side_by_side, chosen=context.chosen)
        DockTabifier(self, _ABOVE)


class SpectraPanel(SpectraDock):
    """The Spectra dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        context = _context_in(napari_viewer)
        super().__init__(
            context.session,
            context.regions,
            context.maps,
            sources=(context.live, context.explorer),
            bands=context.bands,
            verdicts=context.verdicts,
        )
        DockTabifier(self, _BELOW)


class SessionPanel(SessionDock):
    """The Session dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(_context_in(napari_viewer).session)
        DockTabifier(self, _ABOVE)


class ComparePanel(CompareDock):
    """The Compare dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        context = _context_in(napari_viewer)
        super().__init__(
            context.session, context.side_by_side, context.pair_view, context.colours, context.structures
        )
        DockTabifier(self, _ABOVE)


class TrustPanel(TrustDock):
    """The Trust dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        context = _context_in(napari_viewer)
        super().__init__(context.session, context.trust, context.maps)
        DockTabifier(self, _ABOVE)


class TrainPanel(TrainDock):
    """The Train dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        context = _context_in(napari_viewer)
        super().__init__(
            context.session, context.training, context.chosen, context.collection, context.side_by_side
        )
        DockTabifier(self, _BELOW)


class CollectionPanel(CollectionDock):
    """The Collections dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        context = _context_in(napari_viewer)
        super().__init__(context.session, context.collection)
        DockTabifier(self, _BELOW)


class PopulationPanel(PopulationDock):
    """The Population dock of a viewer."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        context = _context_in(napari_viewer)
        super().__init__(context.session, context.brushed, context.collection)
        DockTabifier(self, _BELOW)
