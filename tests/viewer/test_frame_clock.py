"""One drawing for all that changed, before the window is painted."""

import pytest
from pyqtgraph import PlotWidget
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_udt.viewer.widgets.frame_clock import FRAME_MS, FrameClock, paint_now


class _Page(QWidget):
    """Notes the order in which it is drawn and painted."""

    def __init__(self):
        super().__init__()
        self.notes = []
        self.clock = FrameClock(self)
        self.clock.due.connect(self.draw)

    def draw(self):
        self.clock.tick()
        self.notes.append("drawn")

    def event(self, event):
        if event.type() == QEvent.Type.UpdateRequest:
            self.notes.append("painted")
        return super().event(event)


@pytest.fixture
def page(qtbot):
    page = _Page()
    qtbot.addWidget(page)
    page.show()
    qtbot.waitExposed(page)
    QApplication.processEvents()
    page.notes.clear()
    return page


def test_after_a_rest_drawing_comes_before_the_painting_of_the_window(page):
    page.update()
    for _ in range(5):
        page.clock.ask()
    assert page.clock.busy
    QApplication.processEvents()
    assert page.notes == ["drawn", "painted"]
    assert not page.clock.busy


def test_in_a_stream_of_wishes_frames_are_kept(page, qtbot):
    page.clock.ask()
    QApplication.processEvents()
    page.clock.ask()
    QApplication.processEvents()
    assert page.notes.count("drawn") == 1
    assert page.clock.busy
    qtbot.wait(2 * FRAME_MS)
    assert page.notes.count("drawn") == 2


def test_a_plot_is_painted_now_once_and_not_again_a_turn_later(qtbot):
    page = QWidget()
    plot = PlotWidget(parent=page)
    QVBoxLayout(page).addWidget(plot)
    qtbot.addWidget(page)
    page.show()
    curve = plot.plot([1, 2, 3], [1.0, 2.0, 1.0])
    plot.disableAutoRange()
    qtbot.wait(50)
    painted = []
    paint = plot.paintEvent
    plot.paintEvent = lambda event: painted.append(1) or paint(event)
    curve.setData([1, 2, 3], [1.0, 1.5, 1.0])
    assert painted == []
    paint_now(plot.scene())
    assert painted == [1]
    qtbot.wait(50)
    assert painted == [1]
