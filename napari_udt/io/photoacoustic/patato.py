"""PATATO's HDF5: photoacoustic scans, mostly of iThera's MSOT, after reconstruction (Else et al., JOSS 9(93), 2024).

``recons/<algorithm>/<number>`` is (frames, wavelengths, z, y, x), one of the last three of length 1 where the picture is
flat; the first and the last pixel lie on the edges of the field of view [m]. ``so2`` is built alike, ``rois`` holds
polygons [m], ``raw_data`` the time series (frames, wavelengths, detectors, samples). Coordinates grow upwards, as
PATATO draws them; where the detectors lie below the picture it is turned over, so that the probe is on top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames, hdf5, hdf5_text
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Frame, Match, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.generic import hdf5_metadata
from napari_udt.io.photoacoustic import patato_maps, time_series
from napari_udt.io.photoacoustic.time_series import Array, Recording
from napari_udt.io.positions import usable_positions
from napari_udt.io.units import wavelengths_in_nm

QUANTITY = "reconstructed photoacoustic signal [a.u.]"
RAW = "raw_data"

_METRE_MM = 1e3


def sniff(path: Path) -> Match:
    """Whether there are reconstructions with five axes, or time series with the detectors' geometry."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        raw = hdf5.child_dataset(file, RAW)
        is_raw = raw is not None and raw.ndim == 4 and hdf5.child_dataset(file, "GEOMETRY") is not None
        found = is_raw or next(_reconstructions(file), None) is not None
        return Match.YES if found else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the reconstructions, best first, then a preview of the time series, then the mean over frames of the best."""
    with hdf5.opened(path) as file:
        names = sorted(_reconstructions(file), key=_rank)
        count = 0 if not names else hdf5.child_dataset(file, *names[0]).shape[0]  # type: ignore[union-attr]
        raw = hdf5.child_dataset(file, RAW)
        raw_frames = raw.shape[0] if raw is not None and raw.ndim == 4 else 0
    found = [
        Candidate(_title(name), partial(_read, path, name, options), alternative=i > 0)
        for i, name in enumerate(names)
    ]
    for title, frame in frames.offered(count):
        chosen = replace(options, frame=frame)
        found.append(Candidate(f"{_title(names[0])}, {title}", partial(_read, path, names[0], chosen), True))
    if raw_frames:
        load = partial(_recording, path)
        previews = list(time_series.candidates(path, options, raw_frames, load, alternative=bool(names)))
        found = [*found[: len(names)], previews[0], *found[len(names) :], *previews[1:]]
    if not found:
        raise CubeError(f"{path}: the PATATO file holds neither reconstructions nor time series.")
    return found


def _reconstructions(file: h5py.File) -> Iterator[tuple[str, str, str]]:
    """Go through the names of everything below ``recons`` that is (frames, wavelengths, z, y, x)."""
    group = hdf5.child_group(file, "recons")
    for algorithm, below in () if group is None else hdf5.children(group):
        for number, item in hdf5.children(below) if isinstance(below, h5py.Group) else ():
            if isinstance(item, h5py.Dataset) and item.ndim == 5 and hdf5.is_numeric(item):
                yield "recons", algorithm, number


def _rank(name: tuple[str, str, str]) -> tuple[bool, str, int]:
    """Model-based reconstructions come first, then by name; of several runs the latest one."""
    _, algorithm, number = name
    digits = "".join(character for character in number if character.isdigit())
    return "model" not in algorithm.lower(), algorithm, -int(digits[:9] or 0)


def _title(name: tuple[str, str, str]) -> str:
    return "/".join(name)


def _read(path: Path, name: tuple[str, str, str], options: ReadOptions) -> SpectralCube:
    """Open the frames of a reconstruction, or the slices of the only one."""
    with hdf5.opened(path) as file:
        dataset = _dataset(file, path, name)
        count, slices = dataset.shape[0], min(dataset.shape[2:])
        positions = (
            patato_maps.positions_mm(dataset)
            if count == 1
            else Extras(path).attempt("Times", lambda: _times_s(file, path, count))
        )
    if count == 1 and slices > 1:
        return frames.in_series(
            path,
            options,
            lambda plane, how: _picture(path, name, 0, how, int(plane)),
            slices,
            axis="depth",
            positions=positions,
        )
    return frames.in_series(
        path, options, lambda frame, how: _picture(path, name, frame, how), count, positions=positions
    )


def _dataset(file: h5py.File, path: Path, name: tuple[str, str, str]) -> h5py.Dataset:
    dataset = hdf5.child_dataset(file, *name)
    if dataset is None or dataset.ndim != 5:
        raise CubeError(f"{path}: {_title(name)} is gone; the file has changed since it was listed.")
    return hdf5.checked(dataset, path)


def _picture(
    path: Path, name: tuple[str, str, str], frame: Frame, options: ReadOptions, plane: int | None = None
) -> SpectralCube:
    with hdf5.opened(path) as file:
        dataset = _dataset(file, path, name)
        extras = Extras(path)
        detectors_mm = extras.attempt("Positions of the detectors", lambda: _detectors_mm(file, path))
        geometry = patato_maps.geometry(dataset, detectors_mm, plane)
        extras.shape = geometry.shape
        patato_maps.take(extras, file, path, name, geometry, frame)
        said = frames.metadata(frame, dataset.shape[0])
        if plane is not None:
            said = frames.metadata(plane, min(dataset.shape[2:]), "depth")
        return assemble(
            path,
            options,
            geometry.cube(path, dataset, frame),
            wavelengths_nm=_wavelengths_nm(file, dataset, path),
            values=hdf5_metadata.values_of(dataset, path, dataset.shape[1]),
            modality="PAT",
            domain="real",
            quantity=QUANTITY,
            pixel_size_mm=geometry.place.pixel_size_mm,
            metadata={**_metadata(file, path), **geometry.place.to_metadata(), **said},
            extras=extras,
        )


def _wavelengths_nm(file: h5py.File, dataset: h5py.Dataset, path: Path) -> Array | None:
    """Return the wavelengths of a reconstruction: its own where it has them, else those of the scan."""
    own = hdf5.attribute_numbers(dataset, "wavelengths")
    return wavelengths_in_nm(hdf5.numbers_at(file, path, "wavelengths") if own is None else own)


def _times_s(file: h5py.File, path: Path, count: int) -> Array | None:
    """Return when each frame was taken: ``timestamp`` (frames, wavelengths) counts 100 ns."""
    stored = hdf5.child_dataset(file, "timestamp")
    if stored is None or stored.ndim not in (1, 2) or 0 in stored.shape or not hdf5.is_numeric(stored):
        return None
    stamps = hdf5.whole(stored, path).reshape(stored.shape[0], -1).min(axis=1)
    relative = usable_positions(stamps, count)
    return None if relative is None else relative * time_series.TICK_S


def _metadata(file: h5py.File, path: Path) -> dict[str, Any]:
    texts = {name: hdf5_text.attribute(file, name, path) for name in ("name", "date", "comment", "version")}
    return {f"scan_{name}": text for name, text in texts.items() if text}


def _detectors_mm(file: h5py.File, path: Path) -> Array | None:
    """Return the positions of the detectors (detectors, 3); flat ones of older files get z = 0."""
    stored = hdf5.child_dataset(file, "GEOMETRY")
    if stored is None or stored.ndim != 2 or stored.shape[1] not in (2, 3) or not hdf5.is_numeric(stored):
        return None
    positions = hdf5.whole(stored, path).astype(np.float64) * _METRE_MM
    return np.pad(positions, ((0, 0), (0, 3 - positions.shape[1])))


def _recording(path: Path) -> Recording:
    with hdf5.opened(path) as file:
        raw, detectors = hdf5.child_dataset(file, RAW), _detectors_mm(file, path)
        if raw is None or raw.ndim != 4 or detectors is None:
            raise CubeError(
                f"{path}: {RAW} lacks the positions of its detectors; expected GEOMETRY (detectors, 3)."
            )
        hdf5.checked(raw, path)
        rate = hdf5.attribute_numbers(raw, "fs")
        rate = hdf5.attribute_numbers(file, "fs") if rate is None else rate
        if rate is None:
            raise CubeError(f"{path}: {RAW} lacks its sampling rate; expected the attribute fs [Hz].")
        extras = Extras(path)
        source, energy = extras.attempt("Energies of the pulses", lambda: _energy(file, path, raw.shape)) or (
            "",
            None,
        )
        speed = _speed_m_per_s(file, raw)
        return Recording(
            raw.shape,
            partial(_frame, path),
            wavelengths_in_nm(hdf5.numbers_at(file, path, "wavelengths")),
            detectors,
            float(rate[0]) / 1e6,
            speed,
            "the file's speedofsound",
            energy=energy,
            energy_source=source,
            domain="real",
            metadata={**_metadata(file, path), "remarks": extras.remarks},
            times_s=extras.attempt("Times of the frames", lambda: _times_s(file, path, raw.shape[0])),
            maps=partial(patato_maps.take_on_plane, path),
        )


def _frame(path: Path, frame: int) -> np.ndarray:
    with hdf5.opened(path) as file:
        raw = hdf5.child_dataset(file, RAW)
        if raw is None or raw.ndim != 4 or frame >= raw.shape[0]:
            raise CubeError(f"{path}: {RAW} is gone; the file has changed since it was listed.")
        return hdf5.part(raw, path, (frame, slice(None), slice(None), slice(None)))


def _speed_m_per_s(file: h5py.File, raw: h5py.Dataset) -> float | None:
    for item in (raw, file):
        value = hdf5.attribute_numbers(item, "speedofsound")
        if value is not None and value.size == 1 and 300 <= value[0] <= 7000:
            return float(value[0])
    return None


def _energy(file: h5py.File, path: Path, shape: tuple[int, ...]) -> tuple[str, Array | None]:
    """Return what the scanner's software divides recordings by; older files call it POWER."""
    for name in ("OverallCorrectionFactor", "POWER"):
        stored = hdf5.child_dataset(file, name)
        if stored is not None and hdf5.is_numeric(stored) and stored.shape == shape[:2]:
            table = time_series.energy_table(hdf5.whole(stored, path), *shape[:2])
            if table is not None:
                return name, table
    return "", None
