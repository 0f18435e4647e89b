"""All measures of a population: class by class, group by group, against the reference."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.intervals import percentile_interval
from napari_udt.population.groups import Group, Population
from napari_udt.population.measures.catalogue import CATALOGUE, FAMILIES, Family
from napari_udt.population.measures.comparisons import COMPARISONS
from napari_udt.population.measures.options import Floats, MeasureOptions
from napari_udt.population.measures.pair import Finding, Pair
from napari_udt.population.measures.sample import Sample
from napari_udt.population.measures.table import MeasureRow, MeasureTable
from napari_udt.spectral.spectra import normalise
from napari_udt.threads import usable_cores

# Called between steps with (done, total); an exception from it ends the work.
Progress = Callable[[int, int], None]

_TICK_S = 0.1  # between two calls of progress
ALL_CLASSES = "all spectra"
_REPORTED = (
    "normalisation",
    "resamples",
    "confidence",
    "permutations",
    "most_pairwise",
    "most_queries",
    "components",
    "neighbours",
    "seed",
)
Mask = NDArray[np.bool_]


def measure(
    population: Population, options: MeasureOptions | None = None, progress: Progress | None = None
) -> MeasureTable:
    """Compare every group with the population's reference, structure by structure.

    Parameters
    ----------
    population : Population
        Where group and reference share no class, all their spectra are compared as one.
    options : MeasureOptions, optional
    progress : callable (done, total), optional
        An exception from it ends the work.

    Raises
    ------
    EvaluationError
        When there is no real group to compare others with, or no other group, or a measure is unknown.
    """
    options = options or MeasureOptions()
    run = _Run(population, options)
    rows = run.rows(progress or (lambda done, total: None))
    reference = run.reference
    return MeasureTable(
        rows=tuple(rows),
        reference=reference.name,
        reference_origin=reference.origin,
        wavelengths_nm=population.wavelengths_nm,
        provenance=_provenance(population, options),
        seconds=dict(run.seconds),
    )


def _provenance(population: Population, options: MeasureOptions) -> dict[str, Any]:
    return {
        "modality": population.modality,
        "options": {name: getattr(options, name) for name in _REPORTED},
        "sources": [
            {"group": g.name, "origin": g.origin, "model": g.model, "spectra": len(g), "of": g.total}
            for g in population.groups
        ],
        "notes": list(population.notes),
    }


class _Run:
    """One run; the reference's part of a class is computed once for all groups."""

    def __init__(self, population: Population, options: MeasureOptions) -> None:
        if unknown := [key for key in options.measures if key not in CATALOGUE]:
            raise EvaluationError(
                f"Measure {unknown[0]!r} is unknown; choose some of {', '.join(CATALOGUE)}."
            )
        if population.reference is None or not population.compared:
            raise EvaluationError(
                "Measures compare groups with a reference; open a reference cube and at least one other."
            )
        self.population, self.options, self.reference = population, options, population.reference
        self.seconds: dict[str, float] = defaultdict(float)
        wanted = {CATALOGUE[key].family for key in options.measures}
        self.families = [family for family in FAMILIES if family in wanted]
        self._judged: dict[tuple[str, str], Mapping[str, Floats]] = {}
        self._done, self._stopped, self._lock = 0, threading.Event(), threading.Lock()

    def rows(self, progress: Progress) -> list[MeasureRow]:
        """Measure class by class, as many at once as there are cores; products keep to one of them."""
        from threadpoolctl import threadpool_limits

        tasks = self._tasks()
        total = sum(len(groups) for _, groups in tasks) * len(self.families)
        progress(0, total)
        self._judge(lambda: progress(0, total))
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(usable_cores()) as pool:
            running = [pool.submit(self._of_class, *task) for task in tasks]
            try:
                while (state := wait(running, _TICK_S, FIRST_EXCEPTION)).not_done:
                    for task in state.done:
                        task.result()  # a failed one ends the run at once
                    progress(self._done, total)
                rows = [row for task in running for row in task.result()]
            except BaseException:
                self._stopped.set()
                raise
        progress(total, total)
        return rows

    def _of_class(self, label: int | None, groups: Sequence[Group]) -> list[MeasureRow]:
        rows: list[MeasureRow] = []
        reference = self._sample(self.reference, label)
        for group in groups:
            pair = self._pair(group, reference, label)
            for family in self.families:
                if self._stopped.is_set():
                    return rows
                rows += self._measured(family, pair, group, label)
        return rows

    def _tasks(self) -> list[tuple[int | None, list[Group]]]:
        """Classes with the groups that share them with the reference; None: all spectra, where none is shared."""
        shared = {
            id(group): self.population.classes_in(group, self.reference) for group in self.population.compared
        }
        labels = sorted({label for classes in shared.values() for label in classes})
        tasks: list[tuple[int | None, list[Group]]] = [
            (label, [g for g in self.population.compared if label in shared[id(g)]]) for label in labels
        ]
        alone = [group for group in self.population.compared if not shared[id(group)] and len(group)]
        return tasks + ([(None, alone)] if alone and len(self.reference) else [])

    def _measured(self, family: Family, pair: Pair, group: Group, label: int | None) -> Iterator[MeasureRow]:
        started = time.perf_counter()
        findings = [f for f in COMPARISONS[family](pair, self.options) if f.key in self.options.measures]
        self._count(family, started, steps=1)
        name = ALL_CLASSES if label is None else self.population.class_names[label]
        yield from (self._row(finding, group, name) for finding in findings)

    def _count(self, what: str, started: float, steps: int = 0) -> None:
        with self._lock:
            self.seconds[what] += time.perf_counter() - started
            self._done += steps

    def _row(self, finding: Finding, group: Group, class_name: str) -> MeasureRow:
        low, high = percentile_interval(finding.replicates, self.options.confidence)
        quantity = "" if group.cube is None else group.cube.quantity
        return MeasureRow(
            class_name=class_name,
            group=group.name,
            origin=group.origin,
            key=finding.key,
            value=finding.value,
            low=low,
            high=high,
            count=finding.counts[0],
            reference_count=finding.counts[1],
            unit=CATALOGUE[finding.key].unit_for(self.options.normalisation, quantity),
            note=finding.note,
            per_wavelength=finding.per_wavelength,
        )

    def _pair(self, group: Group, reference: Sample, label: int | None) -> Pair:
        own, others = (self._judged.get((group.model, g.name), {}) for g in (group, self.reference))
        return Pair(
            own=self._sample(group, label),
            reference=reference,
            training=self._training(label),
            judged={key: values[_mask(group, label)] for key, values in own.items()},
            judged_reference={key: values[_mask(self.reference, label)] for key, values in others.items()},
        )

    def _sample(self, group: Group, label: int | None) -> Sample:
        started = time.perf_counter()
        mask = _mask(group, label)
        subjects = None if group.subjects is None else group.subjects[mask]
        place = self.population.groups.index(group)
        seed = (self.options.seed, place, 0 if label is None else label + 1)
        spectra = normalise(group.spectra[mask], self.options.normalisation)
        self._count("normalisation", started)
        return Sample(spectra, subjects, self.options.resamples, seed)

    def _training(self, label: int | None) -> Sample | None:
        if self.options.training is None or label is None:
            return None
        spectra = self.options.training.get(self.population.class_names[label])
        if spectra is None:
            return None
        return Sample(
            normalise(spectra, self.options.normalisation),
            resamples=self.options.resamples,
            seed=(self.options.seed,),
        )

    def _judge(self, still_wanted: Callable[[], None]) -> None:
        """Judge each group, and the reference, once by the group's model."""
        if self.options.judge is None or "model" not in self.families:
            return
        started = time.perf_counter()
        for group in self.population.compared:
            for judged in (group, self.reference) if group.model else ():
                key = (group.model, judged.name)
                if key not in self._judged:
                    still_wanted()
                    self._judged[key] = self.options.judge(group.model, judged)
        self._count("model", started)


def _mask(group: Group, label: int | None) -> Mask:
    return np.ones(len(group), bool) if label is None else np.asarray(group.labels == label)
