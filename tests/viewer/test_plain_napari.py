"""A plain napari window: nm on the slider from the first file on, and one entry that opens all docks."""

from __future__ import annotations

from pathlib import Path

import pytest
from npe2 import PluginManifest
from qtpy.QtWidgets import QDockWidget

import napari_udt
from napari_udt import save_cube
from napari_udt.viewer.comparison_opener import ComparisonOpener
from napari_udt.viewer.qt.wavelength_field import WavelengthField

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_a_file_opens_with_nm_on_the_slider_and_its_picture_selected(
    make_napari_viewer, pat, tmp_path, qtbot
):
    save_cube(pat(), tmp_path / "arm.udt.h5")
    viewer = make_napari_viewer(show=True)
    viewer.open(tmp_path / "arm.udt.h5", plugin="napari-udt")
    dims = viewer.window._qt_viewer.dims
    qtbot.waitUntil(lambda: dims.findChild(WavelengthField) is not None, timeout=3000)
    assert dims.findChild(WavelengthField).text() == "800.0 nm"
    qtbot.waitUntil(lambda: viewer.layers.selection.active is viewer.layers["arm"], timeout=3000)


def test_the_first_entry_of_the_plugin_opens_all_docks(make_napari_viewer, qtbot):
    manifest = PluginManifest.from_file(Path(napari_udt.__file__).with_name("napari.yaml"))
    assert manifest.contributions.widgets[0].display_name == "Open the comparison"
    viewer = make_napari_viewer(show=True)
    main = viewer.window._qt_window
    wanted = ["Compare", "Population", "Session", "Spectra", "Transfer", "Trust"]

    def docks():
        names = [dock.objectName() for dock in main.findChildren(QDockWidget)]
        return sorted(name for name in names if name in wanted or "comparison" in name)

    for _ in range(2):  # the second time all are there
        viewer.window.add_dock_widget(ComparisonOpener(viewer), name="Open the comparison")
        qtbot.waitUntil(lambda: docks() == wanted, timeout=20_000)
