"""ENVI: a text header (``.hdr``) beside bare numbers, which stay in the file until they are read.

Class numbers in an ENVI classification file beside it, of the same size and with a name that begins with the cube's
(``scan.hdr``, ``scan_labels.hdr``), become the cube's labels. Where fields of ours say that the lines are those of several
pictures, it opens as a series.
"""

from __future__ import annotations

import glob
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths
from napari_udt.io.bare import BareSource
from napari_udt.io.contract import Candidate, Frame, Match, ReadOptions
from napari_udt.io.derived import MeanOfSources, PartSource
from napari_udt.io.description import described
from napari_udt.io.extras import Extras, label_image
from napari_udt.io.generic import envi_header, tiff
from napari_udt.io.generic.envi_header import AXES, EnviHeader, EnviSeries
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.lazy import LazyCube, Source

# Field in which the writer keeps what ENVI has no words for: a list of one JSON object (see ``envi_writer``).
OWN_FIELD = "napari-udt"

_DATA_ENDINGS = ("img", "dat", "raw", "bin", "bsq", "bil", "bip", "sli")
_CLASSES = "envi classification"
LIBRARY = "envi spectral library"
_TIFF = "tiff"
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
_KEPT_CHARACTERS = 2000
_STRUCTURAL = (
    "lines",
    "samples",
    "bands",
    "data type",
    "interleave",
    "byte order",
    "header offset",
    "wavelength",
)


def sniff(path: Path) -> Match:
    """Whether it is an ENVI header whose numbers lie beside it, or those numbers."""
    found = main_file(path)
    if found is None:
        return Match.NO
    header = envi_header.read(found)
    known = header.kind != _CLASSES and header.wavelengths_nm is not None
    return Match.YES if known else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the one cube.

    Raises
    ------
    CubeError
        When the header lacks wavelengths and none are given, or the file holds class numbers.
    """
    found = main_file(path)
    if found is None:
        raise CubeError(f"{path}: the ENVI header is gone.")
    header = envi_header.read(found)
    if header.kind == _CLASSES:
        raise CubeError(
            f"{path}: the file holds class numbers, not spectra; open the cube that it belongs to."
        )
    if header.kind == LIBRARY:
        raise CubeError(
            f"{path}: the file is an ENVI spectral library of {header.lines} spectra with {header.samples} bands, not a "
            "picture; its curves open in the Spectra dock under “More”."
        )
    if header.kind.startswith(_TIFF):
        return tiff.candidates(_tiff_beside(found), options)
    if header.wavelengths_nm is None and options.wavelengths_nm is None:
        raise missing_wavelengths(
            path, [("cube", (header.lines, header.samples, header.bands))], header.doubt
        )
    read = partial(_read, found, header)
    count = header.pictures.count if header.pictures is not None and header.pictures.axis == "time" else 1
    return [
        Candidate("cube", partial(read, options)),
        *(
            Candidate(f"cube, {title}", partial(read, replace(options, frame=frame)), alternative=True)
            for title, frame in frames.offered(count)
        ),
    ]


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


def _is_data(file: Path) -> bool:
    return file.is_file() and file.suffix.lower().lstrip(".") not in _OTHER_KINDS


def _needed_bytes(header: Path) -> int | None:
    """Return how many bytes a header declares; None where it cannot be read."""
    try:
        return envi_header.read(header).nbytes
    except (CubeError, OSError):
        return None


def _tiff_beside(header: Path) -> Path:
    """Return the TIFF that a header describes."""
    stem = header.with_suffix("") if header.suffix.lower() == ".hdr" else header
    for file in (stem, *(stem.with_name(stem.name + e) for e in (".tif", ".tiff", ".TIF", ".TIFF"))):
        if file != header and tiff.sniff(file) is not Match.NO:
            return file
    raise CubeError(
        f"{header}: the header describes a TIFF, but there is none beside it; copy it to the same folder."
    )


def numbers(header_path: Path, header: EnviHeader, frame: Frame = 0, count: int = 1) -> LazyCube:
    """Return the numbers that a header describes, as a cube that stays in the file; one of ``count`` pictures, or their mean."""
    source: Source = BareSource(
        data_file(header_path), header.dtype, header.shape, header.offset, header.frame_offsets
    )
    axes = AXES[header.interleave]
    if count > 1:
        parts = [
            PartSource(source, axes[0], place * (header.lines // count), header.lines // count)
            for place in (range(count) if frame == "mean" else [int(frame)])
        ]
        source = MeanOfSources(parts) if frame == "mean" else parts[0]
    return LazyCube(source, axes, values=header.values)


def picture(
    header_path: Path, shape: tuple[int, int], place: int = 0, count: int = 1
) -> tuple[NDArray[Any], EnviHeader]:
    """Return the one band of a file that goes with a picture, and its header.

    ``place`` and ``count`` say which of several pictures it is; the file may hold one for each, or one for all.

    Raises
    ------
    CubeError
        When the size is another one.
    """
    header = envi_header.read(header_path)
    several = count > 1 and header.lines == count * shape[0]
    if (header.lines // (count if several else 1), header.samples, header.bands) != (*shape, 1):
        raise CubeError(
            f"{header_path}: the picture has {header.lines} x {header.samples} pixels and {header.bands} bands; "
            f"expected {shape[0]} x {shape[1]} and one band."
        )
    source: Source = BareSource(data_file(header_path), header.dtype, header.shape, header.offset)
    if several:
        source = PartSource(source, AXES[header.interleave][0], place * shape[0], shape[0])
    return source.read((slice(None),) * 3).reshape(shape), header


def labels(
    header_path: Path, shape: tuple[int, int], place: int = 0, count: int = 1
) -> tuple[NDArray[np.int32], dict[int, str]]:
    """Return the class numbers of a classification file and their names; see :func:`picture`."""
    array, header = picture(header_path, shape, place, count)
    found = label_image(array, "class numbers", header_path)
    own = _own_metadata(header, header_path)
    if not own:
        return found, header.class_names
    stored = np.asarray(own["numbers"], dtype=np.int32)
    return stored[found], {}


def _names_data(header: Path, path: Path) -> bool:
    try:
        return data_file(header) == path
    except CubeError:
        return False


def _read(path: Path, header: EnviHeader, options: ReadOptions) -> SpectralCube:
    own = _own_metadata(header, path)
    series = header.pictures or EnviSeries("time", 1, None)
    fields = _fields(header)
    if own:
        fields.update(described(json.dumps(own.get("cube")), path))

    def one(frame: Frame, options: ReadOptions) -> SpectralCube:
        data = numbers(path, header, frame, series.count)
        extras = Extras(path, data.shape[:2])
        if series.count == 1 and "series axis" in header.fields:
            extras.remarks.append(
                "Series left out: the header says series axis and series length, but the lines are not as many pictures."
            )
        if frame != "mean":
            _take_pictures(extras, path, own, fields, int(frame), series.count)
        said = frames.metadata(frame, series.count, series.axis)
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=header.wavelengths,
            fwhm_nm=header.fwhm_nm,
            extras=extras,
            **{"bad_bands": header.bad_bands, **fields, "metadata": {**fields["metadata"], **said}},
        )

    return frames.in_series(path, options, one, series.count, axis=series.axis, positions=series.positions)


def _fields(header: EnviHeader) -> dict[str, Any]:
    kept = {k: v[:_KEPT_CHARACTERS] for k, v in header.fields.items() if k not in (*_STRUCTURAL, OWN_FIELD)}
    return {
        "quantity": "reflectance" if "reflectance scale factor" in header.fields else "value [a.u.]",
        "pixel_size_mm": header.pixel_size_mm,
        "metadata": {"envi": kept},
    }


def _own_metadata(header: EnviHeader, path: Path) -> dict[str, Any]:
    """Return the metadata that :mod:`napari_udt.io.generic.envi_writer` stored in the header."""
    if OWN_FIELD not in header.fields:
        return {}
    stored = json.loads(header.fields[OWN_FIELD])
    if not isinstance(stored, list) or len(stored) != 1 or not isinstance(stored[0], dict):
        raise CubeError(f"{path}: the field {OWN_FIELD!r} is not one that napari-udt writes.")
    return stored[0]


def _take_pictures(
    extras: Extras, path: Path, own: dict[str, Any], fields: dict[str, Any], place: int, count: int
) -> None:
    """Take labels and oxygenation from the files beside a cube: those that its header names, else by their names."""
    shape = extras.shape

    def classes() -> tuple[NDArray[np.int32], dict[int, str]] | None:
        if not own:
            beside = _classes_beside(path, shape, count)
            return None if beside is None else labels(beside, shape, place, count)
        return labels(_sibling(path, own["labels"]), shape, place, count) if own.get("labels") else None

    if found := extras.attempt("Labels", classes):
        extras.labels(lambda: found[0], {**found[1], **fields.get("label_names", {})})
    if name := own.get("oxygenation"):
        extras.oxygenation(lambda: picture(_sibling(path, name), shape, place, count)[0])


def _sibling(path: Path, name: Any) -> Path:
    beside = path.with_name(str(name))  # raises ValueError for anything but a bare file name
    if not beside.is_file():
        raise CubeError(f"{path}: {beside.name}, which goes with it, is missing; copy it beside the header.")
    return beside


def _classes_beside(path: Path, shape: tuple[int, int], count: int) -> Path | None:
    """Return the only classification file whose name begins with the cube's, None where there is none.

    Raises
    ------
    CubeError
        When those that there are have other sizes.
    """
    fitting: list[Path] = []
    others: list[Path] = []
    for other in sorted(path.parent.glob(f"{glob.escape(path.stem)}[-_.]*.hdr")):
        if starts_with(other, envi_header.MAGIC):
            header = envi_header.read(other)
            if header.kind == _CLASSES:
                same = header.samples == shape[1] and header.lines in (shape[0], count * shape[0])
                (fitting if same else others).append(other)
    if others and not fitting:
        raise CubeError(
            f"{others[0]}: the class numbers have another size; expected {shape[0]} x {shape[1]} pixels."
        )
    return fitting[0] if len(fitting) == 1 else None
