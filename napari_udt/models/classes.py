"""Matching names of structures to the classes of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# What other programs call the structures (SIMPA's segmentation classes, htc's organ names), and what they are
# made of. A name with several meanings stands for each of them with equal probability, as far as the model has
# them: SIMPA's blood is vein or artery, its soft tissue whatever is neither skin surface nor vessel.
_COUPLING = ("coupling medium",)
_ALIASES: dict[str, tuple[str, ...]] = {
    "air": _COUPLING,
    "coupling artifact": _COUPLING,
    "gel": _COUPLING,
    "heavy water": _COUPLING,
    "mediprene": _COUPLING,
    "ultrasound gel": _COUPLING,
    "water": _COUPLING,
    "blood": ("vein", "artery"),
    "vessel": ("vein", "artery"),
    "blood vessel": ("vein", "artery"),
    "venous blood": ("vein",),
    "arterial blood": ("artery",),
    "soft tissue": ("dermis", "fat", "muscle"),
    "skin": ("epidermis", "dermis"),
    "adipose tissue": ("fat",),
    "fatty tissue": ("fat",),
    "subcutaneous fat": ("fat",),
    "greater omentum": ("omentum",),
    "small intestine": ("small bowel",),
    "large bowel": ("colon",),
    "urinary bladder": ("bladder",),
}
_PLURALS = {"veins": "vein", "arteries": "artery", "vessels": "vessel", "blood vessels": "blood vessel"}


def match_labels(
    label_names: Mapping[int, str], class_names: Sequence[str]
) -> dict[int, NDArray[np.float32]]:
    """Class probabilities for each structure of a cube.

    Parameters
    ----------
    label_names : mapping of int to str
        Names of the cube's structures; case, spaces, dashes and underscores do not matter.
    class_names : sequence of str
        Classes of the model, in the order of its one-hot condition.

    Returns
    -------
    dict of int to array, shape (classes,)
        Each sums to 1. A name that no class matches gets 1 / classes everywhere: unknown.

    Examples
    --------
    >>> match_labels({3: "blood"}, ["fat", "vein", "artery"])
    {3: array([0. , 0.5, 0.5], dtype=float32)}
    """
    known = {plain_name(name): index for index, name in enumerate(class_names)}
    return {number: _probabilities(name, known) for number, name in label_names.items()}


def _probabilities(name: str, known: Mapping[str, int]) -> NDArray[np.float32]:
    matches = _matches(name, known)
    probabilities = np.zeros(len(known), dtype=np.float32)
    probabilities[matches] = 1.0 / len(matches)
    return probabilities


def known_names(label_names: Mapping[int, str], class_names: Sequence[str]) -> list[str]:
    """Names of the structures that do not stand for all classes alike, as unknown ones do."""
    known = {plain_name(name): index for index, name in enumerate(class_names)}
    return [name for name in label_names.values() if len(_matches(name, known)) < len(known)]


def _matches(name: str, known: Mapping[str, int]) -> list[int]:
    """Classes that a name stands for; all of them where it matches none."""
    plain = plain_name(name)
    meant = (plain,) if plain in known else _ALIASES.get(plain, ())
    return [known[meaning] for meaning in meant if meaning in known] or list(known.values())


def plain_name(name: str) -> str:
    """Return a structure's name without regard to case, spaces, dashes, underscores and plurals."""
    words = re.sub(r"[\s_\-]+", " ", name).strip().lower()
    return _PLURALS.get(words, words)
