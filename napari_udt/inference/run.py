"""Transferring a cube from one domain to the other.

x_real = f^-1( f(x_sim; D_sim, Y); D_real, Y ), with the tissue label Y of the simulated cube in both passes
(Dreher et al., MICCAI 2023, section 2). Spectra (HSI) are run in chunks of pixels, pictures (PAT) whole.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference import far_outside
from napari_udt.inference.baselines import PREFIX, is_baseline, transfer_baseline
from napari_udt.inference.deformation import with_offsets
from napari_udt.inference.devices import Device, choose
from napari_udt.inference.draw_options import check_draws
from napari_udt.inference.fitting import choice_note, fitting_models
from napari_udt.inference.from_labels import GENERATED, check_from_labels, truncation_note
from napari_udt.inference.grid import regrid
from napari_udt.inference.job import UNIT_SCALE, Job, Noise, Scale, Side, Target
from napari_udt.inference.memory import check_room
from napari_udt.inference.pictures import run_picture
from napari_udt.inference.provenance import describe_run
from napari_udt.inference.series import with_series
from napari_udt.inference.spectra import DEFAULT_CHUNK, DEFAULT_CHUNK_ON_A_CARD, run_spectra
from napari_udt.inference.tissue import AUTO, LABELS, tissue_condition
from napari_udt.io.contract import Progress, ignore_progress
from napari_udt.models.noise import InputNoise

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

# What a run on a whole picture holds at least: the input, its finite part, padded and normalised, and the result.
_PICTURE_COPIES = 5
_BASELINE_COPIES = 3  # spectra, normalised spectra, result
_CROP = "crop the cube, or use a machine with more memory"
_STREAM = "`napari-udt transfer FILE -o DIR` works block by block instead"

Direction = Literal["sim2real", "real2sim"]

DOMAINS_OF: dict[str, tuple[Side, Side]] = {
    "sim2real": ("simulated", "real"),
    "real2sim": ("real", "simulated"),
}


def transfer(
    cube: SpectralCube,
    model: TransferModel | str | None = None,
    direction: Direction = "sim2real",
    device: str = "auto",
    progress: Progress | None = None,
    *,
    condition: str = AUTO,
    chunk_size: int | None = None,
    scale: Scale = "source",
    noise: Noise = "training",
    seed: int = 0,
    steps: int | None = None,
    deformed: bool = False,
    truncation: float | None = None,
    reference: SpectralCube | None = None,
    out: Target | None = None,
    scratch: Path | None = None,
) -> SpectralCube:
    """Transfer a cube to the other domain.

    Parameters
    ----------
    cube : SpectralCube
        The source. Its wavelengths are interpolated to the model's where they differ and cover them. Of a series this picture
        is transferred; the others follow when the result's ``series`` is asked for them.
    model : TransferModel or str, optional
        By default the installed model that a window would preselect for the cube; the provenance says which, and of how
        many ("model_choice"). Else a loaded model, or the name or folder of one, or a baseline: "baseline:identity", "baseline:moments",
        "baseline:histograms", "baseline:gaussian", "baseline:gaussian_all" or "baseline:coral", see :func:`~napari_udt.inference.baselines.transfer_baseline`. A baseline runs on the
        processor and towards the reference, whatever ``device``, ``direction`` and ``chunk_size`` say.
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
        Spectra per chunk (HSI), by default 8192 on the CPU and 131072 on a card. The result does not depend on it. When the device runs
        out of memory the chunk is halved and the run goes on.
    scale : {"source", "unit"}
        For models that work on L2-normalised spectra: give every spectrum its input's norm back, so that it
        can be compared with the source, or leave it at unit norm.
    noise : {"training", "none"}
        Whether simulated pictures and spectra get the noise that the model was trained on (``InputNoise.of(spec)``), seeded by
        their own values, or are transferred as they are, which leaves them smoother than the target domain. Choose "none"
        for what bears noise already.
    seed : int
        Of that noise, and of what a model draws that is stochastic, from 0 to 2^32 - 1: together with a sample's own values it
        decides the result. It is in the provenance wherever it matters.
    steps : int, optional
        Steps between the domains, for models that go in steps of any number (flow matching and its bridge); by default the
        model's own number.
    deformed : bool
        Of a DicycleGAN: give the picture that is displaced as it learnt it from the target's devices, not the one whose structures
        stay in their places. The result's metadata then hold the offsets, see :mod:`~napari_udt.inference.deformation`.
    truncation : float, optional
        For models that make pictures from labels: the random code is drawn between so many standard deviations on either side,
        from 0, the one picture that is most typical, to 3; by default without a bound.
    reference : SpectralCube, optional
        For baselines only: an unpaired cube of the target domain with named structures.
    out : array-like, shape (rows, columns, model channels), optional
        Where the spectra go, for instance a dataset in a file: with it an HSI cube of any size needs memory for a few
        blocks; the result then has no series. By default a new array. Not for baselines.
    scratch : path, optional
        Folder for a temporary copy of a cube that is packed in pictures of one wavelength each.

    Returns
    -------
    SpectralCube
        Domain "transferred", with the source's labels, oxygenation and pixel size, and its provenance.
        Spectra that cannot be transferred (not finite, or zero) are NaN; their number is in the provenance, and that of
        spectra which came out far outside what the model saw ("spectra_far_outside").

    Raises
    ------
    TransferError
        When cube and model, or reference, do not fit, a choice is unknown, the device is missing, or its memory does not hold one tile.
    ModelError
        When the model cannot be loaded.
    """
    if is_baseline(model):
        _check_baseline(model, condition, scale)
        method = model.removeprefix(PREFIX).strip()

        def matched(picture: SpectralCube, report: Progress | None = None) -> SpectralCube:
            check_room(picture, _BASELINE_COPIES, _CROP)
            return transfer_baseline(picture, method, reference, report)

        return with_series(cube, matched(cube, progress), matched)
    if reference is not None:
        raise TransferError(
            "Only baselines take a reference; leave it out, or choose baseline:moments or the like."
        )
    chosen_by = ""
    if model is None:
        fitting = fitting_models(cube)
        model, chosen_by = fitting[0].name, choice_note(fitting)
    model = _loaded(model)
    _check_fit(cube, model, direction, scale)
    if noise not in get_args(Noise):
        raise TransferError(f"Noise {noise!r} is unknown; choose {' or '.join(get_args(Noise))}.")
    check_draws(model, seed, steps)
    if deformed and model.spec.kind != "dicyclegan":
        raise TransferError(f"{model.spec.name} deforms nothing; leave deformed out, or choose a DicycleGAN.")
    check_from_labels(model.spec, direction, condition, truncation)
    chosen = choose(device)
    added = InputNoise.of(model.spec) if noise == "training" and direction == "sim2real" else InputNoise()
    run = partial(
        _transferred,
        model=model,
        direction=direction,
        chosen=chosen,
        chosen_by=chosen_by,
        condition=condition,
        chunk_size=chunk_size,
        scale=scale,
        noise=added,
        seed=seed,
        steps=steps or 0,
        deformed=deformed,
        truncation=truncation,
        scratch=scratch,
    )
    moved = run(cube, progress=progress, out=out)
    return moved if out is not None else with_series(cube, moved, run)


def _transferred(
    cube: SpectralCube,
    *,
    model: TransferModel,
    direction: Direction,
    chosen: Device,
    chosen_by: str,
    condition: str,
    chunk_size: int | None,
    scale: Scale,
    noise: InputNoise,
    seed: int,
    steps: int,
    deformed: bool,
    truncation: float | None,
    scratch: Path | None,
    progress: Progress | None = None,
    out: Target | None = None,
) -> SpectralCube:
    """Transfer one picture through a loaded model; parameters as in :func:`transfer`."""
    if cube.modality == "PAT":
        check_room(cube, _PICTURE_COPIES, _CROP)
    elif out is None:
        check_room(cube, 1, _STREAM, len(model.spec.wavelengths_nm))
    job = Job(
        cube=cube,
        model=model,
        domains=DOMAINS_OF[direction],
        grid=regrid(
            cube.wavelengths_nm,
            np.asarray(model.spec.wavelengths_nm),
            cube.name,
            bad_bands=cube.bad_bands,
        ),
        tissue=tissue_condition(cube, model.spec, condition),
        scale=scale,
        noise=noise,
        seed=seed,
        steps=steps,
        deformed=deformed,
        truncation=truncation,
    )
    data: Target
    offsets: NDArray[np.float32] | None = None
    before = model.device
    model.to(chosen.key)
    try:
        if cube.modality == "HSI":
            chunk = chunk_size or (DEFAULT_CHUNK if chosen.key == "cpu" else DEFAULT_CHUNK_ON_A_CARD)
            data, lost, far = run_spectra(job, chunk, progress or ignore_progress, out, scratch)
        else:
            moved = run_picture(job, progress or ignore_progress)
            offsets, far = moved.offsets, moved.far
            lost = int(np.sum(~np.isfinite(moved.data).all(axis=2)))
            data = _put(moved.data, out)
    finally:
        model.to(before)
    result = _result(job, data, lost, far, direction, chosen, chosen_by)
    return result if offsets is None else with_offsets(result, offsets)


def _put(data: NDArray[np.float32], out: Target | None) -> Target:
    if out is None:
        return data
    out[:] = data
    return out


def _loaded(model: TransferModel | str | Path) -> TransferModel:
    if not isinstance(model, str | Path):
        return model
    from napari_udt.models import load_model

    return load_model(model)


def _check_baseline(model: str, condition: str, scale: str) -> None:
    if condition not in (AUTO, LABELS) or scale != "source":
        raise TransferError(
            f"{model} matches structures by their labels and keeps the source's scale; condition {condition!r} with "
            f"scale {scale!r} is for networks, leave both out."
        )


def _check_fit(cube: SpectralCube, model: TransferModel, direction: str, scale: str) -> None:
    if direction not in DOMAINS_OF:
        raise TransferError(f"Direction {direction!r} is unknown; choose sim2real or real2sim.")
    if scale not in get_args(Scale):
        raise TransferError(f"Scale {scale!r} is unknown; choose {' or '.join(get_args(Scale))}.")
    if cube.modality != model.spec.modality:
        raise TransferError(
            f"{cube.name} is a {cube.modality} cube, but {model.spec.name} was trained on "
            f"{model.spec.modality}; choose a {cube.modality} model."
        )


def _result(
    job: Job, data: Target, lost: int, far: int, direction: str, chosen: Device, chosen_by: str
) -> SpectralCube:
    cube, spec = job.cube, job.model.spec
    notes: dict[str, Any] = {
        **({"model_choice": chosen_by} if chosen_by else {}),
        "condition": job.tissue.note,
        "wavelengths": job.grid.note or "the cube's own",
        "scale": _scale_note(job),
        "spectra_not_transferable": lost,
        **({far_outside.KEY: far} if far else {}),
    }
    # a compression that knows positive values only reads those below zero as dark
    if spec.intensity == "softplus" and (
        negative := far_outside.count_below_zero(cube.rows(0, cube.shape[0]))
    ):
        notes[far_outside.NEGATIVE_KEY] = negative
    if InputNoise.of(spec) and direction == "sim2real":
        notes["noise"] = _noise_note(job)
    if job.draws:
        notes["seed"] = job.seed
    if spec.is_stochastic:
        notes["drawn"] = "one sample of what the model can give; another seed gives another"
    if job.deformed:
        notes["deformed"] = True
    if job.steps:
        notes["steps"] = job.steps
    target = spec.target if direction == "sim2real" else "simulated"
    if spec.from_labels:
        notes["truncation"], notes["code"] = job.truncation, truncation_note(job.truncation)
        kept = {key: value for key, value in cube.metadata.items() if "oxygenation" not in key}
        cube = cube.with_(oxygenation=None, metadata=kept)  # that of the source is not the picture's
    return cube.with_(
        data=data,
        wavelengths_nm=np.asarray(spec.wavelengths_nm, np.float64),
        bad_bands=None,  # what was transferred is interpolated there
        domain="transferred",
        origin=f"{GENERATED if spec.from_labels else 'transferred to'}: {target}",
        name=f"{cube.name} → {spec.name}",
        provenance=describe_run(cube, spec, direction=direction, device=chosen.title, notes=notes),
    )


def _noise_note(job: Job) -> str:
    if not job.noise:
        return "none"
    return f"as in training: {job.noise}; the picture's values and the seed decide it"


def _scale_note(job: Job) -> str:
    if job.model.spec.spectrum_norm != "l2":
        return "the target domain's"
    if job.scale == "source":
        return "every spectrum has its input's L2 norm"
    return UNIT_SCALE
