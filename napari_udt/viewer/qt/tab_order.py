"""Tab order of widgets as they are read, not as they were made."""

from __future__ import annotations

from itertools import pairwise

from qtpy.QtWidgets import QWidget


def set_tab_order(*widgets: QWidget) -> None:
    """Let the Tab key go from each of these widgets to the next."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)
