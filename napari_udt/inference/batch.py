"""Transferring many files: one result per file, each whole or not at all, made once.

:func:`transfer_file` does the work for one file wherever it runs: in this process, in one of several, or on a
cluster (:mod:`napari_udt.inference.workers`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from napari_udt.cube import SpectralCube
from napari_udt.errors import ModelError, TransferError, UdtError, unexpected
from napari_udt.files.leftovers import remove_leftovers
from napari_udt.inference.baselines import is_baseline
from napari_udt.inference.inputs import collect, refuse_namesakes, target_of, without_results
from napari_udt.inference.job import Noise
from napari_udt.inference.record import Record, difference, state_of, with_record
from napari_udt.inference.run import Direction, Progress, transfer
from napari_udt.io import open_cube
from napari_udt.io.contract import Frame
from napari_udt.io.generic import own
from napari_udt.io.missing_metadata import StatedMetadata, options_for
from napari_udt.io.opening import saving
from napari_udt.models import ModelSpec, list_models
from napari_udt.reconstruction.options import ReconstructionOptions

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

Outcome = dict[str, Any]
_FIELDS = ("source", "result", "model", "device", "condition", "wavelengths", "seconds", "error")


@dataclass(frozen=True)
class Options:
    """How files are transferred, the same for all of a batch.

    Parameters
    ----------
    model : str, optional
        Name or folder of a model, or a baseline; by default the first that fits each cube.
    direction, device, condition, noise : str
        As in :func:`~napari_udt.inference.run.transfer`.
    reference : path, optional
        File of the cube that a baseline is matched to.
    candidate : str, optional
        Which cube of each file; by default the best.
    metadata : StatedMetadata
        What the files lack.
    frame, reconstruction : optional
        As in :func:`napari_udt.open_cube`.
    overwrite : bool
        Whether results are made again.
    compress : bool
        Smaller results, slower to read.
    """

    model: str | None = None
    direction: Direction = "sim2real"
    device: str = "auto"
    condition: str = "auto"
    noise: Noise = "training"
    reference: Path | None = None
    candidate: str | None = None
    metadata: StatedMetadata = field(default_factory=StatedMetadata)
    frame: Frame | None = None
    reconstruction: ReconstructionOptions | None = None
    overwrite: bool = False
    compress: bool = False

    @property
    def ending(self) -> str:
        """Suffix of a result's file name: the direction, or the baseline."""
        if is_baseline(self.model):
            return self.model.replace(":", "-").replace(" ", "")
        return self.direction

    def record(self) -> Record:
        """Return everything that decides the values of a result, as it is read back from JSON."""
        record = {
            "model": self.model,
            "direction": self.direction,
            "condition": self.condition,
            "noise": self.noise,
            "reference": state_of(self.reference) if self.reference else None,
            "candidate": self.candidate,
            "facts": self.metadata.to_dict(),
            "frame": self.frame,
            "reconstruction": self.reconstruction and asdict(self.reconstruction),
        }
        as_read: Record = json.loads(json.dumps(record))
        return as_read


@dataclass(frozen=True)
class Task:
    """One file of a batch."""

    source: Path
    target: Path
    options: Options


def transfer_files(
    files: Iterable[Path],
    folder: Path,
    options: Options,
    *,
    recursive: bool = False,
    work: Callable[[list[Task]], Iterable[Outcome]],
    report: Callable[[Outcome, int], None],
) -> list[Outcome]:
    """Transfer files, and the cubes in folders, into ``folder``.

    Parameters
    ----------
    files : iterable of path
        Files and folders.
    folder : path
        Where results go, in folders of the same names as below the folders that were named.
    options : Options
    recursive : bool
        Search folders within folders too.
    work : callable
        Carries tasks out and yields an outcome for each, in any order; see :mod:`napari_udt.inference.workers`.
    report : callable
        Called with each outcome as it comes, and the number of files in all.

    Returns
    -------
    list of dict
        One per file: source, result, model, device, condition, wavelengths, seconds, ``skipped`` (whether the result
        was there already) and error (a sentence, or None).
    """
    inputs = collect(files, recursive=recursive, with_metadata=bool(options.metadata))
    inputs = without_results(inputs, folder, options.ending)
    targets = [(item, target_of(item, folder, options.ending)) for item in inputs]
    refused = refuse_namesakes(targets)
    outcomes = [_outcome(item.path, error=str(error)) for item, error in refused.items()]
    for outcome in outcomes:
        report(outcome, len(inputs))
    tasks = [Task(item.path, target, options) for item, target in targets if item not in refused]
    for outcome in work(tasks):
        outcomes.append(outcome)
        report(outcome, len(inputs))
    for place in {task.target.parent for task in tasks}:  # processes may have been killed meanwhile
        remove_leftovers(place)
    return outcomes


def transfer_file(task: Task, progress: Progress | None = None) -> Outcome:
    """Transfer one file; the outcome's ``error`` says what is wrong with it."""
    start = time.perf_counter()
    outcome = _outcome(task.source, model=task.options.model)
    try:
        outcome.update(_carried_out(task, progress))
    except (UdtError, OSError) as error:
        outcome["error"] = str(error)
    except MemoryError:
        outcome["error"] = f"{task.source}: too large for this machine's memory."
    except Exception as error:  # a defect costs one file, not those that follow
        outcome["error"] = f"{task.source}: {unexpected(error)}"
    outcome["seconds"] = round(time.perf_counter() - start, 3)
    return outcome


def fitting_models(cube: SpectralCube) -> list[ModelSpec]:
    """List the models whose modality and wavelengths fit a cube, those with the same wavelengths first."""
    fits = [
        spec
        for spec in list_models()
        if spec.modality == cube.modality
        and spec.wavelengths_nm[0] >= cube.wavelengths_nm[0] - 0.05
        and spec.wavelengths_nm[-1] <= cube.wavelengths_nm[-1] + 0.05
    ]
    return sorted(fits, key=lambda spec: len(spec.wavelengths_nm) != cube.shape[2])


def _outcome(source: Path, **fields: Any) -> Outcome:
    return {**dict.fromkeys(_FIELDS), "source": str(source), "skipped": False, **fields}


def _carried_out(task: Task, progress: Progress | None) -> Outcome:
    record = {"input": state_of(task.source), "options": task.options.record()}
    if task.target.exists() and not task.options.overwrite:
        if differs := difference(task.target, record):
            raise TransferError(
                f"{task.target} exists already, and {differs}; give --overwrite to replace it."
            )
        return {"result": str(task.target), "skipped": True, "compared": record["input"]["compared"]}
    cube = _opened(task)
    try:
        moved = _written(task, cube, record, progress)
    finally:
        if cube.is_lazy:
            getattr(cube.data, "close", lambda: None)()
    made_by = {key: moved.provenance[key] for key in ("device", "condition", "wavelengths")}
    return {"result": str(task.target), "model": moved.provenance["model"]["name"], **made_by}


def _opened(task: Task) -> SpectralCube:
    options = task.options
    return open_cube(
        task.source,
        candidate=options.candidate,
        frame=options.frame,
        reconstruction=options.reconstruction,
        **options_for(task.source, options.metadata),
    )


def _written(task: Task, cube: SpectralCube, record: Record, progress: Progress | None) -> SpectralCube:
    """Transfer a cube into its file; the spectra of a network go there block by block."""
    options, target = task.options, task.target
    run = partial(
        transfer,
        cube,
        direction=options.direction,
        device=options.device,
        condition=options.condition,
        noise=options.noise,
        progress=progress,
        reference=open_cube(options.reference) if options.reference else None,
    )
    with saving(target, options.overwrite) as temporary:
        if is_baseline(options.model):
            moved = with_record(run(model=options.model), record)
            own.write([moved], temporary, options.compress)
            return moved
        model = _model(options.model, cube)
        shape = (*cube.shape[:2], len(model.spec.wavelengths_nm))

        def fill(out: h5py.Dataset) -> SpectralCube:
            return with_record(run(model=model, out=out, scratch=target.parent), record)

        return own.write_filled(shape, fill, temporary, options.compress)


def _model(name: str | None, cube: SpectralCube) -> TransferModel:
    if name is None:
        fitting = fitting_models(cube)
        if not fitting:
            raise ModelError(
                f"No installed model fits {cube.name} ({cube.modality}, {cube.wavelengths_nm[0]:g}-"
                f"{cube.wavelengths_nm[-1]:g} nm); `napari-udt models` lists what there is."
            )
        name = fitting[0].name
    known = {spec.name: spec.weights_sha256 for spec in list_models()}
    return _loaded(name, known.get(name, ""))


@lru_cache(maxsize=2)
def _loaded(name: str, weights_sha256: str) -> TransferModel:
    """Load a model once for many files; another hash means that it was installed again."""
    from napari_udt.models import load_model

    return load_model(name)
