"""Docks opened one by one from napari's menu share two places."""

import pytest
from qtpy.QtWidgets import QApplication, QDockWidget

from napari_udt.viewer.app import furnish
from napari_udt.viewer.docks import (
    CollectionPanel,
    ComparePanel,
    PopulationPanel,
    SessionPanel,
    SpectraPanel,
    TrainPanel,
    TransferPanel,
    TrustPanel,
)
from napari_udt.viewer.qt.visibility import dock_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
_BELOW = (PopulationPanel, TrainPanel, CollectionPanel)
_ALL = (TransferPanel, SpectraPanel, ComparePanel, TrustPanel, SessionPanel, *_BELOW)


def _opened(viewer, kind, qtbot):
    widget = kind(viewer)
    viewer.window.add_dock_widget(widget, name=kind.__name__)  # as the plugin menu does
    qtbot.waitUntil(widget.isVisible)
    QApplication.processEvents()
    return dock_of(widget)


def test_eight_docks_take_two_places_and_the_newest_is_in_front(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    main = viewer.window._qt_window
    docks = {kind: _opened(viewer, kind, qtbot) for kind in _ALL}
    above = {docks[kind] for kind in (TransferPanel, ComparePanel, TrustPanel, SessionPanel)}
    assert {docks[SessionPanel], *main.tabifiedDockWidgets(docks[SessionPanel])} == above
    assert main.tabifiedDockWidgets(docks[SpectraPanel]) == [docks[kind] for kind in _BELOW]
    qtbot.waitUntil(lambda: not docks[SessionPanel].visibleRegion().isEmpty())
    assert docks[TransferPanel].visibleRegion().isEmpty()
    assert main.minimumSizeHint().height() < 900


def test_a_dock_that_was_closed_comes_back_to_its_place(make_napari_viewer, qtbot):
    window = furnish(make_napari_viewer(show=True))
    main = window.viewer.window._qt_window
    dock_of(window.spectra).close()
    again = _opened(window.viewer, SpectraPanel, qtbot)
    assert [dock.windowTitle() for dock in main.tabifiedDockWidgets(again)] == [
        "Population",
        "Train",
        "Collections",
    ]


def test_a_dock_that_floats_is_left_alone(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    first = _opened(viewer, TransferPanel, qtbot)
    first.setFloating(True)
    second = _opened(viewer, TrustPanel, qtbot)
    assert isinstance(first, QDockWidget)
    assert first.isFloating()
    assert viewer.window._qt_window.tabifiedDockWidgets(second) == []
