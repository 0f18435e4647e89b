"""Transfers as a Python script that makes the same numbers again, and their figures. No Qt.

The provenance that it follows may come from a foreign file, and the user runs the script: names of options are those
that napari-udt knows, hashes are hexadecimal, and everything else is written as a literal.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

import napari_udt
from napari_udt.cube import NAMED, SpectralCube
from napari_udt.errors import SessionError
from napari_udt.inference.job import is_at_unit_scale
from napari_udt.io.contract import ReadOptions
from napari_udt.outgoing_text import one_line
from napari_udt.population.groups import PART_OF_DOMAIN
from napari_udt.reconstruction.options import ReconstructionOptions

ARGUMENTS = "arguments"  # where a result's provenance keeps what transfer() was called with
_BASELINE = "baseline: "
# The first line of a script says how it is encoded, so that no later comment can (PEP 263).
_ENCODING = "# -*- coding: utf-8 -*-"
_MAX_STEPS = 50
_REPORT = "figures.html"
_MAX_NAME = 60  # characters of a file's name
_OPTIONS = frozenset(field.name for field in fields(ReadOptions)) - {"progress", "lazily"}
_RECONSTRUCTION = frozenset(field.name for field in fields(ReconstructionOptions))


def is_reproducible(cube: SpectralCube) -> bool:
    """Whether :func:`transfer_script` works for this cube."""
    return cube.domain == "transferred" and isinstance(cube.provenance.get("source"), Mapping)


def transfer_script(*cubes: SpectralCube) -> str:
    """Return a script that opens the sources, transfers them as it was done, and saves the results.

    Paths in it are absolute: it works from any folder, into which it writes. With a cube of the target domain among the cubes it
    also writes the report with the figures and measures of all of them.

    Parameters
    ----------
    *cubes : SpectralCube
        Transferred cubes, fresh or opened from a file: the script follows from their provenance. A result of a result
        takes all the steps. Other cubes are opened, for the figures.

    Raises
    ------
    SessionError
        When no cube is a result, a source came from no file, or a provenance is not what napari-udt writes.
    """
    results = [cube for cube in cubes if is_reproducible(cube)]
    if not results:
        raise SessionError(f"{cubes[0].name} is not the result of a transfer; choose a transferred cube.")
    lines = list(_results(results, keep=len(cubes) > 1)) + list(_figures(cubes, results))
    return "\n".join([_ENCODING, *map(_heading, results), "", *_imports(lines), "", *lines, ""])


def _results(results: Sequence[SpectralCube], *, keep: bool) -> Iterator[str]:
    """Yield the lines that make and save each result; a source that several have in common is opened once."""
    shared: list[str] = []
    for number, cube in enumerate(results, start=1):
        opening = list(_opened_source(cube.provenance, cube.name, 0))
        if opening != shared:
            yield from opening
            if len(results) > 1:
                yield "original = cube"
        else:
            yield "cube = original"
        shared = opening
        yield from _transfer_lines(cube.provenance, cube.name, 0)
        yield f"save_cube(cube, {_target(cube)!r})"
        if keep:
            yield f"result_{number} = cube"
        yield ""


def _figures(cubes: Sequence[SpectralCube], results: Sequence[SpectralCube]) -> Iterator[str]:
    """Yield the lines that compare all cubes in a report, where one of them is of the target domain."""
    parts = [PART_OF_DOMAIN.get(cube.domain) for cube in cubes]
    if "real" not in parts or len(cubes) < 2:
        return
    names = {id(cube): f"result_{number}" for number, cube in enumerate(results, start=1)}
    groups = []
    for number, (cube, part) in enumerate(zip(cubes, parts, strict=True), start=1):
        if part is None:
            continue
        if id(cube) not in names:
            source = {"file": cube.metadata.get("file"), "name": cube.name, NAMED: cube.metadata.get(NAMED)}
            yield from _opened(source, cube.name, 0)
            yield f"cube_{number} = cube"
            names[id(cube)] = f"cube_{number}"
        groups.append(f"    ({cube.name!r}, {part!r}, {names[id(cube)]}),")
    yield ""
    yield "groups = ["
    yield from groups
    yield "]"
    yield f"write_report(population_of_cubes(groups), {_REPORT!r})"


def _imports(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines)
    names = ["load_model"] * ("load_model(" in text) + ["open_cube", "save_cube", "transfer"]
    yield f"from napari_udt import {', '.join(names)}"
    if "population_of_cubes(" in text:
        yield "from napari_udt.population.groups import population_of_cubes"
        yield "from napari_udt.population.report import write_report"
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


def _steps(provenance: Mapping[str, Any], name: str, deep: int) -> Iterator[str]:
    """Yield the lines that make ``cube``: its source first, then the transfer."""
    yield from _opened_source(provenance, name, deep)
    yield from _transfer_lines(provenance, name, deep)
    yield ""


def _opened_source(provenance: Mapping[str, Any], name: str, deep: int) -> Iterator[str]:
    return _opened(_mapping(provenance.get("source")), name, deep)


def _opened(source: Mapping[str, Any], name: str, deep: int) -> Iterator[str]:
    yield from _source_lines(source, name, deep)
    if source.get("name"):
        yield f"cube = cube.with_(name={str(source['name'])!r})"
    if named := _mapping(source.get(NAMED)):
        yield f"cube = cube.with_structures_named({_literal(named, name)})"


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
    if isinstance(_mapping(file.get("options")).get("frame"), int) and not source.get("series"):
        yield "cube = cube.with_(series=None, place=0)  # this picture alone"


def _opening(file: Mapping[str, Any], name: str) -> str:
    """Return the arguments of ``open_cube`` in a script."""
    parts = [repr(os.path.abspath(str(file["path"])))]
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
    if not arguments and is_at_unit_scale(provenance):
        keywords["scale"] = "unit"
    if provenance.get("noise") == "none":
        keywords["noise"] = "none"
    keywords |= {key: provenance[key] for key in ("seed", "steps") if isinstance(provenance.get(key), int)}
    if provenance.get("deformed") is True:
        keywords["deformed"] = True
    if isinstance(truncation := provenance.get("truncation"), int | float):
        keywords["truncation"] = truncation
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
