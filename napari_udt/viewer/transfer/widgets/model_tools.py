"""Two buttons beside the choice of a model: read the card of the chosen one, bring one in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDialog, QFileDialog, QMenu, QWidget

from napari_udt.models.importing import Importer, import_models
from napari_udt.viewer.qt.fields import push_button, row_of
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.jobs import Report, error_text
from napari_udt.viewer.transfer.widgets.card_window import CardWindow

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec


class ModelTools(QWidget):
    """Imports models in a thread and shows cards.

    Parameters
    ----------
    box : QWidget
        The choice of the model; the buttons stand beside it.
    importer : callable
        Imports all models of a file or folder; :func:`napari_udt.models.importing.import_models` unless a test has its own.
    parent : QWidget, optional
    """

    imported = Signal(object)  # names of the models that came, list of str

    def __init__(
        self, box: QWidget, importer: Importer = import_models, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._importer = importer
        self._spec: ModelSpec | None = None
        self._run = JobRunner(self)
        self._cards: dict[str, QDialog] = {}  # that are open, by the model's name
        self.import_button = push_button(
            "Import…",
            "Bring in an archive of `napari-udt export-model`, a trained model's folder, or published checkpoints: a folder "
            "with config.yaml and model_checkpoint.ckpt. Archives and folders can be dropped on the window too. The model is "
            "checked, converted and kept; nothing of the file is executed.",
            self,
        )
        menu = QMenu(self.import_button)
        menu.addAction("Archive (.zip)…", self._choose_archive)
        menu.addAction("Folder…", self._choose_folder)
        self.import_button.setMenu(menu)
        self.card_button = push_button(
            "Card",
            "What the chosen model makes of a picture, ten numbers on untouched data, and what fails.",
            self,
        )
        self._run.ended.connect(self._ended)
        self._run.failed.connect(self._failed)
        self.card_button.clicked.connect(self.show_card)
        row_of(box, self.card_button, self.import_button, equal=False, parent=self).setStretch(0, 1)
        self.set_spec(None)

    def follow(self, chosen: ChosenModel) -> None:
        """Offer models that another dock trained as those that are imported."""
        chosen.came.connect(self._came)

    def _came(self, names: list[str]) -> None:
        if isalive(self):
            self.imported.emit(names)

    def set_spec(self, spec: ModelSpec | None) -> None:
        """Take the chosen model."""
        self._spec = spec
        self.card_button.setEnabled(spec is not None)

    def show_card(self) -> QDialog | None:
        """Open the chosen model's card, or bring it to the front; None where no model is chosen."""
        if self._spec is None:
            return None
        name = self._spec.name
        if name not in self._cards:
            self._cards[name] = CardWindow(self._spec, parent=self)
            self._cards[name].finished.connect(lambda _: self._cards.pop(name).deleteLater())
        self._cards[name].raise_()
        self._cards[name].activateWindow()
        return self._cards[name]

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder of a trained model, or with config.yaml and model_checkpoint.ckpt"
        )
        if folder:
            self.import_from(Path(folder))

    def _choose_archive(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self, "Archive that `napari-udt export-model` wrote", filter="Models (*.zip)"
        )
        if file:
            self.import_from(Path(file))

    def import_from(self, *paths: Path) -> None:
        """Import archives, and the models of folders, without holding the window; a failure is one notification."""
        if self._run.start(partial(_import, self._importer, paths), self._finished):
            self.import_button.setEnabled(False)

    def _ended(self) -> None:
        self.import_button.setEnabled(True)

    def _finished(self, names: Sequence[str]) -> None:
        self.imported.emit(list(names))

    def _failed(self, error: Exception) -> None:
        show_error(error_text(error, "The import failed"))


def _import(importer: Importer, paths: Sequence[Path], _report: Report) -> Sequence[str]:
    return [name for path in paths for name in importer(path)]
