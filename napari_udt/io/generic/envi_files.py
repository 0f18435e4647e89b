"""The files of an ENVI cube: header, numbers, and the pictures of classes and oxygenation beside them."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_udt.errors import CubeError
from napari_udt.io.generic import envi_header
from napari_udt.io.generic.envi_header import EnviHeader
from napari_udt.io.generic.numpy_files import starts_with

# Field in which the writer keeps what ENVI has no words for: a list of one JSON object (see ``envi_writer``).
OWN_FIELD = "napari-udt"
CLASSES = "envi classification"

_DATA_ENDINGS = ("img", "dat", "raw", "bin", "bsq", "bil", "bip", "sli")
_PICTURES = ("labels", "oxygenation")  # beside a cube of ours, each with a header that the cube's names
# Endings of files beside a header that never hold bare numbers.
_OTHER_KINDS = (
    "hdr",
    "txt",
    "xml",
    "json",
    "log",
    "png",
    "jpg",
    "jpeg",
    "tif",
    "tiff",
    "csv",
    "zip",
    "pdf",
    "gz",
    "h5",
)


def main_file(path: Path) -> Path | None:
    """Return the header that a file is, or that describes its numbers; None where there is none."""
    if not path.is_file():
        return None
    if starts_with(path, envi_header.MAGIC):
        return path
    beside = (path.with_name(path.name + end) for end in (".hdr", ".HDR"))
    headers = [*beside, *(path.with_suffix(end) for end in (".hdr", ".HDR"))]
    return next((h for h in headers if starts_with(h, envi_header.MAGIC) and _names_data(h, path)), None)


def data_file(header: Path) -> Path:
    """Return the file with the numbers that a header describes; raises ``CubeError`` where there is none.

    Files with an ending that is usual for ENVI come first; with any other, or none, one counts that is as long as the
    header says. Where several have a usual ending, the first that is long enough counts.
    """
    stem = header.with_suffix("") if header.suffix.lower() == ".hdr" else header
    endings = [e for ending in _DATA_ENDINGS for e in (ending, ending.upper())]
    named = (stem, *(stem.with_name(f"{stem.name}.{ending}") for ending in endings))
    usual = [file for file in named if file != header and file.is_file()]
    if len(usual) == 1:
        return usual[0]
    needed = _needed_bytes(header)
    others = sorted(header.parent.glob(f"{glob.escape(stem.name)}.*"))
    fitting = [file for file in usual if needed is not None and file.stat().st_size >= needed]
    fitting += [f for f in others if needed is not None and _is_data(f) and f.stat().st_size == needed]
    if fitting or usual:
        return (fitting or usual)[0]
    raise CubeError(
        f"{header}: the file with the numbers is missing; expected {stem.name} or {stem.name}.img (.dat, .raw, .bsq, "
        ".bil, .bip, or any other ending and the size that the header declares) beside the header."
    )


def parts(path: Path) -> list[Path]:
    """Return the files that decide what is read of a header or its numbers; none where they are not of ENVI.

    Those are both, and the classes and oxygenation beside them, whether the header names them or their names tell.
    """
    header = main_file(path)
    if header is None:
        return []
    headers = [header, *_named_in(header), *filter(_may_hold_classes, headers_beside(header))]
    return [file for each in headers for file in (each, *_data_of(each))]


def is_of_classes(path: Path) -> bool:
    """Whether a header or its numbers are of classes; a damaged one is of nothing."""
    header = main_file(path)
    return header is not None and _kind_of(header) == CLASSES


def _may_hold_classes(header: Path) -> bool:
    return _kind_of(header) in (CLASSES, "")


def _kind_of(header: Path) -> str:
    """Return what a header is of; empty where it is damaged, so that nobody knows."""
    try:
        return envi_header.read(header).kind
    except CubeError:
        return ""


def _named_in(header: Path) -> list[Path]:
    """Return the headers of pictures that a header of ours names; none where it cannot be read."""
    with suppress(CubeError, OSError, ValueError, RecursionError):
        own = own_metadata(envi_header.read(header), header)
        return [sibling(header, own[name]) for name in _PICTURES if own.get(name)]
    return []


def _data_of(header: Path) -> list[Path]:
    with suppress(CubeError, OSError):
        return [data_file(header)]
    return []


def _names_data(header: Path, path: Path) -> bool:
    try:
        return data_file(header) == path
    except CubeError:
        return False


def _is_data(file: Path) -> bool:
    return file.is_file() and file.suffix.lower().lstrip(".") not in _OTHER_KINDS


def _needed_bytes(header: Path) -> int | None:
    """Return how many bytes a header declares; None where it cannot be read."""
    try:
        return envi_header.read(header).nbytes
    except (CubeError, OSError):
        return None


def own_metadata(header: EnviHeader, path: Path) -> dict[str, Any]:
    """Return the metadata that :mod:`napari_udt.io.generic.envi_writer` stored in the header."""
    if OWN_FIELD not in header.fields:
        return {}
    stored = json.loads(header.fields[OWN_FIELD])
    if not isinstance(stored, list) or len(stored) != 1 or not isinstance(stored[0], dict):
        raise CubeError(f"{path}: the field {OWN_FIELD!r} is not one that napari-udt writes.")
    return stored[0]


def sibling(path: Path, name: Any) -> Path:
    """Return the file of a name beside a header; raises ``CubeError`` where it is missing, ``ValueError`` for a path."""
    beside = path.with_name(str(name))
    if not beside.is_file():
        raise CubeError(f"{path}: {beside.name}, which goes with it, is missing; copy it beside the header.")
    return beside


def headers_beside(path: Path) -> Iterator[Path]:
    """Yield the ENVI headers whose names begin with a header's, by their names."""
    for other in sorted(path.parent.glob(f"{glob.escape(path.stem)}[-_.]*.hdr")):
        if starts_with(other, envi_header.MAGIC):
            yield other
