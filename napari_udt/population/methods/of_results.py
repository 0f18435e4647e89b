"""Results of evaluations, as files, side by side: a matrix of methods and the ten numbers of a card."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_udt.cube import nested
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.card_numbers import NUMBERS
from napari_udt.evaluation.results_file import FORMAT
from napari_udt.files.reading import read_text
from napari_udt.population.methods.matrix import Cell, Entry, Kind, Method, MethodMatrix, Quality, merged

_MOST_BYTES = 64 * 2**20
_KINDS: dict[str, Kind] = {
    "second": "target",
    "simulated": "simulated",
    "baseline": "baseline",
    "model": "model",
}
# A cost is that of a camera's picture of some hundred thousand spectra, or of one photoacoustic picture at all wavelengths.
_SAMPLES = {"HSI": 100_000, "PAT": 1}
_COSTS = {
    modality: (
        Quality(
            "processor time", f"processor time for {what}", "processor time", "lower", ".3g", f"s/{unit}"
        ),
        Quality("memory", "memory on top of what was there before", "memory", "lower", ".0f", "MB"),
    )
    for modality, what, unit in (
        ("HSI", "100,000 spectra", "100,000 spectra"),
        ("PAT", "one picture", "picture"),
    )
}
_COST_NOTE = "Processor time and memory of the transfer itself on the machine that evaluated; a GPU's are not in them; few samples make the beginning count."
_SPREAD_NOTE = (
    "Several trainings or sets of test data of a method: the mean, and in brackets the smallest and the largest value. "
    "Else the 95 % interval over pictures or animals."
)


def read_results(path: Path) -> dict[str, Any]:
    """Return the document of a results file.

    Raises
    ------
    EvaluationError
        When it is no such file, or was written without the numbers of cards.
    OSError
        When it cannot be read.
    """
    try:
        document = json.loads(read_text(path, _MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise EvaluationError(
            f"{path.name}: this is no JSON; expected the results of napari-udt evaluate."
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EvaluationError(
            f"{path.name}: these are no results of an evaluation; make them with napari-udt evaluate -o {path.name}."
        )
    rows = document.get("rows")
    if (
        not isinstance(rows, list)
        or not rows
        or document.get("modality") not in NUMBERS
        or not all(isinstance(row, dict) and isinstance(row.get("numbers"), dict) for row in rows)
    ):
        raise EvaluationError(
            f"{path.name}: the results lack the numbers that methods are compared by, as those of earlier versions do; "
            "run napari-udt evaluate again."
        )
    return document


def matrix_of_files(paths: Sequence[Path]) -> MethodMatrix:
    """Return the matrix of one or several results files; trainings of one configuration with other seeds are one method.

    Raises
    ------
    EvaluationError
        When a file holds no results, or the files are of several modalities.
    OSError
        When a file cannot be read.
    """
    documents = {path.name: read_results(path) for path in paths}
    if len({document["modality"] for document in documents.values()}) != 1:
        raise EvaluationError("The results are of HSI and of PAT; compare those of one modality.")
    methods = _names_of_methods(documents.values())
    return merged([_matrix(document, name, methods) for name, document in documents.items()])


def _matrix(document: Mapping[str, Any], file: str, methods: Mapping[str, str]) -> MethodMatrix:
    modality = str(document["modality"])
    data = nested(document, "data")
    tested = f"{file}, test seed {nested(data, 'second_test').get('seed', '?')}"
    origins: dict[Kind, str] = {
        "target": str(nested(data, "second_test").get("origin", "")),
        "simulated": "simulated",
    }
    rows = []
    for row in document["rows"]:
        kind = _KINDS.get(str(row.get("kind")), "baseline")
        name = str(row.get("name", ""))
        of = f"{name} on {tested}"
        cells = {spec.short: _cell(row["numbers"].get(spec.short), of) for spec in NUMBERS[modality]}
        cells |= _costs(nested(row, "cost"), of, modality)
        shown = methods.get(name, name) if kind == "model" else name
        rows.append(Method(shown, kind, cells, int(kind == "model"), origins.get(kind, "transferred")))
    simulated, second = (nested(data, part) for part in ("simulated", "second_test"))
    notes = (
        f"{file}: {simulated.get('samples', '?')} simulated samples (seed {simulated.get('seed', '?')}) against "
        f"{second.get('samples', '?')} of the target (seed {second.get('seed', '?')}, {second.get('origin', '?')}), computed here.",
        _SPREAD_NOTE,
        _COST_NOTE,
    )
    return MethodMatrix(modality, (*_qualities(modality), *_COSTS[modality]), tuple(rows), notes)


def _qualities(modality: str) -> Iterator[Quality]:
    for spec in NUMBERS[modality]:
        yield Quality(spec.short, spec.title, spec.short, spec.better, spec.form, spec.unit)


def _cell(number: Any, of: str) -> Cell:
    """Return a cell; an empty one where the file holds anything but numbers."""
    value = _number(nested({"n": number}, "n").get("value"))
    if not math.isfinite(value):
        return Cell()
    classes = {str(k): _number(v) for k, v in nested({"n": number}, "n", "classes").items()}
    return Cell((Entry(value, _number(number.get("low")), _number(number.get("high")), of),), classes)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _costs(cost: Mapping[str, Any], of: str, modality: str) -> dict[str, Cell]:
    seconds, memory = _number(cost.get("seconds")), _number(cost.get("memory_bytes"))
    samples = _SAMPLES[modality]
    found = {"processor time": seconds * samples, "memory": memory / 2**20}
    return {key: Cell((Entry(value, of=of),)) for key, value in found.items() if math.isfinite(value)}


def _names_of_methods(documents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what each model is called: its configuration where several seeds of that were trained, else its own name."""
    trained: dict[str, dict[str, object]] = {}
    for document in documents:
        models = document.get("models")
        for model in models if isinstance(models, list) else ():
            name, configuration = (
                str(nested({"m": model}, "m").get(k) or "") for k in ("name", "configuration")
            )
            if name and configuration:
                trained.setdefault(configuration, {})[name] = model.get("seed")
    return {
        name: configuration
        for configuration, seeds in trained.items()
        for name in seeds
        if len(seeds) > 1 and len(set(map(str, seeds.values()))) == len(seeds)
    }
