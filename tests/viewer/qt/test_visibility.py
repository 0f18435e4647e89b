"""Work is spared while nobody would see it, and done when somebody does."""

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


def test_a_dock_behind_another_is_out_of_sight_until_its_tab_is_chosen(window, qtbot):
    covered = QWidget()
    QVBoxLayout(covered).addWidget(QWidget(covered))
    sight, news = VisibilityTracker(covered), []
    sight.regained.connect(lambda: news.append(1))
    front, back = _docked(window, QWidget()), _docked(window, covered)
    qtbot.waitUntil(lambda: sight.clear)
    assert not sight.spare()
    window.tabifyDockWidget(back, front)
    front.raise_()
    qtbot.waitUntil(lambda: not sight.clear)
    assert covered.isVisible()  # so says Qt
    assert sight.spare()
    back.raise_()
    qtbot.waitUntil(lambda: news == [1])
    assert sight.clear


def test_nothing_spared_is_nothing_to_make_up_for(window, qtbot):
    widget = QWidget()
    sight, news = VisibilityTracker(widget), []
    sight.regained.connect(lambda: news.append(1))
    dock = _docked(window, widget)
    qtbot.waitUntil(lambda: sight.clear)
    dock.hide()
    assert not sight.clear
    dock.show()
    assert sight.clear
    assert news == []


def test_a_widget_by_itself_and_in_another_dock(window, qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    sight, news = VisibilityTracker(widget), []
    sight.regained.connect(lambda: news.append(1))
    assert sight.spare()
    widget.show()
    assert news == [1]
    first = _docked(window, widget)
    first.setWidget(QWidget())
    assert sight.spare()
    first.deleteLater()
    _docked(window, widget)
    widget.show()
    qtbot.waitUntil(lambda: news == [1, 1])
