"""TIFF stacks: one page or sample per channel, with wavelengths where the writing program kept them.

They are looked for in ``tifffile``'s and ImageJ's metadata under a name such as ``wavelengths``, in ImageJ's slice labels
("500 nm") and in OME's channels. Unpacked stacks stay in the file; of packed ones a page is unpacked when it is looked at.
Axes of time and depth (ImageJ, OME, tifffile's ``axes``) make a series: where there are both, along time for each slice.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import (
    missing_wavelengths,
    picture_axes,
    spectral_axis,
)
from napari_udt.io.bare import BareSource
from napari_udt.io.contract import Candidate, Frame, Match, ReadOptions, reading
from napari_udt.io.derived import MeanOfSources
from napari_udt.io.generic import envi_header, tiff_metadata, tiff_times
from napari_udt.io.generic.envi_header import EnviHeader
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.generic.tiff_axes import TiffAxes, axes_of, place_of
from napari_udt.io.generic.tiff_directories import check_directories, check_segments
from napari_udt.io.generic.tiff_metadata import stored_wavelengths
from napari_udt.io.hdf5 import MAX_RATIO, SMALL_BYTES, SMALL_CHUNK_BYTES
from napari_udt.io.lazy import LazyCube, Source
from napari_udt.io.positions import evenly_spaced, usable_positions
from napari_udt.io.units import WavelengthList, first_fitting

_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

logging.getLogger("tifffile").addHandler(
    logging.NullHandler()
)  # errors are reported in one sentence of our own


class PagesSource:
    """Some packed pages of one size: axes (page, row, column), or those of the only page.

    Parameters
    ----------
    path : path
    series : int
        Which series of the file.
    shape : tuple of int
        Length of the axes.
    stored_bytes : int
        Bytes that the packed pages take.
    numbers : sequence of int
        Which pages of the series.
    itemsize : int
        Bytes of a number.
    """

    packed = True

    def __init__(
        self,
        path: Path,
        series: int,
        shape: tuple[int, ...],
        stored_bytes: int,
        numbers: Sequence[int],
        itemsize: int,
    ) -> None:
        self._path = path
        self._series, self._numbers = series, numbers
        self.shape = shape
        self.stored_bytes = stored_bytes
        self.pieces = shape if len(numbers) == 1 else (1, *shape[1:])
        self.piece_bytes = math.prod(self.pieces) * itemsize

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis; unpacks the pages that hold them."""
        with _opened(self._path) as file:
            pages = file.series[self._series].pages
            if len(self._numbers) == 1:
                return _page(pages[self._numbers[0]], self.shape, self._path)[selection]
            first, inner = selection[0], selection[1:]
            wanted = self._numbers[first] if isinstance(first, slice) else [self._numbers[first]]
            read = np.stack([_page(pages[i], self.shape[1:], self._path)[inner] for i in wanted])
            return read if isinstance(first, slice) else read[0]

    def close(self) -> None:
        """Nothing is held between reads."""


def sniff(path: Path) -> Match:
    """Whether there is a stack with three axes, and one of them as long as there are wavelengths."""
    if not _is_tiff(path):
        return Match.NO
    with _opened(path) as file:
        lists = [*stored_wavelengths(file), *_of_header(path)]
        shapes = _stacks(file, bool(lists)).values()
    if not shapes:
        return Match.NO
    return Match.YES if _fitting(lists, shapes)[0] is not None else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the stacks that fit the wavelengths, the largest first.

    Raises
    ------
    CubeError
        When no wavelengths are known.
    """
    with _opened(path) as file:
        stacks = _stacks(file, spectral=True)
        given, doubt = _fitting([*stored_wavelengths(file), *_of_header(path)], stacks.values())
    if options.wavelengths_nm is not None:
        given = WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64))
    if given is None:
        listed = [(f"stack {index}", shape) for index, shape in stacks.items()]
        raise missing_wavelengths(path, listed, doubt)
    fitting = [index for index, shape in stacks.items() if len(given) in shape] or list(stacks)
    found: list[Candidate] = []
    with _opened(path) as file:
        pictures = {index: axes_of(file.series[index]) for index in fitting}
    for index, axes in pictures.items():
        for title, place in frames.slices(f"stack {index}", axes.slices_beside_frames):
            read = partial(_read, path, index, place, given)
            found.append(Candidate(title, partial(read, options), alternative=bool(found)))
    for title, frame in frames.offered(pictures[fitting[0]].frames):
        mean = partial(_read, path, fitting[0], 0, given, replace(options, frame=frame))
        found.append(Candidate(title, mean, alternative=True))
    return found


def _header_beside(path: Path) -> EnviHeader | None:
    """Return the ENVI header that describes a TIFF beside it; None where there is none that can be read."""
    for beside in (path.with_suffix(".hdr"), path.with_name(f"{path.name}.hdr")):
        if beside != path and starts_with(beside, envi_header.MAGIC):
            with suppress(CubeError):
                return envi_header.read(beside)
    return None


def _of_header(path: Path) -> list[WavelengthList]:
    header = _header_beside(path)
    return [header.wavelengths] if header is not None and header.wavelengths is not None else []


def _fitting(
    lists: Iterable[WavelengthList], shapes: Iterable[tuple[int, ...]]
) -> tuple[WavelengthList | None, str]:
    lengths = {length for shape in shapes for length in shape}
    return first_fitting(lists, lambda found: len(found) in lengths)


@contextmanager
def _opened(path: Path) -> Iterator[tifffile.TiffFile]:
    """Open a file; others that its metadata names are not followed."""
    with reading(path):
        check_directories(path)
    with reading(path), tifffile.TiffFile(path, _multifile=False) as file:
        try:
            yield file
        except AssertionError as error:  # how tifffile finds that tags contradict each other
            raise CubeError(f"{path}: the TIFF's tags contradict each other; it is damaged.") from error


def _is_tiff(path: Path) -> bool:
    return any(starts_with(path, magic) for magic in _MAGICS)


def _stacks(file: tifffile.TiffFile, spectral: bool) -> dict[int, tuple[int, ...]]:
    """Return the length of the three axes of a picture's spectra, of all series that have them, the largest first.

    Unless ``spectral``, none that are colours or have an axis of time or depth beside these.
    """
    found = {}
    for index, series in enumerate(file.series):
        colours = not spectral and (
            series.axes.endswith("S") or (series.axes.startswith("S") and series.shape[0] == 3)
        )
        axes = TiffAxes.of(series)
        usable = axes is not None and series.dtype is not None and series.dtype.kind in "fiub"
        if axes is not None and usable and not colours and (spectral or not axes.held):
            found[index] = axes.picture
    return dict(sorted(found.items(), key=lambda item: -np.prod(item[1], dtype=float)))


def _read(
    path: Path, index: int, place: int, wavelengths: WavelengthList, options: ReadOptions
) -> SpectralCube:
    """Open the pictures of a stack; ``place`` is the slice, where there are frames of several."""
    count = len(wavelengths)
    with _opened(path) as file:
        axes = axes_of(file.series[index])
        positions = None
        if axes.series_axis == "time":
            positions = usable_positions(tiff_times.frame_times_s(file, axes.count), axes.count)
        else:
            positions = evenly_spaced(tiff_times.slice_spacing_mm(file), axes.count)
        said: dict[str, Any] = {
            "values": tiff_metadata.stored_values(file, count),
            "bad_bands": tiff_metadata.bad_bands(file, count),
            "fwhm_nm": tiff_metadata.widths_nm(file, wavelengths),
            "pixel_size_mm": tiff_metadata.pixel_size_mm(file),
        }
    header = _header_beside(path)
    if header is not None and header.bands == count:
        said["values"] = said["values"] or header.values
        for name in ("bad_bands", "fwhm_nm"):
            said[name] = getattr(header, name) if said[name] is None else said[name]
    shape, letters = axes.picture, "".join(axes.letters[axis] for axis in axes.free)
    picture = [letters.find(letter) for letter in "YX"]
    if min(picture) >= 0 and options.spectral_axis is None and shape[3 - sum(picture)] == count:
        order = (picture[0], picture[1], 3 - sum(picture))
    else:
        order = picture_axes(spectral_axis(shape, count, options.spectral_axis, str(path)))

    def one(frame: Frame, options: ReadOptions) -> SpectralCube:
        with _opened(path) as file:
            source = _source(path, file, index, frame, place)
        metadata = frames.metadata(frame, axes.count, axes.series_axis)
        if axes.slices_beside_frames > 1:
            metadata |= frames.metadata(place, axes.slices_beside_frames, "depth")
        data = LazyCube(source, order)
        return assemble(path, options, data, wavelengths_nm=wavelengths, metadata=metadata, **said)

    return frames.in_series(path, options, one, axes.count, axis=axes.series_axis, positions=positions)


def _source(path: Path, file: tifffile.TiffFile, index: int, frame: Frame, place: int) -> Source:
    """Return the stored numbers of one picture of a series, or their mean over the frames, with three axes."""
    series = file.series[index]
    axes = axes_of(series)
    if frame == "mean":
        return MeanOfSources([_source(path, file, index, i, place) for i in range(axes.count)])
    held = dict(zip(axes.held, (frame, place), strict=False))
    if any(axis > len(axes.shape) - 3 for axis in held):
        raise CubeError(
            f"{path}: the axes of the stack are {axes.letters}; expected rows and columns to be the last."
        )
    slowest, shape = axes.free[0], axes.picture
    indices = [held.get(axis, 0) for axis in range(len(axes.shape) - 2)]
    if series.dataoffset is not None:
        dtype = np.dtype(f"{file.byteorder}{series.dtype.char}")
        line = math.prod(shape[1:]) * dtype.itemsize
        between = math.prod(axes.shape[slowest + 1 : -2])  # pictures of one channel
        before = place_of(indices[slowest + 1 :], axes.shape[slowest + 1 : -2])
        first = place_of(indices[:slowest], axes.shape[:slowest]) * shape[0] * between * line
        gaps = before * line, (between - before - 1) * line
        return BareSource(path, dtype, shape, series.dataoffset + first, gaps)
    lead = axes.shape[: len(axes.shape) - (2 if series.keyframe.ndim == 2 else 3)]
    if len(series.pages) != math.prod(lead):
        raise CubeError(
            f"{path}: {len(series.pages)} pages for a stack of shape {series.shape}; expected one per channel."
        )
    channels = range(shape[0]) if slowest < len(lead) else range(1)
    numbers = [
        place_of([channel if axis == slowest else indices[axis] for axis in range(len(lead))], lead)
        for channel in channels
    ]
    stored = sum(_stored_bytes(series.pages[i]) for i in numbers)
    check_segments(path, [series.pages[i] for i in numbers])
    return PagesSource(path, index, shape, stored, numbers, series.dtype.itemsize)


def _page(page: Any, shape: tuple[int, ...], path: Path) -> NDArray[Any]:
    """Unpack a page, unless it declares far more than the file holds of it."""
    wanted = int(np.prod(shape, dtype=float)) * page.dtype.itemsize
    if _stored_bytes(page) > 2 * wanted + SMALL_CHUNK_BYTES * len(page.databytecounts):
        raise CubeError(
            f"{path}: a page declares {wanted:,} bytes but the file holds {_stored_bytes(page):,} packed bytes of it; it is "
            "damaged."
        )
    if wanted > max(SMALL_BYTES, MAX_RATIO * _stored_bytes(page)):
        raise CubeError(
            f"{path}: a page declares {wanted / 1e6:,.0f} MB but the file holds {_stored_bytes(page)} bytes of it."
        )
    try:
        return page.asarray().reshape(shape)
    except (ImportError, ValueError) as error:
        if not isinstance(error, ImportError) and "imagecodecs" not in str(error):
            raise
        raise CubeError(
            f"{path}: the pictures are packed with {page.compression.name}, which needs a package that is not installed; "
            "pip install napari-udt[formats]."
        ) from error


def _stored_bytes(page: Any) -> int:
    return int(sum(page.databytecounts))
