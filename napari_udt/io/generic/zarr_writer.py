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
from napari_udt.io.generic.zarr_metadata import INSTALL, LABELS, OWN, OXYGENATION

_ROWS_AT_ONCE = 64


def write(cubes: Sequence[SpectralCube], path: Path, compress: bool = False, **options: bool) -> None:
    """Write one cube as OME-Zarr 0.5: channel axis first, wavelengths as channel labels and as ``wavelengths_nm``.

    Labels go below ``labels/structures`` with their names; what OME has no place for (domain, quantity, provenance) is under
    ``napari_udt`` in the group's attributes.
    """
    try:
        import zarr
        from zarr.codecs import BloscCodec
    except ImportError as error:
        raise CubeError(f"{path}: to write Zarr, {INSTALL}.") from error
    (cube,) = cubes
    rows, columns, channels = cube.shape
    group = zarr.open_group(str(path), mode="w", zarr_format=3)
    chunk = (1, min(rows, 256), min(columns, 256))
    array = group.create_array(
        "0",
        shape=(channels, rows, columns),
        chunks=chunk,
        dtype="float32",
        dimension_names=("c", "y", "x"),
        compressors=[BloscCodec(cname="zstd", clevel=5)] if compress else "auto",
    )
    for start in range(0, rows, _ROWS_AT_ONCE):
        block = np.asarray(cube.rows(start, min(start + _ROWS_AT_ONCE, rows)), np.float32)
        array[:, start : start + len(block)] = np.moveaxis(block, -1, 0)
    group.attrs.update(_ome(cube))
    if cube.labels is not None:
        _write_labels(group, cube.labels, cube.label_names)
    if cube.oxygenation is not None:
        picture = np.asarray(cube.oxygenation, np.float32)
        stored = group.create_array(
            OXYGENATION, shape=picture.shape, dtype="float32", dimension_names=("y", "x")
        )
        stored[...] = picture


def _ome(cube: SpectralCube) -> dict[str, Any]:
    size = cube.pixel_size_mm
    space = [
        {"name": name, "type": "space", **({"unit": "millimeter"} if size else {})} for name in ("y", "x")
    ]
    return {
        "ome": {
            "version": "0.5",
            "multiscales": [
                {
                    "name": cube.name,
                    "axes": [{"name": "c", "type": "channel"}, *space],
                    "datasets": [
                        {
                            "path": "0",
                            "coordinateTransformations": [
                                {"type": "scale", "scale": [1.0, *(size or (1.0, 1.0))]}
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


def _write_labels(group: Any, values: NDArray[Any], names: Mapping[int, str]) -> None:
    labels = group.require_group(LABELS)
    labels.attrs["ome"] = {"version": "0.5", "labels": ["structures"]}
    picture = labels.require_group("structures")
    picture.attrs["ome"] = {
        "version": "0.5",
        "image-label": {"source": {"image": "../../"}},
        "multiscales": [
            {
                "axes": [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}],
                "datasets": [
                    {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0]}]}
                ],
            }
        ],
    }
    stored = picture.create_array("0", shape=values.shape, dtype="int32", dimension_names=("y", "x"))
    stored[...] = values
    stored.attrs["label_names"] = {str(number): name for number, name in names.items()}
