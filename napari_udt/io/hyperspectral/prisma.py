"""PRISMA products of the Italian Space Agency (``.he5``): two cubes of one scene, from two spectrometers.

Below ``HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields`` (or another level's) lie ``VNIR_Cube`` and ``SWIR_Cube`` (rows, bands,
columns) of 16-bit counts. Attributes of the file hold wavelengths (``List_Cw_Vnir``, falling, 0 for bands without one),
widths (``List_Fwhm_Vnir``), and which bands count (``List_Cw_Vnir_Flags``). Counts become reflectance or radiance by
``L2ScaleVnirMin`` and ``-Max`` (over 65535 counts), in level 1 by ``ScaleFactor_Vnir`` and ``Offset_Vnir``. Written from what
public readers of the products state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.derived import JoinedSource
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.lazy import LazyCube
from napari_udt.io.values import StoredValues

_DETECTORS = ("Vnir", "Swir")
_COUNTS = 65_535
_REFLECTANCE_LEVELS = ("2C", "2D")

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Detector:
    """One of the two cubes, with what the file says about its bands; None where it says nothing that fits."""

    dataset: h5py.Dataset
    wavelengths_nm: Array | None
    widths_nm: Array | None
    unused: NDArray[np.bool_]
    scale: float
    offset: float
    stated_as: str


def sniff(path: Path) -> Match:
    """Whether there is one of the two cubes, with wavelengths."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        found = _detectors(file)
        if not found:
            return Match.NO
        known = any(detector.wavelengths_nm is not None for detector in found.values())
        return Match.YES if known else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return both cubes as one, then each alone.

    Raises
    ------
    CubeError
        When wavelengths are neither stored nor given.
    """
    with hdf5.opened(path) as file:
        found = _detectors(file)
        shapes = {name: detector.dataset.shape for name, detector in found.items()}
        known = [name for name, detector in found.items() if detector.wavelengths_nm is not None]
    chosen: list[tuple[str, ...]] = [(name,) for name in shapes]
    if len({(shape[0], shape[2]) for shape in shapes.values()}) == 1 < len(shapes):
        chosen.insert(0, tuple(shapes))
    if options.wavelengths_nm is None:
        chosen = [names for names in chosen if set(names) <= set(known)]
    else:
        count = len(options.wavelengths_nm)
        chosen = [names for names in chosen if sum(shapes[name][1] for name in names) == count]
    if not chosen:
        raise missing_wavelengths(path, [(f"{name.upper()}_Cube", shape) for name, shape in shapes.items()])
    return [
        Candidate(
            " and ".join(map(str.upper, names)), partial(_read, path, names, options), alternative=i > 0
        )
        for i, names in enumerate(chosen)
    ]


def _read(path: Path, names: Sequence[str], options: ReadOptions) -> SpectralCube:
    with hdf5.opened(path) as file:
        found = _detectors(file)
        if not set(names) <= set(found):
            raise CubeError(f"{path}: {', '.join(names)} is gone; the file has changed since it was listed.")
        parts = [found[name] for name in names]
        sources = [Hdf5Source(path, hdf5.checked(part.dataset, path)) for part in parts]
        counts = [part.dataset.shape[1] for part in parts]
        unused = np.concatenate([part.unused for part in parts])
        level = hdf5_text.attribute(file, "Processing_Level", path) or ""
        return assemble(
            path,
            options,
            LazyCube(JoinedSource(sources, 1) if len(sources) > 1 else sources[0], (0, 2, 1)),
            wavelengths_nm=_joined([part.wavelengths_nm for part in parts]),
            fwhm_nm=_joined([part.widths_nm for part in parts]),
            bad_bands=unused if unused.any() else None,
            values=StoredValues(
                scale=np.repeat([part.scale for part in parts], counts),
                offset=np.repeat([part.offset for part in parts], counts),
                source=", ".join(part.stated_as for part in parts if part.stated_as),
            ),
            modality="HSI",
            domain="real",
            quantity="reflectance" if level in _REFLECTANCE_LEVELS else "radiance [W/(m² sr µm)]",
            metadata={"processing_level": level, "assumed": {"domain": "a satellite's recording"}},
        )


def _joined(lists: Sequence[Array | None]) -> Array | None:
    known = [values for values in lists if values is not None]
    return np.concatenate(known) if len(known) == len(lists) else None


def _detectors(file: h5py.File) -> dict[str, _Detector]:
    """Return the cubes of the first swath that has some, by the name of their spectrometer."""
    swaths = hdf5.child_group(file, "HDFEOS", "SWATHS")
    for name, _ in hdf5.children(swaths) if swaths is not None else ():
        fields = hdf5.child_group(swaths, name, "Data Fields") if swaths is not None else None
        cubes = {d: hdf5.child_dataset(fields, f"{d.upper()}_Cube") for d in _DETECTORS if fields is not None}
        usable = {
            d: _described(file, d, cube)
            for d, cube in cubes.items()
            if cube is not None and cube.ndim == 3 and 0 not in cube.shape and hdf5.is_numeric(cube)
        }
        if usable:
            return usable
    return {}


def _described(file: h5py.File, name: str, dataset: h5py.Dataset) -> _Detector:
    wavelengths, widths, flags = (
        _list(file, f"List_{what}", dataset.shape[1])
        for what in (f"Cw_{name}", f"Fwhm_{name}", f"Cw_{name}_Flags")
    )
    scale, offset, stated_as = _linear(file, name)
    known = np.zeros(dataset.shape[1], bool) if wavelengths is None else wavelengths > 0
    unused = np.zeros(len(known), bool) if flags is None else (flags != 1) & known
    if wavelengths is not None and not known.any():
        wavelengths = None
    if widths is not None and not np.all(widths[known] > 0):
        widths = None
    return _Detector(dataset, wavelengths, widths, unused, scale, offset, stated_as)


def _list(file: h5py.File, name: str, count: int) -> Array | None:
    found = hdf5.attribute_numbers(file, name)
    return found if found is not None and found.size == count and np.all(np.isfinite(found)) else None


def _linear(file: h5py.File, name: str) -> tuple[float, float, str]:
    """Return scale and offset of the counts, and the attributes that state them."""
    low, high, factor, offset = (
        _number(file, what)
        for what in (f"L2Scale{name}Min", f"L2Scale{name}Max", f"ScaleFactor_{name}", f"Offset_{name}")
    )
    if low is not None and high is not None and high > low:
        return (high - low) / _COUNTS, low, f"L2Scale{name}Min, L2Scale{name}Max"
    if factor is not None and factor > 0:
        return 1 / factor, -(offset or 0.0), f"ScaleFactor_{name}, Offset_{name}"
    return 1.0, 0.0, ""


def _number(file: h5py.File, name: str) -> float | None:
    found: Any = hdf5.attribute_numbers(file, name)
    return float(found[0]) if found is not None and found.size == 1 and np.isfinite(found[0]) else None
