"""Processing the files of a batch: in this process, in several, or on a cluster.

A process may die (out of memory, a node switched off). Results are whole or not there at all, so its file is simply
done again; a file that kills its process twice is reported as an error.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.errors import TransferError, unexpected
from napari_udt.files.reading import absolute
from napari_udt.inference.batch import Outcome, Task, transfer_file
from napari_udt.io.contract import Progress
from napari_udt.parent_process import end_with_parent
from napari_udt.threads import usable_cores, use_at_most, wait_passively

if TYPE_CHECKING:
    from distributed import Client

Work = Callable[[Task], Outcome]

PATIENCE_S = 20.0  # with a scheduler
_DIED = "the process that worked on it died, probably for want of memory"


def here(tasks: Iterable[Task], progress: Progress | None = None) -> Iterator[Outcome]:
    """Work on one file after the other in this process."""
    for task in tasks:
        yield transfer_file(task, progress)


def in_processes(tasks: Iterable[Task], jobs: int, function: Work = transfer_file) -> Iterator[Outcome]:
    """Work on several files at once, each in a process of its own with its share of the cores."""
    cores = max(1, usable_cores() // max(1, jobs))
    waiting, suspects = list(tasks), list[Task]()
    while waiting:
        with _pool(jobs, cores) as pool:
            yield from _fed(pool, function, jobs, waiting, suspects)
    for task in suspects:  # alone, so that it is known whose fault it is
        with _pool(1, cores) as pool:
            try:
                yield pool.submit(function, task).result()
            except BrokenProcessPool:
                yield failed(task, _DIED)
            except Exception as error:  # a defect costs one file
                yield failed(task, unexpected(error).rstrip("."))


def on_cluster(tasks: Iterable[Task], address: str) -> Iterator[Outcome]:
    """Work on the files on the workers of a dask.distributed scheduler; they must see the same folders.

    The files of a worker that is lost go to another one.

    Raises
    ------
    TransferError
        When `distributed` is not installed, or no scheduler answers at the address.
    """
    with _client(address) as client:
        from distributed import as_completed

        futures = {
            client.submit(_on_worker, _absolute(task), pure=False, key=f"udt-{n}-{task.source.name}"): task
            for n, task in enumerate(tasks)
        }
        for future in as_completed(futures, raise_errors=False):
            task = futures[future]
            if future.status == "finished":
                yield {**future.result(), "source": str(task.source)}
            else:
                yield failed(task, f"{_DIED} ({type(future.exception()).__name__})")


def failed(task: Task, why: str) -> Outcome:
    """Return the outcome of a file whose process ended without one."""
    return {
        **dict.fromkeys(("result", "device", "condition", "wavelengths", "seconds")),
        "source": str(task.source),
        "model": task.options.model,
        "skipped": False,
        "error": f"{task.source}: {why}.",
    }


def _pool(jobs: int, cores: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_started, initargs=(cores,)
    )


def _started(cores: int) -> None:
    end_with_parent()
    _prepared(cores)


def _prepared(cores: int) -> None:
    wait_passively()
    use_at_most(cores)


def _fed(
    pool: ProcessPoolExecutor, function: Work, jobs: int, waiting: list[Task], suspects: list[Task]
) -> Iterator[Outcome]:
    """Feed a pool with as many files as it has processes, until there are none left or a process dies.

    The files that were under way then become suspects.
    """
    running: dict[Future[Outcome], Task] = {}
    broken = False
    while running or (waiting and not broken):
        while waiting and len(running) < jobs and not broken:
            task = waiting.pop(0)
            try:
                running[pool.submit(function, task)] = task
            except BrokenProcessPool:
                waiting.insert(0, task)
                broken = True
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                suspects.append(task)
                broken = True
            except Exception as error:  # a defect costs one file
                yield failed(task, unexpected(error).rstrip("."))


_one_at_a_time = threading.Lock()


def _on_worker(task: Task) -> Outcome:
    """Work on one file in a worker of a cluster, with the threads that the worker was given."""
    from distributed import get_worker

    with _one_at_a_time:
        _prepared(get_worker().state.nthreads)
        return transfer_file(task)


def _absolute(task: Task) -> Task:
    """Return a task that means the same in any working directory."""
    options = task.options
    model = options.model
    if model is not None and Path(model).exists():
        model = str(Path(model).resolve())
    reference = options.reference and absolute(options.reference)
    return Task(
        absolute(task.source), absolute(task.target), replace(options, model=model, reference=reference)
    )


def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise TransferError(
            'A scheduler needs the package distributed: pip install "napari-udt[cluster]".'
        ) from error
    try:
        return Client(address, timeout=PATIENCE_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise TransferError(f"No dask scheduler answers at {address!r} ({error}).") from error
