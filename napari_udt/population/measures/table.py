"""The table of measures: rows of numbers, and its files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.files.writing import whole_or_nothing
from napari_udt.outgoing_text import csv_cell
from napari_udt.population.measures.catalogue import CATALOGUE, Measure

FORMAT = "napari-udt population measures"
VERSION = 1
COLUMNS = (
    "class", "group", "origin", "measure", "value", "low", "high", "unit", "direction", "spectra",
    "reference_spectra", "note",
)  # fmt: skip
NAN = float("nan")


@dataclass(frozen=True, eq=False)
class MeasureRow:
    """One number.

    Parameters
    ----------
    class_name : str
        The structure.
    group, origin : str
        Name of the group, and the honest phrase for where it comes from.
    key : str
        Of the measure, see `CATALOGUE`.
    value : float
        NaN where it cannot be computed; ``note`` says why.
    low, high : float
        Bootstrap interval; NaN where there is none.
    count, reference_count : int
        Spectra that the value was computed from.
    unit : str
    note : str
        Reservation: sub-sampled, few samples.
    per_wavelength : array, shape (channels,), optional
        The measure at each wavelength, where it is a mean over them.
    """

    class_name: str
    group: str
    origin: str
    key: str
    value: float
    low: float = NAN
    high: float = NAN
    count: int = 0
    reference_count: int = 0
    unit: str = ""
    note: str = ""
    per_wavelength: NDArray[np.float64] | None = None

    @property
    def measure(self) -> Measure:
        """Its entry in the catalogue."""
        return CATALOGUE[self.key]

    def cells(self) -> tuple[Any, ...]:
        """Values in the order of `COLUMNS`."""
        numbers = (self.value, self.low, self.high)
        return (
            self.class_name,
            self.group,
            self.origin,
            self.key,
            *(number if math.isfinite(number) else None for number in numbers),
            self.unit,
            self.measure.direction,
            self.count,
            self.reference_count,
            self.note,
        )


@dataclass(frozen=True, eq=False)
class MeasureTable:
    """All measures of a population.

    Parameters
    ----------
    rows : tuple of MeasureRow
        Class by class, within it group by group, within it in the order of the catalogue.
    reference, reference_origin : str
        Group that all others are compared with.
    wavelengths_nm : array, shape (channels,)
    provenance : mapping
        Options and notes: normalisation, resamples, seed; JSON-serialisable.
    seconds : mapping of str to float
        Time that each family of measures took, and "bootstrap".
    """

    rows: tuple[MeasureRow, ...]
    reference: str
    reference_origin: str
    wavelengths_nm: NDArray[np.float64]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Structures in the order of the rows."""
        return tuple(dict.fromkeys(row.class_name for row in self.rows))

    @property
    def groups(self) -> tuple[str, ...]:
        """Compared groups in the order of the rows."""
        return tuple(dict.fromkeys(row.group for row in self.rows))

    @property
    def keys(self) -> tuple[str, ...]:
        """Measures that occur, in the order of the catalogue."""
        present = {row.key for row in self.rows}
        return tuple(key for key in CATALOGUE if key in present)

    def row(self, class_name: str, group: str, key: str) -> MeasureRow | None:
        """Return one row, or None."""
        wanted = (class_name, group, key)
        return next((row for row in self.rows if (row.class_name, row.group, row.key) == wanted), None)

    def as_csv(self) -> str:
        """Return the rows as CSV, with a head; an unknown number is an empty cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(csv_cell, row.cells()) for row in self.rows)
        return text.getvalue()

    def as_document(self) -> dict[str, Any]:
        """Return everything as plain JSON values, with the catalogue's explanations."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "reference": {"name": self.reference, "origin": self.reference_origin},
            "wavelengths_nm": self.wavelengths_nm.tolist(),
            **self.provenance,
            "measures": {key: _explained(CATALOGUE[key]) for key in self.keys},
            "rows": [_as_mapping(row) for row in self.rows],
        }

    def save_csv(self, path: Path) -> None:
        """Write the CSV file, whole or not at all."""
        with whole_or_nothing(path) as temporary:
            temporary.write_text(self.as_csv(), encoding="utf-8")

    def save_json(self, path: Path) -> None:
        """Write the JSON file, whole or not at all."""
        text = json.dumps(self.as_document(), indent=1, allow_nan=False, ensure_ascii=False)
        with whole_or_nothing(path) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")


def _explained(measure: Measure) -> dict[str, Any]:
    return {
        "title": measure.title,
        "better": measure.better,
        "ideal": measure.ideal,
        "meaning": measure.meaning,
        "source": measure.source,
    }


def _as_mapping(row: MeasureRow) -> dict[str, Any]:
    found = dict(zip(COLUMNS, row.cells(), strict=True))
    if row.per_wavelength is not None:
        found["per_wavelength"] = [v if math.isfinite(v) else None for v in row.per_wavelength.tolist()]
    return found
