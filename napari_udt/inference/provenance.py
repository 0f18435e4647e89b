"""Where a transferred cube comes from, so that anyone can make it again."""

from __future__ import annotations

import hashlib
import platform
from datetime import UTC, datetime
from typing import Any

import numpy as np

from napari_udt import __version__
from napari_udt.cube import SpectralCube
from napari_udt.models import ModelSpec


def describe_source(cube: SpectralCube) -> dict[str, Any]:
    """Return what identifies the cube that was transferred, with a hash of its values when they are in memory."""
    source: dict[str, Any] = {
        "name": cube.name,
        "domain": cube.domain,
        "origin": cube.origin,
        "shape": list(cube.shape),
    }
    for key in ("path", "sha256"):
        if key in cube.provenance:
            source[key] = cube.provenance[key]
    if not cube.is_lazy:
        source["values_sha256"] = hashlib.sha256(np.ascontiguousarray(cube.data).tobytes()).hexdigest()
    if cube.domain == "transferred":
        source["provenance"] = dict(cube.provenance)
    return source


def describe_run(
    cube: SpectralCube, spec: ModelSpec, *, direction: str, device: str, notes: dict[str, Any]
) -> dict[str, Any]:
    """Return the provenance of a transferred cube; JSON-serialisable."""
    import torch

    return {
        "made_by": "domain transfer with a generative model; research use only, it can hallucinate",
        "model": {
            "name": spec.name,
            "version": spec.version,
            "weights_sha256": spec.weights_sha256,
            "target": spec.target,
        },
        "direction": direction,
        "source": describe_source(cube),
        "device": device,
        **notes,
        "software": {
            "napari-udt": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
