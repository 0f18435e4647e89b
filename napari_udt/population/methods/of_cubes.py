"""The open cubes as methods side by side: each way of transfer, what was simulated, and the reference itself, in the same qualities."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError, EvaluationError
from napari_udt.evaluation.fine_detail import band_error, haar_energies
from napari_udt.inference.baselines import is_baseline
from napari_udt.population.appearance import appearances
from napari_udt.population.downstream import run_downstream
from napari_udt.population.downstream_choices import Choices
from napari_udt.population.groups import Group, Population
from napari_udt.population.label_audit import audit_labels
from napari_udt.population.measures import MeasureOptions, measure, measure_halves
from napari_udt.population.methods.matrix import Cell, Entry, Kind, Method, MethodMatrix, Quality
from napari_udt.population.oxygenation import oxygenations
from napari_udt.population.pictures import WAVELENGTH_NM
from napari_udt.population.verdict import is_made_simulated, source_of, verdict
from napari_udt.spectral.labels import is_background

Progress = Callable[[int, int], None]
_SEEDS = (0, 1, 2)  # of the forests
_FINE = 1000  # parts of a step that progress counts
_MEASURES = {"spectral_angle": "shape", "two_sample_auc": "auc"}
_JUDGED = ("closer", "further away", "no clear change")

QUALITIES = (
    Quality(
        "shape",
        "spectral angle between mean spectra and the reference's, L2-normalised, mean over structures",
        "mean spectra",
        "lower",
        ".2f",
        "°",
        figure="verdict",
    ),
    Quality(
        "away",
        "structures whose mean spectrum moved away from the reference's (RMSE)",
        "moved away",
        "lower",
        ".0f",
        figure="verdict",
    ),
    Quality(
        "auc",
        "spectra distinguished from the reference's within a structure, AUC (0.5: not at all), mean over structures",
        "AUC",
        "lower",
        figure="metrics",
    ),
    Quality(
        "labels",
        "pixels that a classifier of the reference takes for what their label says, mean over tissues",
        "labels kept",
        "higher",
        ".0f",
        "%",
        figure="labels",
    ),
    Quality(
        "order",
        "rank correlation of the pixels' oxygen saturation before and after, median over tissues",
        "order of sO₂",
        "higher",
        figure="oxygenation",
    ),
    Quality(
        "detail",
        f"Haar energies of the picture at {WAVELENGTH_NM:.0f} nm off by, factors of 2, rms over scales",
        "fine detail",
        "lower",
        ".2f",
        figure="pictures",
    ),
    Quality(
        "downstream",
        "classifier trained on it, tested on held-out reference spectra: balanced accuracy",
        "trained on it",
        "higher",
        figure="downstream",
    ),
)
_NOTE = (
    "One picture of each: intervals, where there are any, are over blocks of pixels, and cannot say how the next picture would do. Results of "
    "napari-udt evaluate say more."
)
_MATCHED_NOTE = "Rows that learn nothing took their statistics from the very reference that they are compared with; models did not."


@dataclass
class _Found:
    """Cells found so far, by the names of the groups, and what could not be computed."""

    cells: dict[str, dict[str, Cell]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, group: str, key: str, value: float, low: float = math.nan, high: float = math.nan) -> None:
        if math.isfinite(value):
            self.cells.setdefault(group, {})[key] = Cell((Entry(value, low, high, group),))

    def put_classes(
        self, group: str, key: str, classes: Mapping[str, float], *, median: bool = False
    ) -> None:
        """Put the mean (or median) over structures."""
        known = {name: value for name, value in classes.items() if math.isfinite(value)}
        if known:
            middle = np.median if median else np.mean
            value = float(middle(list(known.values())))
            self.cells.setdefault(group, {})[key] = Cell((Entry(value, of=group),), known)


def methods_of(population: Population, progress: Progress = lambda done, total: None) -> MethodMatrix:
    """Compare every group with the reference in all qualities that the cubes allow.

    Parameters
    ----------
    population : Population
    progress : callable, optional
        ``progress(steps done, steps in all)``; what it raises ends the work.

    Returns
    -------
    MethodMatrix
        The reference's own row holds what two halves of it give.

    Raises
    ------
    CubeError
        When there is no reference, or nothing to compare with it.
    """
    back = [group.name for group in population.groups if is_made_simulated(group)]
    population = replace(population, groups=tuple(g for g in population.groups if g.name not in back))
    found = _Found(notes=[f"Left out, as transferred to the simulated domain: {name}." for name in back])
    steps = (_distances, _moved_away, _labels, _oxygenation, _detail, _downstream)
    for done, step in enumerate(steps):
        progress(done * _FINE, len(steps) * _FINE)
        try:
            step(population, found, partial(_within, progress, done, len(steps)))
        except (EvaluationError, CubeError) as error:
            if step is _distances:
                raise
            found.notes.append(str(error))
    progress(len(steps), len(steps))
    names = _names(population)
    methods = [
        _method(group, names[group.name], found.cells.get(group.name, {})) for group in _ordered(population)
    ]
    used = tuple(q for q in QUALITIES if any(q.key in method.cells for method in methods))
    matched = (_MATCHED_NOTE,) if any(method.kind == "baseline" for method in methods) else ()
    return MethodMatrix(
        population.modality, used, tuple(methods), (_NOTE, *matched, *dict.fromkeys(found.notes))
    )


def _within(progress: Progress, step: int, steps: int, done: int, total: int) -> None:
    """Report how far a step has come."""
    progress(step * _FINE + round(_FINE * done / max(total, 1)), steps * _FINE)


def _ordered(population: Population) -> list[Group]:
    """Return the reference, simulated groups, transfers that learn nothing, then those by models."""
    reference = population.reference
    moved = population.part("transferred")
    return [
        *(() if reference is None else (reference,)),
        *population.part("simulated"),
        *(group for group in moved if is_baseline(group.model)),
        *(group for group in moved if not is_baseline(group.model)),
    ]


def _names(population: Population) -> dict[str, str]:
    """Return short names as in the legend; the whole name where two would be alike."""
    short = {name: look.short for name, look in appearances(population).items()}
    known = list(short.values())
    return {name: text if known.count(text) == 1 else name for name, text in short.items()}


def _method(group: Group, name: str, cells: Mapping[str, Cell]) -> Method:
    kinds: dict[str, Kind] = {"real": "target", "simulated": "simulated"}
    kind = kinds.get(group.part, "baseline" if is_baseline(group.model) else "model")
    return Method(name, kind, cells, int(kind == "model"), group.origin)


def _distances(population: Population, found: _Found, progress: Progress) -> None:
    """Put mean spectra and the two-sample test, of the reference between two halves of it."""
    options = MeasureOptions("l2", tuple(_MEASURES), resamples=0)
    tables = [(measure(population, options, partial(_within, progress, 0, 2)), "")]
    halves = measure_halves(population, options, partial(_within, progress, 1, 2))
    if halves is not None and population.reference is not None:
        tables.append((halves, population.reference.name))
    for table, own in tables:
        values: dict[tuple[str, str], dict[str, float]] = {}
        for row in table.rows:
            if not is_background(row.class_name):
                values.setdefault((own or row.group, row.key), {})[row.class_name] = row.value
        for (group, key), classes in values.items():
            found.put_classes(group, _MEASURES[key], classes)


def _moved_away(population: Population, found: _Found, _progress: Progress) -> None:
    judged = verdict(population)
    for group in population.part("transferred"):
        outcomes = [row.changes["rmse"].outcome for row in judged.rows if row.group is group]
        if any(outcome in _JUDGED for outcome in outcomes):
            found.put(group.name, "away", float(outcomes.count("further away")))


def _labels(population: Population, found: _Found, progress: Progress) -> None:
    audit = audit_labels(population, progress=progress)
    tissues = [row for row in audit.rows if not is_background(row.structure)]
    for group in dict.fromkeys(row.group for row in tissues):
        own = [row for row in tissues if row.group == group]
        found.put_classes(group, "labels", {row.structure: 100 * row.kept for row in own})
        for name, kept in (("simulated", "kept_before"), ("real", "kept_reference")):
            shares = {row.structure: 100 * getattr(row, kept) for row in own}
            for other in _sources(population, group) if name == "simulated" else _reference(population):
                found.put_classes(other.name, "labels", shares)


def _sources(population: Population, name: str) -> list[Group]:
    group = next(g for g in population.groups if g.name == name)
    source = source_of(group, population)
    return [] if source is None else [source]


def _reference(population: Population) -> list[Group]:
    return [] if population.reference is None else [population.reference]


def _oxygenation(population: Population, found: _Found, _progress: Progress) -> None:
    classes: dict[str, dict[str, float]] = {}
    for move in oxygenations(population, None).moves:
        classes.setdefault(move.group.name, {})[move.structure] = move.rank
    for group, ranks in classes.items():
        found.put_classes(group, "order", ranks, median=True)


def _detail(population: Population, found: _Found, _progress: Progress) -> None:
    reference = population.reference
    if reference is None or reference.cube is None:
        return
    target = _energies(reference.cube)
    for group in population.compared:
        if group.cube is not None:
            found.put(group.name, "detail", band_error(_energies(group.cube), target))


def _energies(cube: SpectralCube) -> NDArray[np.float64]:
    """Haar energies of one picture, which counts missing pixels as zero, shape (1, scales)."""
    picture = np.nan_to_num(np.asarray(cube.image(WAVELENGTH_NM), np.float64))
    return haar_energies(picture[None])


def _downstream(population: Population, found: _Found, progress: Progress) -> None:
    result = run_downstream(population, Choices(seeds=_SEEDS), progress)
    own = population.reference
    for row in result.rows:
        name = own.name if row.part == "real" and own is not None else row.name
        scores = row.scores
        low, high = (math.nan if bound is None else bound for bound in (scores.low, scores.high))
        found.put(name, "downstream", scores.mean.balanced_accuracy, low, high)
