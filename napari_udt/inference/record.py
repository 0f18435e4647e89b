"""The record of the run in a result, by which a later run recognises that it need not be made again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube, nested
from napari_udt.errors import CubeError, ModelError
from napari_udt.io import open_cube
from napari_udt.io.contract import reason
from napari_udt.io.recording_files import Fingerprint, recording_fingerprint

KEY = "request"
Record = dict[str, Any]


def state_of(path: Path) -> Record:
    """Return the fingerprint of a recording, all of its files, as it stands in a record."""
    try:
        return recording_fingerprint(path).to_dict()
    except OSError as error:
        raise CubeError(f"{path}: the file cannot be read ({reason(error)}).") from error


def difference(target: Path, record: Record) -> str:
    """Return how an existing result differs from the one that a run would make; empty when it does not.

    Parameters
    ----------
    target : path
        The existing result.
    record : dict
        Input of the run: "input", "options" and, where it is known before, "weights".
    """
    try:
        made = open_cube(target, memory_limit_mb=0.0).provenance
    except CubeError as error:
        return f"it cannot be read ({error})"
    earlier = made.get(KEY)
    if not isinstance(earlier, Mapping):
        return "it has no record of how it was made"
    if not (_same_state(earlier.get("input"), record["input"]) or _same_file(made, record["input"])):
        return "it was made from another state of the file"
    if other := _other_options(earlier.get("options"), record["options"]):
        return f"it was made with other options ({other})"
    if _weights_now(made) != nested(made, "model").get("weights_sha256"):
        return "it was made with other weights of the model"
    return ""


def with_record(moved: SpectralCube, record: Record) -> SpectralCube:
    """Return a result with the record of its run."""
    return moved.with_(provenance={**moved.provenance, KEY: record})


def _same_state(earlier: Any, now: Record) -> bool:
    """Whether two fingerprints are of one state; older records hold size and time of some of the files only."""
    if not isinstance(earlier, Mapping):
        return bool(earlier == now)
    if "sha256" in earlier:
        return not Fingerprint(**now).differs_from(earlier)
    keys = ("bytes", "modified_ns")
    return all(earlier.get(key) == now[key] for key in keys)


def _same_file(made: Mapping[str, Any], now: Record) -> bool:
    """Whether a recording of one file has the content that the result's provenance names, whenever it was changed."""
    known = nested(made, "source", "file").get("sha256")
    return bool(known) and now["files"] == 1 and known == now["sha256"]


def _other_options(before: Any, now: Mapping[str, Any]) -> str:
    before = before if isinstance(before, Mapping) else {}
    changed = [key for key in sorted({*before, *now}) if not _same_option(key, before.get(key), now.get(key))]
    return "; ".join(f"{key}: {before.get(key)}, now {now.get(key)}" for key in changed)


def _same_option(key: str, before: Any, now: Any) -> bool:
    return _same_state(before, now) if key == "reference" and now else bool(before == now)


def _weights_now(made: Mapping[str, Any]) -> str | None:
    """Return the hash of the present weights of the result's model; None for baselines, which have none."""
    from napari_udt.models.store import list_models, read_spec

    model = nested(made, "model")
    if model.get("kind") == "baseline":
        return None
    wanted = nested(made, KEY, "options").get("model")
    specs = {spec.name: spec.weights_sha256 for spec in list_models()}
    name = wanted or model.get("name")
    if isinstance(name, str) and name in specs:
        return specs[name]
    try:
        return read_spec(Path(str(name))).weights_sha256
    except ModelError:
        return ""
