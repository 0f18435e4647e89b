"""Input files of a batch, and the paths of their results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_udt.errors import TransferError
from napari_udt.io.contract import Match
from napari_udt.io.opening import is_damaged, recordings
from napari_udt.io.registry import sniff

SUFFIX = ".udt.h5"


@dataclass(frozen=True)
class Input:
    """A file (or a folder that is one recording) and the sub-folder of the results where its own belongs.

    Parameters
    ----------
    path : Path
    folder : Path
        Of its result, below that of all results.
    candidate : str
        Which cube of the file; empty for the one that the batch's options name.
    wavelengths_nm : tuple of float
        Of a file that lacks them; empty where it has them.
    domain : str
        Empty where the file's own holds.
    structures : tuple of (str, str)
        Names of structures in the file and what they are called.
    """

    path: Path
    folder: Path = Path()
    candidate: str = ""
    wavelengths_nm: tuple[float, ...] = ()
    domain: str = ""
    structures: tuple[tuple[str, str], ...] = ()


def collect(
    paths: Iterable[Path | Input], *, recursive: bool = False, with_metadata: bool = False
) -> list[Input]:
    """Return the files that are named, and the cubes in the folders that are named.

    A named file is always taken, so that its error is reported. Of a folder's files those count that are cubes,
    damaged ones by their names, and with ``with_metadata`` those that lack metadata; foreign files and what
    begins with a dot do not.

    Parameters
    ----------
    paths : iterable of path or Input
        An input, as a collection's, is returned as it is.
    recursive : bool
        Search folders within folders too; results lie in folders of the same names.
    with_metadata : bool
        Whether the user states what files lack.
    """
    found: list[Input] = []
    for path in paths:
        if isinstance(path, Input):
            found.append(path)
        elif path.is_dir() and sniff(path).match is Match.NO:
            found += _in_folder(path, Path(), recursive, with_metadata)
        else:
            found.append(Input(path))
    return found


def without_results(inputs: Iterable[Input], folder: Path, ending: str) -> list[Input]:
    """Leave out files that are results of this very batch, where these lie among their sources."""
    inputs = list(inputs)
    targets = {target_of(item, folder, ending).resolve() for item in inputs}
    return [item for item in inputs if item.path.resolve() not in targets]


def target_of(item: Input, folder: Path, ending: str) -> Path:
    """Return the path of a file's result."""
    stem = item.path.name
    for suffix in (SUFFIX, *item.path.suffixes[-1:]):
        stem = stem.removesuffix(suffix)
    if item.candidate:
        stem = f"{stem}_{re.sub('[^A-Za-z0-9.-]+', '-', item.candidate)}"
    return folder / item.folder / f"{stem}_{ending}{SUFFIX}"


def refuse_namesakes(targets: Iterable[tuple[Input, Path]]) -> dict[Input, TransferError]:
    """Return the files whose result would replace that of another file of the same run, with the sentence."""
    taken: set[Path] = set()
    refused = {}
    for item, target in targets:
        if target in taken:
            refused[item] = TransferError(
                f"{item.path}: {target} holds the result of another file of this run; rename one."
            )
        taken.add(target)
    return refused


def _in_folder(folder: Path, below: Path, recursive: bool, with_metadata: bool) -> Iterator[Input]:
    for path in recordings(path for path in sorted(folder.iterdir()) if not path.name.startswith(".")):
        sniffed = sniff(path)
        if sniffed.match is Match.YES or (sniffed.match is Match.NEEDS_METADATA and with_metadata):
            yield Input(path, below)
        elif path.is_dir() and recursive:
            yield from _in_folder(path, below / path.name, recursive, with_metadata)
        elif path.is_file() and is_damaged(path):
            yield Input(path, below)
