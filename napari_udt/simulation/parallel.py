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
        Folder where finished blocks are kept; the caller removes it when the result is safe. The joined arrays then
        stay on the disk too (they are memory maps of files in the folder), so memory does not grow with the number of blocks.
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
    missing = [block for block in range(blocks) if store is None or not store.has(block)]
    kept: dict[int, Arrays] = {}
    for finished, (block, arrays) in enumerate(_made(make, missing, jobs), blocks - len(missing) + 1):
        if store:
            store.save(block, arrays)
        else:
            kept[block] = arrays
        if progress:
            progress(finished, blocks)
    if store:
        return store.joined(blocks)
    return {name: np.concatenate([kept[block][name] for block in range(blocks)]) for name in kept[0]}


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

    def has(self, block: int) -> bool:
        return self._path(block).is_file()

    def load(self, block: int) -> Arrays:
        with np.load(self._path(block), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    def save(self, block: int, arrays: Arrays) -> None:
        with whole_or_nothing(self._path(block)) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def joined(self, blocks: int) -> Arrays:
        """All blocks one after the other, as memory maps: one block at a time is in memory."""
        rows = [len(next(iter(self.load(block).values()))) for block in range(blocks)]
        maps: Arrays = {}
        for block, stop in enumerate(np.cumsum(rows)):
            for name, values in self.load(block).items():
                if name not in maps:
                    shape = (sum(rows), *values.shape[1:])
                    maps[name] = self._map(name, values.dtype, shape)
                maps[name][stop - rows[block] : stop] = values
        return maps

    def _map(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        if 0 in shape:
            return np.empty(shape, dtype)  # nothing can be mapped
        path = self.folder / f"joined_{name}.npy"
        return np.lib.format.open_memmap(path, "w+", dtype, shape)

    def _path(self, block: int) -> Path:
        return self.folder / f"block_{block:05d}.npz"
