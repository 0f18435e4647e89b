"""Labels of recordings in HeiPorSPECTRAL: outlines as pictures, segmentations as htc blosc files, and their names.

``data/subjects/P086/<time>/annotations/<time>#polygon#annotator1#stomach#binary.png`` are pictures of one organ each;
``data/dataset_settings.json`` names the numbers of all organs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.contract import reading
from napari_udt.io.extras import Extras

_SETTINGS = "dataset_settings.json"
_SETTINGS_BYTES = 10_000_000
_LEVELS = 4  # folders between a recording and the settings of its data set


def take_outlines(extras: Extras, recording: Path, shape: tuple[int, int]) -> None:
    """Take labels and their names from the outlines beside a recording; a picture that does not fit it is left out.

    Where several people have drawn, the first by name counts. Nothing where nobody has drawn.
    """
    drawn: dict[str, dict[str, Path]] = {}
    for picture in sorted((recording.parent / "annotations").glob("*#*#*#*#binary.png")):
        _, _, person, organ, _ = picture.name.split("#", 4)
        drawn.setdefault(person, {})[organ] = picture
    pictures = drawn[min(drawn)] if drawn else {}
    masks = {
        organ: extras.attempt(f"Outline of {organ}", partial(_mask, picture, shape))
        for organ, picture in pictures.items()
    }
    names = numbered(
        (organ for organ, mask in masks.items() if mask is not None), label_numbers(recording.parents)
    )
    labels = np.zeros(shape, np.int32)
    for number, organ in names.items():
        labels[masks[organ]] = number
    if names:
        extras.labels(lambda: labels, {0: "unlabelled", **names})


def numbered(organs: Iterable[str], known: dict[str, int]) -> dict[int, str]:
    """Return organs by their number: the data set's where it knows them all, else counted from 1 by name."""
    ordered = sorted(organs)
    if all(known.get(organ, 0) > 0 for organ in ordered):
        return {known[organ]: organ for organ in ordered}
    return dict(enumerate(ordered, start=1))


def label_numbers(folders: Iterable[Path]) -> dict[str, int]:
    """Return the numbers of the organs from the settings in the nearest of some folders; empty where there are none."""
    for folder in list(folders)[:_LEVELS]:
        settings = folder / _SETTINGS
        if settings.is_file() and settings.stat().st_size <= _SETTINGS_BYTES:
            try:
                stored = json.loads(settings.read_text(encoding="utf-8"))
            except (ValueError, RecursionError):
                return {}  # it only names things: a damaged one must not keep the recording from opening
            mapping = stored.get("label_mapping") if isinstance(stored, dict) else None
            return _whole_numbers(mapping if isinstance(mapping, dict) else {})
    return {}


def _whole_numbers(mapping: dict[str, Any]) -> dict[str, int]:
    return {name: n for name, n in mapping.items() if isinstance(n, int) and 0 <= n < 2**31}


def _mask(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    from PIL import Image

    with reading(path), Image.open(path, formats=["PNG"]) as picture:
        if (picture.height, picture.width) != shape:
            raise CubeError(
                f"{path}: the outline has {picture.height} x {picture.width} pixels; expected {shape[0]} x {shape[1]}."
            )
        return np.asarray(picture.convert("L")) > 0
