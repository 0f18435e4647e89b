"""A collection as a text file, ``NAME.udt-collection.toml``; paths in it are relative to it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.preprocessing import Step
from napari_udt.cube import MODALITIES
from napari_udt.errors import CollectionError
from napari_udt.files.reading import absolute, read_text
from napari_udt.files.writing import whole_or_nothing

ENDING = ".udt-collection.toml"
FORMAT = "napari-udt collection"
VERSION = 1
_MOST_BYTES = 200_000_000
_NUMBERS = re.compile(r"\[\n((?: +[-+.\de]+,\n)+)\]")  # lists of numbers are written in one line

_PLAIN = ("candidate", "domain", "subject", "split", "bytes", "modified_ns", "sha256")
_TYPES = {entry.name: int if entry.type == "int" else str for entry in fields(Member)}


def is_collection(path: Path) -> bool:
    """Whether a file is a collection, by its name."""
    return path.name.endswith(ENDING)


def save_collection(collection: Collection, path: Path) -> None:
    """Write a collection, whole or not at all.

    Raises
    ------
    CollectionError
        When the name has another ending.
    WriteError
        When the disk is full and the like.
    """
    import tomli_w

    if not is_collection(path):
        raise CollectionError(f"{path}: a collection's name ends in {ENDING}; choose such a name.")
    folder = path.resolve().parent
    table = {
        "format": FORMAT,
        "version": VERSION,
        "modality": collection.modality,
        "wavelengths_nm": list(collection.wavelengths_nm),
        "structures": dict(collection.structures),
        "preprocessing": [{"step": step.name, **step.settings} for step in collection.preprocessing],
        "cubes": [_row(member, folder) for member in collection.members],
    }
    with whole_or_nothing(path) as temporary:
        text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split()).rstrip(',')}]", tomli_w.dumps(table))
        temporary.write_text(text, encoding="utf-8")


def load_collection(path: Path) -> Collection:
    """Read a collection; none of its cubes is opened.

    Raises
    ------
    CollectionError
        When it cannot be read, or an entry is missing or wrong.
    """
    try:
        table = tomllib.loads(read_text(path, _MOST_BYTES))
    except (OSError, ValueError) as error:
        raise CollectionError(f"{path}: the collection cannot be read ({error}).") from error
    if table.get("format") != FORMAT or table.get("version") != VERSION:
        raise CollectionError(
            f'{path}: expected format = "{FORMAT}" and version = {VERSION}; make one with `napari-udt collect`.'
        )
    try:
        return _collection(table, path.resolve().parent)
    except (CollectionError, TypeError, KeyError, AttributeError, ValueError) as error:
        raise CollectionError(f"{path}: an entry is missing or wrong ({error}); collect again.") from error


def _row(member: Member, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"file": _relative(member.path, folder)}
    row |= {key: value for key in _PLAIN if (value := getattr(member, key))}
    if member.wavelengths_nm:
        row["wavelengths_nm"] = list(member.wavelengths_nm)
    return row


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return path.as_posix()


def _collection(table: Mapping[str, Any], folder: Path) -> Collection:
    wavelengths = tuple(float(nm) for nm in table["wavelengths_nm"])
    if len(wavelengths) < 2 or not np.all(np.diff(wavelengths) > 0) or not np.isfinite(wavelengths).all():
        raise CollectionError("wavelengths_nm are not two or more increasing numbers")
    if table["modality"] not in MODALITIES:
        raise CollectionError(f"modality is {table['modality']!r}")
    steps = [dict(step) for step in table.get("preprocessing", [])]
    return Collection(
        members=tuple(_member(row, folder) for row in table["cubes"]),
        modality=table["modality"],
        wavelengths_nm=wavelengths,
        structures={str(old): str(new) for old, new in table.get("structures", {}).items()},
        preprocessing=tuple(Step(step.pop("step"), step) for step in steps),
    )


def _member(row: Mapping[str, Any], folder: Path) -> Member:
    for key, value in row.items():
        known = key in ("file", "wavelengths_nm") or key in _PLAIN
        if not known or (key in _PLAIN and type(value) is not _TYPES[key]):
            raise CollectionError(f"{key} = {value!r} in [[cubes]]")
    values = {key: row[key] for key in _PLAIN if key in row}
    stated = tuple(float(nm) for nm in row.get("wavelengths_nm", ()))
    return Member(absolute(folder / row["file"]), wavelengths_nm=stated, **values)
