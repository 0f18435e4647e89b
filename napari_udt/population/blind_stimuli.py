"""Stimuli of a blind test: real and transferred spectra, or cut-outs of pictures, balanced, in a random order.

A :class:`Stimulus` carries nothing that gives its origin away: spectra are L2-normalised, cut-outs stretched to their own
range and mirrored at random, so that neither brightness nor the scene gives the answer away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError
from napari_udt.population.groups import Group, Population
from napari_udt.spectral.spectra import normalise

Kind = Literal["spectra", "pictures"]
Truth = Literal["real", "transferred"]

# Brightest and darkest per cent that a picture may lose to contrast.
_STRETCH = (1.0, 99.0)


@dataclass(frozen=True)
class Design:
    """Everything that decides what is shown, and in which order.

    Parameters
    ----------
    real, transferred : str
        Names of the two groups.
    kind : {"spectra", "pictures"}
    count : int
        Half of it real, half transferred.
    seed : int
        Of the draw and of the order.
    classes : tuple of str
        Structures that spectra are drawn from, equally often in both groups; ignored for pictures.
    wavelength_nm : float
        Of pictures.
    side : int
        Rows and columns of a picture's cut-out, in pixels.
    """

    real: str
    transferred: str
    kind: Kind = "spectra"
    count: int = 40
    seed: int = 0
    classes: tuple[str, ...] = ()
    wavelength_nm: float = 800.0
    side: int = 48

    def document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"classes": list(self.classes)}


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One spectrum or picture that is shown.

    Parameters
    ----------
    number : int
        Its place in the order, from 1.
    structure : str
        Of a spectrum; empty for a picture.
    values : array, shape (channels,) or (side, side)
        An L2-normalised spectrum, or a cut-out between 0 and 1.
    """

    number: int
    structure: str
    values: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Deck:
    """All stimuli in their order, with the truth that must stay hidden.

    Parameters
    ----------
    stimuli : tuple of Stimulus
    truths : tuple of {"real", "transferred"}
    fingerprint : str
        SHA-256 of the spectra and labels of both groups: a test can only go on with the same data.
    """

    stimuli: tuple[Stimulus, ...]
    truths: tuple[Truth, ...]
    fingerprint: str


def draw_deck(population: Population, design: Design) -> Deck:
    """Draw the stimuli of a design.

    Raises
    ------
    EvaluationError
        When a group is missing or has too little to draw from.
    """
    groups: dict[Truth, Group] = {
        "real": _group(population, design.real),
        "transferred": _group(population, design.transferred),
    }
    if design.count < 2 or design.count % 2:
        raise EvaluationError(f"A blind test shows an even number, half of it real; found {design.count}.")
    rng = np.random.default_rng(design.seed)
    shown: list[tuple[Truth, str, NDArray[np.float32]]] = []
    for truth, group in groups.items():
        drawn = (
            _spectra(population, group, design, rng)
            if design.kind == "spectra"
            else _cut_outs(group, design, rng)
        )
        shown += [(truth, structure, values) for structure, values in drawn]
    ordered = [shown[index] for index in rng.permutation(len(shown))]
    return Deck(
        tuple(Stimulus(n, structure, values) for n, (_, structure, values) in enumerate(ordered, start=1)),
        tuple(truth for truth, _, _ in ordered),
        _fingerprint(groups.values()),
    )


def _group(population: Population, name: str) -> Group:
    found = next((group for group in population.groups if group.name == name), None)
    if found is None:
        names = ", ".join(group.name for group in population.groups) or "nothing"
        raise EvaluationError(f"There is no group {name!r} to judge; found {names}.")
    return found


def _spectra(
    population: Population, group: Group, design: Design, rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    names = design.classes or tuple(population.class_names[i] for i in population.classes_in())
    if not names:
        raise EvaluationError("The groups share no structure whose spectra could be compared.")
    for name, wanted in zip(names, _shares(design.count // 2, len(names)), strict=True):
        label = population.class_names.index(name) if name in population.class_names else None
        own = np.flatnonzero(group.labels == label)
        own = own[np.any(group.spectra[own] != 0, axis=1)]
        if len(own) < wanted:
            raise EvaluationError(
                f"{group.name} has {len(own)} spectra of {name}; {wanted} are needed: ask for fewer, or leave {name} out."
            )
        for index in rng.permutation(own)[:wanted]:
            yield name, normalise(group.spectra[index], "l2")


def _shares(total: int, parts: int) -> list[int]:
    """Divide a number as equally as it goes, larger shares first."""
    return [total // parts + (part < total % parts) for part in range(parts)]


def _cut_outs(
    group: Group, design: Design, rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    if group.cube is None:
        raise EvaluationError(
            f"{group.name} comes from a data set, not from a picture; judge spectra instead."
        )
    picture, side = group.cube.image(design.wavelength_nm), design.side
    if min(picture.shape) < side:
        raise EvaluationError(
            f"{group.name} is a picture of {picture.shape[0]} × {picture.shape[1]} pixels; cut-outs of {side} do not fit."
        )
    for _ in range(design.count // 2):
        row, column = (int(rng.integers(0, size - side + 1)) for size in picture.shape)
        cut = picture[row : row + side, column : column + side]
        yield "", _stretched(cut[:, ::-1] if rng.random() < 0.5 else cut)


def _stretched(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.nanpercentile(picture, _STRETCH)
    return np.clip((picture - low) / max(high - low, np.finfo(np.float32).tiny), 0, 1).astype(np.float32)


def _fingerprint(groups: Any) -> str:
    digest = hashlib.sha256()
    for group in groups:
        for array in (group.spectra, group.labels):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def pairs(population: Population) -> list[tuple[str, str]]:
    """Names of (real, transferred) groups that can be compared, newest first."""
    real, transferred = population.part("real"), population.part("transferred")
    return [(r.name, t.name) for t in reversed(transferred) for r in reversed(real)]


def common_structures(population: Population, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the structures that occur in all the named groups."""
    chosen = [group for group in population.groups if group.name in names]
    return tuple(population.class_names[label] for label in population.classes_in(*chosen))
