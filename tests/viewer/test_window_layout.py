"""The spectra get the room; what the user sets is kept; one key shows the plot large. Needs a display of 1600 x 1000."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QToolButton

from napari_udt.viewer.app import furnish
from napari_udt.viewer.napari_adapter import main_window
from napari_udt.viewer.qt.window_layout import LayoutSettings, WindowLayout
from napari_udt.viewer.state.session import PixelRef
from napari_udt.viewer.state.settings import read_user_settings


@pytest.fixture
def window(make_napari_viewer, qtbot):
    window = furnish(make_napari_viewer(show=True))
    if main_window(window.viewer).width() < 1500:
        pytest.skip("the screen is smaller than 1600 x 1000")
    return window


@pytest.fixture
def three(window, qtbot, pat, transferred):
    """Simulated, transferred, real, and the curves of the vein with their differences."""
    cube = pat()
    for one in (cube, transferred(cube), pat("second", domain="second")):
        window.context.session.add(one)
    window.context.session.set_cursor(PixelRef("forearm", 9, 12))
    qtbot.waitUntil(lambda: window.spectra._plot._strip.is_visible and not window.spectra.busy, timeout=20000)
    return window


def share_of_axes(window):
    main, axes = main_window(window.viewer), window.spectra._plot._box.sceneBoundingRect()
    return axes.width() * axes.height() / (main.width() * main.height())


def dock(window, name):
    docks = main_window(window.viewer).findChildren(QDockWidget)
    return next(each for each in docks if each.objectName() == name)


def layout_of(window):
    return main_window(window.viewer).findChild(WindowLayout)


def fold(window):
    window.transfer.findChild(QToolButton, "fold").click()


def test_after_use_the_axes_of_the_curves_take_a_fifth_of_the_window(three, qtbot):
    assert not three.transfer.folded
    three.transfer.succeeded.emit()
    assert three.transfer.folded
    qtbot.waitUntil(lambda: share_of_axes(three) >= 0.20, timeout=10000)
    assert dock(three, "Transfer").height() < 110
    assert three.transfer.run_button.native.isVisible()
    assert three.transfer.cancel_button.native.isVisible()


def test_the_user_decides_whether_transfer_folds_and_is_remembered(three, qtbot):
    fold(three)
    assert three.transfer.folded
    fold(three)
    qtbot.waitUntil(lambda: dock(three, "Transfer").height() > 300, timeout=10000)
    three.transfer.succeeded.emit()
    assert not three.transfer.folded, "the user has opened it"
    layout_of(three).remember()
    assert read_user_settings()["layout"]["transfer_folded"] is False


def test_another_tab_gets_the_height_that_a_folded_line_lacks(three, qtbot):
    fold(three)
    qtbot.waitUntil(lambda: dock(three, "Transfer").height() < 110, timeout=10000)
    dock(three, "Trust").raise_()
    qtbot.waitUntil(lambda: dock(three, "Trust").height() > 250, timeout=10000)
    dock(three, "Transfer").raise_()
    qtbot.waitUntil(lambda: dock(three, "Transfer").height() < 110, timeout=10000)


def test_one_key_shows_the_plot_large_and_brings_all_back(three, qtbot):
    main = main_window(three.viewer)
    main.activateWindow()
    qtbot.waitUntil(main.isActiveWindow, timeout=10000)
    width, before = dock(three, "Spectra").width(), share_of_axes(three)
    QTest.keyClick(main, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: share_of_axes(three) > max(0.35, before), timeout=10000)
    assert not dock(three, "layer list").isVisible()
    QTest.keyClick(main, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: abs(dock(three, "Spectra").width() - width) < 12, timeout=10000)
    assert dock(three, "layer list").isVisible()
    assert dock(three, "Transfer").isVisible()
    three.spectra.findChild(QToolButton, "plot large").click()
    assert layout_of(three).plot_is_large


def test_dividers_are_kept_for_the_next_window(three, qtbot, make_napari_viewer):
    main = main_window(three.viewer)
    main.resizeDocks([dock(three, "Spectra")], [700], Qt.Orientation.Horizontal)
    three.spectra.set_table_share(0.4)
    fold(three)
    qtbot.waitUntil(lambda: abs(dock(three, "Spectra").width() - 700) < 12, timeout=10000)
    layout_of(three).eventFilter(main, QEvent(QEvent.Type.Close))
    other = furnish(make_napari_viewer(show=True))
    assert layout_of(other).settings.table_share == pytest.approx(0.4, abs=0.03)
    assert other.transfer.folded
    qtbot.waitUntil(lambda: abs(dock(other, "Spectra").width() - 700) < 30, timeout=10000)


def test_damaged_settings_are_the_usual_ones():
    from napari_udt.viewer.state.settings import settings_from

    assert (
        settings_from(LayoutSettings, {"dock_share": 7, "transfer_folded": "x", "upper_height": -1})
        == LayoutSettings()
    )
