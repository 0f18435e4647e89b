"""A transfer in a thread of its own: progress, cancelling, one result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.qt.threading import WorkerBase, WorkerBaseSignals
from qtpy.QtCore import Signal

from napari_udt.errors import TransferCancelled
from napari_udt.viewer.transfer.job import TransferFunction, TransferRequest, run


class TransferSignals(WorkerBaseSignals):
    """Signals of a transfer; they reach the window's thread through Qt's queue."""

    progressed = Signal(object, object, object)  # request, pixels done, pixels in all
    succeeded = Signal(object, object)  # request, transferred cube
    failed = Signal(object, object)  # request, exception
    cancelled = Signal(object)  # request


class TransferWorker(WorkerBase):
    """Runs one request; ends in exactly one of ``succeeded``, ``failed`` and ``cancelled``."""

    def __init__(self, request: TransferRequest, transfer: TransferFunction | None = None) -> None:
        super().__init__(SignalsClass=TransferSignals)
        self._request = request
        self._transfer = transfer

    def work(self) -> None:
        """Run the request (called by Qt in the thread)."""
        request = self._request
        try:
            result = run(request, self._report, self._is_cancelled, self._transfer)
        except TransferCancelled:
            self.signals.cancelled.emit(request)
        except Exception as error:  # whatever a driver or a network raises shall reach the user, not the log
            self.signals.failed.emit(request, error)
        else:
            self.signals.succeeded.emit(request, result)

    def _report(self, done: int, total: int) -> None:
        self.signals.progressed.emit(self._request, done, total)

    def _is_cancelled(self) -> bool:
        return bool(self.abort_requested)


class CallWorker(WorkerBase):
    """Calls a slow function once in a thread; ``returned`` brings its value, an error goes by ``errored``."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__()
        self._function = function

    def work(self) -> Any:
        """Call the function (called by Qt in the thread)."""
        return self._function()
