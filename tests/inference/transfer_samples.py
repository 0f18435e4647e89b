"""Small models with weights that matter, and small cubes."""

from __future__ import annotations

import numpy as np
import torch

from napari_udt.cube import SpectralCube
from napari_udt.models.assemble import transfer_model
from napari_udt.models.build import build_network
from napari_udt.models.model import TransferModel
from napari_udt.models.spec import ModelSpec

ORGANS = ("liver", "skin", "spleen")


def make_model(modality: str, channels: int, **changes) -> TransferModel:
    scales = [
        {"blocks": 1, "width": 8, "kernels": [3, 1, 3]},
        {"blocks": 1, "width": 8, "kernels": [3, 1, 3]},
    ]
    fields = {
        "name": f"{modality.lower()}_test",
        "title": "A model for tests",
        "kind": "cinn",
        "modality": modality,
        "wavelengths_nm": tuple(np.linspace(500, 1000, channels)),
        "class_names": ORGANS,
        "condition": "class",
        "spectrum_norm": "l2" if modality == "HSI" else "none",
        "statistics": {"simulated": (0.3, 0.1), "real": (0.28, 0.12)},
        "label_noise_level": 0.5,
        "architecture": {"scales": scales}
        if modality == "PAT"
        else {"blocks": 4, "conditional_blocks": 3, "width": 16},
        "target": "digital device",
    }
    spec = ModelSpec(**(fields | changes))
    torch.manual_seed(0)
    network = build_network(spec)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return transfer_model(spec, network.requires_grad_(False))


def make_training(seed: int, modality: str = "HSI", channels: int = 12, **changes) -> TransferModel:
    """A model of one configuration; its weights depend on the seed."""
    record = {"config": {"name": "mine", "seed": seed}}
    fields = {"name": f"mine_{seed}", "training": record, "weights_sha256": f"{seed:064x}"}
    model = make_model(modality, channels, **(fields | changes))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return model


def make_cube(rows: int, columns: int, channels: int, modality: str = "HSI", **changes) -> SpectralCube:
    rng = np.random.default_rng(rows * columns)
    fields = {
        "data": 0.2 + rng.random((rows, columns, channels), dtype=np.float32),
        "wavelengths_nm": np.linspace(500, 1000, channels),
        "modality": modality,
        "domain": "simulated",
        "labels": rng.integers(0, 3, (rows, columns)),
        "label_names": {0: "Liver", 1: "skin", 2: "background"},
        "pixel_size_mm": (0.5, 0.25),
        "name": "test cube",
    }
    return SpectralCube(**(fields | changes))


def transfer_or_die(task):
    """Transfer a file, unless its name says that it takes its process along."""
    import os

    from napari_udt.inference.batch import transfer_file

    if "deadly" in task.source.name:
        os._exit(1)  # without a word, as a process that the system kills
    return transfer_file(task)
