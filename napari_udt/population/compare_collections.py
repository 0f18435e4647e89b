"""A collection compared: its simulated cubes are transferred one at a time, and of each cube only a sample is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.reading import PreparedCube
from napari_udt.collection.samples import Sample, sample_of
from napari_udt.errors import EvaluationError
from napari_udt.inference.baselines import is_baseline
from napari_udt.population.compare import Comparison, Progress, compared
from napari_udt.population.downstream_choices import Choices
from napari_udt.population.groups import PART_OF_DOMAIN, Population
from napari_udt.population.measures import MeasureOptions
from napari_udt.population.of_collections import Source, population_of_collection, sources_of
from napari_udt.wording import listed

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

_STEP = "cubes"


def compare_collection(
    collection: Collection,
    models: Sequence[str | Path | TransferModel] = (),
    *,
    options: MeasureOptions | None = None,
    downstream: Choices | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Comparison:
    """Transfer the simulated cubes by each model, and compare all groups with the measured (or target) one.

    Spectra are drawn from every cube and structure; they are kept in the cache, where a second run finds them.

    Parameters
    ----------
    collection : Collection
    models : sequence of str, Path or TransferModel
    options : MeasureOptions, optional
    downstream : Choices, optional
        Run the downstream test with these choices too; no subject is both trained on and tested.
    device : str
        "auto", "cpu", "cuda:0" or "mps".
    progress : callable (step, done, total), optional
        An exception from it ends the work.

    Raises
    ------
    EvaluationError
        When the cubes cannot be compared.
    CollectionError
        When none can be used.
    """
    report = progress or (lambda step, done, total: None)
    _require_reference(PART_OF_DOMAIN.get(member.domain) for member in collection.members)
    sources = all_sources(collection, models, device)
    population = population_of_collection(collection, sources, lambda d, total: report(_STEP, d, total))
    _require_reference((group.part for group in population.groups), population.notes)
    if note := _without_common_structure(population):
        population = replace(population, notes=(*population.notes, note))
    return compared(population, options or MeasureOptions(), downstream, report)


def _require_reference(parts: Iterable[str | None], problems: Sequence[str] = ()) -> None:
    """Refuse cubes among which there is no reference, or nothing but that."""
    there = set(parts) - {None}
    if "real" not in there or len(there) == 1:
        why = f" ({problems[-1].rstrip('.')})" if problems else ""
        raise EvaluationError(
            f"A comparison needs reference cubes (measured, or another target) and others; the collection lacks one of them{why}: "
            "add cubes, or state their domains."
        )


def _without_common_structure(population: Population) -> str:
    """Return that all spectra are compared as one, and what to do; empty where structures are compared."""
    reference = population.reference
    if reference is None or any(population.classes_in(reference, own) for own in population.compared):
        return ""
    sides = [
        [
            population.class_names[i]
            for i in sorted({i for group in groups for i in population.classes_in(group)})
        ]
        for groups in (population.compared, [reference])
    ]
    if not any(sides):
        return "No cube names a structure, so all spectra are compared as one; add labels with names."
    words = [listed(names, 3) if names else "none" for names in sides]
    return (
        f"No structure is both in the reference ({words[1]}) and in the other cubes ({words[0]}), so all spectra are compared as one; give "
        "structures the same names in the collection."
    )


def draw_samples(
    collection: Collection,
    models: Sequence[str | Path | TransferModel],
    shard: tuple[int, int],
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> tuple[int, list[str]]:
    """Draw the samples that a comparison needs of every N-th cube, the I-th first, into the cache: one share of several.

    Parameters
    ----------
    collection, models, device, progress
        As in :func:`compare_collection`.
    shard : (int, int)
        (I, N), I from 1.

    Returns
    -------
    int
        Samples that are there now.
    list of str
        A sentence for each that is not.
    """
    first, step = shard
    share = replace(collection, members=collection.members[first - 1 :: step])
    sources = all_sources(share, models, device) if share.members else []
    problems = []
    for number, source in enumerate(sources):
        if progress is not None:
            progress(_STEP, number, len(sources))
        try:
            source.sample()
        except Exception as error:  # the run that merges says it too
            problems.append(str(error))
    if progress is not None:
        progress(_STEP, len(sources), len(sources))
    return len(sources) - len(problems), problems


def all_sources(
    collection: Collection, models: Sequence[str | Path | TransferModel], device: str
) -> list[Source]:
    """Return the cubes of a collection, and the simulated ones as each model transfers them.

    Raises
    ------
    EvaluationError
        When a baseline is among the models, or none of the cubes is simulated in the whole collection.
    """
    from napari_udt.models import load_model

    sources = sources_of(collection)
    simulated = [member for member in collection.members if member.domain == "simulated"]
    for model in models:
        if isinstance(model, str) and is_baseline(model):
            raise EvaluationError(
                f"{model} is matched to one cube, and a collection has many: transfer its cubes with `napari-udt transfer "
                "--model ... --reference FILE` and collect the results."
            )
        network = load_model(model) if isinstance(model, str | Path) else model
        sources += [
            Source(
                member, partial(_transferred_sample, member, collection, network, device), network.spec.name
            )
            for member in simulated
        ]
    return sources


def _transferred_sample(
    member: Member, collection: Collection, network: TransferModel, device: str
) -> Sample:
    """Return the sample of a cube as a model transfers it."""

    def transferred(cube: PreparedCube) -> PreparedCube:
        from napari_udt.inference import transfer

        return replace(cube, cube=transfer(cube.cube, network, device=device))

    made_by = f"{network.spec.name} {network.spec.weights_sha256}"
    return sample_of(member, collection, transferred, made_by)
