"""How many threads torch uses, and how they wait. torch is imported when first needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def wait_passively() -> None:
    """Let OpenMP's threads sleep while they wait; call this before torch is first imported.

    Threads that spin occupy the cores that the window (or another program) needs: two of them beside one busy
    process were measured to run 10 to 25 times slower. A policy that is set already is kept.
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")


_most_cores: int | None = None


def usable_cores() -> int:
    """Count the cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if _most_cores is None else min(cores, _most_cores)


def use_at_most(cores: int) -> None:
    """Limit the cores that this process uses from now on: it shares the machine with others of its kind."""
    global _most_cores
    _most_cores = max(1, cores)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(_most_cores)
    os.environ["OMP_NUM_THREADS"] = str(_most_cores)  # for torch, when it comes


def single_threaded() -> None:
    """Let torch use one thread for each call from now on; for workers that call torch side by side."""
    import torch

    torch.set_num_threads(1)


@contextmanager
def one_thread_each(*, on: bool = True) -> Iterator[None]:
    """Let every torch call use one thread for a while.

    For workers that call torch side by side, and for products so small that threads would only wait for each other.
    """
    import torch

    before = torch.get_num_threads()
    if on:
        single_threaded()
    try:
        yield
    finally:
        torch.set_num_threads(before)
