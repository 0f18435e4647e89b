"""Work in another thread of which only the newest answer counts. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from psygnal import Signal

from napari_udt.errors import UdtError

T = TypeVar("T")
Submit = Callable[[Callable[[], None]], object]


class LatestTask(Generic[T]):
    """Answers the newest of several requests; what was asked before is dropped, begun or not.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread; without it every request is answered at once.
    """

    done = Signal()  # emitted in the thread that works

    def __init__(self, submit: Submit | None = None) -> None:
        self._submit = submit
        self._lock = Lock()
        self._number = 0
        self.busy = False
        self.result: T | None = None
        self.error = ""

    def ask(self, work: Callable[[], T]) -> None:
        """Ask for something; ``done`` tells when ``result``, or ``error``, is its answer."""
        with self._lock:
            self._number += 1
            self.busy = True
            job = partial(self._work, self._number, work)
        if self._submit is None:
            job()
        else:
            self._submit(job)

    def drop(self) -> None:
        """Forget the request, and what is known."""
        with self._lock:
            self._number += 1
            self.busy, self.result, self.error = False, None, ""

    def _work(self, number: int, work: Callable[[], T]) -> None:
        if number != self._number:
            return
        result, error = None, ""
        try:
            result = work()
        except UdtError as refusal:
            error = str(refusal)
        except Exception as failure:  # whatever a library raises shall reach the user, not the log
            error = f"This could not be computed ({type(failure).__name__}: {failure})."
        with self._lock:
            if number != self._number:
                return
            self.result, self.error, self.busy = result, error, False
        self.done.emit()
