"""Writing ENVI: float32 interleaved by line, so that a row of a large cube is one piece of the file.

``NAME.hdr`` and ``NAME.img``; labels as an ENVI classification ``NAME_labels.hdr``, oxygenation as ``NAME_oxygenation.hdr``.
The pictures of a series lie one below the other, in all of these: other programs show one tall picture with the right spectra.
What ENVI has no words for is kept in the fields ``series ...`` and ``napari-udt``, which other programs pass over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.contract import Progress, ignore_progress
from napari_udt.io.description import description_text
from napari_udt.io.generic.envi_files import OWN_FIELD
from napari_udt.io.generic.envi_header import DTYPES, as_text, plain

_BLOCK_BYTES = 32_000_000
_CODES = {np.dtype("<" + kind): str(code) for code, kind in DTYPES.items()}


def write(
    cubes: Sequence[SpectralCube],
    path: Path,
    compress: bool = False,
    *,
    progress: Progress = ignore_progress,
) -> None:
    """Write one cube and its pictures beside ``path``; ENVI knows no compression, so ``compress`` changes nothing.

    The pictures of a series lie one below the other. ``progress(done, total)`` is called in bytes; what it raises ends the work.
    """
    (cube,) = cubes
    own: dict[str, Any] = {"cube": json.loads(description_text(cube))}
    count = 1 if cube.series is None else len(cube.series)
    classes, labels, oxygenation = _Classes(), _Band(path, "labels"), _Band(path, "oxygenation")
    has_missing, done, total = False, 0, 4 * count * math.prod(cube.shape)
    progress(done, total)
    with open(path.with_suffix(".img"), "wb") as file:
        for place in range(count):
            shown = cube if cube.series is None or place == cube.place else cube.series[place]
            if shown.shape != cube.shape:
                raise CubeError(
                    f"{cube.name}: picture {place} of the series has the shape {shown.shape}; expected {cube.shape}."
                )
            for rows in _blocks(shown):
                has_missing = has_missing or bool(np.isnan(rows).any())
                np.ascontiguousarray(rows.transpose(0, 2, 1), dtype="<f4").tofile(file)
                done += rows.nbytes
                progress(done, total)
            labels.add(classes.of(shown, several=count > 1), classes.missing)
            oxygenation.add(shown.oxygenation, lambda: np.full(cube.shape[:2], np.nan))
    if labels.dtype is not None:
        own["labels"] = labels.header.name
        labels.describe(
            cube.shape[:2], count, "ENVI Classification", classes.fields, {"numbers": list(classes.numbers)}
        )
    if oxygenation.dtype is not None:
        own["oxygenation"] = oxygenation.header.name
        oxygenation.describe(cube.shape[:2], count, "ENVI Standard", {})
    shape = (cube.shape[0] * count, *cube.shape[1:])
    fields = _structure(shape, np.dtype("<f4"), "ENVI Standard")
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
    if cube.series is not None and count > 1:
        fields |= {"series axis": cube.series.axis, "series length": str(count)}
        if cube.series.positions is not None:
            fields["series positions"] = [repr(float(value)) for value in cube.series.positions]
    _write_header(path, fields, own)


def _blocks(cube: SpectralCube) -> Iterable[NDArray[np.float32]]:
    rows, columns, channels = cube.shape
    step = max(1, _BLOCK_BYTES // (columns * channels * 4))
    return (cube.rows(start, min(start + step, rows)) for start in range(0, rows, step))


class _Band:
    """Pictures of one number for each pixel, in a file beside the cube; it is made where the first cube has such a picture.

    Parameters
    ----------
    path : path
        Of the cube.
    name : str
    """

    def __init__(self, path: Path, name: str) -> None:
        self.header = path.with_name(f"{path.stem}_{name}.hdr")
        self.dtype: np.dtype[Any] | None = None
        self._without = 0

    def add(self, values: NDArray[Any] | None, missing: Callable[[], NDArray[Any]]) -> None:
        """Write the next picture; where there is none, what ``missing`` returns."""
        if values is None and self.dtype is None:
            self._without += 1
            return
        wanted = missing() if values is None else values
        self.dtype = self.dtype or wanted.dtype.newbyteorder("<")
        with open(self.header.with_suffix(".img"), "ab") as file:
            for picture in [*(missing() for _ in range(self._without)), wanted]:
                np.ascontiguousarray(picture, dtype=self.dtype).tofile(file)
        self._without = 0

    def describe(
        self,
        shape: tuple[int, int],
        count: int,
        kind: str,
        more: dict[str, str | list[str]],
        own: dict[str, Any] | None = None,
    ) -> None:
        """Write the header."""
        rows, columns = shape
        structure = _structure((rows * count, columns, 1), np.dtype(self.dtype), kind)
        _write_header(self.header, {**structure, **more}, own)


class _Classes:
    """Class numbers as ENVI wants them, counted from 0; our field keeps the true numbers."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._shape: tuple[int, int] = (0, 0)

    def of(self, cube: SpectralCube, several: bool) -> NDArray[Any] | None:
        """Return the classes of a cube's labels; in bytes where these suffice, and it is not known to be one of several."""
        self._shape = cube.shape[:2]
        if cube.labels is None:
            return None
        self._names |= cube.present_labels
        classes = self._counted(np.asarray(cube.labels))
        return classes.astype(np.uint8) if not several and len(self.numbers) <= 256 else classes

    def missing(self) -> NDArray[Any]:
        """Return the classes of a picture without labels: -1 everywhere."""
        return self._counted(np.full(self._shape, -1))

    @property
    def fields(self) -> dict[str, str | list[str]]:
        """What the header says about them."""
        names = [plain(self._names.get(n, "")) or f"label {n}" for n in self.numbers]
        return {"classes": str(len(names)), "class names": names}

    def _counted(self, labels: NDArray[Any]) -> NDArray[np.int32]:
        found, inverse = np.unique(labels, return_inverse=True)
        classes = [self.numbers.setdefault(int(number), len(self.numbers)) for number in found]
        return np.array(classes, np.int32)[inverse].reshape(labels.shape)


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
