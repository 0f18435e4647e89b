"""OME-Zarr 0.5: cubes as folders that other programs read, the channel axis first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.contract import Progress, ignore_progress
from napari_udt.io.generic.zarr_metadata import INSTALL, LABELS, OWN, OXYGENATION

_SIDE = 256  # of a chunk, in pixels
_FEWEST_ROWS = 16
_BLOCK_BYTES = 128_000_000  # of rows that are read and written together


def write(
    cubes: Sequence[SpectralCube],
    path: Path,
    compress: bool = False,
    *,
    progress: Progress = ignore_progress,
    **options: bool,
) -> None:
    """Write one cube as OME-Zarr 0.5: channel axis first, wavelengths as channel labels and as ``wavelengths_nm``.

    Of a cube with a series all pictures are written, one after the other: frames along an axis t before the channels, slices along an axis z
    behind them; their positions are the scale, or a list called as the axis where they are not evenly spaced. Labels go below ``labels/structures`` with their names; what OME has no place for (domain, quantity, provenance) is under
    ``napari_udt`` in the group's attributes. ``progress(done, total)`` is called in bytes; what it raises ends the work.
    """
    try:
        import zarr
        from zarr.codecs import BloscCodec
    except ImportError as error:
        raise CubeError(f"{path}: to write Zarr, {INSTALL}.") from error
    (cube,) = cubes
    rows, columns, channels = cube.shape
    group = zarr.open_group(str(path), mode="w", zarr_format=3)
    names = _axes(cube)
    count = len(cube.series) if cube.series is not None else 1
    lengths = {"t": count, "c": channels, "z": count, "y": rows, "x": columns}
    # Rows of a chunk are written together: one that is written in parts is packed once for each.
    together = min(rows, _SIDE, max(_FEWEST_ROWS, _BLOCK_BYTES // (4 * columns * channels)))
    chunks = {"t": 1, "c": 1, "z": 1, "y": together, "x": min(columns, _SIDE)}
    array = group.create_array(
        "0",
        shape=tuple(lengths[name] for name in names),
        chunks=tuple(chunks[name] for name in names),
        dtype="float32",
        dimension_names=names,
        compressors=[BloscCodec(cname="zstd", clevel=5)] if compress else "auto",
    )
    along = next((name for name in names if name in "tz"), "")
    maps = _Maps(group, along, count)
    label_names: dict[int, str] = {}
    done, total = 0, 4 * count * rows * columns * channels
    progress(done, total)
    for index in range(count):
        series = cube.series
        picture = cube if series is None or index == cube.place else series[index]
        for start in range(0, rows, together):
            block = np.moveaxis(
                np.asarray(picture.rows(start, min(start + together, rows)), np.float32), -1, 0
            )
            part = slice(start, start + block.shape[1])
            places: dict[str, tuple[int | slice, ...]] = {
                "t": (index, slice(None), part),
                "z": (slice(None), index, part),
            }
            array[places.get(along, (slice(None), part))] = block
            done += block.nbytes
            progress(done, total)
        maps.add(index, picture)
        label_names |= picture.label_names
    maps.finish(label_names)
    group.attrs.update(_ome(cube))
    if cube.series is not None and cube.series.positions is not None and _step(cube) is None:
        listed = group.create_array(along, data=cube.series.positions)
        listed.attrs["units"] = cube.series.unit


def _axes(cube: SpectralCube) -> tuple[str, ...]:
    """Return the names of the axes, in the order that OME asks for: time, channel, space."""
    if cube.series is None:
        return ("c", "y", "x")
    return ("t", "c", "y", "x") if cube.series.axis == "time" else ("c", "z", "y", "x")


def _step(cube: SpectralCube) -> float | None:
    """Return the distance of neighbouring pictures; None where it is not known or not always the same."""
    positions = None if cube.series is None else cube.series.positions
    steps = np.diff(positions) if positions is not None else np.zeros(0)
    even = (
        steps.size > 0
        and positions is not None
        and positions[0] == 0
        and np.ptp(steps) <= 1e-6 * steps.mean()
    )
    return float(steps.mean()) if even else None


class _Maps:
    """Writes labels and oxygenation of the pictures; only where the first picture with a map begins is it made."""

    def __init__(self, group: Any, along: str, count: int) -> None:
        self._group, self._along, self._count = group, along, count
        self._arrays: dict[str, Any] = {}

    def add(self, index: int, picture: SpectralCube) -> None:
        for name, values in ((LABELS, picture.labels), (OXYGENATION, picture.oxygenation)):
            if values is None:
                continue
            array = self._arrays.get(name)
            if array is None:
                array = self._arrays[name] = self._made(name, np.asarray(values))
            array[index if self._along else ...] = values

    def finish(self, names: Mapping[int, str]) -> None:
        if (labels := self._arrays.get(LABELS)) is not None:
            labels.attrs["label_names"] = {str(number): name for number, name in names.items()}

    def _made(self, name: str, like: NDArray[Any]) -> Any:
        axes = (*self._along, "y", "x")
        shape = (*((self._count,) if self._along else ()), *like.shape)
        where = _label_group(self._group, axes) if name == LABELS else self._group
        chunks = (*((1,) if self._along else ()), *like.shape)
        kind, missing = ("int32", -1) if name == LABELS else ("float32", np.nan)
        return where.create_array(
            "0" if name == LABELS else name,
            shape=shape,
            chunks=chunks,
            dtype=kind,
            dimension_names=axes,
            **({"fill_value": missing} if self._along else {}),
        )


def _ome(cube: SpectralCube) -> dict[str, Any]:
    size, step = cube.pixel_size_mm, _step(cube)
    scale = {"y": size[0] if size else 1.0, "x": size[1] if size else 1.0, "t": step or 1.0, "z": step or 1.0}
    described: dict[str, dict[str, str]] = {
        "c": {"type": "channel"},
        "t": {"type": "time", **({"unit": "second"} if step else {})},
        "z": {"type": "space", **({"unit": "millimeter"} if step else {})},
        **{name: {"type": "space", **({"unit": "millimeter"} if size else {})} for name in "yx"},
    }
    names = _axes(cube)
    return {
        "ome": {
            "version": "0.5",
            "multiscales": [
                {
                    "name": cube.name,
                    "axes": [{"name": name, **described[name]} for name in names],
                    "datasets": [
                        {
                            "path": "0",
                            "coordinateTransformations": [
                                {"type": "scale", "scale": [scale.get(name, 1.0) for name in names]}
                            ],
                        }
                    ],
                }
            ],
            "omero": {
                "channels": [
                    {"label": f"{nm:g} nm", "active": place == 0, "color": "FFFFFF"}
                    for place, nm in enumerate(cube.wavelengths_nm)
                ]
            },
        },
        "wavelengths_nm": [float(nm) for nm in cube.wavelengths_nm],
        **({} if cube.bad_bands is None else {"bbl": [int(not bad) for bad in cube.bad_bands]}),
        **({"fwhm": list(widths)} if isinstance(widths := cube.metadata.get("fwhm_nm"), list) else {}),
        OWN: {
            "name": cube.name,
            "modality": cube.modality,
            "domain": cube.domain,
            "origin": cube.origin,
            "quantity": cube.quantity,
            "provenance": _plain(cube.provenance),
            "metadata": _plain({name: value for name, value in cube.metadata.items() if name != "file"}),
        },
    }


def _plain(values: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(dict(values), default=str))


def _label_group(group: Any, axes: Sequence[str]) -> Any:
    """Make the group of the label picture as OME wants it."""
    labels = group.require_group(LABELS)
    labels.attrs["ome"] = {"version": "0.5", "labels": ["structures"]}
    picture = labels.require_group("structures")
    described = [{"name": name, "type": "time" if name == "t" else "space"} for name in axes]
    scale = [{"type": "scale", "scale": [1.0] * len(axes)}]
    picture.attrs["ome"] = {
        "version": "0.5",
        "image-label": {"source": {"image": "../../"}},
        "multiscales": [{"axes": described, "datasets": [{"path": "0", "coordinateTransformations": scale}]}],
    }
    return picture
