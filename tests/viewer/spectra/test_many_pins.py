"""Fifty pins: their curves are read, compared and drawn once, not again whenever the mouse moves."""

import numpy as np
import pyqtgraph as pg
import pytest
from spectra_scene import SIM, scene

from napari_udt.viewer.spectra import curve_query as places
from napari_udt.viewer.spectra.cached_curves import CurveCache
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.spectra.widgets.curve_table import CurveTable
from napari_udt.viewer.spectra.widgets.pinned_curves import PinnedCurves
from napari_udt.viewer.spectra.widgets.plot import SpectraPlot
from napari_udt.viewer.state.session import PixelRef
from napari_udt.viewer.state.statistics import StructureStatistics
from napari_udt.viewer.style import theme


@pytest.fixture
def session():
    session = scene()
    for row in range(10):
        session.pin(PixelRef(SIM, row, row))
    return session


@pytest.fixture
def asked(session):
    """Resolve again and again with one cache."""
    cache, statistics = CurveCache(), StructureStatistics()
    return lambda: resolve(session, statistics, (), cache)


@pytest.fixture
def reads(monkeypatch):
    """Count how often pixels are read."""
    count = []
    original = places.window_spectra
    monkeypatch.setattr(places, "window_spectra", lambda *args: count.append(args[1:]) or original(*args))
    return count


def test_pins_are_read_once_while_the_mouse_moves(session, asked, reads):
    before = asked()
    reads.clear()
    session.set_cursor(PixelRef(SIM, 3, 14))
    after = asked()
    assert {place[:2] for place in reads} == {(3, 14)}
    assert all(curve in after.curves for curve in before.curves)
    assert set(before.differences) <= set(after.differences)


def test_what_is_remembered_is_what_would_be_read(session, asked):
    asked()
    session.set_cursor(PixelRef(SIM, 3, 14))
    for remembered, fresh in zip(asked().curves, resolve(session).curves, strict=True):
        assert remembered.id == fresh.id
        np.testing.assert_array_equal(remembered.values, fresh.values)


@pytest.mark.parametrize("change", [{"window": 3}, {"normalisation": "none"}, {"blood": True}])
def test_other_options_read_everything_anew(session, asked, reads, change):
    asked()
    reads.clear()
    session.set_options(**change)
    fresh = resolve(session)
    np.testing.assert_array_equal(asked().curves[0].values, fresh.curves[0].values)
    assert len({place[:2] for place in reads}) == 10


def test_a_changed_role_and_a_moved_pin_are_noticed(session, asked, reads):
    asked()
    reads.clear()
    session.move_pin(1, PixelRef(SIM, 11, 15))
    asked()
    assert {place[:2] for place in reads} == {(11, 15)}
    session.set_role(SIM, "none")
    assert [curve.label for curve in asked().curves] == [curve.label for curve in resolve(session).curves]


def test_what_is_still_computed_is_asked_again(session, reads):
    jobs, cache = [], CurveCache()
    statistics = StructureStatistics(jobs.append)
    waiting = resolve(session, statistics, (), cache)
    assert any("Computing" in remark for remark in waiting.remarks)
    for job in jobs:
        job()
    ready = resolve(session, statistics, (), cache)
    assert len(ready.curves) > len(waiting.curves)
    assert not any("Computing" in remark for remark in ready.remarks)


def test_many_pins_share_a_few_items_and_are_not_drawn_again(session, asked, qtbot):
    plot = SpectraPlot()
    qtbot.addWidget(plot)
    for row in range(10):
        session.pin(PixelRef(SIM, row, 15 - row))
    plot.show_curves(asked())
    items = len(plot._view.getPlotItem().items)
    drawn = []
    plot._pinned._dots.sigPlotChanged.connect(drawn.append)
    session.set_cursor(PixelRef(SIM, 3, 14))
    plot.show_curves(asked())
    drawn.clear()
    session.set_cursor(PixelRef(SIM, 4, 14))
    plot.show_curves(asked())
    assert drawn == []
    assert items < 60


def test_a_crowd_shows_every_point_of_its_curves_and_a_gap_behind_each(session, qtbot):
    view = pg.PlotWidget()
    qtbot.addWidget(view)
    pinned, curves = PinnedCurves(view.getPlotItem()), resolve(session).curves
    pinned.show(curves, theme("dark"))
    drawn = sum(int(np.isfinite(line.getData()[1]).sum()) for line in pinned._lines.values())
    assert drawn == sum(len(curve.values) for curve in curves)
    assert len(pinned._lines) == len({curve.style for curve in curves})
    pinned.show([], theme("dark"))
    assert not any(line.isVisible() for line in pinned._lines.values())
    assert not pinned._dots.isVisible()


def test_the_table_tells_only_of_rows_that_changed(session, asked, qtbot):
    table = CurveTable()
    qtbot.addWidget(table)
    session.set_cursor(PixelRef(SIM, 3, 14))
    table.set_curves(asked())
    reported = []
    table.model().dataChanged.connect(lambda first, last: reported.append((first.row(), last.row())))
    session.set_cursor(PixelRef(SIM, 4, 14))
    table.set_curves(asked())
    assert reported == [(0, 1)]
