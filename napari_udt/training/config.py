"""What a training run is told to do: a TOML file, checked into frozen dataclasses.

Every key is typed and bounded; a wrong one is named. A configuration may say ``extends = "<packaged name>"``
and then holds only what differs: the ablations of the paper's Table 1 are one line each.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from napari_udt.errors import TrainingError

CONFIGS = Path(__file__).parent / "configs"

Method = Literal["cinn", "unit", "cyclegan"]
Condition = Literal["class", "domain", "none"]
Intensity = Literal["linear", "asinh"]
SecondLabels = Literal["proxy", "given"]


@dataclass(frozen=True)
class _Bound:
    """A condition on one value and the words for it."""

    holds: Callable[[Any], bool]
    words: str


POSITIVE = _Bound(lambda value: value > 0, "greater than 0")
NOT_NEGATIVE = _Bound(lambda value: value >= 0, "0 or greater")
FRACTION = _Bound(lambda value: 0 < value < 1, "between 0 and 1, both excluded")
SHARE = _Bound(lambda value: 0 <= value < 1, "0 or greater and less than 1")
FILLED = _Bound(lambda value: len(value) > 0, "not empty")
CROP = _Bound(lambda value: len(value) in (0, 2) and all(v > 0 for v in value), "empty or [rows, columns]")


def _bounded(bound: _Bound, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"bound": bound})


@dataclass(frozen=True)
class DataConfig:
    """Where the samples come from and how they are varied.

    Parameters
    ----------
    simulated, second : str
        Data set files of the two domains; relative to the working directory.
    held_out_fraction : float
        Share of each data set that is never trained on: early stopping and the card's numbers use it.
    noise : float
        Standard deviation of the noise added to every training sample, in normalised units.
    centre : bool
        Whether each domain's mean is subtracted. Without it values are only divided by their root mean square: a
        transfer then starts from a pure gain, which keeps dark pixels of an image positive.
    intensity : {"linear", "asinh"}
        PAT only: whether values x become asinh(x / scale) before they are standardised, with the median absolute
        value of the domain's training samples as scale.
    crop : tuple of int
        (rows, columns) of the random crops that images are trained on; empty for whole images.
    flips : bool
        Whether images are flipped left-right at random; never outside training.
    """

    simulated: str = _bounded(FILLED)
    second: str = _bounded(FILLED)
    held_out_fraction: float = _bounded(FRACTION, 0.1)
    noise: float = _bounded(NOT_NEGATIVE, 0.1)
    centre: bool = True
    intensity: Intensity = "linear"
    crop: tuple[int, ...] = _bounded(CROP, ())
    flips: bool = False


@dataclass(frozen=True)
class ConditionConfig:
    """How the conditions are drawn, see :class:`napari_udt.models.conditions.Conditions`.

    Parameters
    ----------
    on : {"class", "domain", "none"}
        What the network is conditioned on: domain and class (cINN_DY), the domain alone (cINN_D), for UNIT and
        CycleGAN, which have a network per domain, the class (UNIT_Y) or nothing.
    second_labels : {"proxy", "given"}
        Whether the second domain's classes are treated as unknown, as in the paper, or used.
    label_noise_level : float
        Uniform noise on every class entry before it is normalised: 0.5 HSI, 0.2 PAT in the paper's code.
    domain_noise : float
        Uniform noise on the domain entries.
    """

    on: Condition = "class"
    second_labels: SecondLabels = "proxy"
    label_noise_level: float = _bounded(NOT_NEGATIVE, 0.5)
    domain_noise: float = _bounded(SHARE, 0.1)


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Size of the two discriminators.

    Parameters
    ----------
    width : int
        Hidden units (HSI) or channels after the first convolution (PAT: doubled by each following one).
    layers : int
        Hidden layers (HSI) or strided convolutions per scale (PAT).
    scales : int
        PAT only: resolutions that are judged, each half of the one before.
    dropout : float
        HSI only: probability in the first hidden layer.
    """

    width: int = _bounded(POSITIVE, 256)
    layers: int = _bounded(POSITIVE, 2)
    scales: int = _bounded(POSITIVE, 3)
    dropout: float = _bounded(SHARE, 0.2)


@dataclass(frozen=True)
class AutoencoderConfig:
    """Losses of UNIT and CycleGAN; the defaults are the published weights.

    Parameters
    ----------
    cycle_weight : float
        Of the mean squared error after a transfer there and back.
    reconstruction_weight, prior_weight, cycle_prior_weight : float
        UNIT only: of each domain's own reconstruction, and of the latents' mean square before and after a transfer.
    latent_noise : float
        Standard deviation of the noise added to latents in training: 1 for images in the published code, 0 for
        spectra.
    """

    cycle_weight: float = _bounded(NOT_NEGATIVE, 10.0)
    reconstruction_weight: float = _bounded(NOT_NEGATIVE, 10.0)
    prior_weight: float = _bounded(NOT_NEGATIVE, 0.05)
    cycle_prior_weight: float = _bounded(NOT_NEGATIVE, 0.05)
    latent_noise: float = _bounded(NOT_NEGATIVE, 0.0)


@dataclass(frozen=True)
class OptimisationConfig:
    """How long and how fast.

    Parameters
    ----------
    steps : int
        Optimiser steps; the learning rates fall to zero over them along a half cosine.
    batch_size : int
        Samples of each domain per step.
    learning_rate, discriminator_learning_rate : float
        Of Adam at the start; the two optimisers share no parameter.
    gradient_clip : float
        Largest absolute value of a gradient entry.
    weight_decay : float
        Of Adam: 0 for the cINN, 1e-4 for UNIT and CycleGAN in the published code.
    gan_weight : float
        Weight of the adversarial terms: equation (4) for the cINN; 1 for UNIT and 5 for CycleGAN in the published
        code. 0 leaves the discriminators out.
    evaluate_every : int
        Steps between two looks at the held-out data; a line of the log and a checkpoint follow each.
    patience : int
        Evaluations without improvement after which the run stops early.
    held_out_samples : int
        Held-out samples per domain that an evaluation looks at.
    """

    steps: int = _bounded(POSITIVE)
    batch_size: int = _bounded(POSITIVE)
    learning_rate: float = _bounded(POSITIVE, 1e-3)
    discriminator_learning_rate: float = _bounded(POSITIVE, 1e-3)
    gradient_clip: float = _bounded(POSITIVE, 0.1)
    weight_decay: float = _bounded(NOT_NEGATIVE, 0.0)
    gan_weight: float = _bounded(NOT_NEGATIVE, 1.0)
    evaluate_every: int = _bounded(POSITIVE, 100)
    patience: int = _bounded(POSITIVE, 10)
    held_out_samples: int = _bounded(POSITIVE, 1000)


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run; the same configuration and data give the same weights.

    Parameters
    ----------
    modality : {"HSI", "PAT"}
    method : {"cinn", "unit", "cyclegan"}
    data, optimisation, condition, discriminator, autoencoder : dataclasses
        The sections of the file.
    name, title : str
        Of the model: folder name and the words for the screen.
    architecture : mapping
        Plain numbers that ``napari_udt.models.build_network`` understands.
    seed : int
        Of everything random.
    notes : str
        What else the card must say that the model cannot do.
    """

    modality: Literal["HSI", "PAT"]
    data: DataConfig
    optimisation: OptimisationConfig
    name: str = _bounded(FILLED)
    title: str = _bounded(FILLED)
    method: Method = "cinn"
    condition: ConditionConfig = ConditionConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    autoencoder: AutoencoderConfig = AutoencoderConfig()
    architecture: Mapping[str, Any] = field(default_factory=dict)
    seed: int = _bounded(NOT_NEGATIVE, 0)
    notes: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON-serialisable values, for checkpoints and the model's facts."""
        return asdict(self)


def packaged_configs() -> list[str]:
    """Names of the configurations that come with the package."""
    return sorted(path.stem for path in CONFIGS.glob("*.toml"))


def load_config(name_or_path: str | Path, **paths: str | None) -> TrainingConfig:
    """Read a configuration.

    Parameters
    ----------
    name_or_path : str or Path
        A TOML file, or the name of a packaged configuration.
    **paths : str, optional
        ``simulated`` and ``second``: data set files that take the place of the configuration's.

    Raises
    ------
    TrainingError
        When the file is missing, is not TOML, or a key is unknown, missing, of a wrong type or out of bounds.
    """
    table = _read_table(name_or_path)
    table["data"] = {**table.get("data", {}), **{key: str(value) for key, value in paths.items() if value}}
    return _checked(TrainingConfig, table, str(name_or_path), "")


def _read_table(name_or_path: str | Path) -> dict[str, Any]:
    path = Path(name_or_path)
    if not path.exists() and str(name_or_path) in packaged_configs():
        path = CONFIGS / f"{name_or_path}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(
            f"{path}: the training configuration cannot be read ({error.strerror}); "
            f"packaged ones are {', '.join(packaged_configs())}."
        ) from error
    except ValueError as error:  # bad TOML or bad UTF-8
        raise TrainingError(f"{path}: not a TOML file ({error}); correct it.") from error
    base = table.pop("extends", None)
    return table if base is None else _merged(_packaged_table(base, path), table)


def _packaged_table(base: Any, path: Path) -> dict[str, Any]:
    if base not in packaged_configs():
        raise TrainingError(
            f"{path}: extends is {base!r}; expected a packaged configuration ({', '.join(packaged_configs())})."
        )
    return _read_table(CONFIGS / f"{base}.toml")


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Merge ``changes`` into ``base``, section by section."""
    merged = dict(base)
    for key, value in changes.items():
        both_tables = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both_tables else value
    return merged


def _checked(kind: type, table: Any, where: str, section: str) -> Any:
    """Build the dataclass ``kind`` from a TOML table; every complaint names file and key."""
    if not isinstance(table, dict):
        raise TrainingError(f"{where}: {section[:-1]} is {table!r}; expected a section [{section[:-1]}].")
    known = {entry.name: entry for entry in fields(kind)}
    for key in table:
        if key not in known:
            raise TrainingError(
                f"{where}: key {section}{key} is unknown; expected one of {', '.join(known)}."
            )
    types = get_type_hints(kind)
    values = {
        name: _checked_value(entry, types[name], table[name], where, f"{section}{name}")
        for name, entry in known.items()
        if _is_given(entry, table, where, section)
    }
    return kind(**values)


def _is_given(entry: Field[Any], table: dict[str, Any], where: str, section: str) -> bool:
    if entry.name not in table and entry.default is MISSING and entry.default_factory is MISSING:
        raise TrainingError(f"{where}: key {section}{entry.name} is missing; add it.")
    return entry.name in table


def _checked_value(entry: Field[Any], kind: Any, value: Any, where: str, key: str) -> Any:
    if hasattr(kind, "__dataclass_fields__"):
        return _checked(kind, value, where, f"{key}.")
    converted = _converted(kind, value)
    if converted is None:
        raise TrainingError(f"{where}: {key} is {value!r}; expected {_words(kind)}.")
    bound: _Bound | None = entry.metadata.get("bound")
    if bound is not None and not bound.holds(converted):
        raise TrainingError(f"{where}: {key} is {value!r}; expected a value that is {bound.words}.")
    return converted


def _converted(kind: Any, value: Any) -> Any:
    """``value`` as ``kind``, or None where it is something else."""
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    if get_origin(kind) is tuple:
        whole = isinstance(value, list) and all(type(item) is int for item in value)
        return tuple(value) if whole else None
    if kind is float:
        return float(value) if type(value) in (int, float) else None
    plain = dict if get_origin(kind) is not None else kind  # Mapping[str, Any] is a TOML table
    return value if type(value) is plain else None


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(repr(choice) for choice in get_args(kind))
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return names.get(kind, "a list of whole numbers" if get_origin(kind) is tuple else "a section")
