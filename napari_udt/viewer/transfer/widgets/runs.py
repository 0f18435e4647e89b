"""Transfers in the background, one after the other, in Qt's threads; what they bring goes into the session."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal

from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer import job as transfer_job
from napari_udt.viewer.transfer.job import TransferFunction, TransferRequest
from napari_udt.viewer.transfer.queue import STEPS, TransferQueue


class TransferRuns(QObject):
    """Carries out transfers one at a time; all are cancelled when ``parent`` is destroyed.

    Parameters
    ----------
    session : Session
        Gets the results.
    transfer : callable, optional
        Used instead of the package's own, by tests.
    parent : QObject
    """

    began = Signal(str)  # one run: a line on it
    progressed = Signal(int)  # how far all runs are, of STEPS
    ended = Signal(str, int)  # all runs: a line on what came of them, and the bar's last value

    def __init__(self, session: Session, transfer: TransferFunction | None, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._transfer = session, transfer
        self._run = JobRunner(self)
        self.warned = (
            False  # whether results of the runs that ended last came out far outside what the model saw
        )
        self._queue: TransferQueue | None = None
        self._run.progressed.connect(self._progressed)
        self._run.failed.connect(self._failed)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._queue is not None

    @property
    def cube_name(self) -> str | None:
        """Name of the cube that is being transferred; None when there is none."""
        current = None if self._queue is None else self._queue.current
        return None if current is None else current.key

    def start(self, requests: Sequence[TransferRequest]) -> None:
        """Start runs, at least one, unless some are under way."""
        if not self.running:
            self._queue = TransferQueue(requests)
            self._start_next(self._queue)

    def cancel(self) -> None:
        """Stop the run and those that wait; nothing of them is kept."""
        queue = self._queue
        if queue is not None:
            self._run.drop()
            self._end(queue.given_up, 0)

    def _start_next(self, queue: TransferQueue) -> None:
        request = queue.next()
        if request is None:
            self._end(queue.conclusion, STEPS if queue.made else 0)
            return
        self.began.emit(queue.status)
        work = partial(transfer_job.run, request, self._transfer)
        self._run.start(work, partial(self._succeeded, time.perf_counter()))

    def _end(self, text: str, share: int) -> None:
        self.warned = self._queue is not None and bool(self._queue.warnings)
        self._queue = None
        self.ended.emit(text, share)

    def _progressed(self, done: int, total: int) -> None:
        if done and self._queue is not None:  # before, the network is being loaded
            self.progressed.emit(self._queue.share(done, total))

    def _succeeded(self, started: float, result: Any) -> None:
        seconds, queue = time.perf_counter() - started, self._queue
        self._session.add(result)
        if queue is not None:
            queue.succeeded(result, seconds)
            self._start_next(queue)

    def _failed(self, error: Exception) -> None:
        text, queue = transfer_job.failure_text(error), self._queue
        show_error(text)
        if queue is not None:
            queue.failed(text)
            self._start_next(queue)
