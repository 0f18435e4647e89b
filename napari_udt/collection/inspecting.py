"""Opening every file of a collection once, to learn what is in it; a file that does not open costs its own row alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from napari_udt.collection.contents import Collection, Member, Split, State
from napari_udt.collection.preprocessing import Step
from napari_udt.collection.reading import open_member, pixel_counts
from napari_udt.collection.subjects import Subject, read_table, subject_rule
from napari_udt.collection.toml_file import is_collection, load_collection
from napari_udt.cube import Domain, Modality, SpectralCube, nested
from napari_udt.errors import CollectionError, MissingMetadata, UdtError, unexpected
from napari_udt.files.cache import cache_path
from napari_udt.files.reading import absolute
from napari_udt.files.writing import whole_or_nothing
from napari_udt.inference.inputs import Input, collect
from napari_udt.io import list_candidates
from napari_udt.io.contract import Match
from napari_udt.io.generic.envi_files import is_of_classes
from napari_udt.io.missing_metadata import StatedMetadata, options_for
from napari_udt.io.registry import sniff

Progress = Callable[[int, int], None]
# Formats one file of which holds many recordings as alternatives of each other.
_MANY_IN_A_FILE = ("dataset",)
_COMPANIONS = ("_labels", "_oxygenation")
_VERSION = 2  # of what is kept


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


@dataclass(frozen=True, eq=False)
class InspectedCube:
    """What a cube of a collection is, found out by opening it.

    Parameters
    ----------
    member : Member
    modality : {"HSI", "PAT"}, optional
    wavelengths_nm : float array, shape (channels,)
    bad_bands : bool array, shape (channels,), optional
    structures : mapping of str to int
        Pixels of each structure that somebody has named, by the names in the file.
    shape : (int, int)
        Rows and columns.
    model : str
        The model that made a transferred cube.
    problem : str
        Why it does not open, in one sentence; nothing but ``member`` is known then.
    lacks_wavelengths : bool
        Whether it does not open because nobody has stated its wavelengths.
    """

    member: Member
    modality: Modality | None = None
    wavelengths_nm: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    bad_bands: NDArray[np.bool_] | None = None
    structures: Mapping[str, int] = field(default_factory=dict)
    shape: tuple[int, int] = (0, 0)
    model: str = ""
    problem: str = ""
    lacks_wavelengths: bool = False


@dataclass(frozen=True, eq=False)
class Inspection:
    """Cubes, those that do not open among them, and the collections that were among the paths.

    Parameters
    ----------
    cubes : tuple of InspectedCube
    collections : tuple of Collection
    """

    cubes: tuple[InspectedCube, ...]
    collections: tuple[Collection, ...] = ()


def inspect(
    paths: Iterable[Path], rules: Rules | None = None, progress: Progress = lambda done, total: None
) -> Inspection:
    """Open the cubes of files, folders (with all folders in them) and collections, one after the other.

    Parameters
    ----------
    paths : iterable of path
    rules : Rules, optional
    progress : callable, optional
        ``progress(files done, files in all)``; what it raises ends the work.

    Raises
    ------
    CollectionError
        When there is no such file or folder, or a rule or a collection is wrong.
    """
    rules = rules or Rules()
    found, earlier = _listed(list(paths), rules)
    described = {member for known in earlier for member in known.members}
    subject = subject_rule(rules.subject_from)
    by_metadata = rules.subject_from.startswith("metadata:")  # what the file has to be opened for
    table = read_table(rules.table) if rules.table else {}
    table, cubes = _by_recording(table, found, rules.table)
    states: dict[Path, State] = {}
    for number, item in enumerate(found):
        progress(number, len(found))
        member = item.member
        problem = member.problem(states) if member in described else item.problem
        if problem:
            cubes.append(InspectedCube(member, problem=problem))
            continue
        try:
            known = member in described
            member = member if known else member.with_state(states)
            found_before = _kept(member) if known or not by_metadata else None
            if found_before is None:
                cube = open_member(member)
                inspected = _inspected(replace(member, domain=cube.domain), cube)
                _keep(inspected, member)
            else:
                cube, inspected = None, found_before
            if not known:
                own = _described(inspected.member, cube, rules, subject, table)
                inspected = replace(inspected, member=own)
                _keep(inspected, own)
            cubes.append(inspected)
        except UdtError as error:
            lacks = isinstance(error, MissingMetadata) and error.lacks_wavelengths
            cubes.append(InspectedCube(member, problem=str(error), lacks_wavelengths=lacks))
        except Exception as error:  # a defect of a reader costs one cube
            cubes.append(InspectedCube(member, problem=f"{member.path}: {unexpected(error)}"))
    progress(len(found), len(found))
    return Inspection(tuple(cubes), tuple(earlier))


def _by_recording(
    table: Mapping[Path, Mapping[str, str]], found: Iterable[InspectedCube], file: Path | None
) -> tuple[dict[Path, Mapping[str, str]], list[InspectedCube]]:
    """Return the rows of a table by the recordings that they name, and a problem where some name nothing.

    A recording that is a folder may be named by any file in it. A table may list more than is collected here.
    """
    recordings = {item.member.path for item in found}
    rows, lost = {}, []
    for path, row in table.items():
        named = next((folder for folder in (path, *path.parents) if folder in recordings), None)
        if named is not None:
            rows[named] = row
        elif not path.exists():
            lost.append(row["file"])
    if file is None or not lost:
        return rows, []
    words = "1 row names a file that is" if len(lost) == 1 else f"{len(lost):,} rows name files that are"
    problem = (
        f"{file}: {words} not there: {', '.join(lost[:3])}; paths are relative to the table, correct them."
    )
    return rows, [InspectedCube(Member(file), problem=problem)]


def _path(member: Member) -> Path:
    """Return the file of what is known of a cube, named by its content and by what is stated of it."""
    state = (member.sha256, member.bytes, member.modified_ns, member.domain, member.path.suffix.lower())
    return cache_path("cubes", _VERSION, *state, member.candidate, member.wavelengths_nm).with_suffix(".json")


def _kept(member: Member) -> InspectedCube | None:
    """Return what was found out before of a cube with this content."""
    if not member.sha256:
        return None
    try:
        known = json.loads(_path(member).read_text(encoding="utf-8"))
        return InspectedCube(
            replace(member, domain=known["domain"]),
            known["modality"],
            np.array(known["wavelengths_nm"], float),
            None if known["bad_bands"] is None else np.array(known["bad_bands"], bool),
            {str(name): int(pixels) for name, pixels in known["structures"].items()},
            (int(known["shape"][0]), int(known["shape"][1])),
            str(known["model"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep(cube: InspectedCube, member: Member) -> None:
    """Keep what was found out of a cube, for a member as it is asked for."""
    path = _path(member)
    if path.exists():
        return
    known = {
        "domain": cube.member.domain,
        "modality": cube.modality,
        "wavelengths_nm": cube.wavelengths_nm.tolist(),
        "bad_bands": None if cube.bad_bands is None else cube.bad_bands.tolist(),
        "structures": dict(cube.structures),
        "shape": cube.shape,
        "model": cube.model,
    }
    with suppress(OSError):  # it is only found out again
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_or_nothing(path) as temporary:
            temporary.write_text(json.dumps(known), encoding="utf-8")


def _inspected(member: Member, cube: SpectralCube) -> InspectedCube:
    if cube.is_lazy:
        getattr(cube.data, "close", lambda: None)()
    made_by = str(nested(cube.provenance, "model").get("name", "")) if cube.domain == "transferred" else ""
    return InspectedCube(
        member,
        cube.modality,
        cube.wavelengths_nm,
        cube.bad_bands,
        pixel_counts(cube),
        cube.shape[:2],
        made_by,
    )


def _listed(paths: Sequence[Path], rules: Rules) -> tuple[list[InspectedCube], list[Collection]]:
    """Return the cubes that are to be opened, of which only files are known yet, and the collections that were given."""
    found: dict[Member, str] = {}
    earlier: list[Collection] = []
    for path in paths:
        if is_collection(path):
            known = load_collection(path)
            earlier.append(known)
            found |= dict.fromkeys(known.members, "")
            continue
        if not path.exists():
            raise CollectionError(f"{path}: there is no such file or folder; correct the path.")
        for item in _without_companions(collect([path], recursive=True, with_metadata=True)):
            if not _is_utf8(item.path.name):
                found[Member(absolute(item.path))] = f"{item.path}: the name is not UTF-8; rename the file."
                continue
            try:
                found |= dict.fromkeys(_in_file(absolute(item.path), rules), "")
            except UdtError as error:
                found[Member(absolute(item.path))] = str(error)
    return [InspectedCube(member, problem=problem) for member, problem in found.items()], earlier


def _is_utf8(name: str) -> bool:
    """Whether a name can stand in a collection, which is UTF-8; those of old archives may not."""
    return name.encode("utf-8", "replace").decode("utf-8") == name


def _without_companions(files: Sequence[Input]) -> list[Input]:
    """Leave out the files of labels that lie beside an ENVI cube."""
    stems = {item.path.with_suffix("") for item in files}
    owners = {
        item: item.path.with_name(item.path.stem.removesuffix(ending))
        for item in files
        for ending in _COMPANIONS
        if item.path.stem.endswith(ending)
    }
    others = [item for item in files if owners.get(item) not in stems]
    return [item for item in others if not _holds_classes_of(item.path, stems)]


def _holds_classes_of(path: Path, stems: Iterable[Path]) -> bool:
    """Whether a file holds class numbers of one of some files, whose name its own begins with."""
    own = path.with_suffix("")
    begins = (
        stem != own
        and stem.parent == own.parent
        and own.name.startswith(tuple(f"{stem.name}{mark}" for mark in "-_."))
        for stem in stems
    )
    return is_of_classes(path) and any(begins)


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
    cube: SpectralCube | None,
    rules: Rules,
    subject: Subject,
    table: Mapping[Path, Mapping[str, str]],
) -> Member:
    row = table.get(member.path, {})
    named = row.get("subject") or subject(member.path, cube)
    if not row.get("subject") and member.candidate:
        named = f"{named} {member.candidate}"
    return replace(
        member,
        domain=cast(Domain, row.get("domain") or rules.domain or member.domain),
        subject=named,
        split=cast(Split, row.get("split") or "train"),
    )
