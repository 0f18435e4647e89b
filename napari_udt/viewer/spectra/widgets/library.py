"""Opening spectral libraries, choosing their curves, and the measure by which curves are compared with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_udt.errors import TransferCancelled
from napari_udt.spectral.library import MEASURES, Measure
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.layers.layer_data import structure_colours
from napari_udt.viewer.qt.fields import combo_box, push_button, row_of
from napari_udt.viewer.spectra.libraries import add_libraries, key_of, read_libraries, restored_paths
from napari_udt.viewer.spectra.widgets.picker import Pick, PickButton
from napari_udt.viewer.state.session import DisplayOptions, Session

_MEASURES: Mapping[Measure, str] = {
    "angle": "by angle",
    "divergence": "by divergence",
    "continuum": "without continuum",
}
_FILTERS = "Spectral libraries (*.sli *.hdr *.csv);;All files (*)"


class LibraryTools(QWidget):
    """A button that opens libraries, the list of their spectra to tick, and the measure of comparison."""

    message = Signal(str)  # one sentence for the dock

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._open = push_button(
            "Library...",
            "Open a spectral library (ENVI or a table): its curves are drawn beside the others, and the nearest of them are "
            "named below the plot. “Export...” saves the curves that are shown as a library.",
            self,
            shrinks=True,
        )
        self._spectra = PickButton(
            "library_spectra", "Its spectra", "Which spectra of the libraries are drawn.", parent=self
        )
        self._measure = combo_box(
            "library_measure",
            "Compared by",
            f"How curves are compared with the library: {', '.join(MEASURES.values())}.",
            self,
            dict(_MEASURES),
        )
        row_of(self._open, self._spectra, self._measure, parent=self)
        self._open.clicked.connect(self._on_open)
        self._spectra.chosen.connect(self._on_chosen)
        self._measure.activated.connect(self._on_measure)
        session.libraries_changed.connect(self._on_libraries_changed)
        session.options_changed.connect(self._on_options_changed)
        session.settings_restored.connect(self._on_settings_restored)
        self._on_libraries_changed()
        self._on_options_changed(session.options)

    def _on_open(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Open spectral libraries", "", _FILTERS)
        self._opened([Path(path) for path in paths])

    def _opened(self, paths: list[Path]) -> None:
        if not paths:
            return
        try:
            libraries, problems = OpeningProgress(parent=self.window()).wait_for(
                lambda _report: read_libraries(paths)
            )
        except TransferCancelled as error:
            libraries, problems = [], [str(error)]
        add_libraries(self._session, libraries)
        if problems:
            self.message.emit(" ".join(problems))

    def _on_libraries_changed(self) -> None:
        if not isalive(self):
            return
        libraries = self._session.libraries
        self._spectra.set_picks(
            [
                Pick(key_of(library, name), key_of(library, name) if len(libraries) > 1 else name, colour)
                for library in libraries
                for name, colour in zip(library.names, structure_colours(library.names), strict=True)
            ]
        )
        self._spectra.setVisible(bool(libraries))
        self._measure.setVisible(bool(libraries))

    def _on_options_changed(self, options: DisplayOptions) -> None:
        if isalive(self):
            self._spectra.set_ticked(options.library_spectra)
            self._measure.setCurrentIndex(self._measure.findData(options.library_measure))

    def _on_settings_restored(self) -> None:
        if isalive(self):
            self._opened([Path(path) for path in restored_paths(self._session)])

    def _on_chosen(self, option: str, ticked: tuple[str, ...]) -> None:
        self._session.set_options(**{option: ticked})

    def _on_measure(self, index: int) -> None:
        self._session.set_options(library_measure=self._measure.itemData(index))
