"""Two small toy domains and a configuration that trains on them in seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_udt.dataset import Dataset, save_dataset
from napari_udt.training.config import (
    AutoencoderConfig,
    ConditionConfig,
    DataConfig,
    DiscriminatorConfig,
    LabelToImageConfig,
    OptimisationConfig,
    TrainingConfig,
)

CHANNELS = 6
CLASSES = ("liver", "skin", "fat")
SCALE = {"blocks": 1, "width": 8, "kernels": [3, 1, 3]}
# By whether the network is invertible, and modality.
ARCHITECTURES = {
    (True, "HSI"): {"blocks": 8, "conditional_blocks": 7, "width": 16},
    (True, "PAT"): {"scales": [SCALE, SCALE]},
    (False, "HSI"): {"hidden": 24, "latent": 5, "activation": "relu"},
    (False, "PAT"): {"widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu"},
}


# Of methods beside the published ones, by their configuration's method.
OTHERS = {
    "residual": (
        "cyclegan",
        {
            "HSI": {"hidden": 16, "layers": 2, "residual_bound": 1.5},
            "PAT": {**ARCHITECTURES[False, "PAT"], "norm": "group", "residual_bound": 1.5},
        },
    ),
    "residual unit": (
        "unit",
        {"PAT": {**ARCHITECTURES[False, "PAT"], "norm": "region", "residual_bound": 1.5}},
    ),
    "region": ("unit", {"PAT": {**ARCHITECTURES[False, "PAT"], "norm": "region"}}),
    "dicyclegan": (
        "dicyclegan",
        {
            "PAT": {
                **ARCHITECTURES[False, "PAT"],
                "norm": "group",
                "residual_bound": 1.5,
                "largest_offset": 2.0,
            }
        },
    ),
    "syndiff": (
        "syndiff",
        {
            "HSI": {"hidden": 16, "layers": 2, "latent": 3, "steps": 4, "residual_bound": 1.5},
            "PAT": {
                **ARCHITECTURES[False, "PAT"],
                "norm": "group",
                "residual_bound": 1.5,
                "denoiser_widths": [8, 8],
                "latent": 3,
                "steps": 4,
            },
        },
    ),
    "bridge": (
        "flow_matching",
        {"HSI": {"hidden": 16, "layers": 2, "steps": 4, "bridge_noise": 0.3}},
    ),
    "label_to_image": (
        "label_to_image",
        {"PAT": {"widths": [6, 4], "latent": 3, "texture": 1, "wavelets": True}},
    ),
    "flow_matching": ("flow_matching", {"HSI": {"hidden": 16, "layers": 2, "steps": 4}}),
}


@pytest.fixture(autouse=True)
def _one_thread():
    """Bit-identical sums, and no quarrel over cores with other tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _gaussian_spectra(domain, n, rng):
    """Three classes, one Gaussian each; the target domain has a tilt that grows with the wavelength."""
    labels = np.arange(n) % 3
    centres = np.array([[6, 5, 4, 4, 5, 6], [3, 4, 6, 6, 4, 3], [6, 6, 5, 4, 3, 3]], np.float32)
    tilt = np.linspace(-1.5, 1.5, CHANNELS) if domain == "second" else np.zeros(CHANNELS)
    spectra = centres[labels] + tilt + 0.3 * rng.standard_normal((n, CHANNELS))
    return spectra.astype(np.float32), labels.astype(np.int16)


def _blocky_images(domain, n, rng):
    labels = np.kron(rng.integers(0, 3, (n, 2, 4)), np.ones((8, 4), int))
    gain = 2.0 if domain == "second" else 1.0
    images = gain * labels[:, None] * np.linspace(1, 2, 4)[:, None, None] + 0.1 * rng.standard_normal(
        (n, 4, 16, 16)
    )
    return images.astype(np.float32), labels.astype(np.int8)


@pytest.fixture
def toy_files(tmp_path):
    """Write a data set file per domain and return their paths by domain."""

    def make(modality="HSI", n=600):
        paths = {}
        for seed, domain in enumerate(("simulated", "second")):
            rng = np.random.default_rng(seed)
            spectra, labels = (_gaussian_spectra if modality == "HSI" else _blocky_images)(domain, n, rng)
            paths[domain] = tmp_path / f"{modality}_{domain}.h5"
            dataset = Dataset(
                samples=spectra,
                labels=labels,
                wavelengths_nm=np.linspace(700, 850, spectra.shape[1]),
                class_names=CLASSES,
                modality=modality,
                domain=domain,
                origin="simulated" if domain == "simulated" else "digital device",
                seed=seed,
                generator={"name": "toy"},
            )
            save_dataset(dataset, paths[domain])
        return {domain: str(path) for domain, path in paths.items()}

    return make


@pytest.fixture
def toy_config(toy_files):
    """Configuration of a tiny network; keyword arguments replace sections or optimisation settings."""

    def make(modality="HSI", condition=None, method="cinn", **optimisation):
        hsi = modality == "HSI"
        latent_noise = 0.0 if hsi or method in OTHERS else 1.0
        method, architectures = OTHERS.get(method, (method, {}))
        architecture = architectures.get(modality) or ARCHITECTURES[method == "cinn", modality]
        if method == "label_to_image":
            condition = {"label_noise_level": 0.0} | (condition or {})
        if method == "flow_matching":
            optimisation = {"gan_weight": 0.0} | optimisation
        settings = OptimisationConfig(
            **{"steps": 8, "batch_size": 16 if hsi else 2, "evaluate_every": 4, "held_out_samples": 16}
            | optimisation
        )
        return TrainingConfig(
            name="toy",
            title="Toy",
            modality=modality,
            method=method,
            data=DataConfig(**toy_files(modality, 600 if hsi else 12), noise=0.1, crop=() if hsi else (8, 8)),
            optimisation=settings,
            condition=replace(ConditionConfig(), **(condition or {})),
            autoencoder=AutoencoderConfig(latent_noise=latent_noise),
            discriminator=DiscriminatorConfig(width=16, layers=2, scales=2),
            label_to_image=LabelToImageConfig(widths=(6, 6), segmenter_widths=(6, 6)),
            architecture=architecture,
            seed=5,
        )

    return make
