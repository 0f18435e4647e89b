"""A plot is enlarged so far and no further: near the precision of its numbers Qt takes minutes to draw a line."""

import time

import numpy as np
import pyqtgraph as pg
import pytest
from qtpy.QtCore import QPointF, Qt

from napari_udt.viewer.spectra.widgets.plot_parts.value_box import ValueBox


@pytest.fixture
def box(qtbot):
    box = ValueBox()
    view = pg.PlotWidget(viewBox=box)
    qtbot.addWidget(view)
    view.resize(400, 300)
    x = np.arange(500.0, 1000.0, 5.0)
    line = pg.PlotCurveItem(x, 0.2 + 0.1 * np.sin(x / 7), antialias=True)
    line.setPen(pg.mkPen("w", width=2.5, style=Qt.PenStyle.DashLine))
    view.addItem(line)
    box.fit_positions((500.0, 995.0))
    box.fit_values((0.1, 0.3))
    view.show()
    qtbot.waitExposed(view)
    box.updateAutoRange()
    yield box
    view.hide()


def test_no_turn_of_the_wheel_holds_up_the_window(box):
    (left, right), (low, high) = box.viewRange()
    for _ in range(60):
        box.scaleBy((0.5, 0.5), center=QPointF(700.0, 0.2))
    (x0, x1), (y0, y1) = box.viewRange()
    assert (x1 - x0) < 0.01 * (right - left)
    assert (y1 - y0) < 0.01 * (high - low)
    assert x1 - x0 >= 495 / 200 * 0.999
    assert y1 - y0 >= 0.2 / 200 * 0.999
    start = time.thread_time()
    box.scene().views()[0].grab()
    assert time.thread_time() - start < 2  # not minutes


def test_values_without_any_width_set_no_limit(box):
    box.fit_values((0.2, 0.2))
    assert box.state["limits"]["yRange"][0] is None
    box.fit_values(None)
    assert box.state["limits"]["yRange"][0] is None


def test_smaller_values_are_shown_whole(box):
    box.fit_values((0.0, 1e-6))
    box.updateAutoRange()
    low, high = box.viewRange()[1]
    assert low <= 0.0
    assert 1e-6 <= high < 2e-6
