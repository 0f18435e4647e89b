"""The tabs of the Population dock, from left to right. A further tab is a class in a module of its own, and a line here."""

from __future__ import annotations

from napari_udt.viewer.population.widgets.components.tab import ComponentsTab
from napari_udt.viewer.population.widgets.downstream.tab import DownstreamTab
from napari_udt.viewer.population.widgets.figures.data import DataTab
from napari_udt.viewer.population.widgets.figures.depth import DepthTab
from napari_udt.viewer.population.widgets.figures.differences import DifferencesTab
from napari_udt.viewer.population.widgets.figures.indices import IndicesTab
from napari_udt.viewer.population.widgets.figures.oxygenation import OxygenationTab
from napari_udt.viewer.population.widgets.figures.structures import StructuresTab
from napari_udt.viewer.population.widgets.figures.verdict import VerdictTab
from napari_udt.viewer.population.widgets.labels.tab import LabelsTab
from napari_udt.viewer.population.widgets.methods.tab import MethodsTab
from napari_udt.viewer.population.widgets.metrics.tab import MetricsTab
from napari_udt.viewer.population.widgets.pictures.tab import PicturesTab
from napari_udt.viewer.population.widgets.reader_study.tab import ReaderStudyTab
from napari_udt.viewer.population.widgets.tab import PopulationTab

TABS: tuple[type[PopulationTab], ...] = (
    VerdictTab,
    DataTab,
    PicturesTab,
    ComponentsTab,
    DifferencesTab,
    StructuresTab,
    DepthTab,
    OxygenationTab,
    IndicesTab,
    MethodsTab,
    MetricsTab,
    DownstreamTab,
    LabelsTab,
    ReaderStudyTab,
)
