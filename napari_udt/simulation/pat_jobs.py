"""Many independent images on several processor cores, resumable.

An image depends on the seed and its own number only, so neither the number of processes nor an interruption
changes the result.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from napari_udt.errors import SimulationError
from napari_udt.files import whole_or_nothing
from napari_udt.simulation.pat_image import PatImage

Progress = Callable[[int, int], None]
ImageMaker = Callable[[int], PatImage]


@dataclass(frozen=True)
class Parts:
    """Folder in which finished images wait for the rest.

    Parameters
    ----------
    folder : Path
    stem : str
        Distinguishes this run's images from those of other runs.
    """

    folder: Path
    stem: str

    def path(self, index: int) -> Path:
        """Return where image ``index`` is or will be."""
        return self.folder / f"{self.stem}_{index:06d}.npz"

    def save(self, index: int, image: PatImage) -> None:
        """Write one image, whole or not at all."""
        arrays = {field.name: getattr(image, field.name) for field in fields(image)}
        numbers = arrays.pop("parameters")
        arrays |= {f"parameter_{name}": np.float64(value) for name, value in numbers.items()}
        with whole_or_nothing(self.path(index)) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)

    def load(self, index: int) -> PatImage | None:
        """Read one image; None where it is not there yet."""
        path = self.path(index)
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
                numbers = {
                    name.removeprefix("parameter_"): float(arrays.pop(name))
                    for name in file.files
                    if name.startswith("parameter_")
                }
                return PatImage(**arrays, parameters=numbers)
        except (OSError, ValueError, TypeError) as error:
            raise SimulationError(
                f"{path}: not a finished image of this simulation ({error}); delete it and start again."
            ) from error


def make_images(
    make: ImageMaker, n: int, *, jobs: int = 1, progress: Progress | None = None, parts: Parts | None = None
) -> Iterator[tuple[int, PatImage]]:
    """Yield ``(number, image)`` as images are finished, in any order.

    Parameters
    ----------
    make : callable
        Picklable; makes the image of a number.
    n : int
        How many images.
    jobs : int
        Processes.
    progress : callable, optional
        Called with (done, total) after each image; what it raises ends the run.
    parts : Parts, optional
        Finished images are kept there and not made again.
    """
    for done, result in enumerate(_finished(make, n, jobs, parts), start=1):
        if progress is not None:
            progress(done, n)
        yield result


def _finished(make: ImageMaker, n: int, jobs: int, parts: Parts | None) -> Iterator[tuple[int, PatImage]]:
    missing = []
    for index in range(n):
        image = parts.load(index) if parts is not None else None
        if image is None:
            missing.append(index)
        else:
            yield index, image
    if jobs > 1 and len(missing) > 1:
        yield from _in_processes(make, missing, jobs, parts)
    else:
        yield from ((index, _make_one(make, index, parts)) for index in missing)


def _make_one(make: ImageMaker, index: int, parts: Parts | None) -> PatImage:
    image = make(index)
    if parts is not None:
        parts.save(index, image)
    return image


def _in_processes(
    make: ImageMaker, indices: list[int], jobs: int, parts: Parts | None
) -> Iterator[tuple[int, PatImage]]:
    # "spawn": a forked child would inherit the locks of whatever threads run here (Qt, torch)
    pool = ProcessPoolExecutor(min(jobs, len(indices)), mp_context=multiprocessing.get_context("spawn"))
    try:
        running: dict[Future[PatImage], int] = {
            pool.submit(_make_one, make, index, parts): index for index in indices
        }
        for future in as_completed(running):
            yield running.pop(future), future.result()
    finally:
        pool.shutdown(cancel_futures=True)
