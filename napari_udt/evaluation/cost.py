"""What a transfer costs: processor time, and memory on top of what was there before."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PERIOD_S = 0.01  # between two looks at the memory


@dataclass
class Cost:
    """Cost of a piece of work.

    Parameters
    ----------
    seconds : float
        Processor time of all threads. Work on a GPU is not in it.
    memory_bytes : int
        Largest resident memory during the work, less that at its begin, looked at every 10 ms: short peaks may be missed, and
        memory that was freed before and is used again does not count.
    """

    seconds: float = 0.0
    memory_bytes: int = 0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure what runs inside; the numbers are there at the end."""
    import psutil

    process, cost, ended = psutil.Process(), Cost(), threading.Event()
    before = int(process.memory_info().rss)

    def watch() -> None:
        while not ended.wait(_PERIOD_S):
            cost.memory_bytes = max(cost.memory_bytes, int(process.memory_info().rss) - before)

    watcher = threading.Thread(target=watch, name="memory", daemon=True)
    watcher.start()
    start = time.process_time()
    try:
        yield cost
    finally:
        cost.seconds = time.process_time() - start
        ended.set()
        watcher.join()
        cost.memory_bytes = max(cost.memory_bytes, int(process.memory_info().rss) - before)
