"""Checkpoints of a training run: whole or not there, and read without unpickling."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from napari_udt.errors import TrainingError
from napari_udt.files.writing import whole_or_nothing
from napari_udt.training.config import TrainingConfig
from napari_udt.training.tables import defaults

FORMAT = "napari-udt checkpoint"
VERSION = 1


# Keys of a configuration that change no weight; for the data files their hashes decide.
_WORDS = ("title", "notes", "data.simulated", "data.second")


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a state of tensors, numbers, texts, lists and dictionaries.

    Raises
    ------
    WriteError
        When the disk is full and the like; the checkpoint before is untouched then.
    """
    packed = io.BytesIO()  # torch itself reports a full disk as a defect of its own
    torch.save({"format": FORMAT, "version": VERSION, **state}, packed)
    with whole_or_nothing(path) as temporary:
        temporary.write_bytes(packed.getbuffer())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises
    ------
    TrainingError
        When there is none, or the file is something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainingError(
            f"{path}: there is no checkpoint to resume from; start without --resume."
        ) from error
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path}: the checkpoint cannot be read ({error}); start anew.") from error
    if not isinstance(state, dict) or (state.get("format"), state.get("version")) != (FORMAT, VERSION):
        raise TrainingError(f"{path}: not a checkpoint of this version of napari-udt; start anew.")
    return state


def require_same_run(state: dict[str, Any], config: dict[str, Any], data: dict[str, str], path: Path) -> None:
    """Refuse to resume with another configuration or other data: the result would be neither run's.

    A setting that did not exist when the run was begun had what is its default now.

    Parameters
    ----------
    state : dict
        As loaded; its ``config`` and ``data`` are compared.
    config : dict
        Plain values of the configuration at hand.
    data : dict
        Hash of each data set file at hand.
    path : Path
        Of the checkpoint, for the message.

    Raises
    ------
    TrainingError
        Names what differs.
    """
    then, now, default = (_flat(table) for table in (state["config"], config, defaults(TrainingConfig)))
    then = {key: default[key] for key in now if key in default} | then
    different = sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))
    different = [key for key in different if key not in _WORDS]
    different += [f"the {domain} data" for domain in data if data[domain] != state["data"].get(domain)]
    if different:
        raise TrainingError(
            f"{path}: the run to resume was started with other values of {', '.join(different)}; "
            "restore them or start anew in another folder."
        )


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
