"""Curves that stand still cost nothing while others move."""

import numpy as np
import pyqtgraph as pg
import pytest
from spectra_scene import SIM, scene

from napari_udt.viewer.spectra.curves import references
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.spectra.widgets.curve_items import CurveItems
from napari_udt.viewer.state.session import PixelRef
from napari_udt.viewer.style import theme


@pytest.fixture
def session():
    session = scene()
    session.pin(PixelRef(SIM, 2, 3))
    session.pin(PixelRef(SIM, 7, 12))
    return session


@pytest.fixture
def plot(qtbot):
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    return plot


@pytest.fixture
def items(plot):
    return CurveItems(plot.getPlotItem())


def test_the_same_curve_is_drawn_once_and_another_anew(items, session):
    first, again = resolve(session).curves[0], resolve(session).curves[0]
    other = resolve(session).curves[-1]
    drawn = []
    items.show(first, theme("dark"), banded=True)
    items._line.sigPlotChanged.connect(drawn.append)
    items.show(again, theme("dark"), banded=True)
    assert drawn == []
    items.show(other, theme("dark"), banded=True)
    np.testing.assert_array_equal(items._line.getData()[1], other.values)
    assert len(drawn) == 1


def test_a_hidden_curve_comes_back(items, session):
    curve = resolve(session).curves[0]
    items.show(curve, theme("dark"), banded=True)
    items.hide()
    items.show(curve, theme("dark"), banded=True)
    assert items._line.isVisible()


def test_references_stay_within_their_place(session):
    curves = resolve(session).curves
    found = references(curves)
    assert {found[c.id].subject == c.subject for c in curves} == {True}
    roles = {c.subject: found[c.id].entry.role for c in curves}
    assert sorted(roles.values()) == ["real", "simulated"]  # liver, and skin, which the real cube lacks
