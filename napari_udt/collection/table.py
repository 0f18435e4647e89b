"""Statistics of all spectra in a collection, as one tidy table: resumable, over several processes or machines.

A row for every cube, structure and wavelength. Each finished cube leaves a part in ``TABLE.parts``; a run that is started
again, with the same collection, goes on from there, and the last one joins the parts.
"""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.reading import PreparedCube, opened
from napari_udt.errors import CollectionError, UdtError, unexpected
from napari_udt.files.writing import check_writable, whole_or_nothing
from napari_udt.outgoing_text import csv_cell
from napari_udt.parent_process import end_with_parent
from napari_udt.spectral.functional_indices import INDICES, functional_indices

Progress = Callable[[int, int], None]
Task = tuple[Member, Collection, Path, tuple[str, ...]]  # with the part's file, and its columns

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
COLUMNS = (
    "file",
    "cube",
    "subject",
    "domain",
    "split",
    "structure",
    "wavelength_nm",
    "pixels",
    "n",
    "mean",
    "sd",
    *QUANTILES,
)
INDEX_COLUMNS = tuple(f"median_{index.key}" for index in INDICES)
_TOGETHER = 2**20  # values that are summed up at once
MOST_BYTES = 2**27  # of one structure's spectra, in memory at a time


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Parameters
    ----------
    cubes : int
        Cubes in the collection.
    finished : int
        Cubes of which there are statistics now.
    problems : tuple of str
        A sentence for each cube of this run that has none.
    written : bool
        Whether the table is whole and in its place.
    bare : tuple of str
        Names of finished cubes without any row: no structure has a name and a whole spectrum.
    """

    cubes: int
    finished: int
    problems: tuple[str, ...]
    written: bool
    bare: tuple[str, ...] = ()


def write_statistics(
    collection: Collection,
    output: Path,
    *,
    indices: bool = False,
    jobs: int = 1,
    shard: tuple[int, int] | None = None,
    progress: Progress = lambda done, total: None,
) -> Outcome:
    """Compute what is missing, and write the table.

    Parameters
    ----------
    collection : Collection
    output : Path
        A CSV file.
    indices : bool
        Also columns with the median of each functional index over the structure's pixels, of spectra as the file has them.
    jobs : int
        Processes.
    shard : (int, int), optional
        (I, N): only every N-th cube, the I-th first (from 1); the table is then written only when all cubes are finished.
    progress : callable, optional
        ``progress(cubes done, cubes in all)`` of this run; what it raises ends it, finished cubes stay.

    Raises
    ------
    CollectionError
        When a process dies.
    WriteError
        When the disk is full and the like.
    """
    check_writable(output)
    parts = output.with_name(f"{output.name}.parts")
    columns = (*COLUMNS, *INDEX_COLUMNS) if indices else COLUMNS
    paths = {member: parts / f"{_key(member, collection, columns)}.csv" for member in collection.members}
    first, step = (shard[0] - 1, shard[1]) if shard else (0, 1)
    missing = [member for member in collection.members[first::step] if not paths[member].exists()]
    tasks = [(member, collection, paths[member], columns) for member in missing]
    problems = []
    for done, problem in enumerate(_worked(tasks, jobs), 1):
        progress(done, len(tasks))
        if problem:
            problems.append(problem)
    finished = [path for path in paths.values() if path.exists()]
    written = shard is None or len(finished) == len(paths)
    if written:
        _join(finished, output, columns)
    bare = [member.name for member, path in paths.items() if path in finished and _is_bare(path, columns)]
    if len(finished) == len(paths) and written:
        shutil.rmtree(parts, ignore_errors=True)
    return Outcome(len(paths), len(finished), tuple(problems), written, tuple(bare))


def statistics(cube: PreparedCube, *, indices: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the rows of one cube: for every structure and wavelength, over all pixels without a missing value.

    Of a structure whose spectra would take more than ``MOST_BYTES``, so many pixels as that are taken, evenly spread: ``n`` of
    ``pixels``.
    """
    member, grid = cube.member, cube.collection.wavelengths_nm
    of_cube = {
        "file": member.path.as_posix(),
        "cube": member.candidate,
        "subject": member.subject,
        "domain": cube.cube.domain,
        "split": member.split,
    }
    most = max(1, MOST_BYTES // (4 * len(grid)))
    for name in cube.structures:
        rows, columns = np.nonzero(cube.mask(name))
        every = -(-len(rows) // most)
        spectra = cube.spectra(rows[::every], columns[::every])
        spectra = spectra[np.isfinite(spectra).all(axis=1)]
        if not len(spectra):
            continue
        counts = {"structure": name, "pixels": len(rows), "n": len(spectra)}
        medians = _index_medians(cube, rows[::every], columns[::every]) if indices else {}
        for wavelength, found in zip(grid, _summaries(spectra), strict=True):
            texts = {key: f"{value:.7g}" for key, value in found.items()}
            yield {**of_cube, **counts, "wavelength_nm": f"{wavelength:g}", **texts, **medians}


def _summaries(spectra: NDArray[np.float32]) -> Iterator[dict[str, float]]:
    """Yield mean, standard deviation and quantiles of each channel of spectra, shape (n, channels)."""
    wanted = list(QUANTILES.values())
    together = max(1, _TOGETHER // len(spectra))  # of small structures, which are many
    for start in range(0, spectra.shape[1], together):
        values = np.ascontiguousarray(spectra[:, start : start + together].T, np.float64)
        rows = (values.mean(axis=1), values.std(axis=1), *np.quantile(values, wanted, axis=1))
        for channel in zip(*rows, strict=True):
            yield dict(zip(("mean", "sd", *QUANTILES), channel, strict=True))


def _index_medians(cube: PreparedCube, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> dict[str, str]:
    """Return the medians of the functional indices at some pixels, at the cube's own wavelengths, without preprocessing."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for values in cube.blocks(rows, columns):
        own = functional_indices(values, cube.cube.wavelengths_nm, cube.cube.modality, cube.cube.bad_bands)
        for index, of_block in own.items():
            found.setdefault(f"median_{index.key}", []).append(of_block[np.isfinite(of_block)])
    joined = {key: np.concatenate(blocks) for key, blocks in found.items()}
    return {key: f"{np.median(values):.7g}" for key, values in joined.items() if len(values)}


def _one_part(task: Task) -> str:
    """Write the part of one cube; return what is wrong with it, or nothing."""
    member, collection, part, columns = task
    try:
        if problem := member.problem():
            return problem
        with opened(member, collection) as cube:
            _write_rows(part, statistics(cube, indices=len(columns) > len(COLUMNS)), columns)
    except UdtError as error:
        return str(error)
    except OSError:
        raise
    except Exception as error:  # a defect costs one cube
        return f"{member.path}: {unexpected(error)}"
    return ""


def _write_rows(path: Path, rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> None:
    with whole_or_nothing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({key: csv_cell(value) for key, value in row.items()} for row in rows)


def _worked(tasks: Sequence[Task], jobs: int) -> Iterator[str]:
    if jobs <= 1 or len(tasks) <= 1:
        yield from map(_one_part, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=end_with_parent) as pool:
        try:
            for future in as_completed([pool.submit(_one_part, task) for task in tasks]):
                yield future.result()
        except BrokenProcessPool as error:
            raise CollectionError(
                "A process died, probably for want of memory; run again with fewer --jobs, finished cubes stay."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _join(parts: Sequence[Path], output: Path, columns: Sequence[str]) -> None:
    with whole_or_nothing(output) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, columns).writeheader()
        for part in parts:
            with part.open(newline="", encoding="utf-8") as rows:
                next(rows)
                shutil.copyfileobj(rows, file)


def _is_bare(part: Path, columns: Sequence[str]) -> bool:
    """Whether the part of a cube has no rows."""
    try:
        return part.stat().st_size <= len(",".join(columns)) + 2
    except OSError:  # another share has joined all and cleaned up
        return False


def _key(member: Member, collection: Collection, columns: Sequence[str]) -> str:
    """Return a name for a cube's part that changes with everything that decides its rows."""
    decides = {
        **asdict(member),
        "wavelengths": collection.wavelengths_nm,
        "structures": dict(collection.structures),
        "preprocessing": list(map(str, collection.preprocessing)),
        "columns": columns,
    }
    text = json.dumps(decides, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
