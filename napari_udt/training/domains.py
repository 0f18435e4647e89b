"""The two domains of a run: read, split, put in normalised units, and checked against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset, load_dataset
from napari_udt.errors import TrainingError
from napari_udt.files.writing import sha256_of
from napari_udt.models.intensity import compress
from napari_udt.models.spec import ModelSpec
from napari_udt.training.config import TrainingConfig
from napari_udt.training.noise_profile import noise_profile
from napari_udt.training.samples import (
    Samples,
    domain_statistics,
    intensity_scale,
    is_balanced,
    make_samples,
    noise_of,
    normalised,
    split_held_out,
)


@dataclass(frozen=True, eq=False)
class DomainData:
    """One domain's data set with its split and statistics.

    Parameters
    ----------
    path : Path
    dataset : Dataset
        Raw values, true labels.
    sha256 : str
        Of the file.
    intensity_scale : float or None
        Of the compression; None where intensities are linear.
    statistics : (float, float)
        Mean and standard deviation of what is trained on, before standardisation and after any compression.
    training, held_out : Samples
        In normalised units, with the labels that training may see, and without the classes that are left out.
    held_out_index : integer array
        Which samples of ``dataset`` are held out; those of the classes that are left out included.
    """

    path: Path
    dataset: Dataset
    sha256: str
    intensity_scale: float | None
    statistics: tuple[float, float]
    training: Samples
    held_out: Samples
    held_out_index: NDArray[np.intp]


def load_domain(config: TrainingConfig, domain: str, parent: ModelSpec | None = None) -> DomainData:
    """Read one domain's data set, split it and put it in normalised units: its own, or those of a model that is trained on."""
    path = Path(getattr(config.data, domain))
    if not path.is_file():
        raise TrainingError(
            f"{path}: the {domain} data set is missing; make it with `napari-udt simulate` or give --{domain}."
        )
    dataset = load_dataset(path)
    if dataset.modality != config.modality:
        raise TrainingError(f"{path}: holds {dataset.modality} data; expected {config.modality}.")
    if len(dataset) < 2:
        raise TrainingError(f"{path}: holds {len(dataset)} samples; at least 2 are needed.")
    values = normalised(dataset, spectrum_norm(config))
    animals = dataset.parameters.get("animal")
    split = split_held_out(len(dataset), config.data.held_out_fraction, config.seed, animals)
    known = seen(config, domain, dataset)
    kept, held_out = (index[known[index]] for index in split)
    if not (len(kept) and len(held_out)):
        raise TrainingError(
            f"{path}: without {', '.join(config.data.leave_out)} nothing is left to train on."
        )
    side = "simulated" if domain == "simulated" else "real"
    scale = None if config.data.intensity == "linear" else intensity_scale(values[kept])
    scale = scale if parent is None else parent.intensity_scales.get(side)
    values = values if scale is None else compress(values, scale, config.data.intensity)
    mean, std = (
        domain_statistics(values[kept], config.data.centre) if parent is None else parent.statistics[side]
    )
    labels = visible_labels(config, domain, dataset)
    balanced = is_balanced(config, domain)

    def part(index: NDArray[np.intp]) -> Samples:
        samples = make_samples((values[index] - np.float32(mean)) / np.float32(std), labels[index], balanced)
        return replace(samples, noise=noise_of(config.data, domain, (mean, std)))

    return DomainData(
        path, dataset, sha256_of(path), scale, (mean, std), part(kept), part(held_out), split[1]
    )


def seen(config: TrainingConfig, domain: str, dataset: Dataset) -> NDArray[np.bool_]:
    """Which samples training may use: all but the target domain's of the classes to be left out."""
    left_out = config.data.leave_out if domain == "second" else ()
    if unknown := sorted(set(left_out) - set(dataset.class_names)):
        raise TrainingError(
            f"{config.name}: data.leave_out names {', '.join(unknown)}; the classes are "
            f"{', '.join(dataset.class_names)}."
        )
    indices = [dataset.class_names.index(name) for name in left_out]
    return ~np.isin(dataset.labels, indices) if indices else np.ones(len(dataset), bool)


def visible_labels(config: TrainingConfig, domain: str, dataset: Dataset) -> NDArray[Any]:
    """Labels that training may see: -1 throughout the target domain when proxies stand in for them."""
    hidden = domain == "second" and config.condition.second_labels == "proxy"
    return np.full_like(dataset.labels, -1) if hidden else dataset.labels


def spectrum_norm(config: TrainingConfig) -> str:
    """HSI spectra are divided by their L2 norm, PAT images keep their pressure scale."""
    return "l2" if config.modality == "HSI" else "none"


def require_matching(simulated: DomainData, second: DomainData) -> None:
    """Refuse two domains of different wavelengths or classes."""
    first, other = simulated.dataset, second.dataset
    if not (
        len(first.wavelengths_nm) == len(other.wavelengths_nm)
        and np.allclose(first.wavelengths_nm, other.wavelengths_nm)
    ):
        raise TrainingError(
            f"{second.path}: its wavelengths differ from those of {simulated.path}; both domains need the same."
        )
    if first.class_names != other.class_names:
        raise TrainingError(
            f"{second.path}: its classes ({', '.join(other.class_names)}) differ from those of "
            f"{simulated.path} ({', '.join(first.class_names)}); both domains need the same, in the same order."
        )


def with_noise_of(simulated: DomainData, second: DomainData) -> DomainData:
    """Return the simulated domain with noise as strong as the target's, see `napari_udt.training.noise_profile`."""
    assert second.intensity_scale is not None  # the configuration was checked
    kept = np.setdiff1d(np.arange(len(second.dataset)), second.held_out_index)
    found = noise_profile(second.dataset.samples[kept], second.intensity_scale)
    noise = replace(simulated.training.noise, profile=found.profile, variation=found.variation)
    return replace(
        simulated,
        training=replace(simulated.training, noise=noise),
        held_out=replace(simulated.held_out, noise=noise),
    )
