"""A Population dock without a window, and three cubes."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel

from napari_udt.viewer.context import context_of
from napari_udt.viewer.population.widgets.dock import PopulationDock


@pytest.fixture
def context():
    viewer = ViewerModel()
    context = context_of(viewer)
    context.keeps_alive = viewer
    return context


@pytest.fixture
def dock(qtbot, context):
    dock = PopulationDock(context.session, context.brushed)
    qtbot.addWidget(dock)
    dock.resize(520, 560)
    dock.show()
    return dock


@pytest.fixture
def three(context, pat, transferred):
    """A simulated, a transferred and a second cube of PAT."""
    cube = pat()
    for one in (cube, transferred(cube), pat("second", domain="second", origin="digital device")):
        context.session.add(one)
    return context.session
