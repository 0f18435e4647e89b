"""The order in which Tab walks through widgets: as they are read, not as they were made."""

from __future__ import annotations

from itertools import pairwise

from qtpy.QtWidgets import QWidget


def walk_in_order(*widgets: QWidget) -> None:
    """Let Tab go from each of these widgets to the next."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)
