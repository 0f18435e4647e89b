"""Spectra in CSV: one line per pixel, for spreadsheets and statistics programs, and back.

Lines that begin with ``#`` come first: what is known about the cube as JSON, and the names of the labels for people. The
column names follow: ``row``, ``column``, ``label`` and ``oxygenation`` where known, then one wavelength in nm each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.description import described, description_text
from napari_udt.io.extras import Extras
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.hdf5 import SMALL_BYTES
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.outgoing_text import csv_comment

_FIRST_LINE = "# napari-udt spectra, version 1"
_METADATA = "# facts: "
_BLOCK_BYTES = 16_000_000
_LINES_PER_READ = 5_000
_MAX_LINE = 20_000_000
_MAX_RATIO = 1_000
_FORMULA = re.compile(r"([,;])([=+@-])")
_PLACE = ("row", "column")
_PICTURES = ("label", "oxygenation")


@dataclass(frozen=True)
class _Head:
    """The lines above the numbers: size of the picture, metadata of the cube, and the columns' names."""

    shape: tuple[int, int]
    metadata: dict[str, Any]
    columns: tuple[str, ...]

    @property
    def wavelengths_nm(self) -> list[float]:
        return [float(name) for name in self.columns if name not in (*_PLACE, *_PICTURES)]


def write(
    cubes: Sequence[SpectralCube], path: Path, compress: bool = False, labelled_only: bool = False
) -> None:
    """Write the spectra of one cube, some rows at a time; CSV is not packed, so ``compress`` changes nothing.

    Parameters
    ----------
    cubes : sequence of SpectralCube
        One cube.
    path : path
        Not protected against a half-written end (see ``save_cube``).
    labelled_only : bool
        Leave out pixels without a named structure (without names: those of label 0 and below).

    Raises
    ------
    CubeError
        When only labelled pixels are wanted and there are none.
    """
    (cube,) = cubes
    wanted = _labelled(cube) if labelled_only else np.ones(cube.shape[:2], bool)
    rows, columns, channels = cube.shape
    step = max(1, _BLOCK_BYTES // (columns * channels * 8))
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(_head_text(cube))
        formats = [
            *["%d"] * (2 + (cube.labels is not None)),
            *["%.9g"] * (channels + (cube.oxygenation is not None)),
        ]
        for start in range(0, rows, step):
            np.savetxt(file, _table(cube, start, min(start + step, rows), wanted), formats, delimiter=",")


def sniff(path: Path) -> Match:
    """Whether the first line is the one that :func:`write` writes."""
    return Match.YES if starts_with(path, _FIRST_LINE.encode()) else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the one cube; pixels that the file leaves out are NaN."""
    return [Candidate("spectra", partial(_read, path, options))]


def _labelled(cube: SpectralCube) -> NDArray[np.bool_]:
    if cube.labels is None:
        raise CubeError(f"{cube.name}: it has no labels; save the spectra of all pixels instead.")
    named = np.isin(cube.labels, list(cube.label_names)) if cube.label_names else cube.labels > 0
    if not named.any():
        raise CubeError(f"{cube.name}: no pixel is labelled; save the spectra of all pixels instead.")
    return named


def _head_text(cube: SpectralCube) -> str:
    pictures = [n for n, p in zip(_PICTURES, (cube.labels, cube.oxygenation), strict=True) if p is not None]
    names = ", ".join(f"{number} = {name}" for number, name in cube.present_labels.items())
    return "\n".join(
        (
            _FIRST_LINE,
            f"{_METADATA}{_json_text({'shape': cube.shape[:2], 'cube': json.loads(description_text(cube))})}",
            csv_comment(f"labels: {names or 'none'}").rstrip(),
            csv_comment(
                f"values: {cube.quantity}; names of the columns of spectra: wavelengths in nm"
            ).rstrip(),
            ",".join((*_PLACE, *pictures, *(repr(float(w)) for w in cube.wavelengths_nm))) + "\n",
        )
    )


def _json_text(value: Any) -> str:
    """Return JSON of which a spreadsheet computes no part after a comma: such signs stand in its texts only."""
    return _FORMULA.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", json.dumps(value))


def _table(cube: SpectralCube, start: int, stop: int, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the lines of some rows of the picture."""
    here = wanted[start:stop]
    at_row, at_column = np.nonzero(here)
    pictures = [p[start:stop][here] for p in (cube.labels, cube.oxygenation) if p is not None]
    return np.column_stack(
        (at_row + start, at_column, *pictures, cube.rows(start, stop)[here].astype(np.float64))
    )


def _read(path: Path, options: ReadOptions) -> SpectralCube:
    with open(path, encoding="utf-8") as file:
        head = _head(file, path)
        pictures = _pictures(file, head, path, options)
    wavelengths = head.wavelengths_nm
    extras = Extras(path, head.shape)
    fields = described(json.dumps(head.metadata["cube"]), path)
    extras.labels(lambda: pictures.get("label"), fields["label_names"], "label")
    return assemble(
        path,
        options,
        LazyCube(ArraySource(pictures["spectra"]), (0, 1, 2)),
        wavelengths_nm=wavelengths,
        oxygenation=pictures.get("oxygenation"),
        extras=extras,
        **fields,
    )


def _head(file: IO[str], path: Path) -> _Head:
    metadata: Any = None
    for line in islice(iter(lambda: file.readline(_MAX_LINE), ""), 100):
        if line.startswith(_METADATA):
            metadata = json.loads(line.removeprefix(_METADATA))
        elif not line.startswith("#"):
            columns = tuple(line.strip().split(","))
            break
    else:
        raise CubeError(f"{path}: there is no line with the names of the columns; the file is cut short.")
    if not isinstance(metadata, dict) or columns[:2] != _PLACE:
        raise CubeError(
            f"{path}: the metadata or the columns row and column are missing; the head is damaged."
        )
    rows, width = (int(n) for n in metadata["shape"])
    return _Head((rows, width), metadata, columns)


def _pictures(file: IO[str], head: _Head, path: Path, options: ReadOptions) -> dict[str, NDArray[Any]]:
    """Read the lines into pictures; memory is bounded by what the file holds and by the limit."""
    found = _empty_pictures(head, path, options)
    while lines := list(islice(file, _LINES_PER_READ)):
        table = np.loadtxt(lines, delimiter=",", ndmin=2)
        if table.shape[1] != len(head.columns):
            raise CubeError(
                f"{path}: {table.shape[1]} numbers in a line of {len(head.columns)} columns; it is damaged."
            )
        at = table[:, 0].astype(np.intp), table[:, 1].astype(np.intp)
        if np.any(table[:, :2] < 0) or np.any(table[:, :2] >= head.shape):
            raise CubeError(
                f"{path}: a line stands for a pixel outside the {head.shape[0]} x {head.shape[1]} picture."
            )
        for name in _PICTURES:
            if name in found:
                found[name][at] = table[:, head.columns.index(name)]
        found["spectra"][at] = table[:, len(head.columns) - len(head.wavelengths_nm) :]
    return found


def _empty_pictures(head: _Head, path: Path, options: ReadOptions) -> dict[str, NDArray[Any]]:
    rows, columns = head.shape
    wanted = rows * columns * len(head.wavelengths_nm) * 4
    held = path.stat().st_size
    if min(rows, columns) < 1 or wanted > min(
        options.memory_limit_bytes, max(SMALL_BYTES, _MAX_RATIO * held)
    ):
        raise CubeError(
            f"{path}: a picture of {rows} x {columns} pixels takes {wanted / 1e6:,.0f} MB, more than the limit of "
            f"{options.memory_limit_bytes / 1e6:,.0f} MB or than {held:,} bytes of text can hold."
        )
    pictures = {name: np.full(head.shape, np.nan) for name in _PICTURES if name in head.columns}
    return {**pictures, "spectra": np.full((rows, columns, len(head.wavelengths_nm)), np.nan, np.float32)}
