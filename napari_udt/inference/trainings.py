"""How much a transfer depends on the seed of its training: the same cube by several trainings of one configuration.

Networks of one configuration that were trained with different seeds agree on what their data decide. Where they differ, the seed
decided. An ensemble of few trainings underestimates that, and all of them may be wrong alike (Lakshminarayanan et al., NeurIPS 2017).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import nested
from napari_udt.errors import TransferError
from napari_udt.inference.job import Job
from napari_udt.inference.probe import SpectralProbe
from napari_udt.io.contract import Progress
from napari_udt.models.noise import InputNoise, with_noise
from napari_udt.spectral.spectra import OverTrainings

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec
    from napari_udt.models.model import TransferModel

_ROWS = 8  # of a cube at a time
_PERCENT = 100.0


def other_trainings(spec: ModelSpec, known: Iterable[ModelSpec]) -> tuple[ModelSpec, ...]:
    """Return the models that were trained by the same configuration with other seeds, on the same wavelengths and classes."""
    own = _described(spec)
    if not own[0]:
        return ()
    found: dict[Any, ModelSpec] = {}
    for other in known:
        configuration, seed, *rest = _described(other)
        if configuration == own[0] and seed != own[1] and rest == own[2:]:
            found.setdefault(seed, other)
    return tuple(found.values())


def _described(spec: ModelSpec) -> list[Any]:
    """Return configuration and seed of a training, and what else must agree."""
    config = nested(spec.training, "config")
    return [
        *(str(config.get("name", "")), config.get("seed")),
        *(spec.kind, spec.modality, tuple(spec.wavelengths_nm), tuple(spec.class_names)),
    ]


def no_other_training(spec: ModelSpec) -> str:
    """Return the sentence for a model of whose configuration no other training is installed."""
    return (
        f"{spec.name}: no other training of its configuration is installed; train it again with "
        "--set seed=2 to see how much trainings differ."
    )


def limits_over_trainings(
    curves: NDArray[np.floating[Any]], kind: OverTrainings
) -> NDArray[np.floating[Any]]:
    """Return the lower and upper limit, shape (2, channels), of curves of several trainings, shape (trainings, channels).

    Parameters
    ----------
    kind : {"trainings", "trainings_range"}
        One standard deviation (ddof = 1) on either side of the mean, or the smallest and the largest value.
    """
    if kind == "trainings_range":
        return np.stack([curves.min(axis=0), curves.max(axis=0)])
    middle, width = curves.mean(axis=0), curves.std(axis=0, ddof=1)
    return np.stack([middle - width, middle + width])


def spread_of_trainings(job: Job, others: Sequence[TransferModel], progress: Progress) -> NDArray[np.float32]:
    """Transfer a cube by several trainings, and compare.

    Parameters
    ----------
    job : Job
        By one of them.
    others : sequence of TransferModel
        One or more.
    progress : callable (done, total)
        Whatever it raises ends the run.

    Returns
    -------
    array, shape (rows, columns)
        Rms over the wavelengths of the standard deviation over trainings, in % of the mean's rms; NaN where a spectrum cannot be transferred.

    Raises
    ------
    TransferError
        When there is no other training, or a picture's size does not fit the network.
    """
    if not others:
        raise TransferError(no_other_training(job.model.spec))
    jobs = [job, *(_by(job, model) for model in others)]
    rows, columns, _ = job.cube.shape
    if job.cube.modality == "PAT":
        return _of_picture(jobs, progress)
    probes = [SpectralProbe(one) for one in jobs]
    out = np.full((rows, columns), np.nan, np.float32)
    for start in range(0, rows, _ROWS):
        progress(start, rows)
        stop = min(start + _ROWS, rows)
        spectra = np.asarray(job.cube.rows(start, stop), np.float32).reshape((stop - start) * columns, -1)
        entries = job.tissue.of_block((slice(start, stop), slice(None))).reshape(-1)
        moved = np.stack([probe.transfer(spectra, entries) for probe in probes])
        out[start:stop] = _relative(moved).reshape(stop - start, columns)
    progress(rows, rows)
    return out


def _by(job: Job, model: TransferModel) -> Job:
    noise = InputNoise.of(model.spec) if job.noise else job.noise
    return replace(job, model=model, noise=noise)


def _of_picture(jobs: Sequence[Job], progress: Progress) -> NDArray[np.float32]:
    job = jobs[0]
    rows, columns, _ = job.cube.shape
    multiple = job.model.picture_multiple
    if rows % multiple or columns % multiple:
        raise TransferError(
            f"{job.cube.name} has {rows} x {columns} pixels; {job.model.spec.name} is compared with other trainings on pictures whose "
            f"sides are multiples of {multiple}. Crop it first."
        )
    flat = job.grid(np.asarray(job.cube.rows(0, rows), np.float32).reshape(rows * columns, -1))
    broken = np.asarray(~np.isfinite(flat).all(axis=1))
    image = np.where(broken[:, None], 0, flat).reshape(rows, columns, -1).transpose(2, 0, 1)[None]
    tissue = job.tissue.as_image()[None]
    moved = []
    for done, one in enumerate(jobs):
        progress(done, len(jobs))
        x = with_noise(one.model.normalise(image, one.domains[0]), one.noise)
        found = one.model.denormalise(one.translated(x, tissue), one.domains[1])
        moved.append(np.asarray(found[0]).reshape(found.shape[1], -1).T)
    progress(len(jobs), len(jobs))
    return np.where(broken, np.nan, _relative(np.stack(moved))).reshape(rows, columns).astype(np.float32)


def _relative(moved: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return the spread (n,) of transfers, shape (trainings, n, channels), in % of their mean."""
    size = np.sqrt(np.square(moved.mean(axis=0)).mean(axis=-1))
    spread = np.sqrt(moved.var(axis=0, ddof=1).mean(axis=-1))
    found = np.divide(_PERCENT * spread, size, out=np.full_like(size, np.nan), where=size > 0)
    return np.asarray(found, np.float32)
