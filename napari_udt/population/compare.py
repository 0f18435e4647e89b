"""Chosen cubes compared: simulated ones are transferred, all are gathered in a population, measured and tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.cube import SpectralCube
from napari_udt.errors import EvaluationError
from napari_udt.population.downstream import DownstreamResult, run_downstream
from napari_udt.population.downstream_choices import Choices
from napari_udt.population.groups import PART_OF_DOMAIN, Part, Population, population_of_cubes
from napari_udt.population.measures import MeasureOptions, MeasureTable, measure
from napari_udt.population.model_judge import ModelJudge

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

# Called with the step, steps done of it and steps in all; an exception from it ends the work.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cubes side by side.

    Parameters
    ----------
    population : Population
        Simulated, transferred and real groups.
    table : MeasureTable
        All groups against the reference.
    downstream : DownstreamResult, optional
        Where it was wanted.
    """

    population: Population
    table: MeasureTable
    downstream: DownstreamResult | None = None


def compare_cubes(
    cubes: Sequence[SpectralCube],
    models: Sequence[str | Path | TransferModel] = (),
    *,
    options: MeasureOptions | None = None,
    downstream: Choices | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Comparison:
    """Transfer the simulated cubes by each model, and compare all groups with the last real (or target) one.

    Parameters
    ----------
    cubes : sequence of SpectralCube
        Their domains decide their parts.
    models : sequence of str, Path or TransferModel
        Names, folders, ``baseline:...`` or loaded models.
    options : MeasureOptions, optional
    downstream : Choices, optional
        Run the downstream test with these choices too.
    device : str
        "auto", "cpu", "cuda:0" or "mps".
    progress : callable (step, done, total), optional
        An exception from it ends the work.

    Raises
    ------
    EvaluationError
        When the cubes cannot be compared.
    """
    report = progress or (lambda step, done, total: None)
    parts = [_part(cube) for cube in cubes]
    if "real" not in parts or len(set(parts)) == 1:
        raise EvaluationError(
            f"Found {', '.join(parts) or 'no'} cubes; a comparison needs a reference cube (measured, or another target) and another one: add it "
            "to --cubes."
        )
    simulated = [cube for cube, part in zip(cubes, parts, strict=True) if part == "simulated"]
    reference = next(c for c, part in zip(reversed(cubes), reversed(parts), strict=True) if part == "real")
    named = [(cube.name, part, cube) for cube, part in zip(cubes, parts, strict=True)]
    loaded = {}
    for model in models:
        network, moved = _transferred(simulated, model, reference, device, report)
        named += [(cube.name, "transferred", cube) for cube in moved]
        if network is not None:
            loaded[network.spec.name] = network
    options = options or MeasureOptions()
    options = replace(options, judge=options.judge or ModelJudge(loaded))
    return compared(population_of_cubes(_distinct(named)), options, downstream, report)


def compared(
    population: Population, options: MeasureOptions, downstream: Choices | None, report: Progress
) -> Comparison:
    """Measure the groups of a population against its reference; with choices, run the downstream test too.

    Raises
    ------
    EvaluationError
        When they cannot be compared.
    """
    table = measure(population, options, lambda done, total: report("measures", done, total))
    test = None
    if downstream is not None:
        test = run_downstream(population, downstream, lambda d, total: report("downstream test", d, total))
    return Comparison(population, table, test)


def _part(cube: SpectralCube) -> Part:
    if cube.domain not in PART_OF_DOMAIN:
        raise EvaluationError(
            f"{cube.name}: its domain is {cube.domain}; state it when converting: napari-udt convert IN OUT --domain simulated."
        )
    return PART_OF_DOMAIN[cube.domain]


def _transferred(
    cubes: Sequence[SpectralCube],
    model: str | Path | TransferModel,
    reference: SpectralCube,
    device: str,
    report: Progress,
) -> tuple[TransferModel | None, list[SpectralCube]]:
    """Return the network, None for a baseline, and the transferred cubes."""
    from napari_udt.inference import transfer
    from napari_udt.inference.baselines import is_baseline
    from napari_udt.models import load_model

    if not cubes:
        raise EvaluationError(
            "There is no simulated cube to transfer: add one to --cubes, or leave --model out."
        )
    if isinstance(model, str) and is_baseline(model):
        moved = [
            transfer(cube, model, progress=lambda d, total: report(model, d, total), reference=reference)
            for cube in cubes
        ]
        return None, moved
    network = load_model(model) if isinstance(model, str | Path) else model
    name = network.spec.name
    return network, [
        transfer(cube, network, device=device, progress=lambda d, total: report(name, d, total))
        for cube in cubes
    ]


def _distinct(named: Sequence[tuple[str, Part, SpectralCube]]) -> list[tuple[str, Part, SpectralCube]]:
    """Give names that occur more than once a number."""
    seen: Counter[str] = Counter()
    found = []
    for name, part, cube in named:
        seen[name] += 1
        found.append((name if seen[name] == 1 else f"{name} ({seen[name]})", part, cube))
    return found
