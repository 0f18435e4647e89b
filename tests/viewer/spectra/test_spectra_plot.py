from xml.etree import ElementTree

import numpy as np
import pyqtgraph as pg
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QMouseEvent
from qtpy.QtWidgets import QApplication
from spectra_scene import MOVED, REAL, SIM, scene

from napari_udt.viewer.spectra.curves import CurveId, CurveSet
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.spectra.widgets.plot import MINIMUM_WIDTH, SpectraPlot
from napari_udt.viewer.state.session import PixelRef
from napari_udt.viewer.style import THEMES


@pytest.fixture
def session():
    session = scene()
    session.set_options(normalisation="none")
    session.set_cursor(PixelRef(SIM, 4, 2))
    return session


@pytest.fixture
def plot(qtbot):
    plot = SpectraPlot()
    qtbot.addWidget(plot)
    plot.resize(420, 320)
    plot.show()
    return plot


def items(plot, kind):
    return [i for i in plot._view.getPlotItem().items if isinstance(i, kind) and i.isVisible()]


def lines(plot):
    """The visible curves, without the invisible edges of bands."""
    return [i for i in items(plot, pg.PlotCurveItem) if i.opts["pen"] is not None]


def test_it_draws_the_curves_it_is_given_and_the_band(plot, session):
    curves = resolve(session)
    plot.show_curves(curves)
    assert len(lines(plot)) == 3
    for line, curve in zip(lines(plot), curves.curves, strict=True):
        x, y = line.getData()
        np.testing.assert_array_equal(x, curve.wavelengths_nm)
        np.testing.assert_array_equal(y, curve.values)
    (band,) = items(plot, pg.FillBetweenItem)
    np.testing.assert_array_equal(band.curves[0].getData()[1], curves.curves[2].lower)
    np.testing.assert_array_equal(band.curves[1].getData()[1], curves.curves[2].upper)


def test_domains_differ_in_dashes_and_real_is_solid(plot, session):
    plot.show_curves(resolve(session))
    simulated, transferred, real = (line.opts["pen"] for line in lines(plot))
    assert simulated.dashPattern() == [5.0, 3.0]
    assert transferred.style() == real.style() == Qt.PenStyle.SolidLine
    plot.set_theme("light")
    plot.show_curves(resolve(session))
    assert [line.opts["pen"].color().name() for line in lines(plot)][::2] == ["#911eb4", "#4363d8"]


def test_moving_the_cursor_creates_no_graphics_item(plot, session):
    session.pin(PixelRef(SIM, 0, 0))
    plot.show_curves(resolve(session))
    before = set(map(id, plot._view.scene().items()))
    for column in range(6):
        session.set_cursor(PixelRef(SIM, 5, column))
        plot.show_curves(resolve(session))
    assert set(map(id, plot._view.scene().items())) == before
    session.unpin()
    plot.show_curves(resolve(session))
    assert len(lines(plot)) == 3


def test_pinned_curves_carry_dots_in_the_pins_colour_and_the_line_of_their_domain(plot, session):
    pin = session.pin(PixelRef(MOVED, 5, 8))
    plot.show_curves(resolve(session))
    dots = items(plot, pg.ScatterPlotItem)
    assert len(dots) == 3
    assert {spot.brush().color().name().upper() for item in dots for spot in item.points()} == {pin.colour}
    looks = [(line.opts["pen"].color().name(), tuple(line.opts["pen"].dashPattern())) for line in lines(plot)]
    assert looks[:3] == looks[3:]
    assert len(items(plot, pg.FillBetweenItem)) == 1  # the cursor's; the pin's would bury the curves


def test_hidden_curves_are_neither_drawn_nor_fitted(plot, session):
    curves = resolve(session)
    plot.show_curves(curves, {CurveId(REAL), CurveId(MOVED)})
    (line,) = lines(plot)
    np.testing.assert_array_equal(line.getData()[1], curves.curves[0].values)
    assert items(plot, pg.FillBetweenItem) == []


def test_nothing_to_draw_clears_the_plot(plot, session):
    plot.show_curves(resolve(session))
    plot.show_curves(CurveSet())
    assert lines(plot) == []


def test_axes_speak_of_nanometres_and_of_the_quantity(plot, session):
    session.set_options(normalisation="l1")
    plot.show_curves(resolve(session))
    bottom, left = (plot._view.getAxis(side) for side in ("bottom", "left"))
    assert "Wavelength [nm]" in bottom.labelString()
    assert not bottom.autoSIPrefix
    assert not left.autoSIPrefix
    assert "Reflectance / L1 norm" in left.labelString()
    (low, high), _ = plot._view.viewRange()
    assert low < 500 < 950 < high < 1000


def test_missing_values_leave_a_gap(plot, session):
    session[SIM].cube.data[4, 2, 5] = np.nan
    plot.show_curves(resolve(session))
    line = lines(plot)[0]
    assert np.isnan(line.getData()[1][5])
    path = line.getPath()
    starts = [i for i in range(path.elementCount()) if path.elementAt(i).isMoveTo()]
    assert len(starts) == 2


def test_the_wavelength_line_follows_and_is_silent_when_asked(plot, qtbot):
    assert not plot._line.isVisible()
    with qtbot.assertNotEmitted(plot.wavelength_dragged):
        plot.set_wavelength(800.0)
    assert plot._line.isVisible()
    assert plot._line.value() == 800
    plot.set_wavelength(None)
    assert not plot._line.isVisible()


def test_dragging_the_line_with_the_mouse_tells_the_wavelength(plot, session, qtbot):
    plot.show_curves(resolve(session))
    plot.set_wavelength(700.0)
    qtbot.waitExposed(plot)
    qtbot.wait(50)
    view, box = plot._view, plot._view.getPlotItem().getViewBox()
    value = np.mean(box.viewRange()[1])

    def at(wavelength):
        return view.mapFromScene(box.mapViewToScene(QPointF(wavelength, value)))

    reported = []
    plot.wavelength_dragged.connect(reported.append)
    viewport = view.viewport()
    qtbot.mouseMove(viewport, at(700))
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at(700))
    for wavelength in (720, 760, 800):
        qtbot.wait(20)  # pyqtgraph looks at the mouse a hundred times a second
        move_with_button_held(viewport, at(wavelength))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=at(800))
    assert reported
    assert reported[-1] == pytest.approx(800, abs=6)


def move_with_button_held(widget, place):
    """Move the mouse as a drag does; QTest forgets the button."""
    held = Qt.MouseButton.LeftButton
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(widget.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        held,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def test_the_cross_hair_tells_the_wavelength_and_goes_with_the_mouse(plot, session, qtbot):
    plot.show_curves(resolve(session))
    reported = []
    plot.wavelength_hovered.connect(reported.append)
    box = plot._view.getPlotItem().getViewBox()
    centre = box.sceneBoundingRect().center()
    plot._on_mouse_moved(centre)
    assert plot._crosshair_x.isVisible()
    assert reported[-1] == pytest.approx(np.mean(box.viewRange()[0]), abs=5)
    plot._on_mouse_moved(QPointF(-5, -5))
    assert not plot._crosshair_x.isVisible()
    assert reported[-1] is None


def test_arrow_keys_ask_for_the_next_wavelength(plot, qtbot):
    reported = []
    plot.channel_step_requested.connect(reported.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_A):
        qtbot.keyClick(plot, key)
    assert reported == [1, -1]


def test_a_closed_plot_leaves_no_window_behind(qtbot):
    before = set(QApplication.topLevelWidgets())
    plot = SpectraPlot()
    with qtbot.waitSignal(plot.destroyed):
        plot.deleteLater()
    assert set(QApplication.topLevelWidgets()) <= before


def test_themes_change_the_background(plot):
    for name, colours in THEMES.items():
        plot.set_theme(name)
        assert plot._view.backgroundBrush().color().name() == colours.background
    assert plot.minimumWidth() == MINIMUM_WIDTH


def test_the_picture_is_twice_as_sharp_and_has_room_for_the_legend(plot, session, tmp_path):
    plot.show_curves(resolve(session))
    plot.save(tmp_path / "plot.png")
    picture = QImage(str(tmp_path / "plot.png"))
    assert picture.width() == 2 * plot._view.width()
    assert picture.height() > 2 * plot._view.height() + 3 * 2 * 15
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]


def test_lines_of_a_picture_are_as_wide_as_on_the_screen(plot, session, tmp_path):
    plot.show_curves(resolve(session))
    plot.set_wavelength(700.0)
    plot.save(tmp_path / "plot.png")
    picture = QImage(str(tmp_path / "plot.png"))
    accent = QColor(plot._theme.accent)
    alike = [
        sum(
            abs(a - b)
            for a, b in zip(QColor(picture.pixel(x, 200)).getRgb()[:3], accent.getRgb()[:3], strict=True)
        )
        < 90
        for x in range(picture.width())
    ]
    assert sum(alike) >= 3  # 1.5 pixels, at twice the screen's resolution


def test_the_drawing_carries_the_honest_labels_of_the_shown_curves(plot, session, tmp_path):
    plot.show_curves(resolve(session), {CurveId(MOVED)})
    plot.save(tmp_path / "plot.svg")
    drawing = (tmp_path / "plot.svg").read_text()
    words = " ".join(ElementTree.fromstring(drawing).itertext())
    assert "drawn from measured statistics: liver, mean of 27 pixels" in words
    assert "simulated: this pixel" in words
    assert "transferred" not in words
    assert "<image" not in drawing  # lines and letters, no pictures of them


def test_a_plot_that_cannot_be_written_leaves_the_old_file(plot, session, tmp_path, monkeypatch):
    plot.show_curves(resolve(session))
    (tmp_path / "plot.png").write_text("old")
    monkeypatch.setattr(QImage, "save", lambda *a: False)
    with pytest.raises(OSError, match=r"plot\.png"):
        plot.save(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_title_of_the_values_keeps_its_words_whole_in_a_low_plot(plot, session, monkeypatch):
    monkeypatch.setattr(CurveSet, "quantity", "reconstructed initial pressure / L2 norm")
    plot.resize(420, 140)
    QApplication.processEvents()
    plot.show_curves(resolve(session))
    title = plot._view.getAxis("left").labelText
    assert title.replace("<br>", " ") == "Reconstructed initial pressure / L2 norm"
