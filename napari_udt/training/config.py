"""The configuration of a training run: a TOML file, checked into frozen dataclasses.

Every key is typed and bounded; a wrong one is named. A configuration may say ``extends = "<packaged name>"``
and then holds only what differs: the ablations of the paper's Table 1 are one line each.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from napari_udt.errors import TrainingError
from napari_udt.files.reading import read_text
from napari_udt.training.sections import (
    AutoencoderConfig,
    ConditionConfig,
    DataConfig,
    DicycleConfig,
    DiscriminatorConfig,
    FlowMatchingConfig,
    LabelToImageConfig,
    OptimisationConfig,
    SynDiffConfig,
    TermsConfig,
)
from napari_udt.training.tables import FILLED, NOT_NEGATIVE, bounded, checked

CONFIGS = Path(__file__).parent / "configs"
_MAX_BYTES = 1_000_000

Method = Literal["cinn", "unit", "cyclegan", "flow_matching", "syndiff", "dicyclegan", "label_to_image"]


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run; the same configuration and data give the same weights.

    Parameters
    ----------
    modality : {"HSI", "PAT"}
    method : {"cinn", "unit", "cyclegan", "flow_matching", "syndiff", "dicyclegan", "label_to_image"}
    data, optimisation, condition, discriminator, autoencoder, flow_matching, syndiff, dicyclegan, label_to_image, terms : dataclasses
        The sections of the file.
    name, title : str
        Of the model: folder name and the words for the screen.
    architecture : mapping
        Plain numbers that ``napari_udt.models.build_network`` understands.
    seed : int
        Of everything random.
    notes : str
        Further limits of the model, for its card.
    start_from : str
        Name or folder of the model whose weights the training begins with, see :mod:`napari_udt.training.fine_tuning`.
    start_from_sha256 : str
        Of these weights.
    """

    modality: Literal["HSI", "PAT"]
    data: DataConfig
    optimisation: OptimisationConfig
    name: str = bounded(FILLED)
    title: str = bounded(FILLED)
    method: Method = "cinn"
    condition: ConditionConfig = field(default_factory=ConditionConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    flow_matching: FlowMatchingConfig = field(default_factory=FlowMatchingConfig)
    dicyclegan: DicycleConfig = field(default_factory=DicycleConfig)
    syndiff: SynDiffConfig = field(default_factory=SynDiffConfig)
    label_to_image: LabelToImageConfig = field(default_factory=LabelToImageConfig)
    terms: TermsConfig = field(default_factory=TermsConfig)
    architecture: Mapping[str, Any] = field(default_factory=dict)
    seed: int = bounded(NOT_NEGATIVE, 0)
    notes: str = ""
    start_from: str = ""
    start_from_sha256: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON-serialisable values, for checkpoints and the model's record."""
        return asdict(self)


def packaged_configs() -> list[str]:
    """Names of the configurations that come with the package."""
    return sorted(path.stem for path in CONFIGS.glob("*.toml"))


def load_config(
    name_or_path: str | Path, settings: Sequence[str] = (), **paths: str | None
) -> TrainingConfig:
    """Read a configuration.

    Parameters
    ----------
    name_or_path : str or Path
        A TOML file, or the name of a packaged configuration.
    settings : sequence of str
        Values that take the place of the configuration's: "optimisation.learning_rate=1e-4".
    **paths : str, optional
        ``simulated`` and ``second``: data set files that take the place of the configuration's.

    Raises
    ------
    TrainingError
        When the file is missing, is not TOML, or a key is unknown, missing, of a wrong type or out of bounds.
    """
    table = _read_table(name_or_path)
    for setting in settings:
        table = _merged(table, _setting(setting))
    table["data"] = {**table.get("data", {}), **{key: str(value) for key, value in paths.items() if value}}
    config: TrainingConfig = checked(TrainingConfig, table, str(name_or_path), "")
    _require_consistent(config, str(name_or_path))
    return config


def _setting(text: str) -> dict[str, Any]:
    """Return one setting as a table; a value that is no TOML is text."""
    key, equals, value = (part.strip() for part in text.partition("="))
    if not (equals and value and re.fullmatch(r"\w+(\.\w+)*", key, re.ASCII)):
        raise TrainingError(
            f"{text}: not a setting; write SECTION.KEY=VALUE, such as optimisation.learning_rate=1e-4."
        )
    try:
        return tomllib.loads(f"{key} = {value}")
    except ValueError:
        return tomllib.loads(f"{key} = {json.dumps(value)}")


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
    if not (
        config.optimisation.steps
        or "levels" in config.architecture
        or config.architecture.get("class_transport")
    ):
        raise TrainingError(
            f"{where}: optimisation.steps is 0; expected more for a network of which nothing is fitted in closed form."
        )
    _require_wavelet_flow(config, where)
    _require_label_to_image(config, where)
    if config.method == "flow_matching" and config.modality != "HSI":
        raise TrainingError(
            f"{where}: method is 'flow_matching', which is for single spectra (HSI); take another for PAT."
        )
    if config.method == "dicyclegan" and config.modality != "PAT":
        raise TrainingError(
            f"{where}: method is 'dicyclegan', which displaces pixels of images (PAT); single spectra have no space, take another for HSI."
        )
    if config.method == "syndiff" and not config.optimisation.gan_weight:
        raise TrainingError(
            f"{where}: optimisation.gan_weight is 0; expected more for syndiff, whose denoisers learn from discriminators."
        )
    if "residual_bound" in config.architecture and config.autoencoder.latent_noise:
        raise TrainingError(
            f"{where}: autoencoder.latent_noise is {config.autoencoder.latent_noise:g}; expected 0 with residual_bound, whose "
            "transfer carries the sample itself."
        )
    if config.data.intensity == "linear" and (config.data.speckle or config.data.noise_profile != "none"):
        raise TrainingError(
            f"{where}: data.speckle and data.noise_profile need data.intensity = 'asinh' or 'softplus'; leave them out."
        )
    if config.modality == "PAT" and config.data.leave_out:
        raise TrainingError(
            f"{where}: data.leave_out is {list(config.data.leave_out)}; expected nothing for PAT, whose images hold many "
            "classes each."
        )


def _require_label_to_image(config: TrainingConfig, where: str) -> None:
    """Refuse what makes no sense where pictures are made from labels alone."""
    if config.method != "label_to_image":
        return
    if config.modality != "PAT":
        raise TrainingError(
            f"{where}: method is 'label_to_image', which is for images (PAT): a spectrum made from a label alone repeats its class; take "
            "another for HSI."
        )
    condition = config.condition
    if condition.on != "class" or condition.label_noise_level or not config.optimisation.gan_weight:
        raise TrainingError(
            f"{where}: method 'label_to_image' needs condition.on = 'class', condition.label_noise_level = 0 and an "
            "optimisation.gan_weight above 0."
        )
    kept = {"content_weight": config.terms.content_weight, "vessels_weight": config.terms.vessels_weight}
    if wrong := [key for key, value in kept.items() if value]:
        raise TrainingError(
            f"{where}: terms.{wrong[0]} keeps what a picture's source shows; a picture made from labels has none, leave it out."
        )
    if config.label_to_image.discriminator == "segmentation" and config.condition.second_labels != "given":
        raise TrainingError(
            f"{where}: label_to_image.discriminator = 'segmentation' learns from the target's labels; set condition.second_labels = "
            "'given', or take 'picture'."
        )
    multiple = 2 ** max(len(config.label_to_image.widths), len(config.architecture.get("widths", ())))
    if any(side % multiple for side in config.data.crop):
        raise TrainingError(
            f"{where}: data.crop is {list(config.data.crop)}; expected multiples of {multiple} for label_to_image, or [] for "
            "whole images."
        )


def _require_wavelet_flow(config: TrainingConfig, where: str) -> None:
    """Refuse what only images, or only wavelet flows, can be trained with."""
    images = {
        "data.speckle": config.data.speckle,
        "data.noise_variation": config.data.noise_variation,
        "terms.vessels_weight": config.terms.vessels_weight,
    }
    flows = {
        "terms.texture_weight": config.terms.texture_weight,
        "optimisation.window": config.optimisation.window,
    }
    wrong = [key for key, value in images.items() if value and config.modality != "PAT"]
    if wrong:
        raise TrainingError(f"{where}: {wrong[0]} is for PAT; leave it out for {config.modality}.")
    wrong = [key for key, value in flows.items() if value and "levels" not in config.architecture]
    if wrong:
        raise TrainingError(
            f"{where}: {wrong[0]} is for wavelet flows, whose architecture has levels; leave it out."
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
