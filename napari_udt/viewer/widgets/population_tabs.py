"""The tabs of the Population dock, from left to right. A further tab is a class in a module of its own, and a line here."""

from __future__ import annotations

from napari_udt.viewer.widgets.population_blind import BlindTab
from napari_udt.viewer.widgets.population_components import ComponentsTab
from napari_udt.viewer.widgets.population_data import DataTab
from napari_udt.viewer.widgets.population_depth import DepthTab
from napari_udt.viewer.widgets.population_differences import DifferencesTab
from napari_udt.viewer.widgets.population_downstream import DownstreamTab
from napari_udt.viewer.widgets.population_metrics import MetricsTab
from napari_udt.viewer.widgets.population_oxygenation import OxygenationTab
from napari_udt.viewer.widgets.population_pictures import PicturesTab
from napari_udt.viewer.widgets.population_structures import StructuresTab
from napari_udt.viewer.widgets.population_tab import PopulationTab

TABS: tuple[type[PopulationTab], ...] = (
    DataTab,
    PicturesTab,
    ComponentsTab,
    DifferencesTab,
    StructuresTab,
    DepthTab,
    OxygenationTab,
    MetricsTab,
    DownstreamTab,
    BlindTab,
)
