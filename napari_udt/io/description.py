"""The metadata of a cube as one line of JSON, for formats that can store text only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError

_DESCRIBED = ("modality", "domain", "origin", "quantity", "name", "pixel_size_mm", "provenance")


def description_text(cube: SpectralCube) -> str:
    """Return everything about a cube except its arrays as JSON (ASCII, one line).

    Where the cube was opened from is left out: of another file that would no longer be true.
    """
    return json.dumps(
        {
            **{name: getattr(cube, name) for name in _DESCRIBED},
            **({} if cube.bad_bands is None else {"bad_bands": cube.bad_bands.tolist()}),
            "label_names": {str(k): v for k, v in cube.label_names.items()},
            "metadata": {k: v for k, v in cube.metadata.items() if k != "file"},
        }
    )


def described(text: str | None, path: Path) -> dict[str, Any]:
    """Return the metadata in a :func:`description_text` as keyword arguments of a cube; empty without text.

    Raises
    ------
    CubeError
        When the text is not a description.
    """
    if text is None:
        return {}
    stored = json.loads(text)
    if not isinstance(stored, dict) or not {*_DESCRIBED, "label_names", "metadata"} <= set(stored):
        raise CubeError(f"{path}: the description is not one that napari-udt writes.")
    names = {int(k): v for k, v in stored["label_names"].items()}
    found = {**{k: stored[k] for k in (*_DESCRIBED, "metadata")}, "label_names": names}
    if stored.get("bad_bands"):
        found["bad_bands"] = np.array(stored["bad_bands"], dtype=np.bool_)
    return found
