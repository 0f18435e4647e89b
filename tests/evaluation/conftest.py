"""Small data sets of both domains that a tiny model fits."""

import numpy as np
import pytest
import torch

from napari_udt.dataset import Dataset, save_dataset

HSI_CLASSES, PAT_CLASSES = ("fat", "liver", "skin"), ("coupling medium", "vein", "artery")
HSI_NM, PAT_NM = np.linspace(500, 1000, 9), np.array([700.0, 750.0, 800.0])


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _spectra(domain, n, rng):
    labels = np.arange(n) % 3
    centres = np.stack([1 + np.sin(HSI_NM / 90), 1.5 + np.cos(HSI_NM / 60), 1 + HSI_NM / 1000])
    tilt = 1 + (domain == "second") * (HSI_NM - 750) / 500
    drawn = centres[labels] * tilt * (1 + 0.1 * rng.standard_normal((n, 9))) + 0.5
    layers = {
        "blood_volume": rng.uniform(0.01, 0.1, (n, 3)),
        "oxygenation": rng.random((n, 3)),
        "a_mie_per_cm": rng.uniform(5, 50, (n, 3)),
        "b_mie": rng.uniform(0.3, 3, (n, 3)),
        "thickness_mm": rng.uniform(0.1, 2, (n, 3)),
    }
    return drawn, labels, None, layers if domain == "simulated" else {}


def _images(domain, n, rng):
    labels = np.zeros((n, 16, 16), int)
    labels[:, 2:7, 2:7], labels[:, 9:14, 9:14] = 1, 2
    colours = np.array([[0.2, 0.2, 0.2], [3, 2, 1], [1, 2, 3]]) + (domain == "second")
    images = np.moveaxis(colours[labels], -1, 1) * (1 + 0.1 * rng.standard_normal((n, 3, 16, 16)))
    oxygenation = np.where(labels == 2, 0.9, np.where(labels == 1, 0.6, np.nan)).astype(np.float32)
    return images, labels, oxygenation, {}


@pytest.fixture
def data_file(tmp_path):
    """Write a small data set and return its path."""

    def make(modality="HSI", domain="simulated", seed=0, n=60, name=None, **changes):
        make_samples = _spectra if modality == "HSI" else _images
        samples, labels, oxygenation, parameters = make_samples(domain, n, np.random.default_rng(seed))
        fields = {
            "samples": samples.astype(np.float32),
            "labels": labels.astype(np.int16),
            "wavelengths_nm": HSI_NM if modality == "HSI" else PAT_NM,
            "class_names": HSI_CLASSES if modality == "HSI" else PAT_CLASSES,
            "modality": modality,
            "domain": domain,
            "origin": "simulated" if domain == "simulated" else "digital device",
            "seed": seed,
            "generator": {"name": "toy"},
            "oxygenation": oxygenation,
            "parameters": parameters,
        }
        path = tmp_path / (name or f"{modality}_{domain}_{seed}.h5")
        save_dataset(Dataset(**{**fields, **changes}), path)
        return path

    return make


@pytest.fixture
def three_files(data_file):
    """Write the three files of an evaluation."""

    def make(modality="HSI", n=60):
        return (
            data_file(modality, "simulated", 1, n),
            data_file(modality, "second", 1, n),
            data_file(modality, "second", 2, n),
        )

    return make
