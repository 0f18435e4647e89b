"""A transfer once more, with the choices that its provenance names, by other models or of some of its pixels.

Spectra (HSI) are transferred one by one, so a few of them say the same as the whole cube. A picture (PAT) is always transferred whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.job import is_at_unit_scale
from napari_udt.inference.run import DOMAINS_OF, transfer
from napari_udt.inference.tissue import AUTO, LABELS, PROXY, tissue_condition
from napari_udt.io.contract import Progress, ignore_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_udt.models.model import TransferModel
    from napari_udt.models.spec import ModelSpec

_ROWS = 64  # of a cube, read at a time


def transfers_again(
    cube: SpectralCube,
    models: Sequence[TransferModel],
    made: Mapping[str, Any],
    pixels: NDArray[np.intp] | None = None,
    progress: Progress = ignore_progress,
) -> NDArray[np.float32]:
    """Transfer a cube by several models, each as a result's provenance says.

    Parameters
    ----------
    cube : SpectralCube
        What the result was made from.
    models : sequence of TransferModel
        On the same wavelengths and classes.
    made : mapping
        The result's provenance.
    pixels : integer array, shape (n,), optional
        The pixels that are wanted, numbered row by row, in ascending order; by default all.
    progress : callable (done, total)
        Called after each model.

    Returns
    -------
    array, shape (models, n, channels)

    Raises
    ------
    TransferError
        When the provenance names a choice that is not known here.
    """
    choices = choices_of(cube, models[0].spec, made)
    wanted = np.arange(cube.shape[0] * cube.shape[1]) if pixels is None else pixels
    of_spectra = cube.modality == "HSI"
    given = row_of_pixels(cube, wanted) if of_spectra else cube.with_(series=None, place=0)
    if of_spectra and choices["condition"] == LABELS:
        choices["condition"] = AUTO  # the few pixels may hold no structure that the model knows
    found = []
    for done, model in enumerate(models):
        progress(done, len(models))
        moved = np.asarray(transfer(given, model, device="cpu" if of_spectra else "auto", **choices).data)
        found.append(moved.reshape(-1, moved.shape[2])[slice(None) if of_spectra else wanted])
    progress(len(models), len(models))
    return np.stack(found).astype(np.float32, copy=False)


def choices_of(cube: SpectralCube, spec: ModelSpec, made: Mapping[str, Any]) -> dict[str, Any]:
    """Return what :func:`~napari_udt.inference.transfer` is called with to make a result again, beside cube, model and device.

    Raises
    ------
    TransferError
        When direction or tissue condition are not known here.
    """
    direction = made.get("direction", "sim2real")
    if direction not in DOMAINS_OF:
        raise TransferError(f"{cube.name}: the provenance of its transfer names no direction that is known.")
    found: dict[str, Any] = {"direction": direction, "condition": _condition(cube, spec, made)}
    if is_at_unit_scale(made):
        found["scale"] = "unit"
    if made.get("noise") == "none":
        found["noise"] = "none"
    found |= {key: made[key] for key in ("seed", "steps") if type(made.get(key)) is int}
    if made.get("deformed") is True:
        found["deformed"] = True
    if isinstance(truncation := made.get("truncation"), int | float):
        found["truncation"] = float(truncation)
    return found


def row_of_pixels(cube: SpectralCube, pixels: NDArray[np.intp]) -> SpectralCube:
    """Return some pixels of a cube, numbered row by row in ascending order, as a cube of one row, with their labels."""
    labels = None if cube.labels is None else cube.labels.reshape(-1)[pixels][None]
    return cube.with_(
        data=spectra_of_pixels(cube, pixels)[None],
        labels=labels,
        oxygenation=None,
        metadata={},
        series=None,
        place=0,
    )


def spectra_of_pixels(cube: SpectralCube, pixels: NDArray[np.intp]) -> NDArray[np.float32]:
    """Read the spectra of pixels, numbered row by row in ascending order; shape (n, channels)."""
    return np.concatenate([*_read(cube, pixels), np.empty((0, cube.shape[2]), np.float32)])


def _read(cube: SpectralCube, pixels: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
    rows, columns = np.divmod(pixels, cube.shape[1])
    for block in np.unique(rows // _ROWS):
        inside = rows // _ROWS == block
        first, last = int(rows[inside].min()), int(rows[inside].max())
        yield cube.rows(first, last + 1)[rows[inside] - first, columns[inside]]


def _condition(cube: SpectralCube, spec: ModelSpec, made: Mapping[str, Any]) -> str:
    """Return the choice that gives the condition a provenance tells of; where it tells nothing, the automatic one."""
    note = made.get("condition")
    if note is None:
        return AUTO
    for choice in (LABELS, PROXY, *spec.class_names):
        try:
            if tissue_condition(cube, spec, choice).note == note:
                return choice
        except TransferError:  # a cube without labels
            continue
    raise TransferError(
        f"{cube.name}: its structures are no longer those of the transfer ({note}); transfer it again."
    )
