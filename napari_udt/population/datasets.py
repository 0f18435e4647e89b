"""Data set files as populations: many animals, people or images, where a cube is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset, load_dataset
from napari_udt.errors import CubeError, EvaluationError
from napari_udt.evaluation.data import fits, same_grid
from napari_udt.evaluation.transferring import transferred
from napari_udt.population.groups import (
    MOST_PER_CLASS,
    PART_OF_DOMAIN,
    PARTS,
    UNKNOWN,
    Group,
    Population,
    drawn_per_class,
)

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel


def load_population(
    paths: Iterable[str | Path], *, most_per_class: int = MOST_PER_CLASS, seed: int = 0
) -> Population:
    """Read data set files; see :func:`population_of_datasets`.

    Raises
    ------
    CubeError
        When one is not a data set, or they do not belong together.
    """
    named = [(Path(path).name, load_dataset(path)) for path in paths]
    return population_of_datasets(named, most_per_class=most_per_class, seed=seed)


def population_of_datasets(
    datasets: Iterable[tuple[str, Dataset]], *, most_per_class: int = MOST_PER_CLASS, seed: int = 0
) -> Population:
    """Make one group of each data set; its domain decides its part.

    Each image is a subject, and each animal that a data set names. Simulated tissues, drawn one by one, have no subjects: their
    file stands for one.

    Parameters
    ----------
    datasets : iterable of (name, Dataset)
    most_per_class : int
        Spectra of one class and data set that are kept at most, drawn without replacement.
    seed : int
        Of that draw.

    Raises
    ------
    CubeError
        When there is none, a domain plays no part, or they differ in modality or wavelengths.
    """
    rng = np.random.default_rng(seed)
    alone = [_population_of(name, dataset, most_per_class, rng) for name, dataset in datasets]
    return joined(alone)


def joined(populations: Sequence[Population]) -> Population:
    """Put populations side by side, with one numbering of classes.

    Raises
    ------
    CubeError
        When there is none, or they differ in modality or wavelengths.
    """
    if not populations:
        raise CubeError("No data set was given; choose one made with `napari-udt simulate`.")
    first = populations[0]
    for other in populations[1:]:
        _require_fit(first, other)
    names = tuple(dict.fromkeys(name for population in populations for name in population.class_names))
    groups = [
        _renumbered(group, population.class_names, names)
        for population in populations
        for group in population.groups
    ]
    ordered = tuple(group for part in PARTS for group in groups if group.part == part)
    notes = tuple(note for population in populations for note in population.notes)
    return replace(first, class_names=names, groups=ordered, notes=notes)


def _population_of(name: str, dataset: Dataset, most_per_class: int, rng: np.random.Generator) -> Population:
    part = PART_OF_DOMAIN.get(dataset.domain)
    if part is None:
        raise CubeError(
            f"{name}: its domain is {dataset.domain!r}; expected one of {', '.join(PART_OF_DOMAIN)}."
        )
    labels = dataset.labels.reshape(-1)
    kept = drawn_per_class(labels, most_per_class, rng)
    group = Group(
        name=name,
        part=part,
        origin=dataset.origin,
        spectra=_spectra(dataset, kept),
        labels=labels[kept].astype(np.int16),
        total=len(labels),
        source=name,
    )
    if dataset.modality == "PAT":
        group = replace(group, **_of_pixels(dataset, kept))
    elif "animal" in dataset.parameters:
        group = replace(group, subjects=dataset.parameters["animal"][kept])
    usable = np.asarray(np.isfinite(group.spectra).all(axis=1))
    group = group if usable.all() else group.take(usable)
    note = f"{name}: {len(group):,} of {group.total:,} spectra, drawn per class."
    notes = (note,) if group.is_sub_sampled else ()
    return Population(dataset.modality, dataset.wavelengths_nm, dataset.class_names, (group,), notes)


def _spectra(dataset: Dataset, kept: NDArray[np.intp]) -> NDArray[np.float32]:
    """Spectra (n, C) of some samples, or of some pixels of all images; only these are copied."""
    if dataset.modality == "HSI":
        return dataset.samples[kept]
    count, _, height, width = dataset.samples.shape
    image, row, column = np.unravel_index(kept, (count, height, width))
    return dataset.samples[image, :, row, column]


def _of_pixels(dataset: Dataset, kept: NDArray[np.intp]) -> dict[str, Any]:
    """Return what is known of pixels: image, place, depth, oxygenation."""
    count, _, height, width = dataset.samples.shape
    image, row, column = np.unravel_index(kept, (count, height, width))
    found: dict[str, Any] = {
        "subjects": image,
        "places": np.stack([row, column], axis=1).astype(np.int32),
    }
    if dataset.oxygenation is not None:
        found["oxygenation"] = dataset.oxygenation.reshape(-1)[kept]
    if "pixel_size_mm" in dataset.generator:
        height_mm = float(dataset.generator["pixel_size_mm"][0])
        found["depth_mm"] = ((row + 0.5) * height_mm).astype(np.float32)
    return found


def _renumbered(group: Group, own: tuple[str, ...], common: tuple[str, ...]) -> Group:
    if own == common:
        return group
    table = np.array([*(common.index(name) for name in own), UNKNOWN], np.int16)  # -1 reads the last entry
    return replace(group, labels=table[group.labels])


def _require_fit(first: Population, other: Population) -> None:
    a, b = first.wavelengths_nm, other.wavelengths_nm
    if first.modality == other.modality and same_grid(a, b):
        return
    raise CubeError(
        f"{_described(other)} does not fit {_described(first)}: compare spectra of one modality at the same wavelengths."
    )


def _described(population: Population) -> str:
    names = ", ".join(group.name for group in population.groups)
    low, high = population.wavelengths_nm[[0, -1]]
    return f"{names} ({population.modality}, {len(population.wavelengths_nm)} wavelengths, {low:.0f}-{high:.0f} nm)"


def transferred_population(
    path: str | Path,
    model: TransferModel,
    *,
    most_per_class: int = MOST_PER_CLASS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Population:
    """Read a data set of the simulated domain and move it to the real one, with its classes as condition.

    Parameters
    ----------
    path : path
    model : TransferModel
    most_per_class, seed
        As in :func:`population_of_datasets`.
    progress : callable (samples done, samples in all), optional
        An exception from it ends the transfer.

    Raises
    ------
    CubeError
        When it is no data set.
    EvaluationError
        When it holds another domain, or the model does not fit it.
    """
    dataset = load_dataset(path)
    name = Path(path).name
    if dataset.domain != "simulated":
        raise EvaluationError(
            f"{name}: holds the {dataset.domain} domain; only simulated data are transferred."
        )
    if not fits(model.spec, dataset):
        raise EvaluationError(
            f"Model {model.spec.name!r} does not fit {name}; choose one of the same wavelengths."
        )
    moved = transferred(model, dataset.samples, dataset.labels, progress or (lambda done, total: None))
    title = f"{name} → {model.spec.name}"
    changed = replace(
        dataset, samples=moved, domain="transferred", origin=f"transferred to: {model.spec.target}"
    )
    found = population_of_datasets([(title, changed)], most_per_class=most_per_class, seed=seed)
    return replace(found, groups=tuple(replace(group, model=model.spec.name) for group in found.groups))
