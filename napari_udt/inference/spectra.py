"""Running a model over the spectra of a cube, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.job import Job, Progress, is_out_of_memory, release_memory

if TYPE_CHECKING:
    from napari_udt.models.spectral_cinn import SpectralCINN

# Large enough to keep the cores busy, small enough that a cancel is answered within a fraction of a second.
DEFAULT_CHUNK = 8192
# A card is fed through the bus: fewer, larger chunks.
DEFAULT_CHUNK_ON_A_CARD = 131_072
# Below this many spectra, a full memory cannot be helped by smaller chunks.
SMALLEST_CHUNK = 64

# (spectra (n, channels), tissue entries (n,)) -> transferred spectra (n, channels)
Runner = Callable[[NDArray[np.float32], NDArray[np.intp]], NDArray[np.float32]]


def run_spectra(job: Job, chunk: int, progress: Progress) -> NDArray[np.float32]:
    """Transfer every pixel of a cube.

    Parameters
    ----------
    job : Job
    chunk : int
        Spectra between two calls of ``progress``; halved when the device runs out of memory.
    progress : callable (done, total)
        Whatever it raises ends the run.

    Returns
    -------
    array, shape (rows, columns, model channels)

    Raises
    ------
    TransferError
        When the device's memory does not even hold a small chunk.
    """
    rows, columns, _ = job.cube.shape
    total = rows * columns
    runner = spectral_runner(job)
    out = np.empty((total, len(job.model.spec.wavelengths_nm)), np.float32)
    done, chunk = 0, max(int(chunk), 1)
    progress(0, total)
    while done < total:
        stop = min(done + chunk, total)
        try:
            out[done:stop] = _transfer_pixels(job, runner, done, stop)
        except RuntimeError as error:
            chunk = _smaller(chunk, error, job)
            continue
        done = stop
        progress(done, total)
    return out.reshape(rows, columns, -1)


def spectral_runner(job: Job) -> Runner:
    """Prepare the fastest way through the job's network."""
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
        if spec.spectrum_norm == "l2":
            spectra = spectra / np.linalg.norm(spectra, axis=1, keepdims=True)
        moved: NDArray[np.float32] = plan(torch.from_numpy(spectra), torch.from_numpy(entries)).numpy()
        return moved

    return run


def _plain(job: Job) -> Runner:
    """Return the way through any network: encode, decode."""
    model, (source, target) = job.model, job.domains

    def run(spectra: NDArray[np.float32], entries: NDArray[np.intp]) -> NDArray[np.float32]:
        tissue = job.tissue.table[entries]
        latent, _ = model.encode(model.normalise(spectra, source), source, tissue)
        moved: Any = model.denormalise(model.decode(latent, target, tissue), target)
        return np.asarray(moved, np.float32)

    return run


def _smaller(chunk: int, error: RuntimeError, job: Job) -> int:
    """Halve the chunk after an out-of-memory error; any other error goes on its way."""
    if not is_out_of_memory(error):
        raise error
    release_memory()
    if chunk < 2 * SMALLEST_CHUNK:
        raise TransferError(
            f"{job.model.device} has too little memory for {chunk} spectra at once with {job.model.spec.name}; "
            "close other programs or choose the CPU."
        ) from error
    return chunk // 2


def _transfer_pixels(job: Job, runner: Runner, start: int, stop: int) -> NDArray[np.float32]:
    """Transfer pixels ``start`` to ``stop`` in reading order; shape (stop - start, model channels)."""
    spectra = job.grid(_pixels(job.cube, start, stop))
    norms = np.linalg.norm(spectra, axis=1)
    usable = np.isfinite(norms) & (norms > 0)
    out = np.full(spectra.shape, np.nan, np.float32)
    if usable.any():
        moved = runner(spectra[usable], job.tissue.of_pixels(start, stop)[usable])
        out[usable] = moved * norms[usable, None] if _restores_norm(job) else moved
    return out


def _restores_norm(job: Job) -> bool:
    return job.scale == "source" and job.model.spec.spectrum_norm == "l2"


def _pixels(cube: SpectralCube, start: int, stop: int) -> NDArray[np.float32]:
    columns = cube.shape[1]
    first, last = start // columns, -(-stop // columns)
    block = cube.rows(first, last).reshape(-1, cube.shape[2])
    return block[start - first * columns : stop - first * columns]
