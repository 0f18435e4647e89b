"""Series in a real window: the slider is moved by keys, spectra follow, and nothing is lost."""

import numpy as np
import pytest
from canvas_mouse import click, move_mouse, settled_point
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QStyle, QStyleOptionSlider

from napari_udt.viewer.app import furnish
from napari_udt.viewer.qt.wavelength_field import WavelengthField
from napari_udt.viewer.series.widgets.position_field import PositionField
from napari_udt.viewer.state.session import PixelRef

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def window(make_napari_viewer, scan):
    window = furnish(make_napari_viewer(show=True))
    window.context.session.add(scan()[0])
    QApplication.processEvents()
    return window


def sliders(window):
    return [s for s in window.viewer.window._qt_viewer.dims.slider_widgets if s.isVisible()]


def drag(slider, value):
    """Drag the handle of a slider from where it is to a value."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    parts = QStyle.ComplexControl.CC_ScrollBar, QStyle.SubControl.SC_ScrollBarSlider
    handle = slider.style().subControlRect(parts[0], option, parts[1], slider)
    groove = slider.style().subControlRect(parts[0], option, QStyle.SubControl.SC_ScrollBarGroove, slider)
    step = (groove.width() - handle.width()) / (slider.maximum() - slider.minimum())
    start = handle.center()
    end = start + QPoint(round((value - slider.value()) * step), 0)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(slider, end)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)


def first_value(window):
    """Return the first value of the pinned pixel's curve, else of that under the mouse."""
    curves = window.spectra.curves.curves
    return float(next((curve for curve in curves if curve.pin is not None), curves[0]).values[0])


def test_slider_hover_pin_and_step(window, qtbot):
    session = window.context.session
    qtbot.waitUntil(
        lambda: len(sliders(window)) == 2 and sliders(window)[0].findChild(PositionField) is not None
    )
    times, wavelengths = sliders(window)
    field = times.findChild(PositionField)
    assert field.isVisible()
    assert field.text() == "0.00 s"
    assert wavelengths.findChild(WavelengthField).isVisible()
    move_mouse(window, settled_point(window, PixelRef("scan", 20, 30)))
    qtbot.waitUntil(lambda: bool(window.spectra.curves.curves) and not window.spectra.busy, timeout=10000)
    before = first_value(window)
    assert before == pytest.approx(float(session["scan"].cube.data[20, 30, 0]))
    click(window, PixelRef("scan", 20, 30))
    assert [pin.pixel for pin in session.pins] == [PixelRef("scan", 20, 30)]
    drag(times.slider, 2)
    reached = times.slider.value()  # in a low window a pixel is more than a frame
    assert 0 < reached < 8
    qtbot.waitUntil(lambda: session["scan"].cube.place == reached, timeout=5000)
    qtbot.waitUntil(lambda: first_value(window) == pytest.approx((1 + reached) * before), timeout=10000)
    assert field.text() == f"{0.25 * reached:.2f} s"
    assert f"frame {reached + 1} of 12" in field.toolTip()
    assert [pin.pixel for pin in session.pins] == [PixelRef("scan", 20, 30)]
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert session["scan"].cube.place == reached + 1
    field.selectAll()
    QTest.keyClicks(field, "1.9")
    QTest.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session["scan"].cube.place == 8, timeout=5000)
    assert window.viewer.dims.point[0] == 2.0
    shown = np.asarray(window.context.adapter["scan"].image._data_view)
    np.testing.assert_allclose(shown, session["scan"].cube.image(session.wavelength_nm))
    session.remove("scan")
    assert window.viewer.dims.ndim == 2
