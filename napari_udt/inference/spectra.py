"""Running a model over the spectra of a cube, chunk by chunk."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.far_outside import is_far_outside, largest_accepted
from napari_udt.inference.grid import transferable
from napari_udt.inference.job import Job, Target, is_out_of_memory, release_memory
from napari_udt.io.blocks import blocks, plan
from napari_udt.io.contract import Progress
from napari_udt.io.rechunk import chunk_shape, layout_of, readable
from napari_udt.models.noise import with_noise

if TYPE_CHECKING:
    from napari_udt.models.spectral_cinn import SpectralCINN

# Large enough to keep the cores busy, small enough to cancel within a fraction of a second.
DEFAULT_CHUNK = 8192
# A card is fed through the bus: fewer, larger chunks.
DEFAULT_CHUNK_ON_A_CARD = 131_072
# Of a block as float32; it is held as read, as spectra and as results, beside the buffers of the file's library.
_BLOCK_BYTES = 16_000_000
# Below this many spectra, a full memory cannot be helped by smaller chunks.
SMALLEST_CHUNK = 64

# (spectra (n, channels), tissue entries (n,)) -> transferred spectra (n, channels)
Runner = Callable[[NDArray[np.float32], NDArray[np.intp]], NDArray[np.float32]]


def run_spectra(
    job: Job, chunk: int, progress: Progress, out: Target | None = None, scratch: Path | None = None
) -> tuple[Target, int, int]:
    """Transfer every pixel of a cube, block by block.

    Parameters
    ----------
    job : Job
    chunk : int
        Spectra between two calls of ``progress``; halved when the device runs out of memory.
    progress : callable (done, total)
        Whatever it raises ends the run.
    out : array-like, shape (rows, columns, model channels), optional
        Where the spectra go, as a dataset in a file; by default a new array. With it, memory holds a few blocks,
        whatever the size of the cube.
    scratch : path, optional
        Folder for the copy that a cube packed in pictures of one wavelength needs.

    Returns
    -------
    array-like, shape (rows, columns, model channels)
        ``out``.
    int
        How many spectra could not be transferred.
    int
        How many of those that could came out far outside what the model saw.

    Raises
    ------
    TransferError
        When the device's memory does not even hold a small chunk.
    """
    rows, columns, _ = job.cube.shape
    shape = (rows, columns, len(job.model.spec.wavelengths_nm))
    target = np.empty(shape, np.float32) if out is None else out
    steps = _Steps(job, spectral_runner(job), max(int(chunk), 1), progress, rows * columns)
    progress(0, steps.total)
    folder, grid = scratch or Path(tempfile.gettempdir()), chunk_shape(shape)
    with readable(job.cube, grid, folder, steps.wait, whole_spectra=True, limit=_BLOCK_BYTES) as (cube, _):
        size = plan(layout_of(cube), grid, whole_spectra=True, limit=_BLOCK_BYTES).block
        for block in blocks(cube.shape, size):
            target[block[:2]] = steps.through(cube, block[:2])
    return target, steps.lost, steps.far


@dataclass
class _Steps:
    """Progress through a cube in chunks of spectra, which stay smaller once memory was full."""

    job: Job
    runner: Runner
    chunk: int
    progress: Progress
    total: int
    done: int = 0
    lost: int = 0
    far: int = 0

    def __post_init__(self) -> None:
        self.largest = largest_accepted(self.job.model.spec, self.job.domains[1])

    def wait(self, done: int, total: int) -> None:
        """Let the run be cancelled while a cube is being copied."""
        self.progress(0, self.total)

    def through(self, cube: SpectralCube, block: tuple[slice, slice]) -> NDArray[np.float32]:
        """Transfer a block of pixels; shape (rows, columns, model channels)."""
        stored = np.asarray(cube.data[block], np.float32)
        spectra = stored.reshape(-1, cube.shape[2])
        entries = self.job.tissue.of_block(block)
        out = np.empty((len(spectra), len(self.job.model.spec.wavelengths_nm)), np.float32)
        start = 0
        while start < len(spectra):
            part = slice(start, start + self.chunk)
            try:
                out[part] = _transferred(self.job, self.runner, spectra[part], entries[part])
            except RuntimeError as error:
                self.chunk = _smaller(self.chunk, error, self.job)
                continue
            self.lost += int(np.sum(~np.isfinite(out[part]).all(axis=1)))
            far = is_far_outside(out[part], self.largest)
            self.far += int(transferable(self.job.grid(spectra[part][far]))[0].sum()) if far.any() else 0
            self.done += len(out[part])
            start += self.chunk
            self.progress(self.done, self.total)
        return out.reshape(*stored.shape[:2], -1)


def spectral_runner(job: Job) -> Runner:
    """Return the fastest transfer through the job's network."""
    from napari_udt.models.spectral_cinn import SpectralCINN

    if isinstance(job.model.network, SpectralCINN):
        return _planned(job, job.model.network)
    return _plain(job)


def _planned(job: Job, network: SpectralCINN) -> Runner:
    import torch

    from napari_udt.inference.spectral_engine import SpectralPlan
    from napari_udt.models.conditions import Conditions

    spec, table = job.model.spec, torch.as_tensor(job.tissue.table)
    source, target = (Conditions.of(spec).expected((len(table),), d, table) for d in job.domains)
    statistics = (spec.statistics[job.domains[0]], spec.statistics[job.domains[1]])
    plan = SpectralPlan(network, source, target, statistics, job.model.device)

    def run(spectra: NDArray[np.float32], entries: NDArray[np.intp]) -> NDArray[np.float32]:
        if spec.spectrum_norm == "l2" and not job.noise:
            spectra = spectra / np.linalg.norm(spectra, axis=1, keepdims=True)
        moved: NDArray[np.float32] = plan(torch.from_numpy(spectra), torch.from_numpy(entries)).numpy()
        return moved

    return run


def _plain(job: Job) -> Runner:
    """Return a transfer through any network."""
    model, (source, target) = job.model, job.domains
    mean, std = model.spec.statistics[source]

    def run(spectra: NDArray[np.float32], entries: NDArray[np.intp]) -> NDArray[np.float32]:
        tissue = job.tissue.table[entries]
        x = (spectra - np.float32(mean)) / np.float32(std) if job.noise else model.normalise(spectra, source)
        moved: Any = model.denormalise(job.translated(x, tissue), target)
        return np.asarray(moved, np.float32)

    return run


def _smaller(chunk: int, error: RuntimeError, job: Job) -> int:
    """Halve the chunk after an out-of-memory error; any other error is raised again."""
    if not is_out_of_memory(error):
        raise error
    release_memory()
    if chunk < 2 * SMALLEST_CHUNK:
        raise TransferError(
            f"{job.model.device} has too little memory for {chunk} spectra at once with {job.model.spec.name}; "
            "close other programs or choose the CPU."
        ) from error
    return chunk // 2


def _transferred(
    job: Job, runner: Runner, stored: NDArray[np.float32], entries: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Transfer spectra (n, cube channels) with their tissue entries (n,); shape (n, model channels)."""
    spectra = job.grid(stored)
    usable, norms = transferable(spectra)
    out = np.full(spectra.shape, np.nan, np.float32)
    if usable.any():
        moved = runner(with_job_noise(job, spectra[usable]), entries[usable])
        out[usable] = moved * norms[usable, None] if _restores_norm(job) else moved
    return out


def with_job_noise(job: Job, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add the job's noise to spectra (n, channels), which then are on the model's scale and need no normalising any more."""
    if not job.noise:
        return spectra
    model, source = job.model, job.domains[0]
    noisy: NDArray[np.float32] = model.denormalise(
        with_noise(model.normalise(spectra, source), job.noise, job.seed), source
    )
    return noisy


def _restores_norm(job: Job) -> bool:
    return job.scale == "source" and job.model.spec.spectrum_norm == "l2"
