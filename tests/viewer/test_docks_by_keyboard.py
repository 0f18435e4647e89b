"""Every control of the docks explains itself, has a name for screen readers, and is reached by Tab in reading order."""

from __future__ import annotations

import re

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QScrollBar,
    QWidget,
)

from napari_udt.viewer.collection.widgets.dock import CollectionDock
from napari_udt.viewer.compare.widgets.dock import CompareDock
from napari_udt.viewer.context import context_of
from napari_udt.viewer.qt.elided_combo_box import ElidedComboBox
from napari_udt.viewer.session.widgets.dock import SessionDock
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.train.widgets.dock import TrainDock
from napari_udt.viewer.transfer.widgets.dock import TransferDock
from napari_udt.viewer.trust.widgets.dock import TrustDock

CONTROLS = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox)
SHORTEST = 15  # characters; "Open" on a button that says so explains nothing
LINE = 12  # pixels: what differs by less stands side by side
NAMES = ("Transfer", "Compare", "Trust", "Session", "Spectra", "Train", "Collections")


@pytest.fixture
def context(pat, transferred):
    viewer = ViewerModel()
    context = context_of(viewer)
    cube = pat()
    for each in (pat("second", domain="second"), cube, transferred(cube)):
        context.session.add(each)
    yield context
    assert viewer is not None  # a context does not keep its viewer alive


@pytest.fixture
def dock(request, context, qtbot):
    made = {
        "Transfer": lambda: TransferDock(context.session, context.side_by_side, devices=list),
        "Compare": lambda: CompareDock(
            context.session, context.side_by_side, context.pair_view, context.colours, context.structures
        ),
        "Trust": lambda: TrustDock(context.session, context.trust, context.maps),
        "Session": lambda: SessionDock(context.session),
        "Train": lambda: TrainDock(context.session, context.training, context.chosen),
        "Collections": lambda: CollectionDock(context.session, context.collection),
        "Spectra": lambda: SpectraDock(context.session, context.regions, context.maps),
    }[request.param]()
    qtbot.addWidget(made)
    made.resize(520, 900)
    made.show()
    fold = made.findChild(QAbstractButton, "more")
    if fold is not None:
        fold.click()
    qtbot.wait(50)
    return made


def controls(dock):
    """Return what can be operated, without the parts that Qt makes its own widgets of."""
    found = [w for w in dock.findChildren(QWidget) if isinstance(w, CONTROLS) and w.isVisibleTo(dock)]
    return [w for w in found if not isinstance(w, QScrollBar) and not has_whole(w, dock)]


def has_whole(widget, dock):
    """Whether a widget is part of a control, as the button in the corner of a table."""
    parent = widget.parentWidget()
    while parent is not None and parent is not dock:
        if isinstance(parent, CONTROLS) and not isinstance(widget, QComboBox):
            return True
        parent = parent.parentWidget()
    return False


def words(rich):
    return re.sub("<[^>]*>", "", rich).strip()


def reported(widget):
    return widget.objectName() or getattr(widget, "text", lambda: "")() or repr(widget)


@pytest.mark.parametrize("dock", NAMES, indirect=True)
def test_every_control_explains_itself(dock):
    silent = [reported(w) for w in controls(dock) if len(words(w.toolTip())) < SHORTEST]
    assert not silent


@pytest.mark.parametrize("dock", NAMES, indirect=True)
def test_every_control_has_a_name(dock):
    labels = {label.buddy() for label in dock.findChildren(QLabel)}
    nameless = [
        reported(w)
        for w in controls(dock)
        if not w.accessibleName() and w not in labels and not getattr(w, "text", lambda: "")()
    ]
    assert not nameless


@pytest.mark.parametrize("dock", NAMES, indirect=True)
def test_tab_walks_through_every_control_from_top_to_bottom(dock):
    walked, widget = [], dock.nextInFocusChain()
    operable = controls(dock)
    while widget is not dock:
        if widget in operable and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            walked.append(widget)
        widget = widget.nextInFocusChain()
    missed = [reported(w) for w in operable if w not in walked]
    assert not missed
    places = [w.mapTo(dock, QPoint(0, min(w.height() // 2, LINE))) for w in walked]
    backwards = [
        (reported(walked[i]), reported(walked[i + 1]))
        for i in range(len(places) - 1)
        if not follows(places[i], places[i + 1])
    ]
    assert not backwards


def follows(before, after):
    """Whether a place comes after another one in reading order."""
    below = after.y() - before.y()
    return below > LINE or (abs(below) <= LINE and after.x() > before.x())


@pytest.mark.parametrize("dock", NAMES, indirect=True)
def test_no_dock_asks_for_more_width_than_a_small_window_has(dock):
    """A window of 1100 pixels, napari's own docks taken off, leaves the picture as much as a dock."""
    assert dock.minimumSizeHint().width() <= 370


def test_a_long_name_is_shortened_in_its_middle(qtbot):
    box = ElidedComboBox("first", "First cube", "The cube that is looked at.")
    qtbot.addWidget(box)
    name = "hsi_cinn_dy_without_gan · hsi_organs_simulated (dy)"
    box.addItem(name)
    box.setCurrentIndex(0)
    box.resize(900, 26)
    assert box.shown_text() == name
    box.resize(220, 26)
    assert "…" in box.shown_text()
    assert box.shown_text().startswith("hsi_")
    assert box.shown_text().endswith("dy)")
    assert box.currentText() == name


@pytest.mark.parametrize(
    ("dock", "letter", "field"),
    [
        ("Transfer", "D", lambda dock: dock.direction.native),
        ("Compare", "S", lambda dock: dock.second),
        ("Trust", "M", lambda dock: dock.findChild(QComboBox, "trust model")),
        ("Session", "I", lambda dock: dock.pins),
    ],
    indirect=["dock"],
)
def test_alt_and_the_underlined_letter_go_to_the_field(qtbot, dock, letter, field):
    dock.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is dock, timeout=5000)
    QTest.keyClick(dock, getattr(Qt.Key, f"Key_{letter}"), Qt.KeyboardModifier.AltModifier)
    assert field(dock).hasFocus()
    QTest.keyClick(dock, Qt.Key.Key_F35)  # else Qt takes Alt for pressed in the tests to come
    assert QGuiApplication.queryKeyboardModifiers() == Qt.KeyboardModifier.NoModifier
    assert QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier
