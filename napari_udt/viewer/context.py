"""One session per viewer, and all that keeps layers, pins, mouse and slider in step with it; needs no Qt."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error

from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.compare.settings import SavedLayout
from napari_udt.viewer.layers.adapter import LayerAdapter
from napari_udt.viewer.layers.arrangements.pair_view import PairView
from napari_udt.viewer.layers.arrangements.side_by_side import SideBySide
from napari_udt.viewer.layers.arrangements.volume_view import VolumeView
from napari_udt.viewer.layers.deferred_removal import in_thread_of
from napari_udt.viewer.layers.overlays.brushed import BrushedLayers
from napari_udt.viewer.layers.overlays.colours import ColourLayers
from napari_udt.viewer.layers.overlays.deformation import DeformationLayers
from napari_udt.viewer.layers.overlays.maps import MapLayers
from napari_udt.viewer.layers.overlays.pins import PinLayers
from napari_udt.viewer.layers.overlays.regions import RegionLayers
from napari_udt.viewer.layers.overlays.structure_names import StructureNames
from napari_udt.viewer.layers.overlays.whole_pictures import WholePictureLayers
from napari_udt.viewer.layers.pointer import Pointer, WavelengthSlider
from napari_udt.viewer.layers.series_layers import SeriesLayers
from napari_udt.viewer.layers.stacks import plane_of
from napari_udt.viewer.layers.stated_layers import StatedLayers
from napari_udt.viewer.layers.undo_keys import UndoKeys
from napari_udt.viewer.napari_adapter import unwrapped
from napari_udt.viewer.series.reader import PictureReader
from napari_udt.viewer.series.volume import VolumeReader
from napari_udt.viewer.series.whole_picture import WholePictures
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.jobs import WorkerThread
from napari_udt.viewer.state.preferences import apply, preferences
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.settings import RememberedOptions
from napari_udt.viewer.state.verdicts import OpenVerdicts
from napari_udt.viewer.train.run import TrainingRun
from napari_udt.viewer.transfer.live import LiveTransfer
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust.condition_explorer import ConditionExplorer
from napari_udt.viewer.trust.numbers import TrustResults
from napari_udt.viewer.trust.training_bands import TrainingBands

if TYPE_CHECKING:
    from napari.components import ViewerModel

_READERS = 3  # threads: so many open series are read at the same time


@dataclass(eq=False)
class ViewerContext:
    """The session of one viewer, and all that keeps layers, pins, mouse and slider in step with it."""

    session: Session
    adapter: LayerAdapter
    series: SeriesLayers
    volumes: VolumeView
    whole_pictures: WholePictureLayers
    pins: PinLayers
    regions: RegionLayers
    maps: MapLayers
    brushed: BrushedLayers
    deformations: DeformationLayers
    colours: ColourLayers
    structures: StructureNames
    side_by_side: SideBySide
    pair_view: PairView
    pointer: Pointer
    slider: WavelengthSlider
    stated: StatedLayers
    undo_keys: UndoKeys
    layout: SavedLayout
    chosen: ChosenModel
    probes: Probes
    live: LiveTransfer
    explorer: ConditionExplorer
    bands: TrainingBands
    trust: TrustResults
    training: TrainingRun
    collection: OpenCollection
    verdicts: OpenVerdicts
    remembered: RememberedOptions


_contexts: weakref.WeakKeyDictionary[Any, ViewerContext] = weakref.WeakKeyDictionary()


def context_of(viewer: ViewerModel) -> ViewerContext:
    """Return the context of a viewer, shared by every dock in it; made at the first call."""
    viewer = unwrapped(viewer)
    if viewer not in _contexts:
        _contexts[viewer] = _made(viewer)
    return _contexts[viewer]


def _made(viewer: ViewerModel) -> ViewerContext:
    session = Session()
    apply(preferences(), session)
    adapter = LayerAdapter(viewer, session)
    submit = WorkerThread(_READERS).submit if hasattr(viewer, "window") else None
    reader = PictureReader(session, submit, in_thread_of(viewer))
    whole = VolumeReader(plane_of, None if submit is None else WorkerThread().submit, in_thread_of(viewer))
    pictures = WholePictures(None if submit is None else WorkerThread().submit, in_thread_of(viewer))
    for source in (reader, whole, pictures):
        source.failed.connect(show_error)
    series, volumes = SeriesLayers(adapter, reader), VolumeView(adapter, whole)
    pins = PinLayers(adapter)
    side_by_side = SideBySide(adapter, pins)
    pair_view = PairView(adapter, side_by_side)
    chosen, probes = ChosenModel(), Probes(WorkerThread().submit)
    probes.failed.connect(show_error)
    probes.follow(session)
    return ViewerContext(
        session=session,
        adapter=adapter,
        series=series,
        volumes=volumes,
        whole_pictures=WholePictureLayers(adapter, pictures),
        pins=pins,
        regions=RegionLayers(adapter),
        maps=MapLayers(adapter),
        brushed=BrushedLayers(adapter),
        deformations=DeformationLayers(adapter),
        colours=ColourLayers(adapter),
        structures=StructureNames(adapter),
        side_by_side=side_by_side,
        pair_view=pair_view,
        pointer=Pointer(adapter, volumes),
        slider=WavelengthSlider(adapter, reader, whole, pictures),
        stated=StatedLayers(adapter),
        undo_keys=UndoKeys(viewer, session.history),
        layout=SavedLayout(session, side_by_side, pair_view),
        chosen=chosen,
        probes=probes,
        live=LiveTransfer(probes, chosen),
        explorer=ConditionExplorer(probes, chosen),
        bands=TrainingBands(chosen, WorkerThread().submit),
        trust=TrustResults(probes, chosen),
        training=TrainingRun(),
        collection=OpenCollection(),
        verdicts=OpenVerdicts(session, WorkerThread().submit),
        remembered=RememberedOptions(session),
    )
