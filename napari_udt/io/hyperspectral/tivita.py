"""Recordings of Tivita cameras: ``<time>_SpecCube.dat``, with its log and, in HeiPorSPECTRAL, outlines of organs beside it.

Twelve bytes tell width, height and channels (big-endian int32); big-endian float32 follow, channels fastest, then the
height from the bottom up, then the width. The wavelengths are not stored. The recording's folder may be opened too.
"""

from __future__ import annotations

import configparser
import math
import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.files.reading import open_regular
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths
from napari_udt.io.bare import BareSource
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.derived import FlippedSource
from napari_udt.io.extras import Extras
from napari_udt.io.hyperspectral.htc_labels import take_outlines
from napari_udt.io.hyperspectral.paper_hsi import WAVELENGTHS_NM
from napari_udt.io.lazy import LazyCube

_HEADER = struct.Struct(">3i")
_ENDING = "_SpecCube.dat"
_MAX_LENGTH = 100_000
_LOG_BYTES = 1_000_000


def sniff(path: Path) -> Match:
    """Whether the first bytes declare a cube that fills the file exactly, or it is a folder with one such file."""
    file = main_file(path)
    if file is None:
        return Match.NO
    shape = _shape(file)
    if shape is None:
        if file.name.endswith(_ENDING):
            raise _misfit(file)
        return Match.NO
    return Match.YES if shape[2] == len(WAVELENGTHS_NM) else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the one recording.

    Raises
    ------
    CubeError
        When it has another number of channels than the camera and no wavelengths are given.
    """
    file = main_file(path)
    shape = None if file is None else _shape(file)
    if file is None or shape is None:
        raise _misfit(path)
    if shape[2] != len(WAVELENGTHS_NM) and options.wavelengths_nm is None:
        raise missing_wavelengths(path, [("recording", shape)], axes=(2,))
    return [Candidate("recording", partial(_read, file, shape, options))]


def is_recording(path: Path) -> bool:
    """Whether a file is a recording, by its name or by its size and what it declares."""
    return path.name.endswith(_ENDING) or (path.is_file() and _shape(path) is not None)


def main_file(path: Path) -> Path | None:
    """Return the file of a recording; of a folder the only one in it."""
    if not path.is_dir():
        return path if path.is_file() else None
    found = sorted(path.glob(f"*{_ENDING}"))
    return found[0] if len(found) == 1 else None


def _read(path: Path, shape: tuple[int, int, int], options: ReadOptions) -> SpectralCube:
    stored = BareSource(path, ">f4", shape, _HEADER.size)
    data = LazyCube(FlippedSource(stored, 1), (1, 0, 2))  # stored from the bottom up
    extras = Extras(path, data.shape[:2])
    take_outlines(extras, path, data.shape[:2])
    known = shape[2] == len(WAVELENGTHS_NM)
    assumed = {"domain": "a camera's recording"}
    if known:
        assumed["wavelengths_nm"] = "np.linspace(500, 1000, 100), the camera's grid"
    return assemble(
        path,
        options,
        data,
        wavelengths_nm=WAVELENGTHS_NM if known else None,
        modality="HSI",
        domain="real",
        quantity="reflectance",
        name=path.name.removesuffix(_ENDING).removesuffix(".dat"),
        metadata={"assumed": assumed, **_log(path)},
        extras=extras,
    )


def _shape(path: Path) -> tuple[int, int, int] | None:
    """Return width, height and channels where the file has exactly the size that they need."""
    with open_regular(path) as file:
        start = file.read(_HEADER.size)
    if len(start) < _HEADER.size:
        return None
    width, height, channels = _HEADER.unpack(start)
    sane = all(0 < length <= _MAX_LENGTH for length in (width, height, channels))
    fills = _HEADER.size + 4 * math.prod((width, height, channels)) == path.stat().st_size
    return (width, height, channels) if sane and fills else None


def _misfit(path: Path) -> CubeError:
    size = path.stat().st_size if path.is_file() else 0
    return CubeError(
        f"{path}: the file has {size:,} bytes; expected 12 + 4 x width x height x channels, its first three numbers "
        "(usually 122,880,012). It is cut short, or no Tivita recording."
    )


def _log(path: Path) -> dict[str, Any]:
    """Return what the camera's log says, section by section; nothing where it is missing or no such log."""
    log = path.with_name(path.name.removesuffix(_ENDING) + "_meta.log")
    if not log.is_file() or log.stat().st_size > _LOG_BYTES:
        return {}
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # German nouns keep their capitals
    try:
        parser.read_string(log.read_text(encoding="latin-1"))
    except configparser.Error:
        return {}  # it only adds remarks: a damaged one must not keep the recording from opening
    sections = {name: {k: _value(v) for k, v in parser[name].items()} for name in parser.sections()}
    return {"camera_log": sections} if sections else {}


def _value(text: str) -> str | float:
    """Return a number where it is one, decimal comma or not; else the text without its quotes."""
    bare = text.strip().strip('"')
    try:
        number = float(bare.replace(",", ".", 1))
    except ValueError:
        return bare
    return number if np.isfinite(number) else bare
