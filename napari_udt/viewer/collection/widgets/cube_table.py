"""The table of a collection's cubes: sorted, filtered, described in place."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from qtpy.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_udt.collection.contents import SPLITS
from napari_udt.collection.inspecting import InspectedCube
from napari_udt.viewer.collection.open_collection import DOMAIN_TITLES, Key, OpenCollection, key_of
from napari_udt.viewer.qt.table import Column, Table

_SPLIT_TITLES = {"train": "training", "test": "test only"}
_WIDEST = {0: 190, 4: 170}  # pixels, by column
_BROKEN = QColor("#d64550")  # before the name of a file that does not open


class ChoiceDelegate(QStyledItemDelegate):
    """Edits a cell by a box of choices.

    Parameters
    ----------
    choices : sequence of str, optional
        Fixed ones; without them a row's are in its cell's ``Qt.UserRole``, and others can be typed.
    parent : QWidget
    """

    def __init__(self, choices: Sequence[str] | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._choices = choices

    def createEditor(  # noqa: N802 - Qt's name
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        """Return a box that is unfolded; a choice ends the editing."""
        box = QComboBox(parent)
        box.setAccessibleName(str(index.model().headerData(index.column(), Qt.Orientation.Horizontal)))
        box.setEditable(self._choices is None)
        box.addItems(list(self.choices(index)))
        box.activated.connect(self._chosen)
        return box

    def choices(self, index: QModelIndex) -> Sequence[str]:
        """Return what a cell may be."""
        return self._choices or ()

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:  # noqa: N802 - Qt's name
        """Show what the cell is."""
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(  # noqa: N802 - Qt's name
        self, editor: QWidget | None, model: QAbstractItemModel | None, index: QModelIndex
    ) -> None:
        """Take what was chosen."""
        if isinstance(editor, QComboBox) and model is not None:
            model.setData(index, editor.currentText())

    def _chosen(self) -> None:
        box = self.sender()
        if isinstance(box, QComboBox):
            self.commitData.emit(box)
            self.closeEditor.emit(box)


class _RowFilter(QSortFilterProxyModel):
    """Shows the rows that contain all words; the order is that of the model below."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words: list[str] = []

    def set_words(self, text: str) -> None:
        """Show the rows with these words, in whatever column."""
        self._words = text.casefold().split()
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:  # noqa: N802 - Qt's name
        """Whether a row contains all words."""
        model = self.sourceModel()
        if not self._words or model is None:
            return True
        texts = (str(model.index(row, column).data()) for column in range(model.columnCount()))
        line = " ".join(texts).casefold()
        return all(word in line for word in self._words)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows below, which know numbers from texts."""
        model = self.sourceModel()
        if model is not None:
            model.sort(column, order)


class CubeTable(Table):
    """Cubes of a collection: file, subject, domain, split, structures, wavelengths, problems.

    Parameters
    ----------
    collection : OpenCollection
    parent : QWidget, optional
    """

    open_requested = Signal(object)  # list of Key

    def __init__(self, collection: OpenCollection, *, parent: QWidget | None = None) -> None:
        self._collection = collection
        super().__init__(
            self._columns(),
            name="collection",
            title="Cubes of the collection",
            key=key_of,
            sorts=True,
            parent=parent,
        )
        self.setToolTip(
            "<qt>A double click on a file opens its cube; on a subject, domain or use it changes these, of all selected rows. Delete "
            "takes rows out; files stay.</qt>"
        )
        self._filter = _RowFilter(self)
        self._filter.setSourceModel(self.table_model)
        self.setModel(self._filter)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setItemDelegateForColumn(2, ChoiceDelegate(list(DOMAIN_TITLES.values()), self))
        self.setItemDelegateForColumn(3, ChoiceDelegate([_SPLIT_TITLES[split] for split in SPLITS], self))
        self.doubleClicked.connect(self._on_double_click)

    def refresh(self) -> None:
        """Show the cubes of the collection."""
        first = not self.rows
        self.set_rows(self._collection.cubes)
        if first and self.rows:
            self.fit_columns(_WIDEST)

    def filter_rows(self, text: str) -> None:
        """Show only rows that contain all words of a text."""
        self._filter.set_words(text)

    @property
    def shown(self) -> int:
        """How many rows the filter lets through."""
        return self._filter.rowCount()

    def selected_rows(self) -> list[InspectedCube]:
        """Return the selected cubes from top to bottom."""
        places = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.rows[self._filter.mapToSource(self._filter.index(place, 0)).row()] for place in places]

    def select(self, keys: Some[Hashable]) -> None:
        """Select the rows with these keys, as far as they are shown, and no others."""
        wanted = QItemSelection()
        for place, row in enumerate(self.rows):
            if key_of(row) in keys:
                index = self._filter.mapFromSource(self.table_model.index(place, 0))
                wanted.select(index, index)
        how = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(wanted, how.ClearAndSelect | how.Rows)

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column(
                "File",
                lambda c: c.member.name,
                "Double click opens the cube.",
                lambda c: f"{c.member.path}\n{c.problem}".strip(),
                decoration=lambda c: _BROKEN if c.problem else None,
            ),
            Column(
                "Subject", lambda c: c.member.subject, "Whom the cube shows.", edit=self._setter("subject")
            ),
            Column(
                "Domain",
                lambda c: DOMAIN_TITLES[c.member.domain],
                "What the cube is.",
                edit=self._setter("domain", {title: key for key, title in DOMAIN_TITLES.items()}),
            ),
            Column(
                "Use",
                lambda c: _SPLIT_TITLES[c.member.split],
                "Whether training may see the cubes of this subject; all of them change together.",
                edit=self._setter("split", {title: key for key, title in _SPLIT_TITLES.items()}),
            ),
            Column(
                "Structures",
                lambda c: ", ".join(self._collection.structures_of(c)),
                "As they are called in the collection.",
                lambda c: "\n".join(
                    f"{name}: {pixels:,} pixels" for name, pixels in self._collection.structures_of(c).items()
                ),
            ),
            Column(
                "Wavelengths",
                wavelengths_text,
                "Range and number.",
                sort_key=lambda c: float(c.wavelengths_nm[0]) if len(c.wavelengths_nm) else float("nan"),
            ),
            Column(
                "Pixels",
                lambda c: f"{c.shape[0]} × {c.shape[1]}" if c.shape[0] else "",
                "Rows and columns.",
                sort_key=lambda c: float(c.shape[0] * c.shape[1]),
                is_number=True,
            ),
            Column("Problem", lambda c: c.problem, "Why a cube is left out."),
        )

    def _setter(self, field: str, values: Mapping[str, str] | None = None) -> Any:
        """Return the function that takes a text for a field, of all selected rows where the row is one of them."""

        def describe(cube: InspectedCube, text: str) -> None:
            value = text.strip() if values is None else values.get(text, "")
            if value and not cube.problem:
                selected = [key_of(row) for row in self.selected_rows()]
                keys: list[Key] = selected if key_of(cube) in selected else [key_of(cube)]
                self._collection.describe(keys, **{field: value})

        return describe

    def _on_double_click(self, index: QModelIndex) -> None:
        if self.table_model.columns[index.column()].edit is None:
            cube = self.rows[self._filter.mapToSource(index).row()]
            self.open_requested.emit([key_of(cube)])


def wavelengths_text(cube: InspectedCube) -> str:
    """Return "500-995 nm, 100"; empty for a cube that does not open."""
    grid = cube.wavelengths_nm
    return f"{grid[0]:g}–{grid[-1]:g} nm, {len(grid)}" if len(grid) else ""
