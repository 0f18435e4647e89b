"""PAT images in the layout of the UDT-cINN paper's archive (Dreher et al., MICCAI 2023): one ``.npz`` per image.

``reconstruction`` (channels, depth, lateral), optional ``segmentation`` and ``oxygenation`` (depth, lateral), also with a
leading axis of length one. Sixteen channels stand for 700 to 850 nm in steps of 10. :func:`write` adds ``wavelengths_nm``
and ``description`` (JSON), which readers of the original layout ignore.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.description import described, description_text
from napari_udt.io.extras import Extras
from napari_udt.io.generic.numpy_files import ZIP_MAGIC, Npz, starts_with
from napari_udt.io.lazy import ArraySource, LazyCube

WAVELENGTHS_NM = np.arange(700.0, 851.0, 10.0)
CLASS_NAMES = {**{i: f"class {i}" for i in range(7)}, 5: "vein", 6: "artery"}

_CONFIG_BYTES = 1_000_000
_CONFIG_KEYS = ("dims", "mean", "std", "n_classes", "class_prevalences")


def sniff(path: Path) -> Match:
    """Whether the archive holds a ``reconstruction`` with three axes."""
    if not starts_with(path, ZIP_MAGIC):
        return Match.NO
    npz = Npz(path)
    found = npz.headers.get("reconstruction")
    if found is None or len(found.shape) != 3:
        return Match.NO
    known = found.shape[0] == len(WAVELENGTHS_NM) or "wavelengths_nm" in npz
    return Match.YES if known else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the one image of the archive."""
    return [Candidate("reconstruction", partial(_read, path, options))]


def write(cubes: Sequence[SpectralCube], path: Path, compress: bool = False) -> None:
    """Write one cube in the layout, at a path that is not protected against a half-written end (see ``save_cube``)."""
    (cube,) = cubes
    arrays: dict[str, Any] = {
        "reconstruction": np.moveaxis(cube.rows(0, cube.shape[0]), 2, 0),
        "wavelengths_nm": cube.wavelengths_nm,
        "description": np.array(description_text(cube)),
    }
    if cube.labels is not None:
        arrays["segmentation"] = cube.labels
    if cube.oxygenation is not None:
        arrays["oxygenation"] = cube.oxygenation
    with open(path, "wb") as file:
        (np.savez_compressed if compress else np.savez)(file, allow_pickle=False, **arrays)


def _read(path: Path, options: ReadOptions) -> SpectralCube:
    npz = Npz(path, options)
    description = described(npz.text("description"), path)
    data = LazyCube(ArraySource(npz.numbers("reconstruction")), (1, 2, 0))
    extras = Extras(path, data.shape[:2])
    names = description.get("label_names", CLASS_NAMES)
    extras.labels(lambda: _picture(npz, "segmentation", data.shape[:2], path), names, "segmentation")
    extras.oxygenation(lambda: _picture(npz, "oxygenation", data.shape[:2], path))
    wavelengths, assumed = _wavelengths(npz, data.shape[2])
    extra: dict[str, Any] = {
        "modality": "PAT",
        "quantity": "reconstructed photoacoustic signal [a.u.]",
        "metadata": {"assumed": assumed, **_data_config(path)} if not description else {},
        **description,
    }
    return assemble(
        path,
        options,
        data,
        wavelengths_nm=wavelengths,
        extras=extras,
        **extra,
    )


def _wavelengths(npz: Npz, channels: int) -> tuple[NDArray[Any] | None, dict[str, str]]:
    """Return the wavelengths, and a remark when they follow from the number of channels only."""
    if "wavelengths_nm" in npz:
        return npz.numbers("wavelengths_nm"), {}
    if channels == len(WAVELENGTHS_NM):
        return WAVELENGTHS_NM, {"wavelengths_nm": "700 to 850 nm in steps of 10, as in the paper"}
    return None, {}


def _picture(npz: Npz, name: str, shape: tuple[int, ...], path: Path) -> NDArray[Any] | None:
    if name not in npz:
        return None
    stored = npz.headers[name].shape
    if stored not in (shape, (1, *shape)):
        raise CubeError(f"{path}: {name} has shape {stored}; expected {shape} as the reconstruction.")
    return npz.numbers(name).reshape(shape)


def _data_config(path: Path) -> dict[str, Any]:
    """Return the plain numbers of the ``data_config.yaml`` beside an image, for the metadata."""
    config = path.with_name("data_config.yaml")
    if not config.is_file() or config.stat().st_size > _CONFIG_BYTES:
        return {}
    try:
        stored = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}  # it only adds remarks: a damaged one must not keep the image from opening
    if not isinstance(stored, dict):
        return {}
    kept = {key: stored[key] for key in _CONFIG_KEYS if key in stored and _is_plain(stored[key])}
    return {"data_config": json.loads(json.dumps(kept))} if kept else {}  # keys become text, as in every file


def _is_plain(value: Any) -> bool:
    """Whether a value is a number, or a short list of numbers or mapping of class numbers to numbers."""
    if isinstance(value, dict):
        return all(isinstance(key, (int, str)) for key in value) and _is_plain(list(value.values()))
    values = value if isinstance(value, list) else [value]
    return len(values) < 100 and all(isinstance(v, (int, float)) for v in values)
