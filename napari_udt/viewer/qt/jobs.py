"""Jobs in Qt's pool of threads, and a button with a progress bar for them.

Progress and results arrive in the window's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from napari.qt.threading import WorkerBase, WorkerBaseSignals
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QProgressBar, QWidget

from napari_udt.errors import TransferCancelled
from napari_udt.viewer.qt.fields import push_button, row_of
from napari_udt.viewer.state.jobs import Job, Work, error_text

_STEPS = 1000  # of a progress bar


class _Signals(WorkerBaseSignals):
    """Signals of a job; they reach the window's thread through Qt's queue."""

    progressed = Signal(object, object, object)  # job, done, in all: too large for a C int
    done = Signal(object)  # job


class _Worker(WorkerBase):
    """A job as superqt's worker: napari asks it to quit, and waits for it, when the program ends."""

    def __init__(self, job: Job[Any]) -> None:
        super().__init__(SignalsClass=_Signals)
        self.job = job

    def work(self) -> None:
        """Run the job (called by Qt in the thread)."""
        self.job.run(partial(self.signals.progressed.emit, self.job))
        self.signals.done.emit(self.job)

    def run(self) -> None:
        """Run; what ends after the program has no signals any more (called by Qt)."""
        with suppress(RuntimeError):
            super().run()

    def quit(self) -> None:
        """Ask the job to end at its next report."""
        super().quit()
        self.job.cancel()


class JobRunner(QObject):
    """Runs one job at a time; it is cancelled when ``parent`` is destroyed."""

    progressed = Signal(object, object)  # done, in all
    ended = Signal()  # in any way; before the result, or one of the next two signals
    failed = Signal(object)  # exception
    cancelled = Signal()  # the job ended because of ``cancel``

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._worker: _Worker | None = None
        self._then: Callable[[Any], object] | None = None

    @property
    def running(self) -> bool:
        """Whether a job is running."""
        return self._worker is not None

    def start(self, work: Work[Any], then: Callable[[Any], object]) -> bool:
        """Start a job, unless one is running; return whether it was started.

        Parameters
        ----------
        work : callable
            Called as ``work(report)`` in another thread, see :class:`~napari_udt.viewer.state.jobs.Job`.
        then : callable
            Called with the result, in this thread.
        """
        if self.running:
            return False
        worker = self._worker = _Worker(Job(work))
        self._then = then
        worker.signals.progressed.connect(self._on_progressed)
        worker.signals.done.connect(self._on_done)
        self.destroyed.connect(worker.quit)
        worker.start()
        return True

    def cancel(self) -> None:
        """Ask the job to end at its next report; it is running until then."""
        if self._worker is not None:
            self._worker.quit()

    def drop(self) -> bool:
        """Cancel the job and ignore what it may still bring; return whether there was one."""
        if self._worker is None:
            return False
        self._worker.quit()
        self._end()
        return True

    def _end(self) -> None:
        self._worker = self._then = None
        self.ended.emit()

    def _on_progressed(self, job: Job[Any], done: int, total: int) -> None:
        if self._worker is not None and job is self._worker.job:
            self.progressed.emit(done, total)

    def _on_done(self, job: Job[Any]) -> None:
        if self._worker is None or self._then is None or job is not self._worker.job:
            return  # a job that was dropped
        then = self._then
        self._end()
        if job.error is None:
            then(job.result)
        elif isinstance(job.error, TransferCancelled):
            self.cancelled.emit()
        else:
            self.failed.emit(job.error)


class TaskRow(QWidget):
    """A button that starts a job and cancels it, with a bar that shows its progress.

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
        self.button = push_button(title, tooltip, self)
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName(f"Progress of {title}")
        self.bar.setRange(0, _STEPS)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what is below must not jump
        self.bar.setSizePolicy(policy)
        row_of(self.button, self.bar, equal=False, parent=self).setStretch(1, 1)
        self.button.clicked.connect(self._on_clicked)
        self._run.progressed.connect(self._on_progressed)
        self._run.ended.connect(self._show_state)
        self._run.failed.connect(self._on_failed)
        self._run.cancelled.connect(self._on_cancelled)
        self._show_state()

    @property
    def running(self) -> bool:
        """Whether a job is running."""
        return self._run.running

    def start(self, work: Work[Any]) -> None:
        """Start a job, unless one is running."""
        if self._run.start(work, self._on_succeeded):
            self.bar.setValue(0)
            self._show_state()

    def cancel(self) -> None:
        """Ask the job to end at its next report; nothing of it is kept."""
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
