"""The curves as text and as files: CSV and JSON with provenance. No Qt.

The CSV is a tidy table, one line per curve and wavelength, because curves may have different wavelengths::

    # lines that begin with a hash hold the provenance
    curve,role,layer,pin,row,column,structure,spectra,wavelength_nm,value,lower,upper,region,quantity

``curve`` is the label on the screen; ``row`` and ``column`` are the pixel under the mouse or of the pin, also where the
curve is the mean of its structure, and empty where a structure was ticked or a region drawn; ``lower`` and ``upper``
are empty where no band was shown; ``quantity`` is what the values are after all that was done to them. Read it with
``pandas.read_csv(path, comment="#")``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt import __version__
from napari_udt.cube import Modality
from napari_udt.files.writing import whole_or_nothing
from napari_udt.outgoing_text import csv_cell, csv_comment
from napari_udt.spectral.transforms import ORDER
from napari_udt.spectral.unmixing import HAEMOGLOBIN_UNITS, Unmixed
from napari_udt.viewer.spectra.curves import Curve, CurveId, CurveSet, Floats
from napari_udt.viewer.state.session import PixelRef

COLUMNS = (
    "curve",
    "role",
    "layer",
    "pin",
    "row",
    "column",
    "structure",
    "spectra",
    "wavelength_nm",
    "value",
    "lower",
    "upper",
    "region",
    "quantity",
)


def save_curves(curves: CurveSet, path: str | Path) -> None:
    """Write the curves to a file, as JSON if its name ends so, as CSV otherwise; whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written; an older file of that name is then as it was.
    """
    path = Path(path)
    text = json_text(curves) if path.suffix.casefold() == ".json" else csv_text(curves)
    with whole_or_nothing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def csv_text(curves: CurveSet) -> str:
    """Return the curves as CSV, see the module's docstring for the columns."""
    buffer = io.StringIO()
    buffer.writelines(csv_comment(line) for line in _header(curves))
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(COLUMNS)
    for curve in curves.curves:
        writer.writerows(map(csv_cell, row) for row in _rows(curve))
    return buffer.getvalue()


def json_text(curves: CurveSet) -> str:
    """Return the curves as JSON; a missing value is null."""
    return json.dumps(document(curves), indent=1, allow_nan=False, default=str) + "\n"


def document(curves: CurveSet) -> dict[str, Any]:
    """Return everything that is shown, and how it came to be, as plain dictionaries, lists and numbers."""
    return {
        "format": "napari-udt curves",
        "version": 1,
        "provenance": provenance(curves),
        "curves": [_curve_document(curve) for curve in curves.curves],
        "differences": [
            {
                "curve": _id_document(found.curve),
                "reference": _id_document(found.reference),
                "spectral_angle_deg": _plain(found.angle_deg),
                "rmse": _plain(found.rmse),
                "relative_rms_difference": _plain(found.relative),
                "wavelengths_compared": found.channels,
            }
            for found in curves.differences
        ],
    }


def provenance(curves: CurveSet) -> dict[str, Any]:
    """Return how the numbers came to be: program, date, choices, cubes with their origin."""
    options = curves.options
    cubes = {curve.entry.key: curve.entry for curve in curves.curves}
    return {
        "program": f"napari-udt {__version__}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "shown": curves.statement,
        "remarks": list(curves.remarks),
        "mode": options.mode,
        "transform": options.transform.quantity("value"),
        "order": ORDER,
        "normalisation": options.normalisation,
        "normalisation_nm": options.normalisation_nm if options.normalisation == "wavelength" else None,
        "absorbance": options.absorbance,
        "derivative": options.derivative,
        "derivative_window_channels": options.derivative_window if options.derivative else None,
        "comparison": options.comparison,
        "reference": "real, else simulated curve of the place"
        if options.reference is None
        else _name(options.reference),
        "band_nm": None if options.band_nm is None else f"{options.band_nm[0]:g}-{options.band_nm[1]:g}",
        "window_pixels": options.window,
        "centre": options.centre,
        "spread": options.spread,
        "cubes": {
            key: {
                "name": entry.cube.name,
                "role": entry.role,
                "domain": entry.cube.domain,
                "origin": entry.cube.origin,
                "modality": entry.cube.modality,
                "quantity": entry.cube.quantity,
                "provenance": dict(entry.cube.provenance),
            }
            for key, entry in cubes.items()
        },
    }


def _header(curves: CurveSet) -> Iterator[str]:
    fields = provenance(curves)
    cubes = fields.pop("cubes")
    for name, value in fields.items():
        yield f"{name}: {'; '.join(value) if isinstance(value, list) else value}"
    for key, cube in cubes.items():
        yield f"layer {key}: {json.dumps(cube, default=str)}"
    for found in curves.differences:
        yield (
            f"difference of {_name(found.curve)} from {_name(found.reference)}: "
            f"spectral angle {found.angle_deg:.9g} deg, RMSE {found.rmse:.9g}, "
            f"relative rms difference {found.relative:.9g}, {found.channels} wavelengths"
        )


def _name(curve: CurveId) -> str:
    if curve.pin is not None:
        return f"{curve.key} at pin {curve.pin}"
    if curve.region is not None:
        return f"{curve.key} in region {curve.region}"
    return curve.key if curve.structure is None else f"{curve.key} in {curve.structure}"


def _rows(curve: Curve) -> Iterator[list[Any]]:
    fixed = [
        curve.label,
        curve.entry.role,
        curve.entry.key,
        "" if curve.pin is None else curve.pin.number,
        "" if curve.pixel is None else curve.pixel.row,
        "" if curve.pixel is None else curve.pixel.column,
        curve.structure or "",
        curve.count,
    ]
    columns = (curve.wavelengths_nm, curve.values, curve.lower, curve.upper)
    for numbers in zip(*(_cells(column, len(curve.values)) for column in columns), strict=True):
        yield [*fixed, *numbers, "" if curve.id.region is None else curve.id.region, curve.quantity]


def _cells(values: Floats | None, count: int) -> list[Any]:
    """Return exact numbers; an empty cell where there is none."""
    if values is None:
        return [""] * count
    return ["" if np.isnan(value) else float(value) for value in values]


def _curve_document(curve: Curve) -> dict[str, Any]:
    return {
        **_id_document(curve.id),
        "label": curve.label,
        "role": curve.entry.role,
        "basis": curve.basis,
        "pixel": None if curve.pixel is None else _pixel_document(curve.pixel),
        "structure": curve.structure,
        "spectra": curve.count,
        "quantity": curve.quantity,
        "wavelengths_nm": _plain_list(curve.wavelengths_nm),
        "values": _plain_list(curve.values),
        "lower": _plain_list(curve.lower),
        "upper": _plain_list(curve.upper),
        "unmixed": None
        if curve.unmixed is None
        else _unmixed_document(curve.unmixed, curve.entry.cube.modality),
    }


def _pixel_document(pixel: PixelRef) -> dict[str, Any]:
    return {"layer": pixel.key, "row": pixel.row, "column": pixel.column}


def _unmixed_document(found: Unmixed, modality: Modality) -> dict[str, Any]:
    """Return the estimate with its units; it is of the spectrum before anything was done to it."""
    return {
        "oxygen_saturation": _plain(found.oxygenation),
        "total_haemoglobin": _plain(found.haemoglobin),
        "total_haemoglobin_unit": HAEMOGLOBIN_UNITS[modality],
        "relative_rms_residual": _plain(found.residual),
    }


def _id_document(curve: CurveId) -> dict[str, Any]:
    return {"layer": curve.key, "pin": curve.pin, "structure_ticked": curve.structure, "region": curve.region}


def _plain_list(values: Floats | None) -> list[float | None] | None:
    return None if values is None else [_plain(value) for value in values]


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
