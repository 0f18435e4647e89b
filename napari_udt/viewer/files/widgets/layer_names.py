"""Names in napari's list of layers that do not fit: the kind of layer goes first, its icon says it; then letters in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QFont, QFontMetrics
from qtpy.QtWidgets import QListView, QStyle

from napari_udt.viewer.napari_adapter import viewer_widget

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtCore import QModelIndex
    from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

_MARGINS = 12  # pixels that styles keep free beside a text
_KINDS = (" · structures", " · pins", " · no structures")


def fitting(name: str, width: float, width_of: Any) -> str:
    """Return a name without its kind where it is wider than ``width``; ``width_of(text)`` measures."""
    kind = next((kind for kind in _KINDS if name.endswith(kind)), "")
    return name.removesuffix(kind) if kind and width_of(name) > width else name


def keep_names_apart(viewer: Viewer) -> None:
    """Let the list of layers of a window leave out kinds of layers before it cuts the names of cubes, which tell them apart."""
    view = getattr(viewer_widget(viewer), "layers", None)
    if isinstance(view, QListView) and not hasattr(view.itemDelegate(), "is_fitting"):
        former = view.itemDelegate()
        view.setItemDelegate(_delegate_like(former, view))


def _delegate_like(former: Any, view: QListView) -> QStyledItemDelegate:
    """Return a delegate that draws as napari's own does, but for names that do not fit."""

    class FittingDelegate(type(former)):  # type: ignore[misc]
        is_fitting = True

        def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # noqa: N802 - Qt's name
            super().initStyleOption(option, index)
            room = view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, view)
            font = QFont(option.font)
            font.setBold(True)  # as napari's style sheet has it, of which the option knows nothing
            option.text = fitting(option.text, room.width() - _MARGINS, QFontMetrics(font).horizontalAdvance)

    made = FittingDelegate(view)
    made.loading_frame_changed.connect(view.viewport().update)
    return made
