"""Results of an evaluation as JSON: all numbers, and what they were computed from."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import asdict, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt import __version__
from napari_udt.evaluation import paper
from napari_udt.evaluation.run import Evaluation
from napari_udt.files import whole_or_nothing

FORMAT = "napari-udt evaluation"
VERSION = 1
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch")


def as_document(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as plain JSON values; a number that does not exist becomes null.

    Numbers computed here stand under "rows", the paper's under "paper_table_1", and only there.
    """
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "modality": evaluation.modality,
        **plain(evaluation.facts),
        "rows": plain(evaluation.rows),
        "paper_table_1": {
            "note": "paper's values (Dreher et al., MICCAI 2023), not computed here",
            **{row: asdict(scores) for row, scores in paper.TABLE_1[evaluation.modality].items()},
        },
    }


def save_results(evaluation: Evaluation, path: Path) -> None:
    """Write the JSON file, whole or not at all."""
    with whole_or_nothing(path) as temporary:
        temporary.write_text(json.dumps(as_document(evaluation), indent=1, allow_nan=False) + "\n", "utf-8")


def software_versions() -> dict[str, str]:
    """Versions of what computes the numbers."""
    found = {name: version(name) for name in _LIBRARIES}
    return {"napari-udt": __version__, "python": platform.python_version(), **found}


def plain(value: Any) -> Any:
    """Return ``value`` in types that JSON knows; dataclasses with their properties' values beside their fields."""
    if is_dataclass(value) and not isinstance(value, type):
        told = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return told | {name: plain(getattr(value, name)) for name in _properties(type(value))}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _properties(kind: type) -> list[str]:
    """Public properties of a class: what follows from its fields, as means and verdicts."""
    return [name for name, item in vars(kind).items() if isinstance(item, property) and name[0] != "_"]
