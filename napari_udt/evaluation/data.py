"""The data sets of an evaluation, and the check that nothing leaks from training into testing.

All samples that were drawn with one seed belong to one group of animals or people: what is tested must come from another
seed, and from another file, than what was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.dataset import Dataset, load_dataset
from napari_udt.errors import EvaluationError
from napari_udt.files.writing import sha256_of
from napari_udt.models.spec import ModelSpec

SPLIT_RULE = (
    "Test data share neither file (SHA-256) nor seed of the generator with what a classifier, a baseline or a model "
    "was trained on. A seed of the hyperspectral target is another group of animals; a seed of simulated tissues or pictures is "
    "another draw."
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

    def description(self) -> dict[str, Any]:
        """Return what a report says of the file, JSON-serialisable; its folder is left out."""
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "domain": self.dataset.domain,
            "origin": self.dataset.origin,
            "seed": self.dataset.seed,
            "generator": dict(self.dataset.generator),
            "samples": len(self.dataset),
        }


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """The three data sets of an evaluation.

    Parameters
    ----------
    simulated : DataFile
        What is transferred, and what the row "Simulated" is trained on.
    second_train : DataFile
        Target domain: what its own row is trained on, and what baselines match.
    second_test : DataFile
        Target domain, untouched: what every row is tested on.
    """

    simulated: DataFile
    second_train: DataFile
    second_test: DataFile

    @property
    def modality(self) -> str:
        """Modality of all three."""
        return self.simulated.dataset.modality

    @property
    def target(self) -> str:
        """The target domain's name in tables, by its origin: "Target: digital device"."""
        return f"Target: {self.second_test.dataset.origin}"

    def parts(self) -> dict[str, DataFile]:
        """Return the three by name."""
        return {
            "simulated": self.simulated,
            "second_train": self.second_train,
            "second_test": self.second_test,
        }


def load_data(simulated: Path | str, second_train: Path | str, second_test: Path | str) -> EvaluationData:
    """Read the three data sets.

    Raises
    ------
    EvaluationError
        When a file is missing, holds the wrong domain, or the three do not fit each other.
    """
    data = EvaluationData(
        _read(Path(simulated), "simulated"),
        _read(Path(second_train), "second"),
        _read(Path(second_test), "second"),
    )
    for other in (data.second_train, data.second_test):
        _require_fit(data.simulated, other)
    return data


def overlaps(data: EvaluationData, specs: Sequence[ModelSpec]) -> list[str]:
    """Sentences, one for each way in which test data were seen in training; none where all is well."""
    found = []
    if why := _shared(data.second_train.description(), data.second_test.description()):
        found.append(
            f"{data.second_test.path.name} and {data.second_train.path.name}, which classifiers are trained on, "
            f"share their {why}."
        )
    for spec in specs:
        seen = spec.training.get("data", {})
        for part, domain in (("simulated", "simulated"), ("second_test", "second")):
            file = data.parts()[part]
            if domain in seen and (why := _shared(seen[domain], file.description())):
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
        ("wavelengths", same_grid(a.wavelengths_nm, b.wavelengths_nm)),
    ):
        if not same:
            raise EvaluationError(f"{other.path}: its {what} differ from {first.path}; expected the same.")


def require_model_fits(spec: ModelSpec, file: DataFile) -> None:
    """Refuse a model of another modality, other wavelengths or other classes.

    Raises
    ------
    EvaluationError
    """
    if not fits(spec, file.dataset):
        raise EvaluationError(
            f"Model {spec.name!r} is for {spec.modality}, {len(spec.wavelengths_nm)} wavelengths and the classes "
            f"{', '.join(spec.class_names)}; {file.path.name} holds other data: choose a model that fits."
        )


def fits(spec: ModelSpec, dataset: Dataset) -> bool:
    """Whether a model knows the modality, the wavelengths and the classes of a data set."""
    return (
        spec.modality == dataset.modality
        and same_grid(spec.wavelengths_nm, dataset.wavelengths_nm)
        and spec.class_names in ((), dataset.class_names)
    )


def same_grid(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> bool:
    """Whether two sets of wavelengths are the same up to rounding."""
    return len(a) == len(b) and bool(np.allclose(a, b))


def _shared(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Return what two data sets share that separate ones do not: "file", "seed", or nothing."""
    if a["sha256"] == b["sha256"]:
        return "file"
    return "seed" if _stream(a) == _stream(b) else ""


def _stream(data: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what decides the random numbers: generator, domain and seed, whatever the number of samples."""
    return data["generator"].get("name"), data["domain"], data["seed"]
