"""Provenance of transferred cubes: everything needed to repeat the transfer."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.cube import NAMED, SpectralCube, nested
from napari_udt.inference.devices import processor_name
from napari_udt.inference.from_labels import MADE_BY
from napari_udt.models import ModelSpec
from napari_udt.version import __version__

# Hashing reads about 1 GB/s: a longer file would hold the result up for seconds.
_LARGEST_HASHED = 2**30


def describe_source(cube: SpectralCube) -> dict[str, Any]:
    """Return what identifies the cube that was transferred, with a hash of its values when they are in memory."""
    source: dict[str, Any] = {
        "name": cube.name,
        "domain": cube.domain,
        "origin": cube.origin,
        "shape": list(cube.shape),
    }
    if cube.series is not None:
        source |= {"series": cube.series.axis, "place": cube.place, "pictures": len(cube.series)}
    if file := nested(cube.metadata, "file"):
        source["file"] = _file(file)
    if named := nested(cube.metadata, NAMED):
        source[NAMED] = dict(named)
    if not cube.is_lazy:
        source["values_sha256"] = hashlib.sha256(np.ascontiguousarray(cube.data).tobytes()).hexdigest()
    if cube.domain == "transferred":
        source["provenance"] = dict(cube.provenance)
    return source


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a cube was opened from, with the file's hash unless it is too long to read again."""
    origin: dict[str, Any] = {key: str(file[key]) for key in ("path", "format", "candidate") if file.get(key)}
    if file.get("options"):
        origin["options"] = dict(file["options"])
    path = Path(origin.get("path", ""))
    if path.is_file() and (state := path.stat()).st_size <= _LARGEST_HASHED:
        origin["sha256"] = _sha256(path, state.st_size, state.st_mtime_ns)
    return origin


@lru_cache(maxsize=16)
def _sha256(path: Path, _size: int, _modified_ns: int) -> str:
    """Return the hash of a file in a certain state, read once for all pictures of a series."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe_run(
    cube: SpectralCube, spec: ModelSpec, *, direction: str, device: str, notes: dict[str, Any]
) -> dict[str, Any]:
    """Return the provenance of a transferred cube; JSON-serialisable."""
    import torch

    return {
        "made_by": MADE_BY
        if spec.from_labels
        else "domain transfer with a generative model; research use only, it can hallucinate",
        "model": {
            "name": spec.name,
            "kind": spec.kind,
            "version": spec.version,
            "weights_sha256": spec.weights_sha256,
            "target": spec.target,
        },
        "direction": direction,
        "source": describe_source(cube),
        "device": device,
        **notes,
        **_when_and_with(torch=torch.__version__),
    }


def describe_baseline(
    cube: SpectralCube, method: str, reference: SpectralCube | None, notes: dict[str, Any]
) -> dict[str, Any]:
    """Return the provenance of a cube that a baseline made; JSON-serialisable.

    Without a reference (identity only) the target is the source's own domain.
    """
    target = cube if reference is None else reference
    return {
        "made_by": "baseline without a network: statistics of a reference, nothing learned; research use only",
        "model": {
            "name": f"baseline: {method}",
            "kind": "baseline",
            "target": target.origin,
            "reference": reference and describe_source(reference),
        },
        "direction": f"{cube.domain} to {target.domain}",
        "source": describe_source(cube),
        "device": processor_name(),
        **notes,
        **_when_and_with(**{"scikit-image": version("scikit-image")}),
    }


def _when_and_with(**libraries: str) -> dict[str, Any]:
    """Return the time and the versions of the software."""
    own = {"napari-udt": __version__, **libraries, "numpy": np.__version__}
    return {
        "software": {**own, "python": platform.python_version()},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
