"""Statistics of structures, computed once per cube and kept as long as the cube lives. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectra import (
    Centre,
    Normalisation,
    SpectralStatistics,
    Spread,
    group_statistics,
    normalise,
    structure_moments,
    structure_spectra,
)

Question = tuple[Any, ...]
Submit = Callable[[Callable[[], None]], object]


@dataclass
class _Known:
    """What is known about one cube: answers (or the errors met) and questions being worked on."""

    labels: frozenset[int]
    answers: dict[Question, Any] = field(default_factory=dict)
    pending: set[Question] = field(default_factory=set)


class StructureStatistics:
    """Answers "what stands for this structure in this cube", and remembers the answers.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread (``ThreadPoolExecutor.submit``). Without it every question is
        answered at once; with it the first answer is None, and ``ready`` is emitted, in that thread, when
        asking again pays.
    """

    ready = Signal()

    def __init__(self, submit: Submit | None = None) -> None:
        self._submit = submit
        self._known: weakref.WeakKeyDictionary[SpectralCube, _Known] = weakref.WeakKeyDictionary()

    @property
    def busy(self) -> bool:
        """Whether answers are being computed."""
        return any(known.pending for known in self._known.values())

    def label_of(self, cube: SpectralCube, structure: str) -> int | None:
        """Return the number of the structure of that name among the labels that occur in the cube."""
        present = self._of(cube).labels
        wanted = plain_name(structure)
        return next(
            (i for i, n in cube.label_names.items() if i in present and plain_name(n) == wanted), None
        )

    def get(
        self, cube: SpectralCube, label: int, normalisation: Normalisation, centre: Centre, spread: Spread
    ) -> SpectralStatistics | None:
        """Return the statistics of one structure, or None while they are being computed.

        Raises
        ------
        CubeError
            When the cube could not be read.
        """
        if centre == "mean" and spread != "quantiles":
            moments = self._answer(cube, ("moments", normalisation))
            return None if moments is None else _from_moments(moments[label], spread)
        return self._answer(cube, ("group", normalisation, label, centre, spread))

    def _of(self, cube: SpectralCube) -> _Known:
        if cube not in self._known:
            labels = () if cube.labels is None else np.unique(cube.labels)
            self._known[cube] = _Known(frozenset(int(label) for label in labels))
        return self._known[cube]

    def _answer(self, cube: SpectralCube, question: Question) -> Any:
        known = self._of(cube)
        if question not in known.answers:
            if self._submit is None:
                known.answers[question] = _compute(cube, question)
            elif question not in known.pending:
                known.pending.add(question)
                self._submit(partial(self._work, cube, known, question))
        answer = known.answers.get(question)
        if isinstance(answer, CubeError):
            raise answer
        return answer

    def _work(self, cube: SpectralCube, known: _Known, question: Question) -> None:
        known.answers[question] = _compute(cube, question)
        known.pending.discard(question)
        self.ready.emit()


class Worker:
    """One thread for long computations, started with the first of them."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="napari-udt-statistics")

    def submit(self, job: Callable[[], None]) -> None:
        """Run a function after those submitted before."""
        self._executor.submit(job)

    def stop(self, *_: object) -> None:
        """Drop what has not begun, and wait for nothing; takes (and ignores) what Qt's signals carry."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def plain_name(structure: str) -> str:
    """Return the name of a structure as it is compared: "Small_Bowel" and "small bowel" are one."""
    return " ".join(structure.replace("_", " ").replace("-", " ").split()).casefold()


def _compute(cube: SpectralCube, question: Question) -> Any:
    try:
        if question[0] == "moments":
            return structure_moments(cube, question[1])
        _, normalisation, label, centre, spread = question
        return group_statistics(normalise(structure_spectra(cube, label), normalisation), centre, spread)
    except (
        OSError,
        ValueError,
        MemoryError,
    ) as error:  # a file that vanished or is damaged, a cube too large
        return CubeError(f"{cube.name}: the statistics of its structures could not be computed: {error}")


def _from_moments(moments: Any, spread: Spread) -> SpectralStatistics:
    band = moments.std if spread == "std" else 0
    return SpectralStatistics(moments.mean, moments.mean - band, moments.mean + band, moments.count)
