"""Buttons, boxes, layouts and the tab order in one call each."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)


def push_button(
    text: str, tooltip: str, parent: QWidget, *, checkable: bool = False, shrinks: bool = False
) -> QPushButton:
    """Return a button; one that ``shrinks`` may become narrower than its text."""
    button = QPushButton(text, parent)
    button.setObjectName(text)
    button.setToolTip(f"<qt>{tooltip}</qt>")  # rich text wraps
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if shrinks:
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return button


def check_box(text: str, tooltip: str, parent: QWidget, *, checked: bool = False) -> QCheckBox:
    """Return a check box."""
    box = QCheckBox(text, parent)
    box.setObjectName(text.lower())
    box.setToolTip(f"<qt>{tooltip}</qt>")
    box.setChecked(checked)
    return box


def combo_box(
    name: str, title: str, tooltip: str, parent: QWidget, items: Mapping[Any, str] | None = None
) -> QComboBox:
    """Return a combo box of values and their texts, which shrinks in a narrow dock."""
    box = QComboBox(parent)
    _describe(box, name, title, tooltip)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    for value, text in (items or {}).items():
        box.addItem(text, value)
    return box


def spin_box(
    name: str, title: str, tooltip: str, parent: QWidget, limits: tuple[int, int], step: int = 1
) -> QSpinBox:
    """Return a field for a whole number."""
    box = QSpinBox(parent)
    _describe(box, name, title, tooltip)
    box.setRange(*limits)
    box.setSingleStep(step)
    return box


def double_spin_box(
    name: str,
    title: str,
    tooltip: str,
    parent: QWidget,
    limits: tuple[float, float],
    step: float,
    decimals: int,
    unit: str,
) -> QDoubleSpinBox:
    """Return a field for a number with a unit."""
    box = QDoubleSpinBox(parent)
    _describe(box, name, title, tooltip)
    box.setRange(*limits)
    box.setSingleStep(step)
    box.setDecimals(decimals)
    box.setSuffix(f" {unit}")
    return box


def row_of(*widgets: QWidget, equal: bool = True, parent: QWidget | None = None) -> QHBoxLayout:
    """Return widgets beside each other, equally wide or at their preferred widths; with a parent, as its layout.

    A row inside another layout keeps the widths that it had before napari's style while its widgets are hidden.
    """
    row = QHBoxLayout()
    if parent is not None:
        parent.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, stretch=1 if equal else 0)
    return row


def fill(parent: QWidget, *items: QWidget | QLayout, stretched: QWidget | None = None) -> QVBoxLayout:
    """Lay out widgets and rows below each other in a parent; ``stretched`` takes the height that is left."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for item in items:
        if isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item, stretch=1 if item is stretched else 0)
    return layout


def set_tab_order(*widgets: QWidget) -> None:
    """Let the Tab key go from each of these widgets to the next."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)


def _describe(widget: QWidget, name: str, title: str, tooltip: str) -> None:
    widget.setObjectName(name)
    widget.setAccessibleName(title)
    widget.setToolTip(f"<qt>{title}: {tooltip}</qt>")
