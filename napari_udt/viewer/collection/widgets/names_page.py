"""The names of structures: as files have them, as the collection calls them, what they may be called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex
from qtpy.QtWidgets import QAbstractItemView, QWidget

from napari_udt.viewer.collection.open_collection import DOMAIN_TITLES, OpenCollection, StructureName
from napari_udt.viewer.collection.widgets.cube_table import ChoiceDelegate
from napari_udt.viewer.qt.fields import combo_box, fill, push_button, row_of
from napari_udt.viewer.qt.table import Column, Table

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_NO_MODEL = "no model"
_CALLED = 1  # column


class _NameDelegate(ChoiceDelegate):
    """Offers the suggestions for a structure, its own name, and takes any other."""

    def __init__(self, table: Table) -> None:
        super().__init__(None, table)
        self._table = table

    def choices(self, index: QModelIndex) -> Sequence[str]:
        """Return what a structure may be called."""
        row: StructureName = self._table.rows[index.row()]
        return list(dict.fromkeys((row.called, *row.suggestions, row.name)))


class NamesPage(QWidget):
    """Table of names, the model whose classes are suggested, and a button that takes suggestions.

    Parameters
    ----------
    collection : OpenCollection
    models : callable
        Lists the installed models.
    parent : QWidget, optional
    """

    def __init__(
        self,
        collection: OpenCollection,
        models: Callable[[], Iterable[ModelSpec]],
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._collection, self._models = collection, models
        self._classes: dict[str, Sequence[str]] = {_NO_MODEL: ()}
        self._modality: str | None = None
        self.model = combo_box(
            "names of",
            "Model",
            "Whose classes are suggested as names of structures, beside those of the other domain.",
            self,
        )
        self.take_button = push_button(
            "Take suggestions",
            "Call the selected structures by what is suggested first; look at it before.",
            self,
            shrinks=True,
        )
        self.table = Table(
            (
                Column("In the files", lambda row: row.name, "The structure's name in the files."),
                Column(
                    "Called",
                    lambda row: row.called,
                    "Its name in the collection; double click or F2 changes it.",
                    edit=self._name,
                ),
                Column(
                    "Suggested",
                    lambda row: ", ".join(row.suggestions),
                    "Names that may be meant, the likeliest first.",
                ),
                Column(
                    "Cubes",
                    lambda row: f"{row.cubes:,}",
                    "That have it.",
                    sort_key=lambda row: row.cubes,
                    is_number=True,
                ),
                Column(
                    "Pixels",
                    lambda row: f"{row.pixels:,}",
                    "In all of them.",
                    sort_key=lambda row: row.pixels,
                    is_number=True,
                ),
                Column(
                    "Domains", lambda row: ", ".join(DOMAIN_TITLES[d] for d in row.domains), "Of these cubes."
                ),
            ),
            name="structure names",
            title="Names of structures",
            key=lambda row: row.name,
            sorts=True,
            parent=self,
        )
        self.table.setToolTip(
            "<qt>What structures are called in the collection; the files stay as they are.</qt>"
        )
        self.table.setItemDelegateForColumn(_CALLED, _NameDelegate(self.table))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        fill(self, row_of(self.model, self.take_button), self.table, stretched=self.table)
        self.model.activated.connect(self.refresh)
        self.take_button.clicked.connect(self.take_suggestions)
        self.table.selection_changed.connect(self._show_state)
        self._show_state()

    def refresh(self) -> None:
        """Show the names that the collection's files have."""
        if self._collection.modality != self._modality:
            self._offer_models()
        first = not self.table.rows
        self.table.set_rows(self._collection.structure_names(self._classes[self.model.currentText()]))
        if first and self.table.rows:
            self.table.fit_columns({2: 160})

    def take_suggestions(self) -> None:
        """Call the selected structures by what is suggested first; of two that suggest each other one keeps its name."""
        names: dict[str, str] = {}
        for row in self.table.selected_rows():
            if row.suggestions and row.name not in names.values():
                names[row.name] = row.suggestions[0]
        self._collection.name_structures(names)

    def _show_state(self) -> None:
        self.take_button.setEnabled(bool(self.table.selected_rows()))

    def _offer_models(self) -> None:
        self._modality = self._collection.modality
        specs = [spec for spec in self._models() if spec.modality == self._modality and spec.class_names]
        self._classes = {**{spec.name: spec.class_names for spec in specs}, _NO_MODEL: ()}
        self.model.clear()
        self.model.addItems(list(self._classes))

    def _name(self, row: StructureName, text: str) -> None:
        self._collection.name_structures({row.name: text})
