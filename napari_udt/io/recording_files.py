"""The files of a recording, and a fingerprint of all of them, by which a changed recording is recognised.

Small files are compared by their content. Of large ones, which would take seconds to read, pieces of the content, the
size and the time of the last change are compared; of very many ones, as chunks of a Zarr folder, size and time. The
fingerprint says which of the two it is.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from napari_udt.files.reading import open_regular

Compared = Literal["content", "size, time and samples"]

WHOLE_BYTES = 2**28  # of a recording, in all: a quarter of a second
_SAMPLES, _SAMPLE_BYTES = 64, 2**16
_READ_FILES = 10_000  # of further ones size and time count
_MOST_FILES = 1_000_000
_LEVELS = 4  # folders between a recording and the settings of its data set

# What lies beside a recording, or in its folder, and is no part of it.
_NO_PARTS = (".h5", ".hdf5", ".json", ".html", ".csv", ".npz", ".npy", ".part")
_ZARR_METADATA = "zarr.json"
_HELICOID = ("raw", "whiteReference", "darkReference", "gtMap")
_HEADER_ENDINGS = (".hdr", ".HDR")
_COMPANION = re.compile(r"(_(seg|ind)|_KNN_\d+)$")


@dataclass(frozen=True)
class Fingerprint:
    """What distinguishes a state of a recording from others.

    Parameters
    ----------
    files, bytes : int
        Number of files and their size in all.
    modified_ns : int
        Time of the newest change, in nanoseconds since 1970.
    sha256 : str
        Hash of the content or, of large files, of pieces of it; of a single small file the hash of the file.
    compared : str
        By what two states are compared.
    """

    files: int
    bytes: int
    modified_ns: int
    sha256: str
    compared: Compared

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, JSON-serialisable."""
        return asdict(self)

    def differs_from(self, earlier: Mapping[str, Any]) -> bool:
        """Whether an earlier fingerprint, as a dictionary, is of another state; a time alone counts for large files only."""
        now = self.to_dict()
        names = ["files", "bytes", "sha256", "compared"]
        names += ["modified_ns"] * (self.compared != "content")
        return any(earlier.get(name) != now[name] for name in names)


def fingerprint(paths: Iterable[Path]) -> Fingerprint:
    """Return the fingerprint of files; those that are not there, or no ordinary files, are left out.

    Raises
    ------
    OSError
        When a file cannot be read.
    """
    present = list(filter(os.path.isfile, dict.fromkeys(paths)))
    states = [path.stat() for path in present]
    total = sum(state.st_size for state in states)
    whole = total <= WHOLE_BYTES and len(present) <= _READ_FILES
    hashes = [
        _sha256(path, state.st_size, whole)
        for path, state in zip(present, states[:_READ_FILES], strict=False)
    ]
    hashes += [f"{state.st_size} {state.st_mtime_ns}" for state in states[_READ_FILES:]]
    return Fingerprint(
        len(present),
        total,
        max((state.st_mtime_ns for state in states), default=0),
        hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest(),
        "content" if whole else "size, time and samples",
    )


def recording_fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of the recording that a file or folder belongs to."""
    return fingerprint(recording_files(path))


def recording_files(path: Path) -> list[Path]:
    """Return all files that decide what is read when a file or folder is opened, in a fixed order.

    These are an ENVI header, its numbers, labels and oxygenation; an iThera scan's header, time series, pictures and
    regions; a Tivita cube, its log and outlines; HELICoiD's references and map; the segmentation of an htc file; the
    numbers of a NRRD header; companions of the paper's files; of a folder, everything below it.
    """
    found = islice(_below(path) if path.is_dir() else _beside(path), _MOST_FILES)
    return sorted(filter(os.path.isfile, set(found)))  # names beside it may be too long for the disk


def _below(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.name == _ZARR_METADATA or not file.name.endswith(_NO_PARTS):
            yield file
    yield from _settings(folder)


def _beside(path: Path) -> Iterator[Path]:
    from napari_udt.io.generic import envi_files, nrrd
    from napari_udt.io.hyperspectral import tivita

    folder, stem, ending = path.parent, path.stem, path.suffix.lower()
    headers = [path.with_name(path.name + end) for end in _HEADER_ENDINGS]
    headers += [path.with_suffix(end) for end in _HEADER_ENDINGS]
    yield path
    yield from headers
    yield from envi_files.parts(path)
    if stem in _HELICOID:
        yield from _of_stems(folder, _HELICOID)
    elif ending in (".msot", ".bin"):
        scan = folder.parent if folder.name == "RECONs" else folder
        for pattern in ("*.msot", "*.bin", "*.iannotation", "RECONs/*.bin"):
            yield from scan.glob(pattern)
    elif tivita.is_recording(path):
        yield path.with_name(path.name.removesuffix("_SpecCube.dat") + "_meta.log")
        yield from (*(folder / "annotations").glob("*.png"), *_settings(folder))
    elif ending == ".blosc":
        root = folder.parent.parent
        yield from (root / "segmentations" / path.name, root.parent / "data" / "dataset_settings.json")
    elif ending == ".npy":
        base = _COMPANION.sub("", stem)
        yield from (folder / f"{name}{end}.npy" for name in {base, stem} for end in ("", "_seg", "_ind"))
    elif ending == ".npz":
        yield folder / "data_config.yaml"
    elif ending in (".nrrd", ".nhdr"):
        yield from (*nrrd.parts(path), *_of_stems(folder, [stem]))
    elif ending == ".hdr" or any(map(os.path.isfile, headers)):
        yield from _of_stems(folder, [stem, *(f"{stem}_{kind}" for kind in ("labels", "oxygenation"))])


def _of_stems(folder: Path, stems: Collection[str]) -> Iterator[Path]:
    for file in folder.iterdir():
        if (file.stem in stems or file.name in stems) and not file.name.endswith(_NO_PARTS):
            yield file


def _settings(folder: Path) -> Iterator[Path]:
    yield from (parent / "dataset_settings.json" for parent in (folder, *folder.parents)[: _LEVELS + 1])


def _sha256(path: Path, size: int, whole: bool) -> str:
    with open_regular(path) as file:
        if whole or size <= _SAMPLES * _SAMPLE_BYTES:
            return hashlib.file_digest(file, "sha256").hexdigest()
        found = hashlib.sha256(str(size).encode())
        for number in range(_SAMPLES):
            file.seek((size - _SAMPLE_BYTES) * number // (_SAMPLES - 1))
            found.update(file.read(_SAMPLE_BYTES))
        return found.hexdigest()
