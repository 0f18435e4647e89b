"""One drawing for all that changed, before the window is painted."""

import pytest
from pyqtgraph import PlotWidget
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_udt.viewer.qt.frame_clock import FRAME_MS, NEXT_PAINT_MS, FrameClock, paint_now


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
    return _shown(_Page(), qtbot)


@pytest.fixture
def page_with_picture(qtbot):
    """A page beside a picture drawn by OpenGL, as napari's canvas is."""
    page = _Page()
    QVBoxLayout(page).addWidget(QOpenGLWidget())
    return _shown(page, qtbot)


def _shown(page, qtbot):
    qtbot.addWidget(page)
    page.show()
    qtbot.waitExposed(page)
    QApplication.processEvents()
    page.notes.clear()
    return page


def test_after_a_rest_drawing_comes_before_the_painting_of_the_window(page):
    page.update()
    for _ in range(5):
        page.clock.request()
    assert page.clock.busy
    QApplication.processEvents()
    assert page.notes == ["drawn", "painted"]
    assert not page.clock.busy


def test_in_a_stream_of_wishes_frames_are_kept(page, qtbot):
    page.clock.request()
    QApplication.processEvents()
    page.clock.request()
    QApplication.processEvents()
    assert page.notes.count("drawn") == 1
    assert page.clock.busy
    qtbot.wait(2 * FRAME_MS)
    assert page.notes.count("drawn") == 2


def test_drawing_in_company_waits_for_the_next_painting_of_a_window_with_a_picture(page_with_picture, qtbot):
    page = page_with_picture
    page.clock.request_with_next_paint()
    QApplication.processEvents()
    assert page.notes == []
    assert page.clock.busy
    page.update()  # as napari's status bar does when it tells the place under the mouse
    QApplication.processEvents()
    assert page.notes == ["drawn", "painted"]
    assert not page.clock.busy
    qtbot.wait(2 * FRAME_MS)
    assert page.notes == ["drawn", "painted"]


def test_drawing_does_not_wait_long_for_company(page_with_picture, qtbot):
    page_with_picture.clock.request_with_next_paint()
    qtbot.wait(3 * NEXT_PAINT_MS)
    assert page_with_picture.notes == ["drawn"]


def test_drawing_in_company_keeps_frames(page_with_picture, qtbot):
    page = page_with_picture
    for _ in range(2):
        page.clock.request_with_next_paint()
        page.update()
        QApplication.processEvents()
    assert page.notes == ["drawn", "painted", "painted"]
    assert page.clock.busy
    qtbot.wait(2 * FRAME_MS)
    assert page.notes.count("drawn") == 2


def test_without_a_picture_nobody_is_waited_for(page):
    QTimer.singleShot(0, page.clock.request_with_next_paint)
    QApplication.processEvents()
    QApplication.processEvents()
    assert page.notes == ["drawn"]


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
