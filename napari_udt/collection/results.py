"""The transferred cubes of a collection as a collection, so that shares of several machines are joined by `collect`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.gather import collection_of
from napari_udt.collection.inspecting import inspect
from napari_udt.files.reading import absolute
from napari_udt.inference.inputs import SUFFIX, Input, target_of


def results_of(results: Iterable[str], described: Mapping[Input, Member], folder: Path) -> Collection | None:
    """List the results of a batch, with the subjects and splits of their sources.

    Parameters
    ----------
    results : iterable of str
        Files of results; those of other sources are left out.
    described : mapping of Input to Member
        The sources.
    folder : Path
        Of all results.

    Returns
    -------
    Collection or None
        None where there is no result.
    """
    stems = {
        str(target_of(item, folder, "")).removesuffix(SUFFIX): member for item, member in described.items()
    }
    sources = {absolute(Path(result)): _source(result, stems) for result in sorted(set(results))}
    known = {path: source for path, source in sources.items() if source is not None}
    cubes = inspect(known).cubes
    cubes = tuple(
        replace(
            cube,
            member=replace(
                cube.member,
                domain="transferred",
                subject=known[cube.member.path].subject,
                split=known[cube.member.path].split,
            ),
        )
        for cube in cubes
        if not cube.problem
    )
    return collection_of(cubes, {}) if cubes else None


def _source(result: str, stems: Mapping[str, Member]) -> Member | None:
    """Return whose result a file is: the longest name that its own begins with."""
    fitting = [stem for stem in stems if result.startswith(stem)]
    return stems[max(fitting, key=len)] if fitting else None
