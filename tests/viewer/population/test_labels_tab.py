"""The tab of the audit of labels, with a click; its map becomes a layer."""

import numpy as np
import pytest
from flipped_labels import cube, half_flipped
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_udt.viewer.context import context_of
from napari_udt.viewer.population.widgets.dock import PopulationDock


@pytest.fixture
def dock(qtbot):
    viewer = ViewerModel()
    context = context_of(viewer)
    for each in (
        cube("r", "real", 3),
        cube("s", "simulated", 1),
        cube(
            "t", "transferred", 2, half_flipped, provenance={"source": {"name": "s"}, "model": {"name": "m"}}
        ),
    ):
        context.session.add(each)
    dock = PopulationDock(context.session, context.brushed)
    qtbot.addWidget(dock)
    dock.resize(700, 700)
    dock.show()
    dock.pages.turn_to("labels")
    qtbot.waitUntil(lambda: dock.open_population.population is not None, timeout=20_000)
    yield dock
    assert viewer is not None


def test_an_audit_fills_the_table_and_maps_the_flips(dock, qtbot):
    tab = dock.current
    assert not tab.map_button.isEnabled()
    qtbot.waitUntil(lambda: tab.population is not None, timeout=20_000)
    QTest.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.finding is not None, timeout=60_000)
    assert tab.rows.isVisible()
    assert {row[0] for row in tab.rows.rows} == {"liver", "skin"}
    assert "50 % taken for skin" in tab.statement
    assert tab.table().title == "Audit of labels"
    shown = []
    dock.session.map_requested.connect(lambda cube, found: shown.append((cube.name, found)))
    QTest.mouseClick(tab.map_button, Qt.MouseButton.LeftButton)
    ((name, found),) = shown
    assert name == "t"
    skin = found.names.index("skin")
    assert np.mean(found.values[:12, :12] == skin) > 0.97
    assert np.isnan(found.values[12:]).mean() > 0.97
