"""Transferring many files: one result per file, each whole or not at all, made once.

:func:`transfer_file` does the work for one file wherever it runs: in this process, in one of several, or on a
cluster (:mod:`napari_udt.inference.workers`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from napari_udt.cube import Domain, SpectralCube
from napari_udt.errors import TransferError, UdtError, unexpected
from napari_udt.files.leftovers import remove_leftovers
from napari_udt.inference.baselines import is_baseline
from napari_udt.inference.fitting import choice_note, fitting_models
from napari_udt.inference.inputs import Input, collect, refuse_namesakes, target_of, without_results
from napari_udt.inference.job import Noise
from napari_udt.inference.record import Record, difference, state_of, with_record
from napari_udt.inference.run import Direction, Progress, transfer
from napari_udt.io import open_cube
from napari_udt.io.contract import reason
from napari_udt.io.frames import Frames, frame_of, selected
from napari_udt.io.generic import own
from napari_udt.io.missing_metadata import StatedMetadata, options_for
from napari_udt.io.opening import saving
from napari_udt.models import list_models
from napari_udt.reconstruction.options import ReconstructionOptions

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

Outcome = dict[str, Any]
ALL = "all"  # in the place of a model: each that fits, one after the other
_FIELDS = ("source", "result", "model", "device", "condition", "wavelengths", "seconds", "error")


@dataclass(frozen=True)
class Options:
    """How files are transferred, the same for all of a batch.

    Parameters
    ----------
    model : str, optional
        Name or folder of a model, or a baseline; by default the first that fits each cube. "all": every installed one that
        fits, each with a result of its own.
    direction, device, condition, noise : str
        As in :func:`~napari_udt.inference.run.transfer`.
    seed, steps, deformed, truncation
        As there.
    reference : path, optional
        File of the cube that a baseline is matched to.
    candidate : str, optional
        Which cube of each file; by default the best.
    metadata : StatedMetadata
        What the files lack.
    frames : "all", "mean", int or (int, int)
        Which pictures of a series: all, the mean over frames, one, or from and to before.
    reconstruction : ReconstructionOptions, optional
        As in :func:`napari_udt.open_cube`.
    overwrite : bool
        Whether results are made again.
    compress : bool
        Smaller results, slower to read.
    named : bool
        Whether results bear the model's name in theirs.
    structures : tuple of (str, str)
        Names of structures in the files and what they are called.
    """

    model: str | None = None
    direction: Direction = "sim2real"
    device: str = "auto"
    condition: str = "auto"
    noise: Noise = "training"
    seed: int = 0
    steps: int | None = None
    deformed: bool = False
    truncation: float | None = None
    reference: Path | None = None
    candidate: str | None = None
    metadata: StatedMetadata = field(default_factory=StatedMetadata)
    frames: Frames = "all"
    reconstruction: ReconstructionOptions | None = None
    overwrite: bool = False
    compress: bool = False
    named: bool = False
    structures: tuple[tuple[str, str], ...] = ()

    @property
    def ending(self) -> str:
        """Suffix of a result's file name: the direction, or the baseline."""
        if is_baseline(self.model):
            return self.model.replace(":", "-").replace(" ", "")
        named = f"{self.direction}_{self.model}" if self.named else self.direction
        return f"{named}_deformed" if self.deformed else named

    def each(self) -> list[Options]:
        """Return the options of each run of a file: one, or with the model "all" one for every installed model."""
        if self.model != ALL:
            return [self]
        return [replace(self, model=spec.name, named=True) for spec in list_models()]

    def for_input(self, item: Input) -> Options:
        """Return the options for one file, with what a collection states about it."""
        metadata = replace(
            self.metadata,
            wavelengths=item.wavelengths_nm or self.metadata.wavelengths,
            domain=cast(Domain, item.domain) or self.metadata.domain,
        )
        return replace(
            self,
            candidate=item.candidate or self.candidate,
            metadata=metadata,
            structures=item.structures or self.structures,
        )

    def record(self) -> Record:
        """Return everything that decides the values of a result, as it is read back from JSON."""
        record: Record = {
            "model": self.model,
            "direction": self.direction,
            "condition": self.condition,
            "noise": self.noise,
            "reference": state_of(self.reference) if self.reference else None,
            "candidate": self.candidate,
            "facts": self.metadata.to_dict(),
            "frame": frame_of(self.frames),
            "reconstruction": self.reconstruction and asdict(self.reconstruction),
        }
        if isinstance(self.frames, tuple):
            record["frames"] = self.frames
        own = (("seed", self.seed or None), ("steps", self.steps), ("deformed", self.deformed or None))
        record |= {key: value for key, value in (*own, ("truncation", self.truncation)) if value is not None}
        if self.structures:
            record["structures"] = dict(self.structures)
        as_read: Record = json.loads(json.dumps(record))
        return as_read


@dataclass(frozen=True)
class Task:
    """One file of a batch."""

    source: Path
    target: Path
    options: Options


def transfer_files(
    files: Iterable[Path | Input],
    folder: Path,
    options: Options,
    *,
    recursive: bool = False,
    shard: tuple[int, int] | None = None,
    work: Callable[[list[Task]], Iterable[Outcome]],
    report: Callable[[Outcome, int], None],
) -> list[Outcome]:
    """Transfer files, and the cubes in folders, into ``folder``.

    Parameters
    ----------
    files : iterable of path or Input
        Files and folders; inputs are those of a collection, with what it states about them.
    folder : path
        Where results go, in folders of the same names as below the folders that were named.
    options : Options
    recursive : bool
        Search folders within folders too.
    shard : (int, int), optional
        (I, N): only every N-th file, the I-th first (from 1).
    work : callable
        Carries tasks out and yields an outcome for each, in any order; see :mod:`napari_udt.inference.workers`.
    report : callable
        Called with each outcome as it comes, and the number of runs in all.

    Returns
    -------
    list of dict
        One per file, and per model where all are wanted: source, result, model, device, condition, wavelengths, seconds, ``skipped`` (whether the result
        was there already) and error (a sentence, or None).
    """
    inputs = collect(files, recursive=recursive, with_metadata=bool(options.metadata))
    for each in options.each():
        inputs = without_results(inputs, folder, each.ending)
    if shard:
        inputs = inputs[shard[0] - 1 :: shard[1]]
    runs = [(item, each) for item in inputs for each in _fitting(item.path, options.for_input(item))]
    targets = [(item, target_of(item, folder, each.ending)) for item, each in runs]
    refused = refuse_namesakes(targets)
    outcomes = [_outcome(item.path, error=str(error)) for item, error in refused.items()]
    tasks = [
        Task(item.path, target, each)
        for (item, each), (_, target) in zip(runs, targets, strict=True)
        if item not in refused
    ]
    total = len(outcomes) + len(tasks)
    for outcome in outcomes:
        report(outcome, total)
    for outcome in work(tasks):
        outcomes.append(outcome)
        report(outcome, total)
    for place in {task.target.parent for task in tasks}:  # processes may have been killed meanwhile
        remove_leftovers(place)
    return outcomes


def transfer_file(task: Task, progress: Progress | None = None) -> Outcome:
    """Transfer one file; the outcome's ``error`` says what is wrong with it."""
    start = time.perf_counter()
    outcome = _outcome(task.source, model=task.options.model)
    try:
        outcome.update(_carried_out(task, progress))
    except UdtError as error:
        outcome["error"] = str(error)
    except OSError as error:
        outcome["error"] = f"{error.filename or task.source}: {reason(error)}."
    except MemoryError:
        outcome["error"] = f"{task.source}: too large for this machine's memory."
    except Exception as error:  # a defect costs one file, not those that follow
        outcome["error"] = f"{task.source}: {unexpected(error)}"
    outcome["seconds"] = round(time.perf_counter() - start, 3)
    return outcome


def _fitting(source: Path, options: Options) -> list[Options]:
    """Return the options of each run of one file: those of models that fit its cube.

    A file that cannot be opened, or that no model fits, gets a single run without a model, which says so.
    """
    if options.model != ALL:
        return [options]
    try:
        cube = _opened(source, options, memory_limit_mb=0.0)
        try:
            names = {spec.name for spec in fitting_models(cube)}
        finally:
            _close(cube)
    except Exception:  # whatever is wrong with it: the run of the file itself says it
        return [replace(options, model=None)]
    return [each for each in options.each() if each.model in names]


def _close(cube: SpectralCube) -> None:
    if cube.is_lazy:
        getattr(cube.data, "close", lambda: None)()


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
    cube = _opened(task.source, task.options)
    try:
        moved = _written(task, cube, record, progress)
    finally:
        _close(cube)
    made_by = {key: moved.provenance[key] for key in ("device", "condition", "wavelengths")}
    return {"result": str(task.target), "model": moved.provenance["model"]["name"], **made_by}


def _opened(source: Path, options: Options, **reading: Any) -> SpectralCube:
    cube = open_cube(
        source,
        candidate=options.candidate,
        frame=frame_of(options.frames),
        reconstruction=options.reconstruction,
        **options_for(source, options.metadata),
        **reading,
    )
    names = dict(options.structures)
    return selected(cube, options.frames).throughout(lambda picture: picture.with_structures_named(names))


def _written(task: Task, cube: SpectralCube, record: Record, progress: Progress | None) -> SpectralCube:
    """Transfer a cube into its file, a series picture by picture; the spectra of a network go there block by block."""
    options, target = task.options, task.target
    run = partial(
        transfer,
        direction=options.direction,
        device=options.device,
        condition=options.condition,
        noise=options.noise,
        seed=options.seed,
        steps=options.steps,
        deformed=options.deformed,
        truncation=options.truncation,
        reference=open_cube(options.reference) if options.reference else None,
    )
    series = cube.series
    with saving(target, options.overwrite) as temporary:
        if is_baseline(options.model):
            moved = run(cube, model=options.model, progress=progress).throughout(
                lambda picture: with_record(picture, record)
            )
            own.write([moved], temporary, options.compress, progress=progress if series else None)
            return moved
        model, chosen_by = _model(options, cube)
        shape = (*cube.shape[:2], len(model.spec.wavelengths_nm))

        def fill(out: own.Target, picture: SpectralCube, report: Progress | None) -> SpectralCube:
            moved = run(picture, model=model, out=out, scratch=target.parent, progress=report)
            return with_record(moved.with_(provenance={**moved.provenance, **chosen_by}), record)

        def fill_one(index: int, out: own.Target) -> SpectralCube:
            assert series is not None
            with series.naming(index):
                picture = cube if index == cube.place else series[index]
                return fill(out, picture, progress and _part_of(progress, index, len(series)))

        if series is not None:
            return own.write_filled_series(shape, series, cube.place, fill_one, temporary, options.compress)
        return own.write_filled(shape, lambda out: fill(out, cube, progress), temporary, options.compress)


def _part_of(progress: Progress, index: int, count: int) -> Progress:
    """Count the pixels of one picture among those of all."""
    return lambda done, total: progress(index * total + done, count * total)


def _model(options: Options, cube: SpectralCube) -> tuple[TransferModel, dict[str, str]]:
    """Return the model for a cube, and how it was chosen where none was named, for the provenance."""
    name, chosen_by = options.model, {}
    if name is None:
        fitting = fitting_models(cube)
        name, chosen_by = fitting[0].name, {"model_choice": choice_note(fitting)}
    known = {spec.name: spec.weights_sha256 for spec in list_models()}
    return _loaded(name, known.get(name, "")), chosen_by


@lru_cache(maxsize=2)
def _loaded(name: str, weights_sha256: str) -> TransferModel:
    """Load a model once for many files; another hash means that it was installed again."""
    from napari_udt.models import load_model

    return load_model(name)
