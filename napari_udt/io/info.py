"""What is known about a cube, for people and for programs: ``napari-udt info FILE [--json]``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube

_SAMPLED_ROWS = 64  # of a cube that stays in its file


def describe(cube: SpectralCube) -> dict[str, Any]:
    """Return what is known about a cube, JSON-serialisable.

    The range of a cube that stays in its file is that of up to 64 of its rows, evenly spread (``sampled_rows``).
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
        "labels": _labels(cube),
        "oxygenation": _oxygenation(cube.oxygenation),
        "in_memory": not cube.is_lazy,
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
        "labels": ", ".join(
            f"{x['name']} ({x['number']}): {x['pixels']} pixels" for x in description["labels"]
        ),
        "oxygenation": _oxygenation_text(description["oxygenation"]),
        "provenance": _json_text(description["provenance"]),
        "metadata": _json_text(description["metadata"]),
    }
    width = max(map(len, lines)) + 1
    return "\n".join(f"{name + ':':<{width}} {value}" for name, value in lines.items() if value)


def _values(cube: SpectralCube) -> dict[str, Any]:
    rows = cube.shape[0]
    picked = (
        np.unique(np.linspace(0, rows - 1, min(rows, _SAMPLED_ROWS)).astype(int))
        if cube.is_lazy
        else range(rows)
    )
    low, high, non_finite = np.inf, -np.inf, 0
    for row in picked:
        block = cube.rows(int(row), int(row) + 1)
        finite = block[np.isfinite(block)]
        non_finite += block.size - finite.size
        low, high = min(low, finite.min(initial=np.inf)), max(high, finite.max(initial=-np.inf))
    known = low <= high
    return {
        "min": float(low) if known else None,
        "max": float(high) if known else None,
        "non_finite": non_finite,
        "sampled_rows": len(picked) if cube.is_lazy else None,
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


def _oxygenation(picture: NDArray[Any] | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    known = picture[np.isfinite(picture)]
    low, high = (float(known.min()), float(known.max())) if known.size else (None, None)
    return {"min": low, "max": high, "pixels": int(known.size)}


def _values_text(quantity: str, values: Mapping[str, Any]) -> str:
    if values["min"] is None:
        return f"{quantity}, none finite"
    sampled = f" (in {values['sampled_rows']} sampled rows)" if values["sampled_rows"] else ""
    bad = f", {values['non_finite']} not finite" if values["non_finite"] else ""
    return f"{quantity}, {values['min']:.4g} to {values['max']:.4g}{sampled}{bad}"


def _pixel_size_text(size: list[float] | None) -> str:
    return f"{size[0]:g} x {size[1]:g} mm (height x width)" if size else ""


def _oxygenation_text(oxygenation: Mapping[str, Any] | None) -> str:
    if oxygenation is None or oxygenation["min"] is None:
        return ""
    return f"{oxygenation['min']:.2f} to {oxygenation['max']:.2f} in {oxygenation['pixels']} pixels"


def _shortened(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f", and {len(names) - 6} more" if len(names) > 6 else "")


def _json_text(mapping: Mapping[str, Any]) -> str:
    text = json.dumps(mapping, ensure_ascii=False) if mapping else ""
    return text if len(text) <= 500 else text[:500] + " ..."
