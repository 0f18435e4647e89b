"""Training that begins with the weights of a model: which models that can be, and what is taken over from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_udt.errors import ModelError, TrainingError
from napari_udt.models.classes import plain_name
from napari_udt.models.spec import ModelSpec
from napari_udt.models.store import find_folder, read_spec
from napari_udt.training.config import TrainingConfig

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

# Of the configuration's learning rate: a whole one forgets at once what the model knows.
_LEARNING_RATE_SHARE = 1 / 3
_SAME_NM = 0.05
_NAMED = 4

Range = tuple[float, float]


def obstacle(
    spec: ModelSpec,
    config: TrainingConfig,
    covered_nm: Range | None = None,
    class_names: Iterable[str] | None = None,
) -> str:
    """Return why a training cannot begin with a model's weights, in a few words; empty when it can.

    Parameters
    ----------
    spec : ModelSpec
    config : TrainingConfig
        Of the method.
    covered_nm : (float, float), optional
        Range of wavelengths that all cubes cover, where it is known.
    class_names : iterable of str, optional
        Structures of the simulated cubes, where they are known.
    """
    if spec.modality != config.modality:
        return f"it is for {spec.modality}"
    if spec.kind != config.method:
        return f"it is a {spec.kind}, the method trains a {config.method}"
    if spec.architecture.get("class_transport"):
        return "its transport is fitted in closed form to its own training data; a new training fits one to yours in seconds"
    if "levels" in spec.architecture:
        return (
            "its levels are fitted in closed form to its own training data; a new training fits them to yours"
        )
    if {"class_transport", "levels"} & set(config.architecture):
        return "the method begins with a fit in closed form, for which no weights are needed"
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    if covered_nm is not None and (low < covered_nm[0] - _SAME_NM or high > covered_nm[1] + _SAME_NM):
        return f"it needs {low:g}-{high:g} nm, the cubes have {covered_nm[0]:g}-{covered_nm[1]:g} nm"
    if spec.class_count and class_names is not None:
        known = set(map(plain_name, spec.class_names))
        unknown = [name for name in class_names if plain_name(name) not in known]
        if unknown:
            more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
            return f"it does not know {', '.join(unknown[:_NAMED])}{more}"
    return ""


def begun_with(config: TrainingConfig, name: str) -> TrainingConfig:
    """Return a configuration whose training begins with a model's weights.

    Architecture, condition and the compression of intensities are the model's, the learning rate a third of the
    configuration's.

    Parameters
    ----------
    config : TrainingConfig
    name : str
        Of an installed model, or its folder.

    Raises
    ------
    TrainingError
        When the model cannot be trained on with this method.
    ModelError
        When there is none.
    """
    spec = read_spec(find_folder(name))
    if reason := obstacle(spec, config):
        raise refusal(spec, reason)
    learning_rate = _LEARNING_RATE_SHARE * config.optimisation.learning_rate
    return replace(
        config,
        start_from=name,
        start_from_sha256=spec.weights_sha256,
        architecture=spec.architecture,
        data=replace(config.data, intensity=spec.intensity),
        condition=replace(
            config.condition,
            on=spec.condition,
            label_noise_level=spec.label_noise_level,
            domain_noise=spec.domain_noise,
        ),
        optimisation=replace(config.optimisation, learning_rate=learning_rate),
    )


def parent_spec(config: TrainingConfig) -> ModelSpec | None:
    """Return the specification of the model that a training begins with; None where it begins anew.

    Raises
    ------
    TrainingError
        When the model is gone, or is another one by now.
    """
    if not config.start_from:
        return None
    try:
        spec = read_spec(find_folder(config.start_from))
    except ModelError as error:
        raise TrainingError(
            f"{config.start_from}: the model that the training begins with is gone; install it again, or start anew."
        ) from error
    if config.start_from_sha256 not in ("", spec.weights_sha256):
        raise TrainingError(
            f"{config.start_from}: the model has other weights than when this training was prepared; start anew in another "
            "folder."
        )
    return spec


def parent_model(config: TrainingConfig) -> TransferModel | None:
    """Return the model that a training begins with; None where it begins anew."""
    from napari_udt.models import load_model

    return None if parent_spec(config) is None else load_model(config.start_from)


def parent_classes(spec: ModelSpec, names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the classes of a training on cubes with some structures, in the model's order, and those that no cube has.

    Raises
    ------
    TrainingError
        When the model does not know one of them.
    """
    if not spec.class_count:
        return tuple(names), []
    known = set(map(plain_name, spec.class_names))
    if unknown := [name for name in names if plain_name(name) not in known]:
        raise TrainingError(
            f"{spec.name} does not know {', '.join(unknown[:_NAMED])}; its classes are {', '.join(spec.class_names)}: rename "
            "structures (More > Structures, or --map OLD=NEW), or start without it."
        )
    own = set(map(plain_name, names))
    return spec.class_names, [name for name in spec.class_names if plain_name(name) not in own]


def require_same_kind(spec: ModelSpec, made: ModelSpec) -> None:
    """Refuse data that a model's network does not fit.

    Parameters
    ----------
    spec : ModelSpec
        Of the model that the training begins with.
    made : ModelSpec
        As it follows from configuration and data.

    Raises
    ------
    TrainingError
        When wavelengths, classes or the norm of spectra differ.
    """
    if len(spec.wavelengths_nm) != len(made.wavelengths_nm) or any(
        abs(own - other) > _SAME_NM
        for own, other in zip(spec.wavelengths_nm, made.wavelengths_nm, strict=True)
    ):
        raise refusal(
            spec,
            f"it has {len(spec.wavelengths_nm)} wavelengths from {spec.wavelengths_nm[0]:g} to {spec.wavelengths_nm[-1]:g} nm, "
            f"the data {len(made.wavelengths_nm)} from {made.wavelengths_nm[0]:g} to {made.wavelengths_nm[-1]:g} nm",
        )
    if spec.class_count and spec.class_names != made.class_names:
        raise refusal(
            spec,
            f"its classes are {', '.join(spec.class_names)}, those of the data {', '.join(made.class_names)}",
        )
    if spec.spectrum_norm != made.spectrum_norm:
        raise refusal(
            spec, f"it works on spectra of norm {spec.spectrum_norm!r}, the method on {made.spectrum_norm!r}"
        )


def parent_record(config: TrainingConfig, spec: ModelSpec | None) -> dict[str, Any]:
    """Return name and hash of the model that a training began with, for the record; empty where it began anew."""
    return {} if spec is None else {"parent": {"name": spec.name, "weights_sha256": config.start_from_sha256}}


def refusal(spec: ModelSpec, reason: str) -> TrainingError:
    """Return the error that says why a training cannot begin with a model."""
    return TrainingError(f"The training cannot begin with {spec.name}: {reason}; start without it.")
