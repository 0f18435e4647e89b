"""What the cubes of a training run hold, and what is doubtful about them, in lines for the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from napari_udt.collection.survey import Survey
from napari_udt.dataset import Dataset
from napari_udt.models.classes import plain_name
from napari_udt.training.config import TrainingConfig
from napari_udt.training.fitting import held_out_labels
from napari_udt.training.objective import DOMAINS
from napari_udt.wording import counted, listed

WORDS = {"simulated": "simulated", "second": "target"}
_FEW = {"HSI": 200, "PAT": 4}  # spectra of a class, images
_UNBALANCED = 50


def found_lines(found: Mapping[str, Survey]) -> list[str]:
    """Return how many cubes there are of each domain, and at which wavelengths they are used."""
    lines = []
    for domain, known in found.items():
        grid, interpolated = known.collection.grid, sum(cube.interpolated for cube in known.cubes)
        lines.append(
            f"{WORDS[domain]}: {counted(len(known.cubes), 'cube')} of {counted(len(known.subjects), 'subject')} "
            f"({known.origin}), {counted(interpolated, 'cube')} interpolated"
        )
    return [*lines, f"wavelengths: {len(grid)}, {grid[0]:g}-{grid[-1]:g} nm"]


def class_lines(found: Mapping[str, Survey], names: Sequence[str], data: Mapping[str, Dataset]) -> list[str]:
    """Return pixels of each class in the cubes, and how many samples were taken of them."""
    pixels = {
        d: {plain_name(n): count for n, count in known.structures.items()} for d, known in found.items()
    }
    counts = {
        d: np.bincount(known.labels[known.labels >= 0], minlength=len(names)) for d, known in data.items()
    }
    width = max(map(len, names))
    lines = [
        f"{'class':<{width}}  pixels: {'simulated':>10} {'target':>10}   taken: {'simulated':>10} {'target':>10}"
    ]
    for index, name in enumerate(names):
        own, taken = (
            [pixels[d].get(plain_name(name), 0) for d in DOMAINS],
            [int(counts[d][index]) for d in DOMAINS],
        )
        lines.append(
            f"{name:<{width}}          {own[0]:>10,} {own[1]:>10,}          {taken[0]:>10,} {taken[1]:>10,}"
        )
    return lines


def reached_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Return how far class means are from the target's, before and after; none where the target has no classes."""
    rms = metrics["class_mean_relative_rms"]
    if not rms["after"]:
        return []
    pairs = [f"{n} {100 * rms['before'][n]:.1f} -> {100 * after:.1f} %" for n, after in rms["after"].items()]
    away = [name for name, after in rms["after"].items() if after > rms["before"][name]]
    lines = [
        f"distance of class means from the target's (held-out samples, which also chose the weights): {', '.join(pairs)}"
    ]
    return lines + ([f"moved away from the target: {', '.join(away)}"] if away else [])


def warnings(config: TrainingConfig, found: Mapping[str, Survey], data: Mapping[str, Dataset]) -> list[str]:
    """Return what the user should know about the data before hours are spent on them."""
    names = data["simulated"].class_names
    lines = _without_partner(found, names)
    for domain, dataset in data.items():
        lines += _little_data(config, WORDS[domain], dataset)
        if len(found[domain].subjects) == 1:
            lines.append(
                f"{WORDS[domain]}: only one subject; held-out samples are of the same one and look better than a new one"
            )
    heights = {d: {cube.pixel_mm for cube in known.cubes if cube.pixel_mm} for d, known in found.items()}
    if config.modality == "PAT" and all(heights.values()):
        low, high = min(map(min, heights.values())), max(map(max, heights.values()))
        if high > 1.1 * low:
            lines.append(
                f"pixels are {low:.3g} to {high:.3g} mm high: structures differ in size by that, nothing is rescaled"
            )
    return [f"warning: {line}" for line in lines]


def _without_partner(found: Mapping[str, Survey], names: Sequence[str]) -> list[str]:
    own = {plain_name(name) for name in names}
    theirs = {plain_name(name): name for name in found["second"].structures}
    alone = [name for name in names if plain_name(name) not in theirs]
    bare = [
        cube.member.name
        for known in found.values()
        for cube in known.cubes
        if not cube.structures and known.structures
    ]
    unused = [name for plain, name in theirs.items() if plain not in own]
    lines = [f"in no target cube: {listed(alone)}"] if alone and theirs else []
    lines += [f"without labels, not used: {listed(bare)}"] if bare else []
    return lines + ([f"in no simulated cube, not used: {listed(unused)}"] if unused else [])


def _little_data(config: TrainingConfig, domain: str, dataset: Dataset) -> list[str]:
    counts = np.bincount(dataset.labels[dataset.labels >= 0], minlength=len(dataset.class_names))
    present, few = counts[counts > 0], _FEW[dataset.modality]
    lines = []
    if dataset.modality == "PAT" and len(dataset) < few:
        lines.append(f"{domain}: {counted(len(dataset), 'image')}; a network needs many more")
    if dataset.modality == "HSI":
        rare = [n for n, c in zip(dataset.class_names, counts, strict=True) if 0 < c < few]
        lines += [f"{domain}: fewer than {few} spectra of {listed(rare)}"] if rare else []
    if len(present) and present.max() > _UNBALANCED * present.min():
        equal = "; classes are drawn equally often" if dataset.modality == "HSI" else ""
        lines.append(
            f"{domain}: the commonest class is {present.max() // present.min():,} times the rarest{equal}"
        )
    missing = sorted(set(np.flatnonzero(counts)) - set(_trained(config, dataset)))
    return lines + (
        [f"{domain}: held out as a whole: {listed([dataset.class_names[i] for i in missing])}"]
        if missing
        else []
    )


def _trained(config: TrainingConfig, dataset: Dataset) -> list[int]:
    """Return the classes of which samples are left for training."""
    held_out = held_out_labels(config, dataset)
    every = np.bincount(dataset.labels[dataset.labels >= 0], minlength=len(dataset.class_names))
    own = np.bincount(held_out[held_out >= 0], minlength=len(dataset.class_names))
    return np.flatnonzero(every > own).tolist()
