"""Writing ENVI: float32 interleaved by line, so that a row of a large cube is one piece of the file.

``NAME.hdr`` and ``NAME.img``; labels as an ENVI classification ``NAME_labels.hdr``, oxygenation as ``NAME_oxygenation.hdr``.
What ENVI has no words for is kept in the field ``napari-udt``, which other programs pass over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.io.description import description_text
from napari_udt.io.generic.envi import OWN_FIELD
from napari_udt.io.generic.envi_header import DTYPES, as_text, plain

_BLOCK_BYTES = 32_000_000
_CODES = {np.dtype("<" + kind): str(code) for code, kind in DTYPES.items()}


def write(cubes: Sequence[SpectralCube], path: Path, compress: bool = False) -> None:
    """Write one cube and its pictures beside ``path``; ENVI knows no compression, so ``compress`` changes nothing."""
    (cube,) = cubes
    own: dict[str, Any] = {"cube": json.loads(description_text(cube))}
    if cube.labels is not None:
        own["labels"] = f"{path.stem}_labels.hdr"
        _write_labels(cube, path.with_name(own["labels"]))
    if cube.oxygenation is not None:
        own["oxygenation"] = f"{path.stem}_oxygenation.hdr"
        _write_picture(path.with_name(own["oxygenation"]), cube.oxygenation, "ENVI Standard", {})
    has_missing = False
    with open(path.with_suffix(".img"), "wb") as file:
        for rows in _blocks(cube):
            has_missing = has_missing or bool(np.isnan(rows).any())
            np.ascontiguousarray(rows.transpose(0, 2, 1), dtype="<f4").tofile(file)
    fields = _structure(cube.shape, np.dtype("<f4"), "ENVI Standard")
    fields["wavelength units"] = "Nanometers"
    fields["wavelength"] = [repr(float(value)) for value in cube.wavelengths_nm]
    if has_missing:
        fields["data ignore value"] = "nan"
    if cube.bad_bands is not None:
        fields["bbl"] = [str(int(not bad)) for bad in cube.bad_bands]
    widths = cube.metadata.get("fwhm_nm")
    if isinstance(widths, list) and len(widths) == cube.shape[2]:
        fields["fwhm"] = [repr(float(width)) for width in widths]
    if cube.pixel_size_mm is not None:
        height, width = (repr(size / 1000) for size in cube.pixel_size_mm)
        fields["pixel size"] = [width, height, "units=Meters"]
    _write_header(path, fields, own)


def _blocks(cube: SpectralCube) -> Iterable[NDArray[np.float32]]:
    rows, columns, channels = cube.shape
    step = max(1, _BLOCK_BYTES // (columns * channels * 4))
    return (cube.rows(start, min(start + step, rows)) for start in range(0, rows, step))


def _write_labels(cube: SpectralCube, path: Path) -> None:
    """Write class numbers as ENVI wants them, counted from 0; our field keeps the true numbers."""
    numbers, classes = np.unique(np.asarray(cube.labels), return_inverse=True)
    names = [plain(name) or f"label {number}" for number, name in cube.present_labels.items()]
    fields: dict[str, str | list[str]] = {"classes": str(len(names)), "class names": names}
    kind = np.dtype(np.uint8) if len(numbers) <= 256 else np.dtype("<i4")
    picture = classes.reshape(cube.shape[:2]).astype(kind)
    _write_picture(path, picture, "ENVI Classification", fields, {"numbers": numbers.tolist()})


def _write_picture(
    path: Path,
    picture: NDArray[Any],
    kind: str,
    more: dict[str, str | list[str]],
    own: dict[str, Any] | None = None,
) -> None:
    array = np.ascontiguousarray(picture, dtype=picture.dtype.newbyteorder("<"))
    array.tofile(path.with_suffix(".img"))
    _write_header(path, {**_structure((*picture.shape, 1), array.dtype, kind), **more}, own)


def _structure(shape: tuple[int, ...], dtype: np.dtype[Any], kind: str) -> dict[str, str | list[str]]:
    rows, columns, channels = shape
    return {
        "samples": str(columns),
        "lines": str(rows),
        "bands": str(channels),
        "header offset": "0",
        "file type": kind,
        "data type": _CODES[np.dtype(dtype)],
        "interleave": "bil",
        "byte order": "0",
    }


def _write_header(path: Path, fields: dict[str, str | list[str]], own: dict[str, Any] | None) -> None:
    kept = {} if own is None else {OWN_FIELD: json.dumps([own])}
    path.write_text(as_text({**fields, **kept}), encoding="ascii", errors="replace", newline="\n")
