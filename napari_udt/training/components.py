"""Training of the network that tells skin, tissue and vessels of a photoacoustic picture apart, on simulations."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_udt.dataset import Dataset
from napari_udt.errors import TrainingError
from napari_udt.files.writing import sha256_of
from napari_udt.models.component_names import COMPONENTS
from napari_udt.models.components import ComponentNetwork, compressed, power_shares
from napari_udt.simulation.pat_components import KEY

Progress = Callable[[int, int], None]

STEPS = 600
_BATCH = 2
_CROP = (128, 64)
_LEARNING_RATE = 3e-3
# Standard deviation of noise on compressed pictures, drawn anew up to this for each: others are noisier than simulations.
_NOISE = 0.15
_HELD_OUT = 0.15


def train_components(
    dataset: Dataset, path: Path, *, steps: int = STEPS, seed: int = 1, progress: Progress | None = None
) -> tuple[ComponentNetwork, dict[str, Any]]:
    """Train a network on simulated pictures with their components.

    Parameters
    ----------
    dataset : Dataset
        As :func:`napari_udt.simulation.pat_components.simulate_components` makes it; the last 15 % of its pictures are held out.
    path : Path
        Of the file that the data set was read from, for the record.
    steps, seed : int
    progress : callable, optional
        Called with steps done and steps in all; whatever it raises ends the training.

    Returns
    -------
    network : ComponentNetwork
    record : dict
        Data, settings, time, and what is reached on the held-out pictures, see `judged`.

    Raises
    ------
    TrainingError
        When the data set has no components, or too few or too small pictures.
    """
    if KEY not in dataset.parameters:
        raise TrainingError(f"{path}: has no components; make it with `napari-udt simulate components`.")
    kept = len(dataset) - max(1, round(_HELD_OUT * len(dataset)))
    rows, columns = dataset.samples.shape[2:]
    if kept < 1 or rows < 8 or columns < 8:
        raise TrainingError(
            f"{path}: two pictures of at least 8 x 8 pixels are needed to train and to hold out."
        )
    pictures = torch.from_numpy(dataset.samples)
    shares = torch.from_numpy(np.asarray(dataset.parameters[KEY], np.float32))
    started = time.process_time()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ComponentNetwork(dataset.wavelengths_nm)
        optimiser = torch.optim.Adam(network.parameters(), _LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
        for step in range(steps):
            loss = _loss(network, *_batch(pictures[:kept], shares[:kept]))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if progress:
                progress(step + 1, steps)
    network.eval().requires_grad_(False)
    return network, {
        "data": {"file": path.name, "sha256": sha256_of(path), "seed": dataset.seed, "pictures": kept},
        "steps": steps,
        "seed": seed,
        "processor_seconds": round(time.process_time() - started, 1),
        "held_out": judged(
            network, pictures[kept:], shares[kept:], torch.from_numpy(dataset.labels[kept:]).long()
        ),
    }


def judged(
    network: ComponentNetwork, pictures: Tensor, components: Tensor, labels: Tensor
) -> dict[str, float]:
    """Measure a network on pictures (n, C, H, W) whose components (n, 3, C, H, W) and labels (n, H, W) are known.

    Returns
    -------
    dict
        ``sum_rms``: root mean square of picture minus sum of components, relative to the picture's. ``skin_in_skin``,
        ``skin_in_vessels``, ``vessels_in_vessels``: share of the mean level of the first that is taken away by dimming it to 0, in the pixels of the
        second; the same with ``true_`` in front, for true shares of the power. ``rms_skin``, ...: error of a component, relative to the true one's.
    """
    with torch.no_grad():
        found = torch.cat([network(picture[None]) for picture in pictures])
    true = power_shares(components)
    regions = {"skin": (labels == 1) | (labels == 2), "vessels": (labels == 5) | (labels == 6)}
    numbers = {
        "sum_rms": float(
            ((found.sum(dim=1) - 1) * pictures).square().mean().sqrt() / pictures.square().mean().sqrt()
        )
    }
    for part, where in (("skin", "skin"), ("skin", "vessels"), ("vessels", "vessels"), ("vessels", "skin")):
        inside, own = regions[where][:, None], COMPONENTS.index(part)
        level = (pictures * inside).sum()
        numbers[f"{part}_in_{where}"] = float((found[:, own] * pictures * inside).sum() / level)
        numbers[f"true_{part}_in_{where}"] = float((true[:, own] * pictures * inside).sum() / level)
    for own, part in enumerate(COMPONENTS):
        wanted = true[:, own] * pictures
        error = (found[:, own] * pictures - wanted).square().mean().sqrt()
        numbers[f"rms_{part}"] = float(error / wanted.square().mean().sqrt())
    return numbers


def _batch(pictures: Tensor, components: Tensor) -> tuple[Tensor, Tensor]:
    """Draw crops, some of them flipped left-right."""
    rows, columns = (min(side, whole) for side, whole in zip(_CROP, pictures.shape[2:], strict=True))
    drawn = []
    for index in torch.randint(len(pictures), (_BATCH,)).tolist():
        top = int(torch.randint(pictures.shape[2] - rows + 1, ()))
        left = int(torch.randint(pictures.shape[3] - columns + 1, ()))
        window = (..., slice(top, top + rows), slice(left, left + columns))
        pair = [pictures[index][window], components[index][window]]
        drawn.append([part.flip(-1) for part in pair] if torch.rand(()) < 0.5 else pair)
    x, parts = (torch.stack(each) for each in zip(*drawn, strict=True))
    return x, power_shares(parts)


def _loss(network: ComponentNetwork, pictures: Tensor, shares: Tensor) -> Tensor:
    """Squared error of the shares, weighted by the compressed picture: what is dark matters little."""
    y = compressed(pictures)
    noise = _NOISE * torch.rand(len(y), 1, 1, 1) * torch.randn_like(y)
    found = network.layers(y + noise).unflatten(1, shares.shape[1:3]).softmax(dim=1)
    weighted: Tensor = (y.abs()[:, None] * (found - shares).square()).mean()
    return weighted
