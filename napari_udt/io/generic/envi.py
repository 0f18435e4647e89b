"""ENVI: a text header (``.hdr``) beside bare numbers, which stay in the file until they are read.

Class numbers in an ENVI classification file beside it, of the same size and with a name that begins with the cube's
(``scan.hdr``, ``scan_labels.hdr``), become the cube's labels. Where fields of ours say that the lines are those of several
pictures, it opens as a series.
"""

from __future__ import annotations

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
from napari_udt.io.generic.envi_files import (
    CLASSES,
    OWN_FIELD,
    data_file,
    headers_beside,
    main_file,
    own_metadata,
    sibling,
)
from napari_udt.io.generic.envi_header import AXES, EnviHeader, EnviSeries
from napari_udt.io.lazy import LazyCube, Source

LIBRARY = "envi spectral library"
_TIFF = "tiff"
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
    known = header.kind != CLASSES and header.wavelengths_nm is not None
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
    if header.kind == CLASSES:
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
    own = own_metadata(header, header_path)
    if not own:
        return found, header.class_names
    stored = np.asarray(own["numbers"], dtype=np.int32)
    return stored[found], {}


def _read(path: Path, header: EnviHeader, options: ReadOptions) -> SpectralCube:
    own = own_metadata(header, path)
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


def _take_pictures(
    extras: Extras, path: Path, own: dict[str, Any], fields: dict[str, Any], place: int, count: int
) -> None:
    """Take labels and oxygenation from the files beside a cube: those that its header names, else by their names."""
    shape = extras.shape

    def classes() -> tuple[NDArray[np.int32], dict[int, str]] | None:
        if not own:
            beside = _classes_beside(path, shape, count)
            return None if beside is None else labels(beside, shape, place, count)
        return labels(sibling(path, own["labels"]), shape, place, count) if own.get("labels") else None

    if found := extras.attempt("Labels", classes):
        extras.labels(lambda: found[0], {**found[1], **fields.get("label_names", {})})
    if name := own.get("oxygenation"):
        extras.oxygenation(lambda: picture(sibling(path, name), shape, place, count)[0])


def _classes_beside(path: Path, shape: tuple[int, int], count: int) -> Path | None:
    """Return the only classification file whose name begins with the cube's, None where there is none.

    Raises
    ------
    CubeError
        When those that there are have other sizes.
    """
    fitting: list[Path] = []
    others: list[Path] = []
    for other in headers_beside(path):
        header = envi_header.read(other)
        if header.kind == CLASSES:
            same = header.samples == shape[1] and header.lines in (shape[0], count * shape[0])
            (fitting if same else others).append(other)
    if others and not fitting:
        raise CubeError(
            f"{others[0]}: the class numbers have another size; expected {shape[0]} x {shape[1]} pixels."
        )
    return fitting[0] if len(fitting) == 1 else None
