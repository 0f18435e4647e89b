"""Whom a cube shows: from its file's name, its folder, its metadata or a table."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from napari_udt.collection.contents import SPLITS
from napari_udt.cube import DOMAINS, SpectralCube, nested
from napari_udt.errors import CollectionError
from napari_udt.files.reading import absolute, read_text

Subject = Callable[[Path, SpectralCube | None], str]  # the cube is needed for its metadata only
_MOST_BYTES = 100_000_000
_KINDS = "file, folder, pattern:REGEX (its first group), metadata:KEY"


def subject_rule(text: str) -> Subject:
    r"""Return the rule that a text names.

    Parameters
    ----------
    text : str
        "file" (every file is a subject), "folder" (the name of the folder that it lies in), "pattern:(P\d+)" (the first
        group of a regular expression that is searched in the path) or "metadata:scan.animal" (a key of the cube's metadata).

    Raises
    ------
    CollectionError
        When it is none of these.
    """
    kind, _, value = text.partition(":")
    if kind in ("file", "folder") and not value:
        return _by_file if kind == "file" else _by_folder
    if kind == "metadata" and value:
        return lambda path, cube: _from_metadata(cube, value)
    if kind == "pattern" and value:
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise CollectionError(
                f"Subject from {text!r}: no regular expression ({error}); correct it."
            ) from error
        return lambda path, cube: _from_pattern(path, pattern)
    raise CollectionError(f"Subject from {text!r} is unknown; expected {_KINDS}.")


def read_table(path: Path) -> dict[Path, Mapping[str, str]]:
    """Read a CSV table with a column "file", relative to the table, and any of "subject", "domain" and "split".

    Raises
    ------
    CollectionError
        When it cannot be read or has no such columns.
    """
    try:
        rows = list(csv.DictReader(read_text(path, _MOST_BYTES).removeprefix("\ufeff").splitlines()))
    except (OSError, ValueError, csv.Error) as error:
        raise CollectionError(f"{path}: the table cannot be read ({error}); expected CSV.") from error
    if not rows or "file" not in rows[0]:
        raise CollectionError(
            f"{path}: expected a column file, and any of subject, domain, split; add a first line that names them."
        )
    for row in rows:
        for key, choices in (("domain", DOMAINS), ("split", SPLITS)):
            if (value := row.get(key)) and value not in choices:
                raise CollectionError(
                    f"{path}: {key} of {row['file']} is {value!r}; expected {' or '.join(choices)}."
                )
    return {absolute(path.parent / row["file"]): row for row in rows if row["file"]}


def _by_file(path: Path, cube: SpectralCube | None) -> str:
    return path.name.split(".")[0]


def _by_folder(path: Path, cube: SpectralCube | None) -> str:
    return path.parent.name


def _from_metadata(cube: SpectralCube | None, key: str) -> str:
    assert cube is not None
    *above, last = key.split(".")
    found = nested(cube.metadata, *above).get(last)
    if isinstance(found, str | int | float) and str(found):
        return str(found)
    raise CollectionError(f"{cube.name}: its metadata have no {key}; `napari-udt info` lists what there is.")


def _from_pattern(path: Path, pattern: re.Pattern[str]) -> str:
    found = pattern.search(path.as_posix())
    if found is None:
        raise CollectionError(f"{path.name}: the pattern {pattern.pattern!r} is not in its path; correct it.")
    return (found.groups() or (found[0],))[0] or found[0]
