"""What an evaluation found of one model, in short: ten numbers beside the best row that learns nothing, kept with the model.

The file stands in the model's folder; cards and the Trust dock read it, and compute nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.calibration import SpreadCalibration
from napari_udt.evaluation.card_numbers import NUMBERS, Measurement, auc_of, moved_away
from napari_udt.files.reading import read_text
from napari_udt.files.writing import whole_or_nothing
from napari_udt.models.store import JUDGED

if TYPE_CHECKING:
    from napari_udt.evaluation.run import Evaluation, RowResult

COMMAND = "napari-udt evaluate --model FOLDER --simulated FILE --second-train FILE --second-test FILE -o JSON --cards"
_FORMAT = "napari-udt judgement"
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class CardNumber:
    """One number of a model, beside those of rows that were judged on the same data.

    Parameters
    ----------
    title, short, unit, form : str
        What it is, in a few words too, and how it is written.
    better : {"lower", "higher"}
    model, baseline, simulated, target : Measurement
        Of the model's transfer, of the best row that learns nothing, of the simulated samples as they are, and of the target's
        training samples. NaN where there is none.
    """

    title: str
    short: str
    unit: str
    form: str
    better: Literal["lower", "higher"]
    model: Measurement
    baseline: Measurement
    simulated: Measurement
    target: Measurement

    @property
    def is_worse(self) -> bool:
        """Whether the model is behind the row that learns nothing, as the numbers are written."""
        own, other = (float(f"{m.value:{self.form}}") for m in (self.model, self.baseline))
        return own > other if self.better == "lower" else own < other

    def text(self, measurement: Measurement) -> str:
        """Write a measurement with its interval; a dash where there is none."""
        if not math.isfinite(measurement.value):
            return "–"
        interval = ""
        if math.isfinite(measurement.low):
            interval = f" [{measurement.low:{self.form}}, {measurement.high:{self.form}}]"
        return f"{measurement.value:{self.form}}{interval}{self.unit and ' ' + self.unit}"


@dataclass(frozen=True)
class Judgement:
    """What is kept of an evaluation with a model.

    Parameters
    ----------
    weights_sha256 : str
        Of the weights that were judged.
    data : str
        The data sets in a sentence.
    baseline : str
        Title of the row that learns nothing and is distinguished least from the target.
    numbers : tuple of CardNumber
    moved_away : tuple of str
        Classes whose mean spectrum is further from the target's than before.
    calibration : SpreadCalibration, optional
    held_out : tuple of {"simulated", "target"}
        Of which domains the samples are those that the model's own training held out, which also chose its weights.
    """

    weights_sha256: str
    data: str
    baseline: str
    numbers: tuple[CardNumber, ...]
    moved_away: tuple[str, ...] = ()
    calibration: SpreadCalibration | None = None
    held_out: tuple[str, ...] = ()


def judgement_of(evaluation: Evaluation, model: str) -> Judgement:
    """Take what a card shows from an evaluation.

    Parameters
    ----------
    evaluation : Evaluation
    model : str
        Name of the model's row.

    Raises
    ------
    EvaluationError
        When there is no such row.
    """
    rows = {row.name: row for row in evaluation.rows}
    if model not in rows:
        raise EvaluationError(f"{model}: not among the rows of the evaluation ({', '.join(rows)}).")
    own, simulated, target = rows[model], _only(evaluation, "simulated"), _only(evaluation, "second")
    idle = [row for row in evaluation.rows if row.kind == "baseline" and math.isfinite(auc_of(row))]
    best = min(idle, key=auc_of, default=None)
    found = []
    for spec in NUMBERS[evaluation.modality]:
        values = [spec.of(row) if row else Measurement() for row in (own, best, simulated, target)]
        found.append(CardNumber(spec.title, spec.short, spec.unit, spec.form, spec.better, *values))
    hashes = {entry["name"]: entry["weights_sha256"] for entry in evaluation.provenance["models"]}
    return Judgement(
        hashes[model],
        _data_sentence(evaluation.provenance["data"]),
        best.name if best else "",
        tuple(found),
        moved_away(own, simulated),
        own.calibration,
    )


def save_judgement(judgement: Judgement, folder: Path) -> None:
    """Write the file into a model's folder, whole or not at all."""
    document = {"format": _FORMAT, "format_version": 1, **_plain(asdict(judgement))}
    with whole_or_nothing(folder / JUDGED) as temporary:
        temporary.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_judgement(folder: Path, weights_sha256: str = "") -> Judgement | None:
    """Read the file in a model's folder; None where there is none, or it is of other weights.

    Raises
    ------
    EvaluationError
        When the file is damaged.
    """
    path = folder / JUDGED
    if not path.is_file():
        return None
    try:
        document = json.loads(read_text(path, _MOST_BYTES))
        if weights_sha256 not in ("", document["weights_sha256"]):
            return None
        calibration = document["calibration"]
        return Judgement(
            str(document["weights_sha256"]),
            str(document["data"]),
            str(document["baseline"]),
            tuple(_number(entry) for entry in document["numbers"]),
            tuple(map(str, document["moved_away"])),
            calibration and _calibration(calibration),
            _sides(document.get("held_out", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(
            f"{path}: not a judgement of a model ({error}); make it again with --cards."
        ) from error


def _only(evaluation: Evaluation, kind: str) -> RowResult | None:
    return next((row for row in evaluation.rows if row.kind == kind), None)


def _data_sentence(parts: Mapping[str, Mapping[str, Any]]) -> str:
    words = []
    for part, title in (
        ("simulated", "simulated"),
        ("second_test", "untouched target"),
        ("second_train", "target that rows and classifiers learnt from"),
    ):
        file = parts[part]
        device = file["generator"].get("device")
        words.append(
            f"{title}: {file['samples']} samples, {file['origin']}{(device and f' ({device})') or ''}, seed {file['seed']}"
        )
    return "; ".join(words)


def _number(entry: Mapping[str, Any]) -> CardNumber:
    measured = {
        name: Measurement(*(math.nan if v is None else float(v) for v in entry[name].values()))
        for name in ("model", "baseline", "simulated", "target")
    }
    format(0.0, entry["form"])  # refuse a damaged one here
    return CardNumber(**{k: str(entry[k]) for k in ("title", "short", "unit", "form", "better")}, **measured)  # type: ignore[arg-type]


def _sides(value: Any) -> tuple[str, ...]:
    """Return the domains whose samples were held out; earlier versions wrote whether those of both were."""
    if isinstance(value, bool):
        return ("simulated", "target") if value else ()
    return tuple(map(str, value))


def _calibration(entry: Mapping[str, Any]) -> SpreadCalibration:
    found = SpreadCalibration(**entry)
    return replace(
        found,
        spread=tuple(map(float, found.spread)),
        error=tuple(map(float, found.error)),
        count=int(found.count),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
