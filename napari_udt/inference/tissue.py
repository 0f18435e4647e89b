"""The tissue condition of a run: which class probabilities hold for which pixel.

A transfer holds one tissue condition for encoding and decoding (Dreher et al. 2023). It comes from the cube's
labels, from one class named for the whole picture, or is the proxy: every class equally probable, the expected
value of what the network saw for unlabelled data in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.models import ModelSpec
from napari_udt.models.classes import known_names, match_labels

PROXY = "proxy"
LABELS = "labels"
AUTO = "auto"


@dataclass(frozen=True, eq=False)
class TissueCondition:
    """Class probabilities per pixel, kept as a small table and an index into it.

    Parameters
    ----------
    table : array, shape (entries, classes)
        Each row sums to one.
    index : integer array, shape (rows, columns)
        Row of ``table`` that holds for each pixel.
    note : str
        What was chosen, for the provenance and the screen.
    """

    table: NDArray[np.float32]
    index: NDArray[np.integer[Any]]
    note: str

    def of_block(self, block: tuple[slice, slice]) -> NDArray[np.intp]:
        """Rows of the table that hold for a block of pixels, in reading order, shape (pixels,)."""
        return self.index[block].reshape(-1).astype(np.intp)

    def as_image(self) -> NDArray[np.float32]:
        """Class probabilities as a picture, shape (classes, rows, columns)."""
        return np.ascontiguousarray(np.moveaxis(self.table[self.index], 2, 0))


def tissue_condition(cube: SpectralCube, spec: ModelSpec, choice: str = AUTO) -> TissueCondition:
    """Resolve a choice of condition for a cube and a model.

    Parameters
    ----------
    choice : str
        "auto" (labels where the cube has some that the model knows, else proxy), "labels", "proxy", or
        the name of one of the model's classes.

    Raises
    ------
    TransferError
        When "labels" is chosen for a cube without usable labels, or the class is unknown to the model.
    """
    if choice == AUTO and spec.from_labels:
        choice = LABELS
    if choice == AUTO:
        choice = LABELS if _known_labels(cube, spec) else PROXY
    if choice == PROXY:
        return _uniform(cube, spec)
    if choice == LABELS:
        return _from_labels(cube, spec)
    return _one_class(cube, spec, choice)


def _known_labels(cube: SpectralCube, spec: ModelSpec) -> list[str]:
    """Names of the cube's structures that the model was conditioned on."""
    if cube.labels is None or not spec.class_count:
        return []
    return known_names(cube.present_labels, spec.class_names)


def _uniform(cube: SpectralCube, spec: ModelSpec) -> TissueCondition:
    classes = max(len(spec.class_names), 1)
    table = np.full((1, classes), 1 / classes, np.float32)
    note = (
        "proxy: every class equally probable" if spec.class_count else "none: the model knows the domain only"
    )
    return TissueCondition(table, np.zeros(cube.shape[:2], np.uint8), note)


def _from_labels(cube: SpectralCube, spec: ModelSpec) -> TissueCondition:
    known = _known_labels(cube, spec)
    if spec.from_labels and (cube.labels is None or not known):
        raise TransferError(
            f"{cube.name} has no labels that {spec.name} knows (it knows {', '.join(spec.class_names)}), from which alone it makes pictures; "
            "name the cube's structures, or choose another model."
        )
    if cube.labels is None or not known:
        raise TransferError(
            f"{cube.name} has no labels that {spec.name} knows (it knows {', '.join(spec.class_names) or 'none'}); "
            "choose one class or the proxy condition."
        )
    matched = match_labels(cube.present_labels, spec.class_names)
    numbers = np.array(sorted(matched))
    table = np.stack([matched[int(i)] for i in numbers]).astype(np.float32)
    unknown = [n for n in cube.present_labels.values() if n not in known]
    note = f"labels of the cube ({', '.join(known)})"
    if unknown:
        note += f"; unknown to the model, so proxy: {', '.join(unknown)}"
    return TissueCondition(table, np.searchsorted(numbers, cube.labels).astype(np.int32), note)


def _one_class(cube: SpectralCube, spec: ModelSpec, name: str) -> TissueCondition:
    if name not in spec.class_names:
        raise TransferError(
            f"{spec.name} does not know the class {name!r}; choose one of {', '.join(spec.class_names)}, "
            f"'{LABELS}' or '{PROXY}'."
        )
    table = np.zeros((1, len(spec.class_names)), np.float32)
    table[0, spec.class_names.index(name)] = 1
    return TissueCondition(table, np.zeros(cube.shape[:2], np.uint8), f"every pixel as {name}")
