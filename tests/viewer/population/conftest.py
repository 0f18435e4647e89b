"""A Population dock without a window, and three cubes."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel

from napari_udt.viewer.context import desk_of
from napari_udt.viewer.population.widgets.dock import PopulationDock


@pytest.fixture
def desk():
    viewer = ViewerModel()
    desk = desk_of(viewer)
    desk.keeps_alive = viewer
    return desk


@pytest.fixture
def dock(qtbot, desk):
    dock = PopulationDock(desk.session, desk.brushed)
    qtbot.addWidget(dock)
    dock.resize(520, 560)
    dock.show()
    return dock


@pytest.fixture
def three(desk, pat, transferred):
    """A simulated, a transferred and a second cube of PAT."""
    cube = pat()
    for one in (cube, transferred(cube), pat("second", domain="second", origin="digital device")):
        desk.session.add(one)
    return desk.session
