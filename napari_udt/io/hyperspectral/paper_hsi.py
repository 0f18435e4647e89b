"""HSI spectra in the layout of the UDT-cINN paper's archive (Dreher et al., MICCAI 2023): ``.npy`` lists.

``NAME.npy`` (spectra, channels), ``NAME_seg.npy`` (spectra,) class numbers, ``NAME_ind.npy`` (2, spectra) rows and
columns in the camera's picture. Simulated spectra are ``NAME_KNN_<k>.npy`` and share ``NAME_seg.npy``. A list opens as
a picture of one column.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import Domain, SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.generic.numpy_files import MAGIC, npy_array, npy_header, starts_with
from napari_udt.io.lazy import ArraySource, LazyCube

# The grid of the camera's own toolbox (htc). The paper's code counts 500 to 995 nm in steps of 5 instead.
WAVELENGTHS_NM = np.linspace(500.0, 1000.0, 100)
CLASS_NAMES = {
    3: "bladder",
    7: "colon",
    9: "fat",
    11: "gallbladder",
    17: "liver",
    23: "omentum",
    26: "peritoneum",
    27: "skin",
    28: "small_bowel",
    29: "spleen",
    31: "stomach",
}

_RECORDING = re.compile(r"P\d{3}#\d{4}(_\d{2}){5}.*")
_SIMULATED = re.compile(r"_KNN_\d+$")
_COMPANION = re.compile(r"_(seg|ind)$")


def sniff(path: Path) -> Match:
    """Whether it is a list of spectra that is named as in the archive or has its class numbers beside it."""
    if not starts_with(path, MAGIC):
        return Match.NO
    if _COMPANION.search(path.stem) and _main_file(path).is_file():
        return Match.NEEDS_METADATA
    header = npy_header(path)
    named = _RECORDING.fullmatch(path.stem) or _companion(path, "seg").is_file()
    if len(header.shape) != 2 or header.dtype.kind != "f" or not named:
        return Match.NO
    return Match.YES if header.shape[1] == len(WAVELENGTHS_NM) else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the list of spectra as the one candidate."""
    if _COMPANION.search(path.stem):
        raise CubeError(
            f"{path}: the file holds class numbers or positions; open {_main_file(path).name} instead."
        )
    return [Candidate("spectra", partial(_read, path, options))]


def _read(path: Path, options: ReadOptions) -> SpectralCube:
    spectra = npy_array(path)
    count, channels = spectra.shape
    extras = Extras(path, (count, 1))
    extras.labels(lambda: _classes(path, count), CLASS_NAMES, "class numbers")
    indices = extras.attempt("Places of the spectra", lambda: _indices(path, count)) or {}
    known = channels == len(WAVELENGTHS_NM)
    domain, reason = _domain(path)
    assumed = {"domain": reason} if reason else {}
    if known:
        assumed["wavelengths_nm"] = (
            "np.linspace(500, 1000, 100), the camera's grid; "
            "the paper's code uses np.arange(500, 1000, 5): give it as wavelengths_nm to follow it"
        )
    return assemble(
        path,
        options,
        LazyCube(ArraySource(spectra[:, np.newaxis, :]), (0, 1, 2)),
        wavelengths_nm=WAVELENGTHS_NM if known else None,
        modality="HSI",
        domain=domain,
        quantity="reflectance [a.u.]",
        metadata={"assumed": assumed, "layout": "list of spectra", **indices},
        extras=extras,
    )


def _domain(path: Path) -> tuple[Domain, str]:
    if _SIMULATED.search(path.stem):
        return "simulated", "the name ends as the archive's simulated spectra do (_KNN_<k>)"
    if _RECORDING.fullmatch(path.stem):
        return "real", "the name is that of a recording in the archive (animal and time)"
    return "unknown", ""


def _classes(path: Path, count: int) -> NDArray[Any] | None:
    numbers = _beside(path, "seg", (count,))
    return None if numbers is None else numbers.reshape(-1, 1)


def _indices(path: Path, count: int) -> dict[str, Any]:
    """Return where each spectrum lay in the camera's picture."""
    indices = _beside(path, "ind", (2, count))
    return {} if indices is None else {"rows": indices[0].tolist(), "columns": indices[1].tolist()}


def _beside(path: Path, kind: str, shape: tuple[int, ...]) -> NDArray[Any] | None:
    companion = _companion(path, kind)
    if not companion.is_file():
        return None
    array = npy_array(companion)
    if array.shape != shape:
        raise CubeError(
            f"{companion}: the array has shape {array.shape}; expected {shape} to go with {path.name}."
        )
    return np.asarray(array)


def _companion(path: Path, kind: str) -> Path:
    return path.with_name(f"{_SIMULATED.sub('', path.stem)}_{kind}.npy")


def _main_file(path: Path) -> Path:
    return path.with_name(f"{_COMPANION.sub('', path.stem)}.npy")
