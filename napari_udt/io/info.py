"""What is known about a cube, for people and for programs: ``napari-udt info FILE [--json]``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.io.access import can_be_faster, convert_command, sample, slow_to_read
from napari_udt.outgoing_text import one_line


def describe(cube: SpectralCube) -> dict[str, Any]:
    """Return what is known about a cube, JSON-serialisable.

    The range of a large cube that stays in its file is that of values spread evenly over it (``sampled_values``).
    """
    metadata = dict(cube.metadata)
    opened_from = metadata.pop("file", {})
    rows, columns, channels = cube.shape
    description = {
        "name": cube.name,
        "path": opened_from.get("path"),
        "format": opened_from.get("format"),
        "candidate": opened_from.get("candidate"),
        "other_candidates": opened_from.get("others", []),
        "shape": {"rows": rows, "columns": columns, "channels": channels},
        "wavelengths_nm": {
            "first": float(cube.wavelengths_nm[0]),
            "last": float(cube.wavelengths_nm[-1]),
            "count": channels,
            "values": cube.wavelengths_nm.tolist(),
        },
        "modality": cube.modality,
        "domain": cube.domain,
        "origin": cube.origin,
        "quantity": cube.quantity,
        "values": _values(cube),
        "pixel_size_mm": cube.pixel_size_mm,
        "series": _series(cube),
        "labels": _labels(cube),
        "oxygenation": _oxygenation(cube.oxygenation),
        "in_memory": not cube.is_lazy,
        "slow_to_read": _slow(cube),
        "provenance": dict(cube.provenance),
        "metadata": metadata,
    }
    return json.loads(json.dumps(description, default=str))


def format_text(description: Mapping[str, Any]) -> str:
    """Return a description as lines of text, "name: value"."""
    shape, wavelengths = description["shape"], description["wavelengths_nm"]
    lines = {
        "name": description["name"],
        "file": description["path"],
        "format": description["format"],
        "shown": description["candidate"],
        "also in the file": _shortened(description["other_candidates"]),
        "picture": f"{shape['rows']} x {shape['columns']} pixels (rows x columns)",
        "wavelengths": f"{wavelengths['count']}, {wavelengths['first']:g} to {wavelengths['last']:g} nm",
        "modality": description["modality"],
        "domain": description["domain"],
        "origin": description["origin"],
        "values": _values_text(description["quantity"], description["values"]),
        "pixel size": _pixel_size_text(description["pixel_size_mm"]),
        "series": _series_text(description["series"]),
        "labels": ", ".join(
            f"{x['name']} ({x['number']}): {x['pixels']} pixels" for x in description["labels"]
        ),
        "oxygenation": _oxygenation_text(description["oxygenation"]),
        "slow": description["slow_to_read"],
        "provenance": _json_text(description["provenance"]),
        "metadata": _json_text(description["metadata"]),
    }
    width = max(map(len, lines)) + 1
    return "\n".join(
        f"{name + ':':<{width}} {one_line(str(value))}" for name, value in lines.items() if value
    )


def _slow(cube: SpectralCube) -> str:
    sentence = slow_to_read(cube)
    return f"{sentence} This makes it fast: {convert_command(cube)}" if can_be_faster(cube) else sentence


def _values(cube: SpectralCube) -> dict[str, Any]:
    read, complete = sample(cube) if cube.is_lazy else (np.asarray(cube.data), True)
    finite = read[np.isfinite(read)]
    return {
        "min": float(finite.min()) if finite.size else None,
        "max": float(finite.max()) if finite.size else None,
        "non_finite": int(read.size - finite.size),
        "sampled_values": None if complete else int(read.size),
    }


def _labels(cube: SpectralCube) -> list[dict[str, Any]]:
    if cube.labels is None:
        return []
    numbers, pixels = np.unique(cube.labels, return_counts=True)
    names = cube.present_labels
    return [
        {"number": int(n), "name": names[int(n)], "pixels": int(p)}
        for n, p in zip(numbers, pixels, strict=True)
    ]


def _series(cube: SpectralCube) -> dict[str, Any] | None:
    if (series := cube.series) is None:
        return None
    positions = None if series.positions is None else series.positions.tolist()
    return {
        "axis": series.axis,
        "pictures": len(series),
        "shown": cube.place,
        "unit": series.unit,
        "positions": positions,
        "summary": series.summary,
    }


def _oxygenation(picture: NDArray[Any] | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    known = picture[np.isfinite(picture)]
    low, high = (float(known.min()), float(known.max())) if known.size else (None, None)
    return {"min": low, "max": high, "pixels": int(known.size)}


def _values_text(quantity: str, values: Mapping[str, Any]) -> str:
    if values["min"] is None:
        return f"{quantity}, none finite"
    count = values["sampled_values"]
    sampled = f" (of {count:,} sampled values)" if count else ""
    bad = f", {values['non_finite']} not finite" if values["non_finite"] else ""
    return f"{quantity}, {values['min']:.4g} to {values['max']:.4g}{sampled}{bad}"


def _pixel_size_text(size: list[float] | None) -> str:
    return f"{size[0]:g} x {size[1]:g} mm (height x width)" if size else ""


def _series_text(series: Mapping[str, Any] | None) -> str:
    if series is None:
        return ""
    one = "frame" if series["axis"] == "time" else "slice"
    return f"{series['summary']}; {one} {series['shown']} is described here"


def _oxygenation_text(oxygenation: Mapping[str, Any] | None) -> str:
    if oxygenation is None or oxygenation["min"] is None:
        return ""
    return f"{oxygenation['min']:.2f} to {oxygenation['max']:.2f} in {oxygenation['pixels']} pixels"


def _shortened(names: list[str]) -> str:
    return " | ".join(names[:6]) + (f" | and {len(names) - 6} more" if len(names) > 6 else "")


def _json_text(mapping: Mapping[str, Any]) -> str:
    text = json.dumps(mapping, ensure_ascii=False) if mapping else ""
    return text if len(text) <= 500 else text[:500] + " ..."
