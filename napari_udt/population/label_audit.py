"""Audit of labels: what a classifier that was trained on the reference takes transferred pixels for.

A transferred pixel keeps the label of the simulated one. A calibrated random forest, trained on reference spectra of some subjects,
is asked what it sees there instead. Where it sees another structure than the label says, the label flips: the transfer may
have moved the spectrum to another tissue, or the classifier may err; how often it errs is measured on the reference's held-out
subjects, and how the simulated pixels fared before the transfer stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import EvaluationError, TransferError
from napari_udt.evaluation.downstream import LabelledSpectra, fit_classifier
from napari_udt.inference.grid import regrid
from napari_udt.population.downstream_choices import possible_classes
from napari_udt.population.groups import UNKNOWN, Group, Population, labels_of
from napari_udt.population.splits import TEST, TRAIN, split
from napari_udt.population.tables import Table
from napari_udt.population.verdict import source_of
from napari_udt.spectral.labels import is_background
from napari_udt.spectral.spectra import normalise

Progress = Callable[[int, int], None]
PER_CLASS = 500  # spectra that the classifier is trained on
_MOST_TESTED = 5_000  # of the reference, and of a simulated group
_BLOCK_PIXELS = 8_192
_MEANING = (
    "Kept: share of the structure's pixels that the classifier takes for it, after the transfer, before it, and of held-out reference spectra, "
    "which is what can be hoped for. Growth: pixels that are taken for the structure over pixels that bear its label."
)
_LOST = 0.1  # of the labels, beyond the classifier's own errors, from which on a tissue is named


@dataclass(frozen=True)
class AuditRow:
    """What became of the labels of one structure in one transferred group.

    Parameters
    ----------
    group, structure : str
    pixels : int
        With this label.
    kept, kept_before : float
        Share of them that the classifier takes for this structure, after the transfer and before it (NaN without a source).
    kept_reference : float
        Share of the reference's held-out spectra of this structure that the classifier recognises: what can be hoped for.
    flipped_to : str
        What most of the others are taken for; empty where there are none.
    flipped_share : float
        Share of the structure's pixels that are taken for that.
    growth : float
        Pixels that are taken for this structure over pixels that bear its label, among labelled ones.
    """

    group: str
    structure: str
    pixels: int
    kept: float
    kept_before: float
    kept_reference: float
    flipped_to: str
    flipped_share: float
    growth: float


@dataclass(frozen=True, eq=False)
class LabelAudit:
    """An audit of all transferred groups.

    Parameters
    ----------
    rows : tuple of AuditRow
    classes : tuple of str
        That the classifier tells apart.
    flips : mapping of str to int16 array, shape (rows, columns)
        Of each group that is a picture: what a pixel is taken for where that is not its label, as an index into
        ``classes``; -1 where the label stands, or is none of the classes.
    split : str
        How the reference was divided, in a sentence.
    """

    rows: tuple[AuditRow, ...]
    classes: tuple[str, ...]
    split: str
    flips: dict[str, NDArray[np.int16]] = field(default_factory=dict)

    @property
    def statement(self) -> str:
        """Return how many tissues lost more labels than the classifier's own errors explain, and the worst one."""
        tissues = [row for row in self.rows if not is_background(row.structure)]
        lost = [row for row in tissues if row.kept < row.kept_reference - _LOST]
        if not lost:
            return "No tissue lost more than a tenth of its labels beyond the classifier's own errors."
        worst = min(lost, key=lambda row: row.kept - row.kept_reference)
        return (
            f"{len(lost)} of {len(tissues)} tissues lost more than a tenth of their labels beyond the classifier's own errors; "
            f"most {worst.structure.replace('_', ' ')} in {worst.group}: {100 * worst.kept:.0f} % kept, "
            f"{100 * worst.flipped_share:.0f} % taken for {worst.flipped_to.replace('_', ' ') or 'nothing else'}."
        )

    def table(self) -> Table:
        """One row per transferred group and structure; shares are fractions."""
        columns = (
            "structure",
            "label kept",
            "kept before",
            "kept in reference",
            "growth",
            "most flipped to",
            "share of it",
            "pixels",
            "group",
        )
        rows = tuple(
            (
                *(row.structure, row.kept, row.kept_before, row.kept_reference, row.growth),
                *(row.flipped_to, row.flipped_share, row.pixels, row.group),
            )
            for row in self.rows
        )
        return Table("Audit of labels", columns, rows, (self.statement, self.split, _MEANING))


def audit_labels(
    population: Population, *, seed: int = 0, progress: Progress = lambda done, total: None
) -> LabelAudit:
    """Train on the reference, and predict every pixel of every transferred group.

    Parameters
    ----------
    population : Population
    seed : int
        Of the division, the draw and the forest.
    progress : callable, optional
        ``progress(pixels done, pixels in all)``; what it raises ends the work.

    Raises
    ------
    EvaluationError
        When there is no transferred group, or no honest division of the reference.
    """
    moved = population.part("transferred")
    names = possible_classes(population)
    if not moved or len(names) < 2:
        raise EvaluationError(
            "An audit needs a transferred cube, and two structures that it shares with the reference: transfer a cube with labels, or "
            "open a reference with them."
        )
    classes = np.array([population.class_names.index(name) for name in names], np.int16)
    progress(0, 1)
    classifier, recall, sentence = _trained(population, classes, seed)
    total = sum(_size(group) for group in moved)
    rows: list[AuditRow] = []
    flips, done = {}, 0
    for group in moved:
        labels, found = [], []
        for block, own in _blocks(population, group):
            progress(done, total)
            done += len(own)
            labels.append(own)
            found.append(_predicted(classifier, block))
        label, seen = np.concatenate(labels), np.concatenate(found)
        source = source_of(group, population)
        before = {} if source is None else _kept_shares(classifier, source, classes)
        rows += _rows(population, group, classes, label, seen, before, recall)
        if group.cube is not None and len(seen) == group.cube.shape[0] * group.cube.shape[1]:
            flipped = np.where((seen != label) & np.isin(label, classes), np.searchsorted(classes, seen), -1)
            flips[group.name] = flipped.reshape(group.cube.shape[:2]).astype(np.int16)
    progress(total, total)
    return LabelAudit(tuple(rows), names, sentence, flips)


def _trained(
    population: Population, classes: NDArray[np.int16], seed: int
) -> tuple[Any, dict[int, float], str]:
    """Return the classifier, the share of each class that it recognises in held-out spectra, and the division."""
    real = list(population.part("real"))
    division = split(real, classes.tolist(), seed=seed)
    spectra = np.concatenate([group.spectra for group in real])
    labels, sides = np.concatenate([group.labels for group in real]), np.concatenate(division.sides)
    training = LabelledSpectra(normalise(spectra[sides == TRAIN], "l2"), labels[sides == TRAIN])
    rng = np.random.default_rng(seed)
    classifier = fit_classifier(training.draw(PER_CLASS, rng), seed)
    held = rng.permutation(np.flatnonzero(sides == TEST))[:_MOST_TESTED]
    seen = _predicted(classifier, spectra[held])
    recall = {
        int(k): float(np.mean(seen[labels[held] == k] == k)) for k in classes if (labels[held] == k).any()
    }
    return classifier, recall, division.sentence


def _kept_shares(classifier: Any, group: Group, classes: NDArray[np.int16]) -> dict[int, float]:
    """Return the share of each class of a group that is taken for it."""
    known = np.flatnonzero(np.isin(group.labels, classes))
    known = known[:: max(1, -(-len(known) // _MOST_TESTED))]
    seen, labels = _predicted(classifier, group.spectra[known]), group.labels[known]
    return {int(k): float(np.mean(seen[labels == k] == k)) for k in np.unique(labels)}


def _predicted(classifier: Any, spectra: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return the class of each spectrum; -1 where it has missing values or is zero throughout."""
    unit = np.asarray(normalise(spectra, "l2"))
    good = np.asarray(np.isfinite(unit).all(axis=1))
    found = np.full(len(spectra), UNKNOWN, np.int16)
    if good.any():
        found[good] = classifier.predict(unit[good])
    return found


def _size(group: Group) -> int:
    return len(group) if group.cube is None else group.cube.shape[0] * group.cube.shape[1]


def _blocks(
    population: Population, group: Group
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.integer[Any]]]]:
    """Yield spectra and labels: of a picture all pixels, else what the group holds."""
    onto = None if group.cube is None else _onto(group.cube, population)
    if group.cube is None or onto is None:
        for start in range(0, len(group), _BLOCK_PIXELS):
            yield group.spectra[start : start + _BLOCK_PIXELS], group.labels[start : start + _BLOCK_PIXELS]
        return
    rows, columns, channels = group.cube.shape
    labels = labels_of(group.cube, population.class_names)
    step = max(1, _BLOCK_PIXELS // columns)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        block = np.asarray(group.cube.rows(start, stop), np.float32).reshape(-1, channels)
        yield onto(block), labels[start * columns : stop * columns]


def _onto(cube: SpectralCube, population: Population) -> Callable[[Any], NDArray[np.float32]] | None:
    """Return the interpolation of a cube's spectra to the population's wavelengths; None where it does not cover them."""
    try:
        return regrid(cube.wavelengths_nm, population.wavelengths_nm, cube.name, "population", cube.bad_bands)
    except TransferError:
        return None


def _rows(
    population: Population,
    group: Group,
    classes: NDArray[np.int16],
    labels: NDArray[np.integer[Any]],
    seen: NDArray[np.int16],
    before: dict[int, float],
    recall: dict[int, float],
) -> Iterator[AuditRow]:
    known = np.isin(labels, classes) & (seen != UNKNOWN)
    labels, seen = labels[known], seen[known]
    for label in classes.tolist():
        own = labels == label
        if not own.any():
            continue
        others = np.bincount(seen[own & (seen != label)], minlength=len(population.class_names))
        most = int(others.argmax())
        yield AuditRow(
            group.name,
            population.class_names[label],
            int(own.sum()),
            float(np.mean(seen[own] == label)),
            before.get(label, np.nan),
            recall.get(label, np.nan),
            population.class_names[most] if others[most] else "",
            float(others[most] / own.sum()),
            float((seen == label).sum() / own.sum()),
        )
