"""Transferring a cube from one domain to the other.

x_real = f^-1( f(x_sim; D_sim, Y); D_real, Y ), with the tissue label Y of the simulated cube in both passes
(Dreher et al., MICCAI 2023, section 2). Spectra (HSI) are run in chunks of pixels, pictures (PAT) whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.devices import Device, choose
from napari_udt.inference.grid import Regridding, regrid
from napari_udt.inference.provenance import describe_run
from napari_udt.inference.tissue import AUTO, TissueCondition, tissue_condition

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

Direction = Literal["sim2real", "real2sim"]
Scale = Literal["source", "unit"]
Progress = Callable[[int, int], None]

DOMAINS_OF: dict[str, tuple[str, str]] = {
    "sim2real": ("simulated", "real"),
    "real2sim": ("real", "simulated"),
}

# Large enough to feed the matrix products, small enough that a cancel is answered at once and that the
# activations of the widest published network (512) stay within tens of megabytes.
DEFAULT_CHUNK = 8192

# Chunks are run in tiles of this many spectra, the last one filled up. Every matrix product then has the same
# shape whatever the chunk size, and so every spectrum the same bits.
TILE = 512


def transfer(
    cube: SpectralCube,
    model: TransferModel | str,
    direction: Direction = "sim2real",
    device: str = "auto",
    progress: Progress | None = None,
    *,
    condition: str = AUTO,
    chunk_size: int | None = None,
    scale: Scale = "source",
) -> SpectralCube:
    """Carry a cube to the other domain.

    Parameters
    ----------
    cube : SpectralCube
        The source. Its wavelengths are interpolated to the model's where they differ and cover them.
    model : TransferModel or str
        A loaded model, or the name or folder of one.
    direction : {"sim2real", "real2sim"}
        From the simulated to the real domain or back.
    device : str
        "auto" (CUDA, else MPS, else CPU), "cpu", "cuda:0", "mps".
    progress : callable, optional
        Called as ``progress(done, total)`` before the first and after every chunk, in pixels. Raising
        :class:`~napari_udt.errors.TransferCancelled` in it stops the run; nothing is kept.
    condition : str
        Tissue condition: "auto", "labels", "proxy" or the name of a class, see
        :func:`~napari_udt.inference.tissue.tissue_condition`.
    chunk_size : int, optional
        Spectra per chunk (HSI), 8192 by default. The result does not depend on it. When the device runs
        out of memory the chunk is halved and the run goes on.
    scale : {"source", "unit"}
        For models that work on L2-normalised spectra: give every spectrum its input's norm back, so that it
        can be compared with the source, or leave it at unit norm.

    Returns
    -------
    SpectralCube
        Domain "transferred", with the source's labels, oxygenation and pixel size, and its provenance.
        Spectra that cannot be transferred (not finite, or zero) are NaN; their number is in the provenance.

    Raises
    ------
    TransferError
        When cube and model do not fit, the device is missing, or its memory does not hold one tile.
    ModelError
        When the model cannot be loaded.
    """
    model = _loaded(model)
    _check_fit(cube, model, direction)
    job = _Job(
        cube=cube,
        model=model,
        domains=DOMAINS_OF[direction],
        grid=regrid(cube.wavelengths_nm, np.asarray(model.spec.wavelengths_nm), cube.name),
        tissue=tissue_condition(cube, model.spec, condition),
        scale=scale,
    )
    place = choose(device)
    before = model.device
    model.to(place.key)
    try:
        runner = _run_spectra if cube.modality == "HSI" else _run_picture
        data = runner(job, chunk_size or DEFAULT_CHUNK, progress or _silent)
    finally:
        model.to(before)
    return _result(job, data, direction, place)


@dataclass(frozen=True, eq=False)
class _Job:
    cube: SpectralCube
    model: TransferModel
    domains: tuple[str, str]
    grid: Regridding
    tissue: TissueCondition
    scale: Scale


def _silent(done: int, total: int) -> None:
    """Report nothing."""


def _loaded(model: TransferModel | str | Path) -> TransferModel:
    if not isinstance(model, str | Path):
        return model
    from napari_udt.models import load_model

    return load_model(model)


def _check_fit(cube: SpectralCube, model: TransferModel, direction: str) -> None:
    if direction not in DOMAINS_OF:
        raise TransferError(f"Direction {direction!r} is unknown; choose sim2real or real2sim.")
    if cube.modality != model.spec.modality:
        raise TransferError(
            f"{cube.name} is a {cube.modality} cube, but {model.spec.name} was trained on "
            f"{model.spec.modality}; choose a {cube.modality} model."
        )


def _run_spectra(job: _Job, chunk: int, progress: Progress) -> NDArray[np.float32]:
    rows, columns, _ = job.cube.shape
    total = rows * columns
    out = np.empty((total, len(job.model.spec.wavelengths_nm)), np.float32)
    done, chunk = 0, max(int(chunk), 1)
    progress(0, total)
    while done < total:
        stop = min(done + chunk, total)
        try:
            out[done:stop] = _transfer_pixels(job, done, stop)
        except RuntimeError as error:
            chunk = _smaller(chunk, error, job)
            continue
        done = stop
        progress(done, total)
    return out.reshape(rows, columns, -1)


def _smaller(chunk: int, error: RuntimeError, job: _Job) -> int:
    """Halve the chunk after an out-of-memory error; any other error goes on its way."""
    if not _is_out_of_memory(error):
        raise error
    _release_memory()
    if chunk <= TILE:
        raise TransferError(
            f"{job.model.device} has too little memory for {TILE} spectra at once with {job.model.spec.name}; "
            "close other programs or choose the CPU."
        ) from error
    return chunk // 2


def _is_out_of_memory(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


def _release_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _transfer_pixels(job: _Job, start: int, stop: int) -> NDArray[np.float32]:
    """Transfer pixels ``start`` to ``stop`` in reading order; shape (stop - start, model channels)."""
    spectra = job.grid(_pixels(job.cube, start, stop))
    norms = np.linalg.norm(spectra, axis=1)
    usable = np.isfinite(norms) & (norms > 0)
    out = np.full_like(spectra, np.nan)
    if usable.any():
        tissue = job.tissue.of_pixels(start, stop)[usable]
        moved = np.concatenate([_tile(job, x, y) for x, y in _tiles(spectra[usable], tissue)])
        back = norms[usable, None] if _restores_norm(job) else 1
        out[usable] = moved[: int(usable.sum())] * back
    return out


def _restores_norm(job: _Job) -> bool:
    return job.scale == "source" and job.model.spec.spectrum_norm == "l2"


def _pixels(cube: SpectralCube, start: int, stop: int) -> NDArray[np.float32]:
    columns = cube.shape[1]
    first, last = start // columns, -(-stop // columns)
    block = cube.rows(first, last).reshape(-1, cube.shape[2])
    return block[start - first * columns : stop - first * columns]


def _tiles(
    spectra: NDArray[np.float32], tissue: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Cut into tiles of one size, the last filled up with copies of the last spectrum."""
    missing = -len(spectra) % TILE
    spectra = np.pad(spectra, ((0, missing), (0, 0)), mode="edge")
    tissue = np.pad(tissue, ((0, missing), (0, 0)), mode="edge")
    for i in range(0, len(spectra), TILE):
        yield spectra[i : i + TILE], tissue[i : i + TILE]


def _tile(job: _Job, spectra: NDArray[np.float32], tissue: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(_through_network(job.model, spectra, tissue, job.domains), np.float32)


def _through_network(
    model: TransferModel, x: NDArray[np.float32], tissue: NDArray[np.float32], domains: tuple[str, str]
) -> Any:
    source, target = domains
    latent, _ = model.encode(model.normalise(x, source), source, tissue)
    moved = model.decode(latent, target, tissue)
    return model.denormalise(moved.reshape(x.shape), target)


def _run_picture(job: _Job, chunk: int, progress: Progress) -> NDArray[np.float32]:
    """Transfer a picture whole: a convolution sees beyond any border that a cut would make."""
    del chunk
    rows, columns, _ = job.cube.shape
    progress(0, rows * columns)
    flat = job.grid(job.cube.rows(0, rows).reshape(rows * columns, -1))
    broken = ~np.isfinite(flat).all(axis=1).reshape(rows, columns)
    image = np.moveaxis(np.nan_to_num(flat, nan=0, posinf=0, neginf=0).reshape(rows, columns, -1), 2, 0)
    try:
        moved = _padded_picture(job, image)
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        _release_memory()
        raise TransferError(
            f"{job.model.device} has too little memory for a {rows} x {columns} picture with "
            f"{job.model.spec.name}; choose the CPU."
        ) from error
    out = np.ascontiguousarray(np.moveaxis(moved, 0, 2))
    out[broken] = np.nan
    progress(rows * columns, rows * columns)
    return out


def _padded_picture(job: _Job, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill the picture up to a size that the network can halve at every scale, and cut the rest off again."""
    rows, columns = image.shape[1:]
    multiple = job.model.picture_multiple
    pad = ((0, 0), (0, -rows % multiple), (0, -columns % multiple))
    x = np.pad(image, pad, mode="edge")[None]
    tissue = np.pad(job.tissue.as_image(), pad, mode="edge")[None]
    moved = np.asarray(_through_network(job.model, x, tissue, job.domains), np.float32)
    return moved[0, :, :rows, :columns]


def _result(job: _Job, data: NDArray[np.float32], direction: str, place: Device) -> SpectralCube:
    cube, spec = job.cube, job.model.spec
    notes: dict[str, Any] = {
        "condition": job.tissue.note,
        "wavelengths": job.grid.note or "the cube's own",
        "scale": _scale_note(job),
        "spectra_not_transferable": int(np.isnan(data).any(axis=2).sum()),
    }
    target = spec.target if direction == "sim2real" else "simulated"
    return cube.with_(
        data=data,
        wavelengths_nm=np.asarray(spec.wavelengths_nm, np.float64),
        domain="transferred",
        origin=f"transferred to: {target}",
        name=f"{cube.name} → {spec.name}",
        provenance=describe_run(cube, spec, direction=direction, device=place.title, notes=notes),
    )


def _scale_note(job: _Job) -> str:
    if job.model.spec.spectrum_norm != "l2":
        return "the target domain's"
    if job.scale == "source":
        return "every spectrum has its input's L2 norm"
    return "every spectrum on the model's own, L2-normalised scale"
