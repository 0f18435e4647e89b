"""A scan folder of iThera Medical's MSOT: ``X.msot`` (XML), ``X.bin`` (time series), ``RECONs/<GUID>.bin`` (pictures).

The folder opens by itself, by its ``.msot`` or by any of the ``.bin`` files. ``X.bin`` holds uint16 recordings
(detectors, samples), one after the other as ``ScanFrames`` lists them. Pictures are float64 (x, y down), or float32 (rows
from bottom to top, columns) where the XML gives a field of view. Regions in ``X.iannotation`` become labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Frame, Match, ReadOptions
from napari_udt.io.derived import FlippedSource, MeanSource
from napari_udt.io.extras import Extras
from napari_udt.io.lazy import ArraySource, LazyCube, Source
from napari_udt.io.photoacoustic import ithera_regions, time_series
from napari_udt.io.photoacoustic.ithera_header import Header, Picture, read_header
from napari_udt.io.photoacoustic.time_series import Recording
from napari_udt.io.picture_place import PicturePlace
from napari_udt.io.positions import usable_positions
from napari_udt.reconstruction import ImagePlane

QUANTITY = "reconstructed photoacoustic signal [a.u.]"
_ROOT = b"DataModelMsotProject"
_PEEK_BYTES = 4096


def sniff(path: Path) -> Match:
    """Whether the path leads to the header of a scan: itself, or the folder or a ``.bin`` file beside it."""
    header = _header_path(path)
    if header is None:
        return Match.NO
    with open(header, "rb") as file:
        start = file.read(_PEEK_BYTES).replace(b"\0", b"")  # also UTF-16
    return Match.YES if _ROOT in start else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the pictures made by the scanner's software, then a preview of the time series, then means over frames."""
    header = read_header(_existing_header(path))
    pictures = [picture for picture in header.pictures if picture.path.is_file()]
    found = [
        Candidate(picture.title, partial(_read, picture, header, options), alternative=i > 0)
        for i, picture in enumerate(pictures)
    ]
    for title, frame in frames.offered(_stored_frames(pictures[0], header)) if pictures else ():
        chosen = replace(options, frame=frame)
        found.append(
            Candidate(f"{pictures[0].title}, {title}", partial(_read, pictures[0], header, chosen), True)
        )
    if header.series_path.is_file():
        count, load = len(header.positions), partial(_recording, header)
        previews = list(time_series.candidates(header.path, options, count, load, alternative=bool(pictures)))
        found = [*found[: len(pictures)], previews[0], *found[len(pictures) :], *previews[1:]]
    if not found:
        raise CubeError(
            f"{path}: the scan has neither time series ({header.series_path.name}) nor pictures (RECONs/*.bin) beside "
            f"{header.path.name}; copy the whole folder."
        )
    return found


def _existing_header(path: Path) -> Path:
    header = _header_path(path)
    if header is None:
        raise CubeError(f"{path}: there is no .msot file that belongs to it; copy the whole scan folder.")
    return header


def _header_path(path: Path) -> Path | None:
    return next((header for header in _possible_headers(path) if header.is_file()), None)


def _possible_headers(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield path / f"{path.name}.msot"
        yield from sorted(path.glob("*.msot"))
    elif path.suffix.lower() == ".msot":
        yield path
    elif path.suffix.lower() == ".bin" and path.is_file():
        yield path.with_suffix(".msot")
        if path.parent.name == "RECONs":
            yield from _possible_headers(path.parent.parent)


def _stored_frames(picture: Picture, header: Header) -> int:
    """Return how many frames of a picture the file holds."""
    rows, columns = picture.shape
    one = len(header.wavelengths_nm) * rows * columns * picture.dtype.itemsize
    return picture.path.stat().st_size // one if one else 0


def _read(picture: Picture, header: Header, options: ReadOptions) -> SpectralCube:
    count, wavelengths = _stored_frames(picture, header), len(header.wavelengths_nm)
    if count == 0:
        raise CubeError(
            f"{picture.path}: the file holds {picture.path.stat().st_size} bytes, but {header.path.name} lists frames of "
            f"{wavelengths} wavelengths and {picture.shape[0]} x {picture.shape[1]} pixels; it is cut short."
        )
    stored = np.memmap(picture.path, picture.dtype, "r", shape=(count, wavelengths, *picture.shape))

    def one(frame: Frame, options: ReadOptions) -> SpectralCube:
        data = _upright(ArraySource(stored), picture, frame)
        extras = Extras(header.path, data.shape[:2])
        where = _around_middle(data.shape, picture)
        ithera_regions.take_regions(extras, header.path, where, frame)
        return assemble(
            header.path,
            options,
            data,
            wavelengths_nm=header.wavelengths_nm,
            modality="PAT",
            domain="real",
            quantity=QUANTITY,
            pixel_size_mm=picture.pixel_size_mm,
            metadata={
                **header.metadata,
                **picture.metadata,
                **where.to_metadata(),
                **frames.metadata(frame, count),
            },
            extras=extras,
        )

    times_s = usable_positions(None if header.times_s is None else header.times_s[:count], count)
    return frames.in_series(header.path, options, one, count, positions=times_s)


def _around_middle(shape: tuple[int, int, int], picture: Picture) -> PicturePlace:
    """Return where a picture lies: around the middle of the field of view."""
    size = picture.pixel_size_mm
    halves = [(n - 1) * mm / 2 for n, mm in zip(shape, size, strict=False)] if size else None
    extent = None if halves is None else ((-halves[0], halves[0]), (-halves[1], halves[1]))
    return PicturePlace(shape[:2], extent)


def _take_regions(path: Path, extras: Extras, plane: ImagePlane, frame: Frame) -> None:
    ithera_regions.take_regions(extras, path, time_series.place_of(plane), frame)


def _upright(source: Source, picture: Picture, frame: Frame) -> LazyCube:
    if frame == "mean":
        source = MeanSource(source)
    held = {0: 0 if frame == "mean" else int(frame)}
    if picture.x_first:
        return LazyCube(source, (3, 2, 1), held)
    return LazyCube(FlippedSource(source, 2), (2, 3, 1), held)


def _recording(header: Header) -> Recording:
    detectors, samples = len(header.detectors_mm), header.samples
    recordings = int(header.positions.max()) + 1 if header.positions.size else 0
    wanted, held = 2 * recordings * detectors * samples, header.series_path.stat().st_size
    if held < wanted:
        raise CubeError(
            f"{header.series_path}: the file holds {held:,} bytes, but {header.path.name} lists {recordings} recordings "
            f"of {detectors} detectors and {samples} samples, {wanted:,} bytes; it is cut short."
        )
    return Recording(
        (*header.positions.shape, detectors, samples),
        partial(_frame, header),
        header.wavelengths_nm,
        header.detectors_mm,
        header.sampling_rate_mhz,
        header.speed_m_per_s,
        header.speed_source,
        size_mm=header.size_mm,
        energy=header.energy,
        energy_source=header.energy_source,
        domain="real",
        metadata=header.metadata,
        times_s=header.times_s,
        maps=partial(_take_regions, header.path),
    )


def _frame(header: Header, frame: int) -> np.ndarray:
    shape = (int(header.positions.max()) + 1, len(header.detectors_mm), header.samples)
    return np.memmap(header.series_path, "<u2", "r", shape=shape)[header.positions[frame]]
