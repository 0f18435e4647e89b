"""Making a collection from files and folders of any format that opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_udt.collection.contents import Collection
from napari_udt.collection.inspecting import InspectedCube, Inspection, Progress, Rules, inspect
from napari_udt.collection.preprocessing import Step
from napari_udt.collection.wavelengths import common_wavelengths
from napari_udt.errors import CollectionError


def gather(
    paths: Iterable[Path], rules: Rules | None = None, progress: Progress = lambda done, total: None
) -> tuple[Collection, list[str]]:
    """Make a collection of files, folders (with all folders in them) and other collections.

    Parameters
    ----------
    paths : iterable of path
    rules : Rules, optional
    progress : callable, optional
        ``progress(files done, files in all)``; what it raises ends the work.

    Returns
    -------
    Collection
        Of all cubes that open and fit each other's modality.
    list of str
        A sentence for each file that was left out.

    Raises
    ------
    CollectionError
        When no cube opens, modalities are mixed, or there is no common wavelength.
    """
    rules = rules or Rules()
    found = inspect(paths, rules, progress)
    return collection_by(rules, found), [cube.problem for cube in found.cubes if cube.problem]


def collection_by(rules: Rules, found: Inspection) -> Collection:
    """Make a collection of cubes that were inspected, as the user's rules say; `collection_of` lists the errors."""
    return collection_of(
        found.cubes,
        {**all_structures(found.collections), **rules.structures},
        tuple(rules.preprocessing) or one_preprocessing(found.collections),
        rules.low_nm,
        rules.high_nm,
        found.collections,
    )


def collection_of(
    cubes: Sequence[InspectedCube],
    structures: Mapping[str, str],
    preprocessing: Sequence[Step] = (),
    low_nm: float | None = None,
    high_nm: float | None = None,
    earlier: Sequence[Collection] = (),
) -> Collection:
    """Make a collection of the cubes that open.

    Parameters
    ----------
    cubes : sequence of InspectedCube
    structures : mapping of str to str
        What structures are called, by their names in the files.
    preprocessing : sequence of Step
    low_nm, high_nm : float, optional
        Narrower limits of the common wavelengths.
    earlier : sequence of Collection
        Whose common wavelengths count too.

    Raises
    ------
    CollectionError
        When none opens, modalities are mixed, or there is no common wavelength.
    """
    whole = [cube for cube in cubes if not cube.problem]
    if not whole:
        why = f": {cubes[0].problem}" if cubes else "; give files or folders of cubes."
        raise CollectionError(f"No cube could be collected{why}")
    modality = whole[0].modality
    assert modality is not None  # of a cube that opened
    _require_one_modality(whole)
    grids = [(cube.member.name, cube.wavelengths_nm, cube.bad_bands) for cube in whole]
    grids += [("a collection", known.grid, None) for known in earlier]
    common = common_wavelengths(grids, low_nm, high_nm)
    return Collection(
        tuple(cube.member for cube in whole),
        modality,
        tuple(common.tolist()),
        dict(structures),
        tuple(preprocessing),
    )


def all_structures(collections: Iterable[Collection]) -> dict[str, str]:
    """Return what collections call structures; of two new names the later one counts."""
    return {old: new for known in collections for old, new in known.structures.items()}


def one_preprocessing(collections: Iterable[Collection]) -> tuple[Step, ...]:
    """Return the preprocessing that collections share.

    Raises
    ------
    CollectionError
        When they have several.
    """
    chains = {tuple(map(str, known.preprocessing)): known.preprocessing for known in collections}
    if len(chains) > 1:
        words = " and ".join(", ".join(chain) or "none" for chain in chains)
        raise CollectionError(
            f"The collections have other preprocessing ({words}); collect their files anew."
        )
    return next(iter(chains.values()), ())


def _require_one_modality(cubes: Sequence[InspectedCube]) -> None:
    counts = Counter(cube.modality for cube in cubes)
    if len(counts) > 1:
        first = {cube.modality: cube.member.name for cube in reversed(cubes)}
        found = ", ".join(f"{count} {kind} ({first[kind]})" for kind, count in counts.items())
        raise CollectionError(f"The cubes are of two modalities: {found}; collect each by itself.")
