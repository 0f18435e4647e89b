"""The data sets of an evaluation, and the check that nothing leaks from training into testing.

Whoever was drawn with one seed is one population of animals or people: what is tested must come from another seed,
and from another file, than what was trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.dataset import Dataset, load_dataset
from napari_udt.errors import EvaluationError
from napari_udt.files import sha256_of
from napari_udt.models.spec import ModelSpec

SPLIT_RULE = (
    "Test data share neither file (SHA-256) nor seed of the generator with what a classifier, a baseline or a model "
    "was trained on; a seed is another draw, not another animal or person."
)


@dataclass(frozen=True, eq=False)
class DataFile:
    """A data set with the file that it came from.

    Parameters
    ----------
    path : Path
    sha256 : str
        Of the file.
    dataset : Dataset
    """

    path: Path
    sha256: str
    dataset: Dataset

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the file; without its folder, which is of this machine."""
        return {"file": self.path.name, "sha256": self.sha256, **dataset_facts(self.dataset)}


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """What an evaluation needs.

    Parameters
    ----------
    simulated : DataFile
        What is transferred, and what the row "Simulated" is trained on.
    second_train : DataFile
        Second domain: what the row "Second" is trained on, and what baselines match.
    second_test : DataFile
        Second domain, untouched: what every row is tested on.
    """

    simulated: DataFile
    second_train: DataFile
    second_test: DataFile

    @property
    def modality(self) -> str:
        """Modality of all three."""
        return self.simulated.dataset.modality

    def parts(self) -> dict[str, DataFile]:
        """Return the three by name."""
        return {
            "simulated": self.simulated,
            "second_train": self.second_train,
            "second_test": self.second_test,
        }


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """JSON-serialisable facts of a data set."""
    return {
        "domain": dataset.domain,
        "origin": dataset.origin,
        "seed": dataset.seed,
        "generator": dict(dataset.generator),
        "samples": len(dataset),
    }


def load_data(simulated: Path, second_train: Path, second_test: Path) -> EvaluationData:
    """Read the three data sets.

    Raises
    ------
    EvaluationError
        When a file is missing, holds the wrong domain, or the three do not fit each other.
    """
    data = EvaluationData(
        _read(simulated, "simulated"), _read(second_train, "second"), _read(second_test, "second")
    )
    for other in (data.second_train, data.second_test):
        _require_fit(data.simulated, other)
    return data


def overlaps(data: EvaluationData, specs: Sequence[ModelSpec]) -> list[str]:
    """Sentences, one for each way in which test data were seen in training; none where all is well."""
    found = []
    if why := _shared(data.second_train.facts(), data.second_test.facts()):
        found.append(
            f"{data.second_test.path.name} and {data.second_train.path.name}, which classifiers are trained on, "
            f"share their {why}."
        )
    for spec in specs:
        seen = spec.training.get("data", {})
        for part, domain in (("simulated", "simulated"), ("second_test", "second")):
            file = data.parts()[part]
            if domain in seen and (why := _shared(seen[domain], file.facts())):
                found.append(f"{file.path.name} and the training data of {spec.name} share their {why}.")
    return found


def require_apart(data: EvaluationData, specs: Sequence[ModelSpec], *, allowed: bool = False) -> list[str]:
    """Refuse data that were seen in training, unless they are ``allowed``; return what was found.

    Raises
    ------
    EvaluationError
        When test data overlap with training data and that is not allowed.
    """
    found = overlaps(data, specs)
    if found and not allowed:
        raise EvaluationError(
            f"{' '.join(found)} Scores would be too good: make test data with another seed, or pass --allow-overlap."
        )
    return found


def _read(path: Path, domain: str) -> DataFile:
    if not path.is_file():
        raise EvaluationError(f"{path}: no such file; make it with `napari-udt simulate`.")
    dataset = load_dataset(path)
    if dataset.domain != domain:
        raise EvaluationError(f"{path}: holds the {dataset.domain} domain; expected the {domain} one.")
    return DataFile(path, sha256_of(path), dataset)


def _require_fit(first: DataFile, other: DataFile) -> None:
    a, b = first.dataset, other.dataset
    for what, same in (
        ("modality", a.modality == b.modality),
        ("classes", a.class_names == b.class_names),
        ("wavelengths", _alike(a.wavelengths_nm, b.wavelengths_nm)),
    ):
        if not same:
            raise EvaluationError(f"{other.path}: its {what} differ from {first.path}; expected the same.")


def require_model_fits(spec: ModelSpec, file: DataFile) -> None:
    """Refuse a model of another modality, other wavelengths or other classes.

    Raises
    ------
    EvaluationError
    """
    dataset = file.dataset
    fits = (
        spec.modality == dataset.modality
        and _alike(np.array(spec.wavelengths_nm), dataset.wavelengths_nm)
        and (not spec.class_names or spec.class_names == dataset.class_names)
    )
    if not fits:
        raise EvaluationError(
            f"Model {spec.name!r} is for {spec.modality}, {len(spec.wavelengths_nm)} wavelengths and the classes "
            f"{', '.join(spec.class_names)}; {file.path.name} holds other data: choose a model that fits."
        )


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    return len(a) == len(b) and bool(np.allclose(a, b))


def _shared(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Return what two data sets share that separate ones do not: "file", "seed", or nothing."""
    return next(_shared_things(a, b), "")


def _shared_things(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    if a["sha256"] == b["sha256"]:
        yield "file"
    if _stream(a) == _stream(b):
        yield "seed"


def _stream(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what decides the random numbers: the generator, the domain and the seed, whatever the number of samples."""
    return facts["generator"].get("name"), facts["domain"], facts["seed"]
