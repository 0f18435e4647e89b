"""Specification of a transfer model: everything but the weights."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from napari_udt.cube import MODALITIES, Modality
from napari_udt.errors import ModelError

Kind = Literal["cinn", "unit", "cyclegan", "flow_matching", "syndiff", "dicyclegan", "label_to_image"]
Condition = Literal["class", "domain", "none"]
SpectrumNorm = Literal["l2", "none"]
Intensity = Literal["linear", "asinh", "softplus"]
Target = Literal[
    "measured",
    "drawn from measured statistics",
    "digital device",
    "simulated",
    "target domain (not measured)",
    "origin unknown",
]

FORMAT = "napari-udt model"
VERSION = 1

BRIDGE = "bridge_noise"  # in the architecture of flow matching
_MAX_SPECKLE = 100

_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "modality": MODALITIES,
    "condition": get_args(Condition),
    "spectrum_norm": get_args(SpectrumNorm),
    "intensity": get_args(Intensity),
    "target": get_args(Target),
}


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Description of a transfer model.

    Parameters
    ----------
    name : str
        Letters, digits, dots, dashes and underscores: also the name of the model's folder.
    title : str
        What people read.
    kind : {"cinn", "unit", "cyclegan", "flow_matching", "syndiff", "dicyclegan", "label_to_image"}
        The last one makes pictures from labels alone, see :mod:`napari_udt.models.label_to_image`; all others move samples.
    modality : {"HSI", "PAT"}
    wavelengths_nm : tuple of float
        Strictly increasing, one per channel.
    class_names : tuple of str
        Tissue classes in the order of the one-hot condition.
    condition : {"class", "domain", "none"}
        What the network is conditioned on; "class" means class and, for the cINN, domain.
    spectrum_norm : {"l2", "none"}
        Whether each spectrum is divided by its L2 norm before standardisation.
    intensity : {"linear", "asinh", "softplus"}
        How values are compressed before they are standardised, see :mod:`napari_udt.models.intensity`; PAT only.
    intensity_scales : mapping of {"simulated", "real"} to float
        The scale of each domain, in its raw units; empty where the intensity is linear.
    statistics : mapping of {"simulated", "real"} to (mean, std)
        Scalars of the standardisation, of compressed values where the intensity is not linear; "real" is the target domain also when stand-in data were used.
    label_noise_level, domain_noise : float
        Upper bounds of the training noise on class and domain entries.
    input_noise : float
        Standard deviation, in normalised units, of the noise that a simulated sample may get before it is encoded, as in
        training, because the simulation itself has none; see :mod:`napari_udt.models.noise`. 0 where that makes no sense.
    speckle : float
        Strength of the speckle that such a picture gets too, in units of its compression's scale; where values are compressed only.
    clutter : float
        How much of that speckle has the spectrum of the picture's brightest part, the skin, and not that of the place: 0 to 1.
    noise_profile : tuple of float
        Standard deviation, from the top of such a picture to its bottom, of noise that every wavelength gets by itself, in units of the
        compression's scale; empty for none.
    noise_variation : float
        Standard deviation, from picture to picture, of the logarithm of the strength of ``input_noise`` and ``noise_profile``; PAT only.
    architecture : mapping
        Plain numbers, enough to build the network; see :func:`napari_udt.models.build.build_network`.
    training : mapping
        Data, seeds, hardware, time and metrics of the training; JSON-serialisable.
    target : one of ``Target``
        What the real side of the training data really was.
    licence, source, card, version : str
        ``card`` is the text of the model card.
    weights_sha256 : str
        Hash of the weights file, filled in by :func:`napari_udt.models.store.save_model`.

    Raises
    ------
    ModelError
        When a field is missing its meaning: one sentence that names it.
    """

    name: str
    title: str
    kind: Kind
    modality: Modality
    wavelengths_nm: tuple[float, ...]
    class_names: tuple[str, ...]
    condition: Condition
    spectrum_norm: SpectrumNorm
    statistics: Mapping[str, tuple[float, float]]
    label_noise_level: float
    domain_noise: float = 0.1
    input_noise: float = 0.0
    speckle: float = 0.0
    clutter: float = 0.0
    noise_profile: tuple[float, ...] = ()
    noise_variation: float = 0.0
    intensity: Intensity = "linear"
    intensity_scales: Mapping[str, float] = field(default_factory=dict)
    architecture: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    target: Target = "measured"
    licence: str = ""
    source: str = ""
    card: str = ""
    version: str = "1"
    weights_sha256: str = ""

    def __post_init__(self) -> None:
        put = object.__setattr__  # the class is frozen
        try:
            put(self, "wavelengths_nm", tuple(float(w) for w in self.wavelengths_nm))
            put(self, "class_names", tuple(str(name) for name in self.class_names))
            put(self, "statistics", {k: (float(m), float(s)) for k, (m, s) in dict(self.statistics).items()})
            put(self, "noise_profile", tuple(float(value) for value in self.noise_profile))
            put(self, "intensity_scales", {k: float(v) for k, v in dict(self.intensity_scales).items()})
            put(self, "architecture", json.loads(json.dumps(dict(self.architecture))))
            put(self, "training", json.loads(json.dumps(dict(self.training))))
        except (TypeError, ValueError) as error:
            raise ModelError(f"Model {self.name!r}: a field is of the wrong kind ({error}).") from error
        self._check()

    def to_json(self) -> str:
        """Return the specification as JSON text."""
        return json.dumps({"format": FORMAT, "format_version": VERSION, **asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str = "model.json") -> ModelSpec:
        """Read a specification that `to_json` wrote.

        Parameters
        ----------
        text : str
        where : str
            Name of the file, for messages.

        Raises
        ------
        ModelError
            When the text is not the specification of a model, or lacks or invents fields.
        """
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{where}: not valid JSON ({error}).") from error
        if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
            raise ModelError(f'{where}: not a model of napari-udt; expected "format": "{FORMAT}".')
        version = found.pop("format_version", None)
        if version != VERSION:
            raise ModelError(f"{where}: model format {version!r}, known is {VERSION}; update napari-udt.")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(found) - known):
            raise ModelError(f"{where}: unknown fields {', '.join(unknown)}; expected only those of a model.")
        try:
            return cls(**found)
        except TypeError as error:
            raise ModelError(
                f"{where}: a field of the model is missing or of the wrong kind ({error})."
            ) from error
        except ModelError as error:
            raise ModelError(f"{where}: {error}") from error

    def named(self, name: str) -> ModelSpec:
        """Return the same specification under another name; raises ModelError when it is none for a folder."""
        return replace(self, name=name)

    @property
    def from_labels(self) -> bool:
        """Whether it makes pictures from labels alone, of whose source nothing but the labels is used."""
        return self.kind == "label_to_image"

    @property
    def class_count(self) -> int:
        """Classes that the network is conditioned on (0 when it is not)."""
        return len(self.class_names) if self.condition == "class" else 0

    @property
    def is_stochastic(self) -> bool:
        """Whether a transfer draws numbers: another seed then gives another result."""
        return self.kind in ("syndiff", "label_to_image") or self.is_bridge

    @property
    def is_bridge(self) -> bool:
        """Whether flow matching goes along Brownian bridges, not straight lines."""
        return self.kind == "flow_matching" and BRIDGE in self.architecture

    @property
    def takes_steps(self) -> bool:
        """Whether the number of steps from domain to domain can be chosen."""
        return self.kind == "flow_matching"

    @property
    def has_spread(self) -> bool:
        """Whether one sample may be transferred in many ways: under conditions drawn at random, or with many seeds."""
        return self.kind == "cinn" or self.is_stochastic

    def _check(self) -> None:
        for key, choices in _CHOICES.items():
            if getattr(self, key) not in choices:
                self._refuse(key, f"one of {', '.join(map(repr, choices))}")
        if not isinstance(self.name, str) or not re.fullmatch(r"\w[\w.-]{0,99}", self.name, re.ASCII):
            self._refuse("name", "letters, digits, dots, dashes and underscores")
        for key in ("title", "licence", "source", "card", "version", "weights_sha256"):
            if not isinstance(getattr(self, key), str):
                self._refuse(key, "text")
        self._check_numbers()
        if self.condition == "class" and len(set(self.class_names)) < max(1, len(self.class_names)):
            self._refuse("class_names", "one or more different names")
        if self.kind == "cinn" and self.condition == "none":
            self._refuse("condition", "'class' or 'domain' for a cINN")
        if self.from_labels and self.condition != "class":
            self._refuse("condition", "'class' for pictures from labels")

    def _check_numbers(self) -> None:
        wavelengths = np.asarray(self.wavelengths_nm)
        if len(wavelengths) < 2 or not np.isfinite(wavelengths).all() or not np.all(np.diff(wavelengths) > 0):
            self._refuse("wavelengths_nm", "two or more strictly increasing numbers in nm")
        if set(self.statistics) != {"simulated", "real"} or not all(
            np.isfinite((mean, std)).all() and std > 0 for mean, std in self.statistics.values()
        ):
            self._refuse("statistics", "(mean, std) of 'simulated' and of 'real' with positive std")
        self._check_intensity()
        for key in (
            "label_noise_level",
            "domain_noise",
            "input_noise",
            "clutter",
            "noise_variation",
        ):
            value = getattr(self, key)
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                self._refuse(key, "a number in [0, 1]")
        if not isinstance(self.speckle, int | float) or not 0 <= self.speckle <= _MAX_SPECKLE:
            self._refuse("speckle", f"a number in [0, {_MAX_SPECKLE}]")
        if self.speckle and self.intensity == "linear":
            self._refuse("speckle", "0 where the intensity is linear")
        if not all(0 <= value <= _MAX_SPECKLE for value in self.noise_profile) or (
            self.noise_profile and self.intensity == "linear"
        ):
            self._refuse(
                "noise_profile", f"numbers in [0, {_MAX_SPECKLE}], none where the intensity is linear"
            )

    def _check_intensity(self) -> None:
        scales = self.intensity_scales
        if self.intensity == "linear" and scales:
            self._refuse("intensity_scales", "none where the intensity is linear")
        if self.intensity == "linear":
            return
        if self.modality != "PAT" or self.spectrum_norm != "none":
            self._refuse("intensity", "'linear' for HSI and for L2-normalised spectra")
        if set(scales) != {"simulated", "real"} or not all(0 < scale < np.inf for scale in scales.values()):
            self._refuse("intensity_scales", "a positive number for 'simulated' and for 'real'")

    def _refuse(self, key: str, expected: str) -> None:
        found = repr(getattr(self, key))
        found = found if len(found) <= 80 else found[:77] + "..."
        raise ModelError(f"Model {self.name!r}: {key} is {found}; expected {expected}.")
