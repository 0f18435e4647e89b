"""Data set files that join the downstream test of the open cubes. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_udt.dataset import load_dataset
from napari_udt.errors import CubeError
from napari_udt.population.datasets import fits, joined, load_population, transferred_population
from napari_udt.population.groups import Population
from napari_udt.viewer.state.jobs import Report


@dataclass(frozen=True, eq=False)
class Sources:
    """Loaded data set files and what models made of them.

    Parameters
    ----------
    simulated : tuple of Path
        Files of the simulated domain, which models can transfer.
    models : tuple of str
        Names of the models that fit all of these.
    population : Population, optional
        Everything in the files, and what models made of it.
    """

    simulated: tuple[Path, ...] = ()
    models: tuple[str, ...] = ()
    population: Population | None = None

    def beside(self, open_cubes: Population | None) -> Population | None:
        """Return the open cubes with what was loaded, if it fits them."""
        if self.population is None or open_cubes is None:
            return open_cubes
        try:
            return joined([open_cubes, self.population])
        except CubeError:  # the open cubes are of another modality by now
            return open_cubes


def added(sources: Sources, open_cubes: Population, paths: Sequence[Path], report: Report) -> Sources:
    """Load more files.

    Raises
    ------
    CubeError
        When one is no data set, or does not fit the open cubes.
    """
    from napari_udt.models import list_models

    report(0, len(paths) + 1)
    loaded = load_population(paths)
    joined([open_cubes, loaded])
    report(1, len(paths) + 1)
    former = [] if sources.population is None else [sources.population]
    simulated, models = list(sources.simulated), list_models()
    for done, path in enumerate(paths, start=2):
        dataset = load_dataset(path)
        if dataset.domain == "simulated":
            simulated.append(path)
            models = [spec for spec in models if fits(spec, dataset)]
        report(done, len(paths) + 1)
    names = tuple(spec.name for spec in models if not sources.simulated or spec.name in sources.models)
    return Sources(tuple(simulated), names if simulated else (), joined([*former, loaded]))


def transferred(sources: Sources, model: str, report: Report) -> Sources:
    """Add the transfer of the simulated files by a model.

    Raises
    ------
    CubeError, EvaluationError, ModelError
        When a file has gone, or the model does not fit it.
    """
    from napari_udt.models import load_model

    report(0, 0)
    network = load_model(model)
    made = [transferred_population(path, network, progress=report) for path in sources.simulated]
    former = [] if sources.population is None else [sources.population]
    return replace(sources, population=joined([*former, *made]))
