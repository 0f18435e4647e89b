"""How many threads torch uses, and how they wait. torch is imported when first needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def wait_passively() -> None:
    """Let OpenMP's threads sleep while they wait; call this before torch is first imported.

    Threads that spin occupy the cores that the window (or another program) needs: two of them beside one busy
    process were measured to run 10 to 25 times slower. Whoever has set a policy keeps it.
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def usable_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
