"""Small models for tests."""

from __future__ import annotations

import numpy as np
import torch

from napari_udt.models.spec import ModelSpec

STATISTICS = {"simulated": (0.3, 0.2), "real": (0.25, 0.1)}


def hsi_spec(**changes):
    fields = {
        "name": "small-hsi",
        "title": "Small HSI network",
        "kind": "cinn",
        "modality": "HSI",
        "wavelengths_nm": tuple(np.linspace(500, 1000, 9)),
        "class_names": ("fat", "liver", "skin"),
        "condition": "class",
        "spectrum_norm": "l2",
        "statistics": STATISTICS,
        "label_noise_level": 0.5,
        "architecture": {"blocks": 4, "conditional_blocks": 3, "width": 8},
    }
    return ModelSpec(**{**fields, **changes})


def pat_spec(**changes):
    scales = [
        {"blocks": 2, "width": 6, "kernels": [3, 1, 3]},
        {"blocks": 1, "width": 6, "kernels": [3, 3, 3]},
        {"blocks": 1, "width": 6, "kernels": [3, 3]},
    ]
    fields = {
        "name": "small-pat",
        "title": "Small PAT network",
        "modality": "PAT",
        "wavelengths_nm": (700.0, 750.0, 800.0),
        "class_names": ("coupling medium", "vein", "artery"),
        "spectrum_norm": "none",
        "label_noise_level": 0.2,
        "architecture": {"scales": scales},
    }
    return hsi_spec(**{**fields, **changes})


def flow_spec(**changes):
    sizes = [{"blocks": 2, "width": 6}, {"blocks": 1, "width": 5}]
    return pat_spec(
        **{
            "name": "small-flow",
            "architecture": {"levels": sizes, "top": {"blocks": 2, "width": 4}, "components": 2},
            **changes,
        }
    )


def kept_spec(**changes):
    """Return a wavelet flow's that keeps the shape of spectra, with the noise that belongs to it."""
    architecture = {**flow_spec().architecture, "top": {"blocks": 0, "width": 4}, "keeps_shape": True}
    scales = {"simulated": 0.5, "real": 0.08}
    return flow_spec(
        **{
            "name": "small-kept",
            "architecture": architecture,
            "intensity": "softplus",
            "intensity_scales": scales,
            **changes,
        }
    )


def stir(network, amount=0.3):
    """Move a network far from the identity, so that laws are tested on a function that does something."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(amount * torch.randn_like(parameter))
    return network
