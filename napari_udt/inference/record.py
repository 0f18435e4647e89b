"""The record of the run in a result, by which a later run recognises that it need not be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError, ModelError
from napari_udt.io import open_cube

KEY = "request"
Record = dict[str, Any]


def fingerprint(path: Path) -> dict[str, int]:
    """Return size and time of the last change of a file (an ENVI header with its data), or of all in a folder."""
    if path.is_dir():
        files = list(path.rglob("*"))
    elif path.suffix.lower() == ".hdr":
        files = [file for file in path.parent.iterdir() if path.stem in (file.name, file.stem)]
    else:
        files = [path, path.with_suffix(".hdr"), path.with_name(path.name + ".hdr")]
    states = [file.stat() for file in files if file.is_file()]
    return {
        "bytes": sum(state.st_size for state in states),
        "modified_ns": max((state.st_mtime_ns for state in states), default=0),
    }


def difference(target: Path, record: Record, source: Path) -> str:
    """Return how an existing result differs from the one that a run would make; empty when it does not.

    Parameters
    ----------
    target : path
        The existing result.
    record : dict
        Input of the run: "input", "options" and, where it is known before, "weights".
    source : path
        The file that is to be transferred.
    """
    try:
        made = open_cube(target, memory_limit_mb=0.0).provenance
    except CubeError as error:
        return f"it cannot be read ({error})"
    earlier = made.get(KEY)
    if not isinstance(earlier, Mapping):
        return "it has no record of how it was made"
    if earlier.get("input") != record["input"] and not _same_bytes(made, earlier, record, source):
        return "it was made from another state of the file"
    if other := _other_options(earlier.get("options"), record["options"]):
        return f"it was made with other options ({other})"
    if _weights_now(made) != made.get("model", {}).get("weights_sha256"):
        return "it was made with other weights of the model"
    return ""


def with_record(moved: SpectralCube, record: Record) -> SpectralCube:
    """Return a result with the record of its run."""
    return moved.with_(provenance={**moved.provenance, KEY: record})


def _same_bytes(made: Mapping[str, Any], earlier: Mapping[str, Any], record: Record, source: Path) -> bool:
    """Whether a file with a new time of change has the same content: it was copied or touched."""
    known = made.get("source", {}).get("file", {}).get("sha256")
    if not known or not source.is_file() or earlier.get("input", {}).get("bytes") != record["input"]["bytes"]:
        return False
    with open(source, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == known


def _other_options(before: Any, now: Mapping[str, Any]) -> str:
    before = before if isinstance(before, Mapping) else {}
    changed = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    return "; ".join(f"{key}: {before.get(key)}, now {now.get(key)}" for key in changed)


def _weights_now(made: Mapping[str, Any]) -> str | None:
    """Return the hash of the present weights of the result's model; None for baselines, which have none."""
    from napari_udt.models.store import list_models, read_spec

    model = made.get("model", {})
    if model.get("kind") == "baseline":
        return None
    wanted = (made.get(KEY) or {}).get("options", {}).get("model")
    specs = {spec.name: spec.weights_sha256 for spec in list_models()}
    name = wanted or model.get("name")
    if name in specs:
        return specs[name]
    try:
        return read_spec(Path(str(name))).weights_sha256
    except ModelError:
        return ""
