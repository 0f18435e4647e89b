"""The button that writes a report on the population."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_udt.population.groups import Population
from napari_udt.viewer.population.report import report_file
from napari_udt.viewer.qt.export import ask_save_path
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.qt.jobs import TaskRow
from napari_udt.viewer.state.session import Session

_FILTERS = "Web page in one file (*.html)"


class ReportRow(QWidget):
    """Button that asks for a file name and writes the report in a thread.

    Parameters
    ----------
    session : Session
        Its wavelength is that of the pictures.
    population : callable
        Returns the population, or None.
    findings : callable
        Returns results that need not be computed again.
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
        fill(self, self.task)
        self.task.wanted.connect(self._on_wanted)
        self.task.succeeded.connect(self._on_written)
        self.task.ended.connect(self._on_ended)

    def set_possible(self, possible: bool) -> None:
        """Enable the button, or disable it."""
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
        """Cancel a report that is being written."""
        self.task.cancel()

    def _on_wanted(self) -> None:
        path = ask_save_path(self, "Report", "population.html", _FILTERS, self.message.emit)
        if path is not None:
            self.start(path)

    def _on_written(self, path: Path) -> None:
        self.message.emit(f"Saved {path}")

    def _on_ended(self, sentence: str) -> None:
        if sentence:
            self.message.emit(sentence)
