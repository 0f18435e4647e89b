"""Button whose menu adds data set files to a test, transfers the simulated ones by a model, and removes all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QSizePolicy, QWidget

_TITLE = "Data sets"
_FILTER = "Data sets (*.h5)"


class DataSetButton(QPushButton):
    """Button with a menu; it emits requests, and others load."""

    add_wanted = Signal(object)  # list of Path
    transfer_wanted = Signal(str)  # name of a model
    clear_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(_TITLE, parent)
        self.setObjectName("data sets")
        self.setAccessibleName(_TITLE)
        self.setToolTip(
            "<qt>Files made with <i>napari-udt simulate</i> join the test: many images or spectra, where a cube is one "
            "scene. Every image is a subject.</qt>"
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        menu = QMenu(self)
        self.add = menu.addAction("Add files...")
        self.models = menu.addMenu("Transfer the simulated ones by")
        self.clear = menu.addAction("Remove all")
        self.add.triggered.connect(self._on_add)
        self.models.triggered.connect(self._on_model)
        self.clear.triggered.connect(self.clear_wanted)
        self.setMenu(menu)
        self.show_loaded(0, ())

    def show_loaded(self, groups: int, models: Sequence[str]) -> None:
        """Show how many groups are from files, and offer models."""
        self.setText(f"{_TITLE} ({groups})" if groups else _TITLE)
        self.models.clear()
        for name in models:
            self.models.addAction(name)
        self.models.setEnabled(bool(models))
        self.clear.setEnabled(groups > 0)

    def _on_add(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Data sets", "", _FILTER)
        if names:
            self.add_wanted.emit([Path(name) for name in names])

    def _on_model(self, action: QAction) -> None:
        self.transfer_wanted.emit(action.text())
