"""DicycleGAN finds a displacement that is known: the target's pictures are others of the source's kind, deeper by more the deeper they lie.

That is what a wrong speed of sound does. Nothing says which picture belongs to which: the discriminators alone do.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_udt.models.build import build_network
from napari_udt.models.conditions import Conditions
from napari_udt.models.dicycle import warped
from napari_udt.models.spec import ModelSpec
from napari_udt.training.config import (
    AutoencoderConfig,
    ConditionConfig,
    DataConfig,
    DiscriminatorConfig,
    OptimisationConfig,
    TrainingConfig,
)
from napari_udt.training.samples import Samples
from napari_udt.training.trainer import Trainer

SIDE, PICTURES, DEEPEST = 32, 48, -3.5  # pixels
ARCHITECTURE = {
    "widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu", "norm": "group",
    "residual_bound": 1.5, "largest_offset": 4.0,
}  # fmt: skip
SPEC = ModelSpec(
    name="toy",
    title="Toy",
    kind="dicyclegan",
    modality="PAT",
    wavelengths_nm=(700.0, 800.0),
    class_names=("shallow", "deep"),
    condition="none",
    spectrum_norm="none",
    statistics={"simulated": (0.0, 1.0), "real": (0.0, 1.0)},
    label_noise_level=0.0,
    architecture=ARCHITECTURE,
    target="digital device",
)


def pictures(seed):
    """Three bright lines at the same depths in every picture, of varying brightness, and a blob somewhere; shape (n, 2, rows, columns)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    found = []
    for _ in range(PICTURES):
        strengths, place = 1 + rng.random(4), SIDE * (0.2 + 0.6 * rng.random(2))
        lines = [
            strengths[i] * np.exp(-0.5 * ((rows - depth * SIDE) / 1.2) ** 2)
            for i, depth in enumerate((0.25, 0.47, 0.7))
        ]
        blob = strengths[3] * np.exp(-((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / 8)
        found.append([sum(lines) + blob, 0.6 * sum(lines) + 1.3 * blob])
    values = torch.tensor(np.array(found), dtype=torch.float32)
    return (values - 0.5) / 0.7


def offsets(deepest):
    """Offsets (n, 2, rows, columns) that grow with the depth, of whole pictures."""
    down = deepest * torch.arange(SIDE) / (SIDE - 1)
    return torch.stack([down[:, None].expand(SIDE, SIDE), torch.zeros(SIDE, SIDE)]).expand(
        PICTURES, -1, -1, -1
    )


def trained(deepest, steps):
    """Return a network after some steps on pictures and on others that were displaced."""
    config = TrainingConfig(
        name="toy",
        title="Toy",
        modality="PAT",
        method="dicyclegan",
        data=DataConfig(simulated="-", second="-", noise=0.02),
        optimisation=OptimisationConfig(
            steps=3 * steps,  # the learning rates do not fall to zero yet
            batch_size=4,
            learning_rate=2e-3,
            discriminator_learning_rate=2e-3,
            momentum=0.5,
            gradient_clip=1.0,
            gan_weight=5.0,
        ),
        condition=ConditionConfig(on="none"),
        autoencoder=AutoencoderConfig(latent_noise=0.0, cycle_weight=10.0),
        discriminator=DiscriminatorConfig(width=16, layers=2, scales=2),
        architecture=ARCHITECTURE,
    )
    config = replace(config, dicyclegan=replace(config.dicyclegan, pixels=512, wavelengths=1))
    torch.manual_seed(0)
    network = build_network(SPEC)
    labels = (torch.arange(SIDE) >= SIDE // 2).long()[:, None].expand(PICTURES, SIDE, SIDE)
    domains = {"simulated": pictures(1), "second": warped(pictures(2), offsets(deepest))}
    samples = {
        domain: Samples(values, labels, torch.ones(PICTURES, dtype=torch.float64))
        for domain, values in domains.items()
    }
    trainer = Trainer(config, network, Conditions.of(SPEC), samples)
    for _ in range(steps):
        trainer.step()
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def network():
    return trained(DEEPEST, 45)


def test_the_field_of_offsets_is_the_displacement_and_its_way_back_the_opposite(network):
    inner = (slice(None), slice(4, -4), slice(4, -4))
    known = offsets(DEEPEST)[0][inner]
    _, _, there = network.deformed(pictures(3), "simulated")
    down, across = there.mean(dim=0)[inner]
    assert np.corrcoef(down.flatten(), known[0].flatten())[0, 1] > 0.9
    assert (down - known[0]).abs().mean() < 0.6  # pixels, of up to 3.1
    assert across.abs().mean() < 0.4
    _, _, back = network.deformed(warped(pictures(3), offsets(DEEPEST)), "real")
    assert np.corrcoef(back.mean(dim=0)[0][inner[1:]].flatten(), known[0].flatten())[0, 1] < -0.8


def test_the_deformed_picture_is_the_displaced_one_and_the_undeformed_stays_in_place(network):
    x = pictures(3)
    displaced = warped(x, offsets(DEEPEST))
    apart = (x - displaced).square().mean()
    undeformed, deformed, _ = network.deformed(x, "simulated")
    assert (deformed - displaced).square().mean() < 0.15 * apart
    assert (undeformed - x).square().mean() < 0.05 * apart


def test_where_nothing_is_displaced_no_offset_is_learnt():
    _, _, found = trained(0.0, 15).deformed(pictures(3), "simulated")
    assert found.abs().mean() < 0.3
