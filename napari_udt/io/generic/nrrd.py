"""NRRD volumes: a text header and numbers, bare (they stay in the file) or packed by gzip, also in a file beside it.

As everywhere in NRRD the faster of the two axes that are not spectral runs along the rows of the picture, unless the axes
are labelled otherwise. Axes labelled "t" or "z", of the kind "time" or with a unit of time make a series.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.array_axes import ArrayAxes, in_series, means, offered, several_axes
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths, spectral_axis
from napari_udt.io.bare import BareSource
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.generic import nrrd_header
from napari_udt.io.generic.nrrd_header import NrrdHeader
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.lazy import ArraySource, LazyCube, Source
from napari_udt.io.units import WavelengthList, first_fitting, widths_in_nm
from napari_udt.io.values import is_bad_band_name, is_width_name, marked_bad, numbers_in, stated_values

_GZIP_WINDOW = 47  # zlib's code for "gzip or zlib, by the data"
_BYTES_PER_STEP = 1_000_000


def sniff(path: Path) -> Match:
    """Whether it is a volume of three axes, and one of them as long as there are wavelengths."""
    if not starts_with(path, nrrd_header.MAGIC):
        return Match.NO
    header = nrrd_header.read(path)
    if _axes(header) is None:
        return Match.NO
    return Match.YES if _stored_wavelengths(header)[0] is not None else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the one volume.

    Raises
    ------
    CubeError
        When no wavelengths are known.
    """
    header = nrrd_header.read(path)
    found, doubt = _stored_wavelengths(header)
    axes = _axes(header)
    if axes is None:
        raise several_axes(str(path), header.sizes)
    if found is None and options.wavelengths_nm is None:
        raise missing_wavelengths(path, [("volume", axes.picture[::-1])], doubt)
    read = partial(_read, path, header, axes)
    return [*offered("volume", axes, read, options, alternative=False), *means("volume", axes, read, options)]


def _axes(header: NrrdHeader) -> ArrayAxes | None:
    """Return the axes, slowest first; None where these are not three beside time and depth."""
    if len(header.sizes) == 3:
        return ArrayAxes(header.sizes[::-1])
    return ArrayAxes.named(header.sizes[::-1], header.axis_names[::-1])


def _stored_wavelengths(header: NrrdHeader) -> tuple[WavelengthList | None, str]:
    return first_fitting(header.wavelength_lists, lambda found: len(found) in header.sizes)


def _of_channels(header: NrrdHeader, is_name: Callable[[str], bool], count: int) -> list[float]:
    """Return the numbers of a pair of such a name that has one for each channel; empty where there is none."""
    lists = (numbers_in(value) for name, value in header.pairs.items() if is_name(name))
    return next((numbers for numbers in lists if len(numbers) == count), [])


def _read(path: Path, header: NrrdHeader, axes: ArrayAxes, place: int, options: ReadOptions) -> SpectralCube:
    stored, _ = _stored_wavelengths(header)
    if stored is None or options.wavelengths_nm is not None:
        stored = WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64))
    wavelengths, count, last = stored, len(stored), len(header.sizes) - 1
    sizes = tuple(header.sizes[last - axis] for axis in reversed(axes.free))  # the fastest axis comes first
    chosen = spectral_axis(sizes, count, options.spectral_axis, str(path))
    columns, rows = (axes.free[2 - axis] for axis in range(3) if axis != chosen)
    if header.row_axis == last - columns:
        columns, rows = rows, columns
    height, width = header.spacing_mm(last - rows), header.spacing_mm(last - columns)
    kind, pictures = axes.series
    source = _source(path, header, options)

    def build(data: LazyCube, index: int, said: dict[str, Any], options: ReadOptions) -> SpectralCube:
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=wavelengths,
            values=stated_values(header.pairs, count),
            bad_bands=marked_bad(_of_channels(header, is_bad_band_name, count), count),
            fwhm_nm=widths_in_nm(
                _of_channels(header, is_width_name, count), wavelengths.nm, wavelengths.unit
            ),
            pixel_size_mm=(height, width) if height and width else None,
            metadata={**({"nrrd": dict(header.pairs)} if header.pairs else {}), **said},
        )

    order = (rows, columns, axes.free[2 - chosen])
    positions = header.positions(last - axes.held[kind], kind) if pictures > 1 else None
    return in_series(path, options, axes, order, place, lambda: source, build, positions)


def _source(path: Path, header: NrrdHeader, options: ReadOptions) -> Source:
    """Return the numbers, slowest axis first."""
    shape = header.sizes[::-1]
    file, start = _place(path, header)
    match header.encoding:
        case "raw":
            skip = int(header.fields.get("byte skip", "0"))
            if skip < 0:  # the numbers are the end of the file
                start, skip = file.stat().st_size - math.prod(shape) * header.dtype.itemsize, 0
            if start + skip < 0:
                raise CubeError(f"{path}: the header declares more than {file.name} holds; it is cut short.")
            return BareSource(file, header.dtype, shape, start + skip)
        case "gzip" | "gz":
            numbers = np.frombuffer(_inflated(file, start, header, options), header.dtype)
            return ArraySource(numbers.reshape(shape))
    raise CubeError(f"{path}: the encoding {header.encoding[:20]!r} is not supported; expected raw or gzip.")


def _place(path: Path, header: NrrdHeader) -> tuple[Path, int]:
    """Return the file with the numbers and where they begin; of other folders none is opened."""
    name = header.fields.get("data file", header.fields.get("datafile"))
    if name is None:
        return path, header.end
    file = path.parent / name
    if Path(name).name != name or not file.is_file():
        raise CubeError(f"{path}: the numbers are in {name[:80]!r}; expected a file in the same folder.")
    return file, 0


def parts(path: Path) -> list[Path]:
    """Return a volume's file and the one with its numbers; none where its header cannot be read."""
    if not starts_with(path, nrrd_header.MAGIC):
        return []
    with suppress(CubeError):
        return [path, _place(path, nrrd_header.read(path))[0]]
    return []


def _inflated(file: Path, start: int, header: NrrdHeader, options: ReadOptions) -> bytearray:
    """Unpack exactly as many bytes as the header declares, however many the file would give."""
    wanted = math.prod(header.sizes) * header.dtype.itemsize
    if wanted > options.memory_limit_bytes:
        raise CubeError(
            f"{file}: the volume takes {wanted / 1e6:,.0f} MB, more than the limit of "
            f"{options.memory_limit_bytes / 1e6:,.0f} MB; raise memory_limit_mb or save it unpacked (encoding raw)."
        )
    inflate, found = zlib.decompressobj(_GZIP_WINDOW), bytearray()
    with open(file, "rb") as stream:
        stream.seek(start)
        while len(found) < wanted and (packed := inflate.unconsumed_tail or stream.read(_BYTES_PER_STEP)):
            found += inflate.decompress(packed, wanted - len(found))
    if len(found) < wanted:
        raise CubeError(
            f"{file}: the volume needs {wanted:,} bytes, the file gives {len(found):,}; it is cut short."
        )
    return found
