"""The configuration of a training run: a TOML file, checked into frozen dataclasses.

Every key is typed and bounded; a wrong one is named. A configuration may say ``extends = "<packaged name>"``
and then holds only what differs: the ablations of the paper's Table 1 are one line each.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from napari_udt.errors import TrainingError
from napari_udt.files.reading import read_text
from napari_udt.training.tables import (
    CROP,
    FILLED,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    bounded,
    checked,
)

CONFIGS = Path(__file__).parent / "configs"
_MAX_BYTES = 1_000_000

Method = Literal["cinn", "unit", "cyclegan"]
Condition = Literal["class", "domain", "none"]
Intensity = Literal["linear", "asinh"]
SecondLabels = Literal["proxy", "given"]


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
    noise_in_transfer : bool
        Whether transfers may add that noise to simulated samples too (``input_noise`` of the model), and are judged with it
        in training: where the simulation has no noise of its own.
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
    leave_out : tuple of str
        HSI only: classes whose samples of the target domain are neither trained on nor evaluated while training; the
        simulated ones stay. The card's numbers include them.
    """

    simulated: str = bounded(FILLED)
    second: str = bounded(FILLED)
    held_out_fraction: float = bounded(FRACTION, 0.1)
    noise: float = bounded(NOT_NEGATIVE, 0.1)
    noise_in_transfer: bool = False
    centre: bool = True
    intensity: Intensity = "linear"
    crop: tuple[int, ...] = bounded(CROP, ())
    flips: bool = False
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConditionConfig:
    """How the conditions are drawn, see :class:`napari_udt.models.conditions.Conditions`.

    Parameters
    ----------
    on : {"class", "domain", "none"}
        What the network is conditioned on: domain and class (cINN_DY), the domain alone (cINN_D), for UNIT and
        CycleGAN, which have a network per domain, the class (UNIT_Y) or nothing.
    second_labels : {"proxy", "given"}
        Whether the target domain's classes are treated as unknown, as in the paper, or used.
    label_noise_level : float
        Uniform noise on every class entry before it is normalised: 0.5 HSI, 0.2 PAT in the paper's code.
    domain_noise : float
        Uniform noise on the domain entries.
    """

    on: Condition = "class"
    second_labels: SecondLabels = "proxy"
    label_noise_level: float = bounded(NOT_NEGATIVE, 0.5)
    domain_noise: float = bounded(SHARE, 0.1)


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

    width: int = bounded(POSITIVE, 256)
    layers: int = bounded(POSITIVE, 2)
    scales: int = bounded(POSITIVE, 3)
    dropout: float = bounded(SHARE, 0.2)


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

    cycle_weight: float = bounded(NOT_NEGATIVE, 10.0)
    reconstruction_weight: float = bounded(NOT_NEGATIVE, 10.0)
    prior_weight: float = bounded(NOT_NEGATIVE, 0.05)
    cycle_prior_weight: float = bounded(NOT_NEGATIVE, 0.05)
    latent_noise: float = bounded(NOT_NEGATIVE, 0.0)


@dataclass(frozen=True)
class TermsConfig:
    """Weights of the terms that are not the paper's, see :mod:`napari_udt.training.terms`; 0 leaves a term out.

    Parameters
    ----------
    content_weight : float
        Of the haemoglobin content that a transfer must keep.
    content_batches : int
        Recent batches over which the content's order counts too; 1 takes every batch by itself.
    moments_weight : float
        Of the class means (and spreads, for spectra) that it must meet.
    moments_memory : float
        Share of a batch's weight that is left a step later, where the moments are taken over the recent batches; 0
        takes every batch for itself.
    """

    content_weight: float = bounded(NOT_NEGATIVE, 0.0)
    content_batches: int = bounded(POSITIVE, 1)
    moments_weight: float = bounded(NOT_NEGATIVE, 0.0)
    moments_memory: float = bounded(SHARE, 0.0)


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
        Steps between two evaluations on held-out data; a line of the log and a checkpoint follow each.
    patience : int
        Evaluations without improvement after which the run stops early.
    held_out_samples : int
        Held-out samples per domain that an evaluation uses.
    """

    steps: int = bounded(POSITIVE)
    batch_size: int = bounded(POSITIVE)
    learning_rate: float = bounded(POSITIVE, 1e-3)
    discriminator_learning_rate: float = bounded(POSITIVE, 1e-3)
    gradient_clip: float = bounded(POSITIVE, 0.1)
    weight_decay: float = bounded(NOT_NEGATIVE, 0.0)
    gan_weight: float = bounded(NOT_NEGATIVE, 1.0)
    evaluate_every: int = bounded(POSITIVE, 100)
    patience: int = bounded(POSITIVE, 10)
    held_out_samples: int = bounded(POSITIVE, 1000)


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run; the same configuration and data give the same weights.

    Parameters
    ----------
    modality : {"HSI", "PAT"}
    method : {"cinn", "unit", "cyclegan"}
    data, optimisation, condition, discriminator, autoencoder, terms : dataclasses
        The sections of the file.
    name, title : str
        Of the model: folder name and the words for the screen.
    architecture : mapping
        Plain numbers that ``napari_udt.models.build_network`` understands.
    seed : int
        Of everything random.
    notes : str
        Further limits of the model, for its card.
    """

    modality: Literal["HSI", "PAT"]
    data: DataConfig
    optimisation: OptimisationConfig
    name: str = bounded(FILLED)
    title: str = bounded(FILLED)
    method: Method = "cinn"
    condition: ConditionConfig = ConditionConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    autoencoder: AutoencoderConfig = AutoencoderConfig()
    terms: TermsConfig = TermsConfig()
    architecture: Mapping[str, Any] = field(default_factory=dict)
    seed: int = bounded(NOT_NEGATIVE, 0)
    notes: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON-serialisable values, for checkpoints and the model's record."""
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
    config: TrainingConfig = checked(TrainingConfig, table, str(name_or_path), "")
    _require_consistent(config, str(name_or_path))
    return config


def _require_consistent(config: TrainingConfig, where: str) -> None:
    """Refuse values that are right by themselves and wrong together."""
    fitting = ("class", "domain") if config.method == "cinn" else ("class", "none")
    if config.condition.on not in fitting:
        raise TrainingError(
            f"{where}: condition.on is {config.condition.on!r}; expected {' or '.join(map(repr, fitting))} for method "
            f"{config.method!r}."
        )
    if config.modality == "HSI" and config.data.intensity != "linear":
        raise TrainingError(
            f"{where}: data.intensity is {config.data.intensity!r}; expected 'linear' for HSI, whose spectra are "
            "L2-normalised."
        )
    if config.modality == "PAT" and config.data.leave_out:
        raise TrainingError(
            f"{where}: data.leave_out is {list(config.data.leave_out)}; expected nothing for PAT, whose images hold many "
            "classes each."
        )


def _read_table(name_or_path: str | Path) -> dict[str, Any]:
    path = Path(name_or_path)
    if not path.exists() and str(name_or_path) in packaged_configs():
        path = CONFIGS / f"{name_or_path}.toml"
    try:
        table = tomllib.loads(read_text(path, _MAX_BYTES))
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
