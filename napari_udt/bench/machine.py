"""Peak rate of this machine, timing, and the memory that a run takes."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import psutil
import torch

from napari_udt.inference.products import has_onednn, onednn_linear

_MATRIX = 2048
_SAMPLING_S = 0.005


def matrix_peak_gflops(device: str = "cpu", repeats: int = 5) -> float:
    """Return the float32 matrix-multiply rate of all cores (or of the card), in GFLOP/s.

    On the CPU every core multiplies matrices of its own and the rates add up, so that neither threads that wait
    for each other nor another program on one of the cores spoil the figure more than they must. It is the rate of the
    faster of torch's two libraries there, see :mod:`napari_udt.inference.products`.
    """
    if device != "cpu":
        return _rate(device, repeats)
    from concurrent.futures import ThreadPoolExecutor

    from napari_udt.threads import one_thread_each, usable_cores

    with one_thread_each(), ThreadPoolExecutor(usable_cores()) as pool:
        return sum(pool.map(_rate, [device] * usable_cores(), [repeats] * usable_cores()))


def _rate(device: str, repeats: int) -> float:
    size = _MATRIX if device == "cpu" else 4 * _MATRIX
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    out = torch.empty_like(a)
    ways: list[Callable[[], object]] = [partial(torch.mm, a, b, out=out)]
    if device == "cpu" and has_onednn():
        ways.append(partial(onednn_linear, a, b.T))
    seconds = []
    for work in ways:
        work()
        seconds += [timed(work, device) for _ in range(repeats)]
    return 2 * size**3 / min(seconds) / 1e9


def timed(work: Callable[[], object], device: str = "cpu") -> float:
    """Return the seconds that some work takes, the card's queue emptied before and after."""
    _wait(device)
    start = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start


def in_turn(*works: Callable[[], object], repeats: int, device: str = "cpu") -> list[float]:
    """Time several works A B A B ..., and return the median seconds of each.

    Taking turns lets a machine whose speed drifts be equally unfair to all; the median forgets hiccups.
    """
    for work in works:
        work()
    runs = [[timed(work, device) for work in works] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*runs, strict=True)]


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


@dataclass
class PeakMemory:
    """Largest resident memory above the start, in MB."""

    above_start_mb: float = 0.0


@contextmanager
def watch_memory() -> Iterator[PeakMemory]:
    """Sample this process's resident memory while a block runs."""
    peak, start, done = PeakMemory(), _resident_mb(), threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLING_S):
            peak.above_start_mb = max(peak.above_start_mb, _resident_mb() - start)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
