"""The button that writes everything of a population into one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from napari_udt.population.groups import Population
from napari_udt.viewer.population.report import report_file
from napari_udt.viewer.qt.task_row import TaskRow
from napari_udt.viewer.spectra.widgets.footer import with_suffix
from napari_udt.viewer.state.session import Session

_FILTERS = "Web page in one file (*.html);;PDF (*.pdf)"


class ReportRow(QWidget):
    """Asks for a file and writes the report in a thread.

    Parameters
    ----------
    session : Session
        Whose wavelength the pictures are shown at.
    population : callable
        Returns what the report is about, or None.
    findings : callable
        Returns what was computed already.
    parent : QWidget, optional
    """

    message = Signal(str)

    def __init__(
        self,
        session: Session,
        population: Callable[[], Population | None],
        findings: Callable[[], Iterable[object]],
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._population, self._findings = session, population, findings
        self.task = TaskRow(
            "Report...",
            "Write all figures and numbers into one file, HTML or PDF: every measure with its interval, and the downstream "
            "test if it was run. It can be cancelled.",
            parent=self,
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.task)
        self.task.wanted.connect(self._on_wanted)
        self.task.succeeded.connect(self._on_written)
        self.task.ended.connect(self._on_ended)

    def set_possible(self, possible: bool) -> None:
        """Offer a report where there is something to report."""
        self.task.button.setEnabled(possible or self.task.running)

    def start(self, path: Path) -> None:
        """Write the report of what is shown now."""
        population = self._population()
        if population is not None:
            wavelength_nm = self._session.wavelength_nm
            work = partial(report_file, population, list(self._findings()), wavelength_nm, path)
            self.message.emit(f"Writing {path.name} ...")
            self.task.start(work)

    def stop(self) -> None:
        """End what is running; nothing is written."""
        self.task.cancel()

    def _on_wanted(self) -> None:
        name, chosen = QFileDialog.getSaveFileName(self, "Report", "population.html", _FILTERS)
        if name:
            self.start(with_suffix(name, chosen))

    def _on_written(self, path: Path) -> None:
        self.message.emit(f"Saved {path}")

    def _on_ended(self, sentence: str) -> None:
        if sentence:
            self.message.emit(sentence)
