"""A transfer as a Python script that makes the same numbers again. No Qt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import napari_udt
from napari_udt.cube import SpectralCube
from napari_udt.errors import SessionError

ARGUMENTS = "arguments"  # where a result's provenance keeps what transfer() was called with
_BASELINE = "baseline: "


def is_reproducible(cube: SpectralCube) -> bool:
    """Whether :func:`transfer_script` works for this cube."""
    return cube.domain == "transferred" and isinstance(cube.provenance.get("source"), Mapping)


def transfer_script(cube: SpectralCube) -> str:
    """Return a script that opens the source, transfers it as it was done, and saves the result.

    Parameters
    ----------
    cube : SpectralCube
        A transferred cube, fresh or opened from a file: the script follows from its provenance. A result of a result
        takes all the steps.

    Raises
    ------
    SessionError
        When the cube is no result, or its source came from no file.
    """
    if not is_reproducible(cube):
        raise SessionError(f"{cube.name} is not the result of a transfer; choose a transferred cube.")
    lines = list(_steps(cube.provenance, cube.name))
    return "\n".join(
        [_heading(cube), "", *_imports(lines), "", *lines, f"save_cube(cube, {_target(cube)!r})", ""]
    )


def _imports(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines)
    names = ["load_model"] * ("load_model(" in text) + ["open_cube", "save_cube", "transfer"]
    yield f"from napari_udt import {', '.join(names)}"
    if "ReconstructionOptions(" in text:
        yield "from napari_udt.reconstruction.options import ReconstructionOptions"


def _heading(cube: SpectralCube) -> str:
    made_by = cube.provenance
    software = ", ".join(f"{k} {v}" for k, v in (made_by.get("software") or {}).items())
    made = [f"# {' '.join(cube.name.split())}", f"# {cube.origin}; research use only, it can hallucinate."]
    if made_by.get("date"):
        made.append(f"# First made on {made_by['date']} on {made_by.get('device', 'an unknown device')}")
    made.append(f"# with {software or f'napari-udt {napari_udt.__version__}'}.")
    return "\n".join(" ".join(line.split()) for line in made)


def _steps(provenance: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield the lines that make ``cube``: its source first, then the transfer."""
    source = provenance["source"]
    yield from _source_lines(source, name)
    if source.get("name"):
        yield f"cube = cube.with_(name={str(source['name'])!r})"
    yield from _transfer_lines(provenance)
    yield ""


def _source_lines(source: Mapping[str, Any], name: str) -> Iterator[str]:
    """Open the source from its file; a result that was in none is made first."""
    earlier = source.get("provenance") or {}
    file = source.get("file") or {}
    first = ((earlier.get("source") or {}).get("file") or {}).get("path")
    if earlier.get("source") and (not file.get("path") or file.get("path") == first):
        yield from _steps(earlier, str(source.get("name", name)))
        return
    if not file.get("path"):
        raise SessionError(
            f"{name}: its source {source.get('name', '')} came from no file; save it and transfer that."
        )
    if file.get("sha256"):
        yield f"# The file had the SHA-256 {file['sha256']}."
    yield f"cube = open_cube({_opening(file)})"


def _opening(file: Mapping[str, Any]) -> str:
    """Return the arguments of ``open_cube`` in a script."""
    parts = [repr(str(file["path"]))]
    if file.get("candidate") is not None:
        parts.append(f"candidate={file['candidate']!r}")
    for name, value in (file.get("options") or {}).items():
        if name == "reconstruction":
            parts.append(f"{name}=ReconstructionOptions({_keywords(value)})")
        else:
            parts.append(f"{name}={value!r}")
    return ", ".join(parts)


def _keywords(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={tuple(v) if isinstance(v, list) else v!r}" for k, v in values.items())


def _transfer_lines(provenance: Mapping[str, Any]) -> Iterator[str]:
    model, arguments = provenance.get("model") or {}, provenance.get(ARGUMENTS) or {}
    name = str(model.get("name", ""))
    if name.startswith(_BASELINE):
        yield from _baseline_lines(name.removeprefix(_BASELINE), model.get("reference"))
        return
    yield f"model = load_model({name!r})"
    if model.get("weights_sha256"):
        yield f"if model.spec.weights_sha256 != {model['weights_sha256']!r}:"
        yield f"    raise SystemExit({f'The installed model {name} has other weights than the one that was used.'!r})"
    keywords = {"condition": arguments.get("condition", "auto")}
    if not arguments and "unit norm" in str(provenance.get("scale", "")):
        keywords["scale"] = "unit"
    if provenance.get("noise") == "none":
        keywords["noise"] = "none"
    rest = "".join(f", {key}={value!r}" for key, value in keywords.items())
    yield f"cube = transfer(cube, model, {provenance.get('direction', 'sim2real')!r}, {arguments.get('device', 'auto')!r}{rest})"


def _baseline_lines(method: str, reference: Any) -> Iterator[str]:
    if not reference:
        yield f"cube = transfer(cube, {f'baseline:{method}'!r})"
        return
    yield "source = cube"
    yield from _source_lines(reference, method)
    yield f"cube = transfer(source, {f'baseline:{method}'!r}, reference=cube)"


def _target(cube: SpectralCube) -> str:
    kept = "".join(c if c.isalnum() or c in "-_.() " else "-" for c in cube.name)
    return f"{' '.join(kept.split()) or 'transferred'}.udt.h5"
