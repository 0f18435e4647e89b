"""A transfer as a Python script that makes the same numbers again. No Qt.

The provenance that it follows may come from a foreign file, and the user runs the script: names of options are those
that napari-udt knows, hashes are hexadecimal, and everything else is written as a literal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

import napari_udt
from napari_udt.cube import NAMED, SpectralCube
from napari_udt.errors import SessionError
from napari_udt.io.contract import ReadOptions
from napari_udt.outgoing_text import one_line
from napari_udt.reconstruction.options import ReconstructionOptions

ARGUMENTS = "arguments"  # where a result's provenance keeps what transfer() was called with
_BASELINE = "baseline: "
# The first line of a script says how it is encoded, so that no later comment can (PEP 263).
_ENCODING = "# -*- coding: utf-8 -*-"
_MAX_STEPS = 50
_MAX_NAME = 60  # characters of a file's name
_OPTIONS = frozenset(field.name for field in fields(ReadOptions)) - {"progress"}
_RECONSTRUCTION = frozenset(field.name for field in fields(ReconstructionOptions))


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
        When the cube is no result, its source came from no file, or its provenance is not what napari-udt writes.
    """
    if not is_reproducible(cube):
        raise SessionError(f"{cube.name} is not the result of a transfer; choose a transferred cube.")
    lines = list(_steps(cube.provenance, cube.name))
    return "\n".join(
        [
            _ENCODING,
            _heading(cube),
            "",
            *_imports(lines),
            "",
            *lines,
            f"save_cube(cube, {_target(cube)!r})",
            "",
        ]
    )


def _imports(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines)
    names = ["load_model"] * ("load_model(" in text) + ["open_cube", "save_cube", "transfer"]
    yield f"from napari_udt import {', '.join(names)}"
    if "ReconstructionOptions(" in text:
        yield "from napari_udt.reconstruction.options import ReconstructionOptions"


def _heading(cube: SpectralCube) -> str:
    made_by = cube.provenance
    software = ", ".join(f"{k} {v}" for k, v in _mapping(made_by.get("software")).items())
    made = [cube.name, f"{cube.origin}; research use only, it can hallucinate."]
    if made_by.get("date"):
        made.append(f"First made on {made_by['date']} on {made_by.get('device', 'an unknown device')}")
    made.append(f"with {software or f'napari-udt {napari_udt.__version__}'}.")
    return "\n".join(f"# {one_line(line)}" for line in made)


def _steps(provenance: Mapping[str, Any], name: str, deep: int = 0) -> Iterator[str]:
    """Yield the lines that make ``cube``: its source first, then the transfer."""
    source = _mapping(provenance.get("source"))
    yield from _source_lines(source, name, deep)
    if source.get("name"):
        yield f"cube = cube.with_(name={str(source['name'])!r})"
    if named := _mapping(source.get(NAMED)):
        yield f"cube = cube.with_structures_named({_literal(named, name)})"
    yield from _transfer_lines(provenance, name, deep)
    yield ""


def _source_lines(source: Mapping[str, Any], name: str, deep: int) -> Iterator[str]:
    """Open the source from its file; a result that was in none is made first."""
    earlier, file = _mapping(source.get("provenance")), _mapping(source.get("file"))
    first = _mapping(_mapping(earlier.get("source")).get("file")).get("path")
    if earlier.get("source") and (not file.get("path") or file.get("path") == first):
        if deep == _MAX_STEPS:
            raise SessionError(
                f"{name}: more than {_MAX_STEPS} transfers follow each other; save one between."
            )
        yield from _steps(earlier, str(source.get("name", name)), deep + 1)
        return
    if not file.get("path"):
        raise SessionError(
            f"{name}: its source {source.get('name', '')} came from no file; save it and transfer that."
        )
    if _is_hash(file.get("sha256")):
        yield f"# The file had the SHA-256 {file['sha256']}."
    yield f"cube = open_cube({_opening(file, name)})"


def _opening(file: Mapping[str, Any], name: str) -> str:
    """Return the arguments of ``open_cube`` in a script."""
    parts = [repr(str(file["path"]))]
    if file.get("candidate") is not None:
        parts.append(f"candidate={_literal(file['candidate'], name)}")
    options = _mapping(file.get("options"))
    for option in _known(options, _OPTIONS, name):
        if option == "reconstruction":
            values = _mapping(options[option])
            keywords = (f"{k}={_literal(values[k], name)}" for k in _known(values, _RECONSTRUCTION, name))
            parts.append(f"{option}=ReconstructionOptions({', '.join(keywords)})")
        else:
            parts.append(f"{option}={_literal(options[option], name)}")
    return ", ".join(parts)


def _transfer_lines(provenance: Mapping[str, Any], name: str, deep: int) -> Iterator[str]:
    model, arguments = _mapping(provenance.get("model")), _mapping(provenance.get(ARGUMENTS))
    used = str(model.get("name", ""))
    if used.startswith(_BASELINE):
        yield from _baseline_lines(used.removeprefix(_BASELINE), _mapping(model.get("reference")), deep)
        return
    yield f"model = load_model({used!r})"
    if weights := model.get("weights_sha256"):
        if not _is_hash(weights):
            raise SessionError(
                f"{name}: its provenance names no hash of the model's weights but {one_line(str(weights))[:80]}."
            )
        yield f"if model.spec.weights_sha256 != {weights!r}:"
        yield f"    raise SystemExit({f'The installed model {used} has other weights than the one that was used.'!r})"
    keywords = {"condition": arguments.get("condition", "auto")}
    if not arguments and "unit norm" in str(provenance.get("scale", "")):
        keywords["scale"] = "unit"
    if provenance.get("noise") == "none":
        keywords["noise"] = "none"
    rest = "".join(f", {key}={_literal(value, name)}" for key, value in keywords.items())
    direction, device = str(provenance.get("direction", "sim2real")), str(arguments.get("device", "auto"))
    yield f"cube = transfer(cube, model, {direction!r}, {device!r}{rest})"


def _baseline_lines(method: str, reference: Mapping[str, Any], deep: int) -> Iterator[str]:
    if not reference:
        yield f"cube = transfer(cube, {f'baseline:{method}'!r})"
        return
    yield "source = cube"
    yield from _source_lines(reference, method, deep)
    yield f"cube = transfer(source, {f'baseline:{method}'!r}, reference=cube)"


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else that a file may hold in its place."""
    return value if isinstance(value, Mapping) else {}


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{64}", value) is not None


def _known(values: Mapping[str, Any], names: frozenset[str], cube: str) -> Iterator[str]:
    """Yield the names of options; raises on one that napari-udt does not have."""
    for option in values:
        if option not in names:
            raise SessionError(
                f"{cube}: its provenance names the option {one_line(str(option))[:80]!r}, which napari-udt does not "
                "have; no script is made of it."
            )
        yield option


def _literal(value: Any, cube: str) -> str:
    """Return a value as Python writes it, made of plain numbers, texts, lists and mappings only."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
        return repr(value)
    if isinstance(value, list | tuple):
        items = "".join(f"{_literal(item, cube)}, " for item in value)
        return f"({items.rstrip(' ') if len(value) == 1 else items.removesuffix(', ')})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_literal(k, cube)}: {_literal(v, cube)}' for k, v in value.items())}}}"
    raise SessionError(
        f"{cube}: its provenance holds {type(value).__name__} {one_line(str(value))[:80]} among the options; expected "
        "numbers and texts."
    )


def _target(cube: SpectralCube) -> str:
    kept = "".join(c if c.isalnum() or c in "-_.() " else "-" for c in cube.name)
    return f"{' '.join(kept.split())[:_MAX_NAME].strip() or 'transferred'}.udt.h5"
