"""Catalogue of measures: name, unit, meaning and source of each, from ``catalogue.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from napari_udt.spectral.spectra import Normalisation

Better = Literal["lower", "higher", "near", "none"]
Family = Literal[
    "centres",
    "effect size",
    "correlations",
    "wasserstein",
    "mmd",
    "frechet",
    "manifold",
    "neighbours",
    "classifier",
    "model",
    "pictures",
    "functional",
]

VALUE_UNITS: Mapping[Normalisation, str] = {
    "none": "value",
    "l1": "of the L1 norm",
    "l2": "of the L2 norm",
    "max": "of the maximum",
}


@dataclass(frozen=True)
class Measure:
    """One measure of a group of spectra against a reference.

    Parameters
    ----------
    key : str
        Stable name for files.
    title : str
        Name in tables.
    family : str
        Measures that are computed together.
    better : {"lower", "higher", "near", "none"}
        Direction of agreement; "near": as near to ``ideal`` as possible.
    meaning : str
        One sentence.
    source : str
        Publication.
    unit : str
        "" for a pure number; "{value}" stands for the unit of the normalised spectra.
    ideal : float, optional
        Value of two samples of the same distribution, where there is one.
    """

    key: str
    title: str
    family: Family
    better: Better
    meaning: str
    source: str
    unit: str = ""
    ideal: float | None = None

    def unit_for(self, normalisation: Normalisation, quantity: str = "") -> str:
        """Return the unit of spectra that were normalised in a certain way; ``quantity`` is the cube's."""
        value = quantity if normalisation == "none" and quantity else VALUE_UNITS[normalisation]
        return self.unit.replace("{value}", value)

    @property
    def direction(self) -> str:
        """A few words for the head of a column."""
        match self.better:
            case "near":
                return f"best near {self.ideal:g}"
            case "none":
                return ""
        return f"{self.better} is better"


_ALL = tuple(
    Measure(**entry)
    for entry in tomllib.loads((files(__package__) / "catalogue.toml").read_text("utf-8"))["measure"]
)
MEASURES: tuple[Measure, ...] = tuple(measure for measure in _ALL if measure.family != "pictures")
PICTURE_MEASURES: Mapping[str, Measure] = {m.key: m for m in _ALL if m.family == "pictures"}
CATALOGUE: Mapping[str, Measure] = {measure.key: measure for measure in MEASURES}
FAMILIES: tuple[Family, ...] = tuple(dict.fromkeys(measure.family for measure in MEASURES))
