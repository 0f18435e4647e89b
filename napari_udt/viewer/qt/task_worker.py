"""A long piece of work in a thread of its own, with progress and cancelling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.qt.threading import WorkerBase, WorkerBaseSignals
from qtpy.QtCore import Signal

from napari_udt.errors import TransferCancelled
from napari_udt.viewer.files.choices import Report, stopper


class TaskSignals(WorkerBaseSignals):
    """Signals of a piece of work; they reach the window's thread through Qt's queue."""

    progressed = Signal(object, object)  # done, in all: too large for a C int
    succeeded = Signal(object)
    failed = Signal(object)  # exception
    cancelled = Signal()


class TaskWorker(WorkerBase):
    """Calls ``work(report)``; ends in exactly one of ``succeeded``, ``failed`` and ``cancelled``."""

    def __init__(self, work: Callable[[Report], Any]) -> None:
        super().__init__(SignalsClass=TaskSignals)
        self._task = work

    def work(self) -> None:
        """Do the work (called by Qt in the thread)."""
        try:
            result = self._task(stopper(self._report, self._is_cancelled))
        except TransferCancelled:
            self.signals.cancelled.emit()
        except Exception as error:  # whatever a library raises shall reach the user, not the log
            self.signals.failed.emit(error)
        else:
            self.signals.succeeded.emit(result)

    def _report(self, done: int, total: int) -> None:
        self.signals.progressed.emit(done, total)

    def _is_cancelled(self) -> bool:
        return bool(self.abort_requested)
