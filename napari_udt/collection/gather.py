"""Making a collection from files and folders of any format that opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from napari_udt.collection.contents import Collection, Member, Split, State
from napari_udt.collection.preprocessing import Step
from napari_udt.collection.reading import open_member
from napari_udt.collection.subjects import read_table, subject_rule
from napari_udt.collection.toml_file import is_collection, load_collection
from napari_udt.collection.wavelengths import common_wavelengths
from napari_udt.cube import Domain, SpectralCube
from napari_udt.errors import CollectionError, UdtError
from napari_udt.inference.inputs import Input, collect
from napari_udt.io import list_candidates
from napari_udt.io.contract import Match
from napari_udt.io.missing_metadata import StatedMetadata, options_for
from napari_udt.io.registry import sniff

Progress = Callable[[int, int], None]
# Formats one file of which holds many recordings as alternatives of each other.
_MANY_IN_A_FILE = ("dataset",)
_COMPANIONS = ("_labels", "_oxygenation")


@dataclass(frozen=True)
class Rules:
    """What the user says about all files of a collection.

    Parameters
    ----------
    domain : str, optional
        Of all cubes; by default what their files say.
    subject_from : str
        See :func:`~napari_udt.collection.subjects.subject_rule`.
    table : Path, optional
        CSV with subject, domain and split by file; goes before everything else.
    structures : mapping of str to str
        New names of structures by those in the files.
    wavelengths : tuple of float or Span, optional
        Of files that lack them.
    low_nm, high_nm : float, optional
        Narrower limits of the common wavelengths.
    preprocessing : sequence of Step
    """

    domain: Domain | None = None
    subject_from: str = "file"
    table: Path | None = None
    structures: Mapping[str, str] = field(default_factory=dict)
    wavelengths: Any = None
    low_nm: float | None = None
    high_nm: float | None = None
    preprocessing: Sequence[Step] = ()


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
    found, problems, earlier = _members(list(paths), rules)
    described = {member for known in earlier for member in known.members}
    subject = subject_rule(rules.subject_from)
    table = read_table(rules.table) if rules.table else {}
    members, cubes = [], []
    states: dict[Path, State] = {}
    for number, member in enumerate(found):
        progress(number, len(found))
        try:
            cube = open_member(member)
            if member not in described:
                member = _described(member, cube, rules, subject, table).with_state(states)
            members.append(member)
            cubes.append(_outline(cube))
        except UdtError as error:
            problems.append(str(error))
    progress(len(found), len(found))
    if not members:
        why = f": {problems[0]}" if problems else "; give files or folders of cubes."
        raise CollectionError(f"No cube could be collected{why}")
    _require_one_modality(members, cubes)
    grids = [(m.name, c.wavelengths_nm, c.bad_bands) for m, c in zip(members, cubes, strict=True)]
    grids += [("a collection", known.grid, None) for known in earlier]
    common = common_wavelengths(grids, rules.low_nm, rules.high_nm)
    return (
        Collection(
            tuple(members),
            cubes[0].modality,
            tuple(common.tolist()),
            {**_all_structures(earlier), **rules.structures},
            tuple(rules.preprocessing) or _one_preprocessing(earlier),
        ),
        problems,
    )


def _members(paths: Sequence[Path], rules: Rules) -> tuple[list[Member], list[str], list[Collection]]:
    """Return the members to be opened, sentences about others, and the collections that were given."""
    found: list[Member] = []
    problems: list[str] = []
    earlier: list[Collection] = []
    for path in paths:
        if is_collection(path):
            known, missing = load_collection(path).checked()
            problems += missing
            earlier.append(known)
            found += known.members
            continue
        if not path.exists():
            raise CollectionError(f"{path}: there is no such file or folder; correct the path.")
        for item in _without_companions(collect([path], recursive=True, with_metadata=True)):
            try:
                found += _in_file(item.path.resolve(), rules)
            except UdtError as error:
                problems.append(str(error))
    return list(dict.fromkeys(found)), problems, earlier


def _without_companions(files: Sequence[Input]) -> list[Input]:
    """Leave out the files of labels that lie beside an ENVI cube."""
    stems = {item.path.with_suffix("") for item in files}
    owners = {
        item: item.path.with_name(item.path.stem.removesuffix(ending))
        for item in files
        for ending in _COMPANIONS
        if item.path.stem.endswith(ending)
    }
    return [item for item in files if owners.get(item) not in stems]


def _in_file(path: Path, rules: Rules) -> list[Member]:
    """Return the members of one file, of which nothing but the candidate is known yet."""
    sniffed = sniff(path)
    member = Member(path)
    if sniffed.match is Match.NEEDS_METADATA and rules.wavelengths is not None:
        stated = options_for(path, StatedMetadata(wavelengths=rules.wavelengths))
        member = replace(member, wavelengths_nm=tuple(stated["wavelengths_nm"]))
    if sniffed.format is None or sniffed.format.name not in _MANY_IN_A_FILE:
        return [member]
    titles = list_candidates(path)
    return [member] if len(titles) == 1 else [replace(member, candidate=title) for title in titles]


def _described(
    member: Member,
    cube: SpectralCube,
    rules: Rules,
    subject: Callable[[Path, SpectralCube], str],
    table: Mapping[Path, Mapping[str, str]],
) -> Member:
    row = table.get(member.path, {})
    named = row.get("subject") or subject(member.path, cube)
    if not row.get("subject") and member.candidate:
        named = f"{named} {member.candidate}"
    return replace(
        member,
        domain=cast(Domain, row.get("domain") or rules.domain or cube.domain),
        subject=named,
        split=cast(Split, row.get("split") or "train"),
    )


def _outline(cube: SpectralCube) -> SpectralCube:
    """Return a cube of one pixel with the same wavelengths: of many cubes, no values are kept."""
    if cube.is_lazy:
        getattr(cube.data, "close", lambda: None)()
    pixel = np.zeros((1, 1, cube.shape[2]), np.float32)
    return SpectralCube(pixel, cube.wavelengths_nm, cube.modality, name=cube.name, bad_bands=cube.bad_bands)


def _require_one_modality(members: Sequence[Member], cubes: Sequence[SpectralCube]) -> None:
    counts = Counter(cube.modality for cube in cubes)
    if len(counts) > 1:
        first = {cube.modality: member.name for member, cube in zip(members, cubes, strict=True)}
        found = ", ".join(f"{count} {kind} ({first[kind]})" for kind, count in counts.items())
        raise CollectionError(f"The cubes are of two modalities: {found}; collect each by itself.")


def _all_structures(collections: Iterable[Collection]) -> dict[str, str]:
    return {old: new for known in collections for old, new in known.structures.items()}


def _one_preprocessing(collections: Iterable[Collection]) -> tuple[Step, ...]:
    chains = {tuple(map(str, known.preprocessing)): known.preprocessing for known in collections}
    if len(chains) > 1:
        words = " and ".join(", ".join(chain) or "none" for chain in chains)
        raise CollectionError(
            f"The collections have other preprocessing ({words}); collect their files anew."
        )
    return next(iter(chains.values()), ())
