"""Running a model over a picture: whole, since a convolution sees beyond any border that a cut would make."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import TransferError
from napari_udt.inference.far_outside import is_far_outside, largest_accepted
from napari_udt.inference.job import Job, is_out_of_memory, release_memory
from napari_udt.io.contract import Progress
from napari_udt.models.noise import with_noise

if TYPE_CHECKING:
    from napari_udt.inference.image_engine import ImagePlan
    from napari_udt.inference.wavelet_engine import FlowPlan


class MovedPicture(NamedTuple):
    """A transferred picture.

    Parameters
    ----------
    data : array, shape (rows, columns, model channels)
    far : int
        How many spectra came out far outside what the model saw.
    offsets : array, shape (2, rows, columns), optional
        Where a pixel of a deformed picture comes from, relative to it along rows and columns, in pixels.
    """

    data: NDArray[np.float32]
    far: int
    offsets: NDArray[np.float32] | None = None


def run_picture(job: Job, progress: Progress) -> MovedPicture:
    """Transfer a cube as one picture.

    Values that are not finite go in as zero and come out as NaN.

    Raises
    ------
    TransferError
        When the device's memory does not hold the picture.
    """
    rows, columns, _ = job.cube.shape
    progress(0, rows * columns)
    flat = job.grid(job.cube.rows(0, rows).reshape(rows * columns, -1))
    broken = ~np.isfinite(flat).all(axis=1).reshape(rows, columns)
    image = np.moveaxis(np.nan_to_num(flat, nan=0, posinf=0, neginf=0).reshape(rows, columns, -1), 2, 0)
    moved, offsets = _in_memory_bounds(job, image)
    out = np.ascontiguousarray(np.moveaxis(moved, 0, 2))
    far = is_far_outside(out, largest_accepted(job.model.spec, job.domains[1])) & ~broken
    out[broken] = np.nan
    progress(rows * columns, rows * columns)
    return MovedPicture(out, int(np.count_nonzero(far)), offsets)


# A picture (channels, rows, columns), and offsets (2, rows, columns) where it is deformed.
_Moved = tuple[NDArray[np.float32], NDArray[np.float32] | None]


def _in_memory_bounds(job: Job, image: NDArray[np.float32]) -> _Moved:
    try:
        return _padded(job, image)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        release_memory()
        raise TransferError(
            f"{job.model.device} has too little memory for a {image.shape[1]} x {image.shape[2]} picture with "
            f"{job.model.spec.name}; choose the CPU."
        ) from error


def _padded(job: Job, image: NDArray[np.float32]) -> _Moved:
    """Fill the picture up to a size that the network can take and halve at every scale, and cut the rest off again."""
    rows, columns = image.shape[1:]
    multiple, least = job.model.picture_multiple, job.model.smallest_picture
    height, width = (max(least, side + -side % multiple) for side in (rows, columns))
    pad = ((0, 0), (0, height - rows), (0, width - columns))
    x = np.pad(image, pad, mode="edge")[None]
    tissue = np.pad(job.tissue.as_image(), pad, mode="edge")[None]
    moved, offsets = _through_network(job, x, tissue)
    return moved[:, :rows, :columns], None if offsets is None else offsets[:, :rows, :columns]


def _through_network(job: Job, x: NDArray[np.float32], tissue: NDArray[np.float32]) -> _Moved:
    """Transfer by the fastest way through the job's network."""
    model, (source, target) = job.model, job.domains
    normalised = with_noise(model.normalise(x, source), job.noise, job.seed)
    plan = _plan(job, (len(x), *x.shape[2:]), tissue)
    offsets: NDArray[np.float32] | None = None
    if job.deformed:
        moved, found = model.deformed(normalised, source, target, tissue)  # type: ignore[attr-defined]
        offsets = np.asarray(found[0], np.float32)
    elif plan is None:
        moved = job.translated(normalised, tissue)
    else:
        import torch

        inputs = torch.as_tensor(normalised, dtype=model.dtype, device=model.device)
        moved = plan(inputs).cpu().numpy()
    with np.errstate(over="ignore"):  # what overflows is counted as far outside
        return np.asarray(model.denormalise(moved, target), np.float32)[0], offsets


def _plan(job: Job, shape: tuple[int, ...], tissue: NDArray[np.float32]) -> ImagePlan | FlowPlan | None:
    """Return the prepared way through the job's network; None where there is none."""
    from napari_udt.inference.image_engine import ImagePlan
    from napari_udt.inference.wavelet_engine import FlowPlan
    from napari_udt.models.image_cinn import ImageCINN
    from napari_udt.models.wavelet_flow import WaveletFlow

    model = job.model
    if not isinstance(model.network, ImageCINN | WaveletFlow):
        return None
    source, target = (model.condition(shape, domain, tissue) for domain in job.domains)
    if isinstance(model.network, WaveletFlow):
        return FlowPlan(model.network, source, target)
    return ImagePlan(model.network, source, target)
