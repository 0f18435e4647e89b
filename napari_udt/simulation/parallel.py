"""Long simulations in blocks: over several cores, repeatable, and resumable after an interruption.

Each block draws from a generator of its own (:func:`block_rng`), so that the result depends on the seed and
never on the number of processes. Finished blocks can be kept on disk; a run that is started again picks them up.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import SimulationError
from napari_udt.files.writing import whole_or_nothing
from napari_udt.parent_process import end_with_parent

Arrays = dict[str, NDArray[Any]]
Progress = Callable[[int, int], None]

_SETTINGS = "settings.json"


def block_rng(seed: int, block: int) -> np.random.Generator:
    """Random generator of one block, independent of every other block's."""
    return np.random.default_rng([seed, block])


def run_blocks(
    make: Callable[[int], Arrays],
    blocks: int,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    parts: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Arrays:
    """Make all blocks and join them along the first axis, in the order of their numbers.

    Parameters
    ----------
    make : callable
        Turns a block's number into named arrays; picklable (a module's function or a partial of one) where
        ``jobs`` is more than 1.
    blocks : int
        How many there are.
    jobs : int
        Processes to use; 1 computes in this one.
    progress : callable, optional
        Gets (finished, all) blocks after each one; an error that it raises ends the run, finished blocks stay.
    parts : Path, optional
        Folder where finished blocks are kept; the caller removes it when the result is safe.
    settings : mapping, optional
        JSON-serialisable description of the run; blocks of a run with other settings are refused.

    Returns
    -------
    dict of str to array

    Raises
    ------
    SimulationError
        When ``parts`` holds blocks that were made with other settings.
    """
    store = _Parts(parts, dict(settings or {})) if parts else None
    done = {block: arrays for block in range(blocks) if store and (arrays := store.load(block)) is not None}
    missing = [block for block in range(blocks) if block not in done]
    for block, arrays in _made(make, missing, jobs):
        done[block] = arrays
        if store:
            store.save(block, arrays)
        if progress:
            progress(len(done), blocks)
    return {name: np.concatenate([done[block][name] for block in range(blocks)]) for name in done[0]}


def _made(make: Callable[[int], Arrays], blocks: list[int], jobs: int) -> Iterator[tuple[int, Arrays]]:
    if jobs <= 1 or len(blocks) <= 1:
        yield from ((block, make(block)) for block in blocks)
        return
    # "spawn" works the same way on every system and inherits no threads or open files.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(blocks)), mp_context=context, initializer=end_with_parent) as pool:
        waiting = {pool.submit(make, block): block for block in blocks}
        try:
            yield from _as_completed(waiting)
        finally:
            pool.shutdown(cancel_futures=True)


def _as_completed(waiting: dict[Future[Arrays], int]) -> Iterator[tuple[int, Arrays]]:
    """Like :func:`concurrent.futures.as_completed`, but lets go of each result once it is handed over."""
    while waiting:
        finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in finished:
            yield waiting.pop(future), future.result()


class _Parts:
    """Finished blocks in a folder, one file each."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        description = json.dumps(settings, sort_keys=True)
        known = folder / _SETTINGS
        if known.is_file() and known.read_text(encoding="utf-8") != description:
            raise SimulationError(
                f"{folder} holds blocks of a run with other settings; finish that run or remove the folder."
            )
        with whole_or_nothing(known) as temporary:
            temporary.write_text(description, encoding="utf-8")

    def load(self, block: int) -> Arrays | None:
        path = self._path(block)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    def save(self, block: int, arrays: Arrays) -> None:
        with whole_or_nothing(self._path(block)) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def _path(self, block: int) -> Path:
        return self.folder / f"block_{block:05d}.npz"
