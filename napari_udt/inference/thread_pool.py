"""Worker threads that share the parts of one layer, each with working memory of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch

from napari_udt.inference.winograd import Scratch
from napari_udt.threads import one_thread_each, usable_cores

Job = TypeVar("Job")


class ThreadPool:
    """Threads for independent parts of a computation; see `thread_pool`."""

    def __init__(self, size: int, pool: ThreadPoolExecutor | None) -> None:
        self.size = size
        self._pool = pool
        self._own = threading.local()

    @property
    def scratch(self) -> Scratch:
        """Working memory of the calling thread."""
        if not hasattr(self._own, "scratch"):
            self._own.scratch = Scratch()
        found: Scratch = self._own.scratch
        return found

    def share(self, work: Callable[[Job, Scratch], None], jobs: Sequence[Job]) -> None:
        """Do ``work(job, scratch)`` for every job, in any order and thread; raises what a job raised."""
        if self._pool is None or len(jobs) == 1:
            for job in jobs:
                work(job, self.scratch)
        else:
            list(self._pool.map(partial(self._do, work), jobs))

    @torch.inference_mode()  # a mode holds in the thread that enters it only
    def _do(self, work: Callable[[Job, Scratch], None], job: Job) -> None:
        work(job, self.scratch)


@contextmanager
def thread_pool(threads: int | None = None) -> Iterator[ThreadPool]:
    """Yield a pool of one thread per usable core (or ``threads``); torch calls use one thread each meanwhile.

    The threads meet once per layer instead of once per torch call: a core that another program occupies then
    costs its share and little more.
    """
    size = threads or usable_cores()
    with one_thread_each():
        if size == 1:
            yield ThreadPool(1, None)
            return
        with ThreadPoolExecutor(size, initializer=partial(torch.set_num_threads, 1)) as pool:
            yield ThreadPool(size, pool)
