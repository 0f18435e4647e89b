"""Files that a window may be given by mistake or malice, made up here or lent from the shared folder, and odd names."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import tifffile

from napari_udt import SpectralCube, save_cube

ODD_NAMES = ("", " ", "a\nb", "<b>bold</b>", "%s {0}", "Ω" * 300, "a/b\\c", "\u202egnorw", "-rf", "\x00nul")
_NM = np.arange(500.0, 900.0, 100.0)


def hostile_files(folder: Path) -> list[Path]:
    """Write files whose parts are too many, too long, too large or of odd names; some open, some are refused."""
    folder.mkdir()
    made = [
        _many_structures(folder / "cells.udt.h5"),
        _many_members(folder / "members.npz"),
        _many_cubes(folder / "cubes.h5"),
        _bomb(folder / "bomb.h5"),
        _long_attribute(folder / "attribute.tif"),
        _pipe(folder / "pipe.h5"),
        _many_structures(folder / "a\nb <b>%s\u202e.udt.h5", 3),
    ]
    shared = os.environ.get("NAPARI_UDT_SHARED")
    cases = sorted(Path(shared, "cases").iterdir()) if shared and Path(shared, "cases").is_dir() else []
    made += [Path(shutil.copy(path, folder)) for path in cases if path.suffix != ".md" and path.is_file()]
    return [path for path in made if path.exists()]


def _many_structures(path: Path, side: int = 270) -> Path:
    labels = np.arange(side * side, dtype=np.int32).reshape(side, side)
    data = np.random.default_rng(0).random((side, side, len(_NM)), dtype=np.float32)
    save_cube(SpectralCube(data, _NM, "HSI", domain="real", labels=labels, name=path.stem), path)
    return path


def _many_members(path: Path) -> Path:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 2), np.float32))
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.npy", stream.getvalue())
    return path


def _many_cubes(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        for number in range(3000):
            file[f"cube {number}"] = np.ones((2, 3, len(_NM)), np.float32)
        file["wavelengths"] = _NM
    return path


def _bomb(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        shape = (300, 400, len(_NM))
        data = file.create_dataset("cube", shape, "f4", chunks=shape, compression="gzip")
        data.id.write_direct_chunk((0, 0, 0), zlib.compress(bytes(300_000_000), 9))
        file["wavelengths"] = _NM
    return path


def _long_attribute(path: Path) -> Path:
    text = f'<OME><Image ID="0"><Pixels DimensionOrder="XYCZT" Name="{"x" * 30_000_000}"/></Image></OME>'
    tifffile.imwrite(path, np.zeros((4, 5, 6), np.float32), description=text.encode(), metadata=None)
    return path


def _pipe(path: Path) -> Path:
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
    return path
