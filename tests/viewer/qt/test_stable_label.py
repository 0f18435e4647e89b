"""Text that changes does not have the window laid out anew, unless it needs more room."""

import pytest
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from napari_udt.viewer.qt.stable_label import StableLabel


class _Layouts(QObject):
    """Counts how often a widget is asked to lay out what is in it."""

    def __init__(self, widget):
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


@pytest.fixture
def page(qtbot):
    page = QWidget()
    layout = QVBoxLayout(page)
    page.still, page.plain = StableLabel("still", page, lines=2), QLabel("plain", page)
    layout.addWidget(page.still)
    layout.addWidget(page.plain)
    layout.addStretch()
    qtbot.addWidget(page)
    page.resize(300, 200)
    page.show()
    page.still.setText("row 1, column 1")
    QApplication.processEvents()
    return page


def test_other_words_of_the_same_height_disturb_nobody(page):
    layouts = _Layouts(page)
    height = page.still.height()
    for column in range(20):
        page.still.setText(f"row 1, column {column}")
        QApplication.processEvents()
    assert layouts.count == 0
    assert page.still.height() == height
    assert page.findChild(QLabel, "still").text() == page.still.text() == "row 1, column 19"
    page.plain.setText("a label of Qt's")
    QApplication.processEvents()
    assert layouts.count == 1


def test_more_text_gets_more_room_and_gives_it_back(page):
    before = page.still.height()
    assert before >= 2 * page.still.fontMetrics().height()
    page.still.setText("many words " * 30)
    QApplication.processEvents()
    label = page.findChild(QLabel, "still")
    assert page.still.height() > before
    assert label.height() >= label.heightForWidth(label.width())
    page.still.setText("few")
    QApplication.processEvents()
    assert page.still.height() == before


def test_a_narrower_window_wraps_the_text(page):
    page.still.setText("some words that fit into two lines of the wide window, just so")
    QApplication.processEvents()
    before = page.still.height()
    page.resize(120, 200)
    QApplication.processEvents()
    assert page.still.height() > before
