"""The strip of differences below the curves, and which curves stand in front."""

import numpy as np
import pyqtgraph as pg
import pytest
from qtpy.QtCore import Qt
from spectra_scene import MOVED, REAL, SIM, scene

from napari_udt.spectral.spectra import resample
from napari_udt.viewer.spectra.curve_numbers import Column
from napari_udt.viewer.spectra.curves import CurveId, CurveSet
from napari_udt.viewer.spectra.residuals import residuals, subject_in_front
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.spectra.widgets.plot import SpectraPlot
from napari_udt.viewer.state.session import PixelRef

CURSOR = (None, None, None)


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
    plot.resize(700, 600)
    plot.show()
    return plot


def strip_lines(plot):
    shown = (i for i in plot._strip.box.addedItems if isinstance(i, pg.PlotCurveItem) and i.isVisible())
    return [line for line in shown if line.opts["pen"] is not None]


def test_residuals_are_curve_minus_reference_whatever_is_drawn_above(session):
    for comparison in ("none", "ratio"):
        session.set_options(comparison=comparison)
        curves = resolve(session)
        found = residuals(curves, CURSOR)
        assert [c.id.key for c in found.curves] == [SIM, MOVED]
        plain = {c.id.key: c for c in curves.plain}
        base = resample(plain[REAL].wavelengths_nm, plain[REAL].values, plain[SIM].wavelengths_nm)
        np.testing.assert_allclose(found.curves[0].values, plain[SIM].values - base)
        np.testing.assert_allclose(found.reference.values, 0)
        np.testing.assert_allclose(found.reference.upper, plain[REAL].upper - plain[REAL].values)


def test_without_a_reference_there_are_none(session):
    session.remove(REAL, MOVED)
    assert residuals(resolve(session), CURSOR).reference is None
    assert residuals(CurveSet(), None).curves == ()


def test_the_mouse_is_in_front_then_the_chosen_then_the_first(session):
    first, second = session.pin(PixelRef(SIM, 2, 2)), session.pin(PixelRef(SIM, 3, 8))
    chosen = (first.number, None, None)
    assert subject_in_front(resolve(session), chosen) == CURSOR
    session.set_options(hover=False)
    curves = resolve(session)
    assert subject_in_front(curves, chosen) == chosen
    assert subject_in_front(curves) == (second.number, None, None)
    assert subject_in_front(curves, (99, None, None)) == (second.number, None, None)
    assert subject_in_front(CurveSet(), chosen) is None


def test_the_strip_shares_the_wavelengths_and_goes_when_there_is_no_reference(plot, session):
    plot.show_curves(resolve(session))
    assert plot._strip.is_visible
    assert len(strip_lines(plot)) == 3
    assert plot._strip.box.viewRange()[0] == plot._view.viewRange()[0]
    main, strip = (box.sceneBoundingRect() for box in (plot._box, plot._strip.box))
    assert strip.left() == pytest.approx(main.left(), abs=1)
    assert strip.width() == pytest.approx(main.width(), abs=1)
    assert main.bottom() <= strip.top() + 1
    assert strip.bottom() <= plot._view.height() - 40, "above the wavelengths"
    tall = main.height()
    plot.show_curves(resolve(session), {CurveId(SIM), CurveId(MOVED)})
    assert not plot._strip.is_visible
    plot._view.getPlotItem().layout.activate()
    assert plot._box.sceneBoundingRect().height() > tall + 50
    session.set_options(comparison="difference")
    plot.show_curves(resolve(session))
    assert not plot._strip.is_visible, "the plot itself shows the differences"


def test_the_wavelength_line_goes_through_the_strip(plot, session):
    plot.show_curves(resolve(session))
    plot.set_wavelength(720.0)
    assert plot._strip._line.isVisible()
    assert plot._strip._line.value() == 720
    plot.set_wavelength(None)
    assert not plot._strip._line.isVisible()


def test_curves_of_others_are_faint_and_have_no_band(plot, session):
    session.pin(PixelRef(SIM, 2, 8))
    curves = resolve(session)
    plot.show_curves(curves)
    opacities = [items._line.opacity() for items in plot._items if items._line.isVisible()]
    assert opacities[:3] == [1, 1, 1]
    assert opacities[3:] == pytest.approx([0.35] * 3)
    session.set_options(hover=False)
    curves = resolve(session)
    plot.show_curves(curves)
    assert all(items._line.opacity() == 1 for items in plot._items if items._line.isVisible())


def test_a_wild_wavelength_is_marked_and_named_and_does_not_flatten_the_curves(plot, session):
    session[SIM].cube.data[4, 2, 5] = 500
    plot.show_curves(resolve(session))
    _, (_, high) = plot._view.viewRange()
    assert high < 10
    assert plot._outliers._marks.isVisible()
    assert plot._outliers._texts[0].isVisible()
    assert plot._outliers._texts[0].toPlainText() == "750 nm: 500"
    session[SIM].cube.data[4, 2, 5] = 1
    plot.show_curves(resolve(session))
    assert not plot._outliers._marks.isVisible()
    assert not any(text.isVisible() for text in plot._outliers._texts)


def test_a_click_on_a_name_in_the_table_brings_its_pin_to_the_front(qtbot, session):
    dock = SpectraDock(session)
    qtbot.addWidget(dock)
    dock.resize(700, 900)
    dock.show()
    session.pin(PixelRef(SIM, 2, 2))
    session.pin(PixelRef(SIM, 3, 8))
    session.set_options(hover=False)
    qtbot.waitUntil(lambda: len(dock.curves.curves) == 6 and not dock.busy, timeout=10000)
    assert dock._verdict.text().startswith("Mean of the structure: small bowel: ")
    row = next(i for i, r in enumerate(dock._table.rows) if r.curve.pin.number == 1)
    rect = dock._table.visualRect(dock._table.model().index(row, Column.CURVE))
    dock._table.scrollTo(dock._table.model().index(row, Column.CURVE))
    rect = dock._table.visualRect(dock._table.model().index(row, Column.CURVE))
    qtbot.mouseClick(dock._table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert dock._verdict.text().startswith("Mean of the structure: liver: ")
    assert dock._plot._items[0]._line.opacity() < 1
