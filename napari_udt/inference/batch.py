"""Transferring many files: one result per file, and one bad file does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube
from napari_udt.errors import ModelError, TransferError, UdtError
from napari_udt.inference.baselines import is_baseline
from napari_udt.inference.run import Direction, Progress, transfer
from napari_udt.io import open_cube, save_cube
from napari_udt.models import ModelSpec, list_models

SUFFIX = ".udt.h5"
Outcome = dict[str, Any]


def fitting_models(cube: SpectralCube) -> list[ModelSpec]:
    """List the models whose modality and wavelengths fit a cube, those on its very grid first."""
    fits = [
        spec
        for spec in list_models()
        if spec.modality == cube.modality
        and spec.wavelengths_nm[0] >= cube.wavelengths_nm[0] - 0.05
        and spec.wavelengths_nm[-1] <= cube.wavelengths_nm[-1] + 0.05
    ]
    return sorted(fits, key=lambda spec: len(spec.wavelengths_nm) != cube.shape[2])


def transfer_files(
    files: Iterable[Path],
    folder: Path,
    *,
    model: str | None = None,
    direction: Direction = "sim2real",
    device: str = "auto",
    condition: str = "auto",
    reference: Path | None = None,
    overwrite: bool = False,
    report: Callable[[Outcome], None],
    progress: Progress | None = None,
) -> list[Outcome]:
    """Transfer each file into ``folder`` and report each outcome as it comes.

    Parameters are those of :func:`~napari_udt.inference.run.transfer`; ``reference`` is the file of the cube that a
    baseline is matched to. A baseline's results bear its name in place of the direction.

    Returns
    -------
    list of dict
        One per file: source, result, model, device, condition, seconds, and error (a sentence, or None).
    """
    cache: dict[str, Any] = {}
    wanted = open_cube(reference) if reference else None
    ending = model.replace(":", "-").replace(" ", "") if is_baseline(model) else direction
    taken: set[Path] = set()
    outcomes = []
    for path in files:
        start = time.perf_counter()
        outcome: Outcome = dict.fromkeys(
            ("source", "result", "model", "device", "condition", "seconds", "error")
        )
        outcome.update(source=str(path), model=model)
        try:
            target = _target(path, folder, ending, overwrite, taken)
            cube = open_cube(path)
            loaded = _model(model, cube, cache)
            moved = transfer(cube, loaded, direction, device, progress, condition=condition, reference=wanted)
            save_cube(moved, target, overwrite=overwrite)
            taken.add(target)
            outcome.update(_told(moved, target))
        except (UdtError, OSError) as error:
            outcome["error"] = str(error)
        except MemoryError:
            outcome["error"] = f"{path}: too large for this machine's memory."
        outcome["seconds"] = round(time.perf_counter() - start, 3)
        outcomes.append(outcome)
        report(outcome)
    return outcomes


def _told(moved: SpectralCube, target: Path) -> Outcome:
    """Return what there is to say of a transfer that succeeded."""
    made_by = {key: moved.provenance[key] for key in ("device", "condition")}
    return {"result": str(target), "model": moved.provenance["model"]["name"], **made_by}


def _target(path: Path, folder: Path, ending: str, overwrite: bool, taken: Collection[Path]) -> Path:
    stem = path.name
    for suffix in (SUFFIX, *path.suffixes[-1:]):
        stem = stem.removesuffix(suffix)
    target = folder / f"{stem}_{ending}{SUFFIX}"
    if target in taken:
        raise TransferError(f"{path}: {target} holds the result of another file of this run; rename one.")
    if target.exists() and not overwrite:
        raise TransferError(f"{target} exists already; give --overwrite to replace it.")
    return target


def _model(name: str | None, cube: SpectralCube, cache: dict[str, Any]) -> Any:
    from napari_udt.models import load_model

    if is_baseline(name):
        return name
    if name is None:
        fitting = fitting_models(cube)
        if not fitting:
            raise ModelError(
                f"No installed model fits {cube.name} ({cube.modality}, {cube.wavelengths_nm[0]:g}-"
                f"{cube.wavelengths_nm[-1]:g} nm); `napari-udt models` lists what there is."
            )
        name = fitting[0].name
    if name not in cache:
        cache[name] = load_model(name)
    return cache[name]
