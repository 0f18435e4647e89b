"""Making a configuration fit data: their size, their classes, and what they allow to judge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from napari_udt.dataset import Dataset
from napari_udt.spectral.unmixing import TRAINING_WINDOWS, VISIBLE
from napari_udt.training.config import TrainingConfig
from napari_udt.training.samples import split_held_out

_FEWEST_BANDS = 5  # of haemoglobin's, for its content
_FEWEST_HELD_OUT = {"HSI": 30, "PAT": 4}  # spectra of a class, images
_SMALLEST_JUDGED = 32  # pixels of an image's side


def fitted(config: TrainingConfig, data: Mapping[str, Dataset]) -> tuple[TrainingConfig, list[str]]:
    """Return a configuration that the data allow, and a sentence for each change of what is trained or judged.

    Crops, levels, scales and discriminators follow from the size of the images. Where the target has no labels, proxies stand
    in for them, as in the paper. Terms and judgements that need wavelengths or samples that are missing are left out.

    Parameters
    ----------
    config : TrainingConfig
    data : mapping of {"simulated", "second"} to Dataset
    """
    notes: list[str] = []
    if config.modality == "PAT":
        config = _sized(config, data, notes)
    if config.condition.second_labels == "given" and not (data["second"].labels >= 0).any():
        config = replace(config, condition=replace(config.condition, second_labels="proxy"))
        notes.append(
            "the target names no structures: proxies stand in for its classes (second_labels = 'proxy')"
        )
    if config.terms.content_weight and not _has_haemoglobin(data["simulated"].wavelengths_nm):
        config = replace(config, terms=replace(config.terms, content_weight=0.0))
        notes.append(
            f"fewer than {_FEWEST_BANDS} of haemoglobin's wavelengths: its content is not kept (content_weight = 0)"
        )
    if config.optimisation.choose_by == "realism" and (reason := _not_judged(config, data)):
        config = replace(config, optimisation=replace(config.optimisation, choose_by="likelihood"))
        notes.append(f"{reason}: weights are chosen by the likelihood (choose_by)")
    return config, notes


def picture_multiple(config: TrainingConfig, shapes: Sequence[tuple[int, int]]) -> int:
    """Return the number that divides height and width of images of the size of the smallest one."""
    if config.modality == "HSI":
        return 1
    return 2 ** len(_halvings(config, min(map(min, shapes)))[1])


def _sized(config: TrainingConfig, data: Mapping[str, Dataset], notes: list[str]) -> TrainingConfig:
    """Make crops, levels and discriminators fit the smallest image."""
    smallest = [min(d.samples.shape[axis] for d in data.values()) for axis in (2, 3)]
    key, kept = _halvings(config, min(smallest))
    multiple = 2 ** len(kept)
    crop = [
        min(wanted, side) // multiple * multiple
        for wanted, side in zip(config.data.crop or smallest, smallest, strict=True)
    ]
    architecture: dict[str, Any] = {**config.architecture, key: kept} if key else dict(config.architecture)
    if "components" in architecture:
        channels = len(data["simulated"].wavelengths_nm)
        architecture["components"] = max(2, min(architecture["components"], channels))
    deepest = 2**config.discriminator.layers
    scales = max(1, min(config.discriminator.scales, 1 + int(math.log2(max(1, min(crop) / deepest)))))
    if key and len(kept) < len(config.architecture[key]):
        notes.append(
            f"small images: {len(kept)} of {len(config.architecture[key])} {key} of the network are left"
        )
    return replace(
        config,
        data=replace(config.data, crop=tuple(crop)),
        architecture=architecture,
        discriminator=replace(config.discriminator, scales=scales),
    )


def _halvings(config: TrainingConfig, side: int) -> tuple[str, list[Any]]:
    """Return the key of the entries of an architecture each of which halves an image, and those that a side allows."""
    key = next((name for name in ("levels", "scales", "widths") if name in config.architecture), "")
    entries = list(config.architecture.get(key, ()))
    most = max(1, int(math.log2(max(side, 8))) - 2)  # 4 pixels are left of the side
    return key, entries[:most]


def _has_haemoglobin(wavelengths_nm: np.ndarray) -> bool:
    return any(window.mask(wavelengths_nm).sum() >= _FEWEST_BANDS for window in TRAINING_WINDOWS)


def _not_judged(config: TrainingConfig, data: Mapping[str, Dataset]) -> str:
    """Return why the realism of transfers cannot be judged; empty when it can."""
    if config.condition.second_labels == "proxy":
        return "without the target's classes transfers are not compared with it"
    fewest = _FEWEST_HELD_OUT[config.modality]
    held_out = {domain: held_out_labels(config, dataset) for domain, dataset in data.items()}
    if config.modality == "PAT":
        if min(map(len, held_out.values())) < fewest:
            return f"fewer than {fewest} images are held out"
        small = min(min(d.samples.shape[2:]) for d in data.values()) < _SMALLEST_JUDGED
        return f"images have fewer than {_SMALLEST_JUDGED} pixels" if small else ""
    if VISIBLE.mask(data["simulated"].wavelengths_nm).sum() < _FEWEST_BANDS:
        return f"fewer than {_FEWEST_BANDS} wavelengths lie in {VISIBLE.low_nm:g}-{VISIBLE.high_nm:g} nm"
    counts = [
        np.bincount(labels[labels >= 0], minlength=len(data["simulated"].class_names))
        for labels in held_out.values()
    ]
    return (
        ""
        if (np.minimum(*counts) >= fewest).any()
        else f"no class has {fewest} held-out spectra in both domains"
    )


def held_out_labels(config: TrainingConfig, dataset: Dataset) -> np.ndarray:
    """Return the labels of the samples that training holds out."""
    animals = dataset.parameters.get("animal")
    return dataset.labels[
        split_held_out(len(dataset), config.data.held_out_fraction, config.seed, animals)[1]
    ]
