"""The window that shows a model's card: one page, and its details when they are asked for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QByteArray, QEvent, Qt, QUrl
from qtpy.QtGui import QImage, QTextOption
from qtpy.QtWidgets import QCheckBox, QDialog, QTextBrowser, QVBoxLayout, QWidget

from napari_udt.errors import ModelError
from napari_udt.files.reading import open_regular
from napari_udt.models.store import PICTURE, find_folder

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_SIZE = (900, 760)
_ROUNDING = 2  # pixels by which Qt makes a table wider than its page
_MOST_BYTES = 20_000_000  # of a picture


class CardWindow(QDialog):
    """The card of one model.

    Parameters
    ----------
    spec : ModelSpec
    parent : QWidget, optional
    """

    def __init__(self, spec: ModelSpec, *, parent: QWidget | None = None) -> None:
        from napari_udt.training.card_page import page_and_details

        super().__init__(parent)
        self.setWindowTitle(spec.title)
        self._page, self._details = page_and_details(spec.card or f"{spec.title} has no card.")
        self._text = _Text(_folder_of(spec), parent=self)
        self._text.setWordWrapMode(
            QTextOption.WrapMode.WordWrap
        )  # narrow columns of tables must not break words
        self._text.document().setDocumentMargin(12)
        self.details = QCheckBox("&Details: training data, every class", self)
        self.details.setVisible(bool(self._details))
        layout = QVBoxLayout(self)
        layout.addWidget(self._text)
        layout.addWidget(self.details)
        self._fill(unfolded=False)
        self.details.toggled.connect(self._on_toggled)
        self.resize(*_SIZE)
        self.setMinimumWidth(_SIZE[0])
        self.show()
        if self._text.horizontalScrollBar().maximum() <= _ROUNDING:
            self._text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme: Qt keeps the colours of a Markdown's tables."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "details"):
            self._fill(unfolded=self.details.isChecked())

    def _fill(self, *, unfolded: bool) -> None:
        self._text.setMarkdown(f"{self._page}\n{self._details}" if unfolded else self._page)

    def _on_toggled(self, unfolded: bool) -> None:
        bar = self._text.verticalScrollBar()
        place = bar.value()
        self._fill(unfolded=unfolded)
        bar.setValue(place)


class _Text(QTextBrowser):
    """The text of a card, which may come from anyone: of what it names, only the picture beside it is opened.

    A pipe or a device in its place would hold the window.
    """

    def __init__(self, folder: Path | None, *, parent: QWidget) -> None:
        super().__init__(parent)
        self._folder = folder
        self.setOpenLinks(False)  # reading must not reach for the network

    def loadResource(self, kind: int, name: QUrl) -> QByteArray | QImage:  # noqa: N802 - Qt's name
        """Return the content of the picture; for anything else a pixel, as Qt opens by itself what it gets nothing for."""
        if self._folder is not None and name.toString() == PICTURE:
            with suppress(OSError), open_regular(self._folder / PICTURE, _MOST_BYTES) as file:
                return QByteArray(file.read())
        nothing = QImage(1, 1, QImage.Format.Format_ARGB32)
        nothing.fill(Qt.GlobalColor.transparent)
        return nothing


def _folder_of(spec: ModelSpec) -> Path | None:
    try:
        return find_folder(spec.name)
    except ModelError:
        return None
