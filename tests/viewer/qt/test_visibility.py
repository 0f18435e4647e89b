"""Work that can wait while a widget is hidden, and is done once it is shown."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from napari_udt.viewer.qt.visibility import VisibilityTracker


@pytest.fixture
def window(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(300, 200)
    window.show()
    return window


def _docked(window, widget):
    dock = QDockWidget(window)
    dock.setWidget(widget)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    return dock


def test_a_dock_behind_another_is_hidden_until_its_tab_is_chosen(window, qtbot):
    covered = QWidget()
    QVBoxLayout(covered).addWidget(QWidget(covered))
    tracker, news = VisibilityTracker(covered), []
    tracker.shown.connect(lambda: news.append(1))
    front, back = _docked(window, QWidget()), _docked(window, covered)
    qtbot.waitUntil(lambda: tracker.is_shown)
    assert not tracker.skip_while_hidden()
    window.tabifyDockWidget(back, front)
    front.raise_()
    qtbot.waitUntil(lambda: not tracker.is_shown)
    assert covered.isVisible()  # so says Qt
    assert tracker.skip_while_hidden()
    back.raise_()
    qtbot.waitUntil(lambda: news == [1])
    assert tracker.is_shown


def test_nothing_is_announced_where_no_work_was_skipped(window, qtbot):
    widget = QWidget()
    tracker, news = VisibilityTracker(widget), []
    tracker.shown.connect(lambda: news.append(1))
    dock = _docked(window, widget)
    qtbot.waitUntil(lambda: tracker.is_shown)
    dock.hide()
    assert not tracker.is_shown
    dock.show()
    assert tracker.is_shown
    assert news == []


def test_a_widget_by_itself_and_in_another_dock(window, qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    tracker, news = VisibilityTracker(widget), []
    tracker.shown.connect(lambda: news.append(1))
    assert tracker.skip_while_hidden()
    widget.show()
    assert news == [1]
    first = _docked(window, widget)
    first.setWidget(QWidget())
    assert tracker.skip_while_hidden()
    first.deleteLater()
    _docked(window, widget)
    widget.show()
    qtbot.waitUntil(lambda: news == [1, 1])
