"""One transfer at a time, in a thread of its own; what a cancelled one still brings is ignored."""

from __future__ import annotations

import time
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_udt.viewer.transfer.job import TransferFunction, TransferRequest
from napari_udt.viewer.transfer.widgets.worker import TransferWorker


class TransferRun(QObject):
    """The run that is under way, if any.

    Parameters
    ----------
    transfer : callable, optional
        Used instead of the package's own.
    parent : QObject
    """

    progressed = Signal(object, object)  # done, in all
    succeeded = Signal(object, float)  # the transferred cube, seconds
    failed = Signal(object)  # exception
    ended = Signal()  # after each of both, and after cancelling

    def __init__(self, transfer: TransferFunction | None, parent: QObject) -> None:
        super().__init__(parent)
        self.transfer = transfer
        self.request: TransferRequest | None = None
        self.worker: TransferWorker | None = None
        self._started = 0.0

    @property
    def name(self) -> str | None:
        """What the cube is called that is being transferred; None when there is none."""
        return None if self.request is None else self.request.key

    def start(self, request: TransferRequest) -> None:
        """Start a run; there must be none."""
        worker = TransferWorker(request, self.transfer)
        worker.progressed.connect(self._on_progressed)
        worker.succeeded.connect(self._on_succeeded)
        worker.failed.connect(self._on_failed)
        worker.cancelled.connect(self._on_cancelled)
        self.destroyed.connect(worker.quit)
        self.request, self.worker, self._started = request, worker, time.perf_counter()
        worker.start()

    def cancel(self) -> bool:
        """Stop the run; return whether there was one."""
        if self.worker is None or self.request is None:
            return False
        self.worker.quit()
        self._end()
        return True

    def _end(self) -> None:
        self.request = self.worker = None
        self.ended.emit()

    def _on_progressed(self, request: TransferRequest, done: int, total: int) -> None:
        if request is self.request and done:
            self.progressed.emit(done, total)

    def _on_succeeded(self, request: TransferRequest, result: Any) -> None:
        if request is self.request:
            seconds = time.perf_counter() - self._started
            self._end()
            self.succeeded.emit(result, seconds)

    def _on_failed(self, request: TransferRequest, error: Exception) -> None:
        if request is self.request:
            self._end()
            self.failed.emit(error)

    def _on_cancelled(self, request: TransferRequest) -> None:
        if request is self.request:
            self._end()
