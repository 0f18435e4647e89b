"""A button that starts a long piece of work and cancels it, with a bar that shows how far it is."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.jobs import Work, error_text

_STEPS = 1000


class TaskRow(QWidget):
    """Runs one piece of work at a time, in a thread of its own.

    Parameters
    ----------
    title : str
        On the button.
    tooltip : str
    parent : QWidget, optional
    """

    wanted = Signal()  # the button was pressed, and nothing runs: call ``start``
    succeeded = Signal(object)  # what the work returned
    ended = Signal(str)  # why there is no result, in one sentence; empty where there is one

    def __init__(self, title: str, tooltip: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._run = JobRunner(self)
        self.button = QPushButton(title, self)
        self.button.setObjectName(title)
        self.button.setToolTip(f"<qt>{tooltip}</qt>")
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName(f"Progress of {title}")
        self.bar.setRange(0, _STEPS)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button)
        row.addWidget(self.bar, stretch=1)
        self._keep_place(self.bar)
        self.button.clicked.connect(self._on_clicked)
        self._run.progressed.connect(self._on_progressed)
        self._run.ended.connect(self._show_state)
        self._run.failed.connect(self._on_failed)
        self._run.cancelled.connect(self._on_cancelled)
        self._show_state()

    @property
    def running(self) -> bool:
        """Whether something is being worked on."""
        return self._run.running

    def start(self, work: Work[Any]) -> None:
        """Begin, unless something is being worked on."""
        if self._run.start(work, self._on_succeeded):
            self.bar.setValue(0)
            self._show_state()

    def cancel(self) -> None:
        """End it at its next step; nothing is kept."""
        if self.running:
            self._run.cancel()
            self.button.setText("Cancelling ...")
            self.button.setEnabled(False)

    def _on_clicked(self) -> None:
        if self.running:
            self.cancel()
        else:
            self.wanted.emit()

    def _on_progressed(self, done: int, total: int) -> None:
        self.bar.setValue(round(_STEPS * done / max(total, 1)))
        self.bar.setFormat(f"{done} of {total}" if total else "")

    def _on_succeeded(self, result: Any) -> None:
        self.succeeded.emit(result)
        self.ended.emit("")

    def _on_failed(self, error: Exception) -> None:
        self.ended.emit(error_text(error))

    def _on_cancelled(self) -> None:
        self.ended.emit("Cancelled; nothing was kept.")

    def _show_state(self) -> None:
        self.button.setEnabled(True)
        self.button.setText("Cancel" if self.running else self._title)
        self.bar.setVisible(self.running)

    @staticmethod
    def _keep_place(widget: QWidget) -> None:
        """Leave the room of a hidden widget empty: what is below must not jump."""
        policy = widget.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        widget.setSizePolicy(policy)
