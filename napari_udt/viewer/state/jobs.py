"""Work in the background: how far it is, cancelling it, and which answers still count. No Qt.

Everything here can be called in any thread, so that tests run it at once; :mod:`napari_udt.viewer.qt.jobs` runs jobs in
Qt's threads and brings their results to the window's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from psygnal import Signal

from napari_udt.errors import TransferCancelled, UdtError

T = TypeVar("T")
Report = Callable[[int, int], None]  # done, in all
Work = Callable[[Report], T]
Submit = Callable[[Callable[[], None]], object]  # runs a function later, in another thread

# Ten times a second is all that a person sees, and all that the window should be bothered with.
_REPORT_INTERVAL_S = 0.1
_MOST_LETTERS = 190  # of a sentence on an unexpected error


def error_text(error: Exception, failure: str = "This could not be computed", consequence: str = ".") -> str:
    """Return one sentence for the user: the error's own words, or what failed when the error was not expected.

    Unexpected errors are cut: those of libraries may have many lines.
    """
    if isinstance(error, UdtError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{failure}: there is not enough memory; close other cubes, or other programs{consequence}"
    name, words = type(error).__name__, " ".join(str(error).split())
    room = _MOST_LETTERS - len(f"{failure} ({name}: ){consequence}")
    return f"{failure} ({name}: {words if len(words) <= room else f'{words[: room - 1]}…'}){consequence}"


def ignore_progress(_done: int, _total: int) -> None:
    """Report to nobody."""


class Job(Generic[T]):
    """One call of ``work(report)`` that can be cancelled; holds the result, or the error, once it has ended.

    Parameters
    ----------
    work : callable
        Calls ``report(done, total)`` as often as it likes; the call raises ``TransferCancelled`` once the job is
        cancelled.
    """

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._cancelled = False
        self._reported = -math.inf
        self.result: T | None = None
        self.error: Exception | None = None  # TransferCancelled after cancelling

    def cancel(self) -> None:
        """Ask the work to end at its next report."""
        self._cancelled = True

    def run(self, report: Report = ignore_progress) -> None:
        """Do the work; ``report`` is called about ten times a second."""
        try:
            self.result = self._work(partial(self._report, report))
        except Exception as error:  # whatever a library raises must reach the user, not the log
            self.error = error

    def _report(self, report: Report, done: int, total: int) -> None:
        if self._cancelled:
            raise TransferCancelled("Cancelled; nothing was changed.")
        now = time.monotonic()
        if done == total or now - self._reported >= _REPORT_INTERVAL_S:
            self._reported = now
            report(done, total)


def run_at_once(function: Callable[[], None]) -> None:
    """Run a function in the caller's thread: a ``Submit`` for tests and scripts."""
    function()


class LatestJob(Generic[T]):
    """The newest of several requests; the results of earlier ones are dropped, begun or not.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread; without it every request is answered at once.
    """

    done = Signal()  # there is a result, or an error; emitted in the thread that works

    def __init__(self, submit: Submit | None = None) -> None:
        self._submit = submit or run_at_once
        self._lock = Lock()
        self._job: Job[T] | None = None
        self.result: T | None = None
        self.error = ""  # one sentence

    @property
    def busy(self) -> bool:
        """Whether the newest request is still to be answered; ``result`` is an older one's until then."""
        return self._job is not None

    def start(self, work: Callable[[], T]) -> None:
        """Request something in place of what was requested before."""
        job = Job(lambda _report: work())
        with self._lock:
            self._job = job
        self._submit(partial(self._run, job))

    def drop(self) -> None:
        """Forget the request and the result."""
        with self._lock:
            self._job, self.result, self.error = None, None, ""

    def _run(self, job: Job[T]) -> None:
        if job is not self._job:
            return
        job.run()
        with self._lock:
            if job is not self._job:
                return
            self._job, self.result = None, job.result
            self.error = "" if job.error is None else error_text(job.error)
        self.done.emit()


class KeyedJobs:
    """Pieces of work known by keys: none is begun twice at a time, and those no longer wanted are left out.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread; without it everything is done at once.
    """

    ended = Signal()  # a piece of work is done; emitted in the thread that works

    def __init__(self, submit: Submit | None = None) -> None:
        self._submit = submit or run_at_once
        self._lock = Lock()
        self._round = 0
        self._pending: dict[Hashable, int] = {}  # the round in which each was last requested

    @property
    def busy(self) -> bool:
        """Whether any work is waiting or being done."""
        return bool(self._pending)

    def is_pending(self, key: Hashable) -> bool:
        """Whether this work is waiting or being done."""
        return key in self._pending

    def start_round(self) -> None:
        """Start a round of requests: work that is not requested in it again is not begun any more."""
        self._round += 1

    def request(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do something, unless it is pending."""
        with self._lock:
            pending = key in self._pending
            self._pending[key] = self._round
        if not pending:
            self._submit(partial(self._run, key, work))

    def _run(self, key: Hashable, work: Callable[[], None]) -> None:
        with self._lock:
            if self._pending[key] < self._round:
                del self._pending[key]
                return
        try:
            work()
        finally:
            with self._lock:
                del self._pending[key]
        self.ended.emit()


class WorkerThread:
    """Runs functions in the order in which they are submitted, in one thread (or more); it starts with the first."""

    def __init__(self, threads: int = 1) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="napari-udt-worker")

    def submit(self, function: Callable[[], None]) -> None:
        """Run a function after those submitted before."""
        self._executor.submit(function)

    def stop(self, *_: object) -> None:
        """Drop what has not begun, and wait for nothing; takes (and ignores) what Qt's signals carry."""
        self._executor.shutdown(wait=False, cancel_futures=True)
