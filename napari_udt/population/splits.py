"""Division into training and test spectra: by subjects, blocks of the picture, or single independent spectra.

Neighbouring pixels resemble each other. A split that puts them on both sides lets a classifier recognise a place instead
of a tissue, and its scores mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.downstream import FEWEST_PER_CLASS
from napari_udt.population.groups import Group

SplitRule = Literal["subjects", "blocks", "spectra"]
Indices = NDArray[np.integer[Any]]

LEFT_OUT, TRAIN, TEST = 0, 1, 2
# Real spectra of a class without which it cannot be on both sides.
FEWEST_TO_SPLIT = 2 * FEWEST_PER_CLASS
# Blocks from large to small; the largest is taken that leaves every class on both sides.
BLOCK_SIDES = (32, 16, 8, 4)
# Training pixels nearer than this to a test pixel, along rows or columns, are left out.
GAP_PIXELS = 2


@dataclass(frozen=True, eq=False)
class Split:
    """A division of real spectra.

    Parameters
    ----------
    rule : {"subjects", "blocks", "spectra"}
    sides : tuple of int8 array, shape (n,)
        One array for each group: ``TRAIN``, ``TEST`` or ``LEFT_OUT`` for each of its spectra.
    sentence : str
        Description of the division, for the screen and the report.
    """

    rule: SplitRule
    sides: tuple[NDArray[np.int8], ...]
    sentence: str


@dataclass(frozen=True, eq=False)
class _Pool:
    """Spectra of the chosen classes of all groups, one behind the other.

    Parameters
    ----------
    labels : integer array, shape (n,)
    subjects : integer array, shape (n,)
        Numbered over all groups: two groups never share one.
    places : integer array, shape (n, 2), optional
        Row and column; None where a group has none.
    known : bool
        Whether subjects are more than the groups themselves.
    """

    labels: Indices
    subjects: Indices
    places: Indices | None
    known: bool

    @property
    def subject_count(self) -> int:
        return len(np.unique(self.subjects))


def usual_rule(groups: Sequence[Group]) -> SplitRule:
    """Return the most honest rule that the groups allow: subjects, else blocks, else single spectra."""
    subjects = sum(1 if group.subjects is None else len(np.unique(group.subjects)) for group in groups)
    if subjects > 1:
        return "subjects"
    return "blocks" if all(group.places is not None for group in groups) else "spectra"


def split(
    groups: Sequence[Group],
    classes: Sequence[int],
    rule: SplitRule | None = None,
    *,
    parts: int = 3,
    seed: int = 0,
) -> Split:
    """Divide real spectra into those to train on and those to test on.

    Parameters
    ----------
    groups : sequence of Group
        Each counts as a subject of its own where it names none.
    classes : sequence of int
        Only their spectra are used; every class must occur on both sides.
    rule : {"subjects", "blocks", "spectra"}, optional
        :func:`usual_rule` unless given.
    parts : int
        One of so many parts is held out.
    seed : int
        Of the draw of parts.

    Raises
    ------
    EvaluationError
        When the rule does not fit the groups, or leaves a class out of one side.
    """
    rule = rule or usual_rule(groups)
    used = [np.isin(group.labels, classes) for group in groups]
    pool = _pooled(groups, used)
    for sides, sentence in _attempts(pool, rule, parts, seed):
        if _complete(pool.labels, sides, classes):
            return Split(rule, tuple(_spread(sides, used)), sentence)
    raise EvaluationError(
        f"No split by {rule} leaves {FEWEST_PER_CLASS} spectra of every chosen class on both sides: leave the rarest "
        "class out, add data, or split in another way."
    )


def _pooled(groups: Sequence[Group], used: Sequence[NDArray[np.bool_]]) -> _Pool:
    subjects, first = [], 0
    for group, own in zip(groups, used, strict=True):
        numbers = np.zeros(len(group), np.intp) if group.subjects is None else group.subjects
        _, inverse = np.unique(numbers, return_inverse=True)
        subjects.append(first + inverse[own])
        first += int(inverse.max(initial=-1)) + 1
    places = [group.places[own] for group, own in zip(groups, used, strict=True) if group.places is not None]
    return _Pool(
        np.concatenate([group.labels[own] for group, own in zip(groups, used, strict=True)]),
        np.concatenate(subjects),
        np.concatenate(places).astype(np.int64) if len(places) == len(groups) else None,
        any(group.subjects is not None for group in groups),
    )


def _attempts(pool: _Pool, rule: SplitRule, parts: int, seed: int) -> Iterator[tuple[NDArray[np.int8], str]]:
    match rule:
        case "subjects":
            return _by_subjects(pool, parts, seed)
        case "blocks":
            return _by_blocks(pool, parts, seed)
    return _by_spectra(pool, parts, seed)


def _by_subjects(pool: _Pool, parts: int, seed: int) -> Iterator[tuple[NDArray[np.int8], str]]:
    count = pool.subject_count
    if count < 2:
        raise EvaluationError(
            "Splitting by subject needs two subjects; only one is known: split by blocks, or add cubes or data sets."
        )
    what = "subjects" if pool.known else "cubes or files, each taken for one subject,"
    for sides in _grouped_folds(pool.labels, pool.subjects, min(parts, count), seed):
        held = len(np.unique(pool.subjects[sides == TEST]))
        verb = "is" if held == 1 else "are"
        yield sides, f"Split by subject: {held} of {count} {what} {verb} held out for testing."


def _by_blocks(pool: _Pool, parts: int, seed: int) -> Iterator[tuple[NDArray[np.int8], str]]:
    if pool.places is None:
        raise EvaluationError(
            "Splitting by blocks needs to know where spectra lie in a picture; split by subject or by single spectra."
        )
    for side in BLOCK_SIDES:
        rows, columns = (pool.places // side).T
        keys = np.stack([pool.subjects, rows, columns], axis=1)
        blocks = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
        count = int(blocks.max(initial=-1)) + 1
        if count < parts:
            continue
        for sides in _grouped_folds(pool.labels, blocks, parts, seed):
            held = len(np.unique(blocks[sides == TEST]))
            sentence = (
                f"Split by blocks of {side} × {side} pixels: {held} of {count} are held out for testing, with a margin "
                f"of {GAP_PIXELS} pixels. One scene: expect lower scores for a new one."
            )
            yield _with_gap(sides, pool.subjects, pool.places), sentence


def _by_spectra(pool: _Pool, parts: int, seed: int) -> Iterator[tuple[NDArray[np.int8], str]]:
    from sklearn.model_selection import StratifiedKFold

    _require_members(pool.labels, parts)
    folds = StratifiedKFold(parts, shuffle=True, random_state=seed)
    for _, test in folds.split(pool.labels, pool.labels):
        yield (
            _sides(len(pool.labels), test),
            f"Split by single spectra: one of {parts} is held out for testing. Fair only where spectra were drawn "
            "independently of each other.",
        )


def _grouped_folds(labels: Indices, groups: Indices, parts: int, seed: int) -> Iterator[NDArray[np.int8]]:
    """Yield the sides with each part held out in turn; classes are balanced as well as the groups allow."""
    from sklearn.model_selection import StratifiedGroupKFold

    _require_members(labels, parts)
    folds = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    for _, test in folds.split(labels, labels, groups):
        yield _sides(len(labels), test)


def _require_members(labels: Indices, parts: int) -> None:
    counts = np.unique(labels, return_counts=True)[1]
    fewest, needed = int(counts.min()) if len(counts) else 0, max(parts, FEWEST_TO_SPLIT)
    if fewest < needed:
        raise EvaluationError(
            f"A chosen class has only {fewest} reference spectra; a split needs {needed}: leave that class out, or add data."
        )


def _sides(count: int, test: Indices) -> NDArray[np.int8]:
    sides = np.full(count, TRAIN, np.int8)
    sides[test] = TEST
    return sides


def _with_gap(sides: NDArray[np.int8], pictures: Indices, places: Indices) -> NDArray[np.int8]:
    """Leave out training pixels that lie too near a test pixel of the same picture."""
    from scipy.spatial import KDTree

    apart = (pictures * (places.max(initial=0) + 2 * GAP_PIXELS + 1))[:, np.newaxis]
    spread = places + np.concatenate([apart, np.zeros_like(apart)], axis=1)  # pictures far from each other
    train = np.flatnonzero(sides == TRAIN)
    distance, _ = KDTree(spread[sides == TEST]).query(
        spread[train], p=np.inf, distance_upper_bound=GAP_PIXELS + 0.5
    )
    guarded = sides.copy()
    guarded[train[np.isfinite(distance)]] = LEFT_OUT
    return guarded


def _complete(labels: Indices, sides: NDArray[np.int8], classes: Sequence[int]) -> bool:
    return all(
        np.count_nonzero((labels == label) & (sides == side)) >= FEWEST_PER_CLASS
        for label in classes
        for side in (TRAIN, TEST)
    )


def _spread(sides: NDArray[np.int8], used: Sequence[NDArray[np.bool_]]) -> Iterator[NDArray[np.int8]]:
    """Give each group its own sides back."""
    start = 0
    for own in used:
        result = np.full(len(own), LEFT_OUT, np.int8)
        count = int(np.count_nonzero(own))
        result[own] = sides[start : start + count]
        start += count
        yield result
