"""The judge that chooses the weights of networks for spectra."""

import numpy as np
import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.models import ModelSpec, TransferModel, build_network
from napari_udt.spectral.chromophores import absorption
from napari_udt.training.samples import make_samples
from napari_udt.training.spectral_realism import SpectralRealism

WAVELENGTHS_NM = np.linspace(500, 900, 30)
STATISTICS = {"simulated": (0.18, 0.03), "real": (0.18, 0.03)}
SPEC = ModelSpec(
    name="m",
    title="m",
    kind="cinn",
    modality="HSI",
    wavelengths_nm=tuple(WAVELENGTHS_NM),
    class_names=("fat", "skin"),
    condition="class",
    spectrum_norm="l2",
    statistics=STATISTICS,
    label_noise_level=0.5,
    architecture={"blocks": 1, "conditional_blocks": 1, "width": 4},
)


def spectra(seed, n=120, more_blood=0.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    oxy, deoxy = (absorption().at(name, WAVELENGTHS_NM) for name in ("HbO2", "Hb"))
    saturation = rng.uniform(0.2, 0.9, (n, 1))
    blood = 0.002 * np.exp(0.2 * rng.standard_normal((n, 1)) + 0.4 * labels[:, None] + more_blood)
    values = np.exp(-blood * (saturation * oxy + (1 - saturation) * deoxy))
    values *= 1 + 0.01 * rng.standard_normal(values.shape)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return make_samples(((values - 0.18) / 0.03).astype(np.float32), labels, balanced=True)


def judged(simulated, second, change=None):
    network = build_network(SPEC)
    if change is not None:
        with torch.no_grad():
            change(network)
    return SpectralRealism(TransferModel(SPEC, network), {"simulated": simulated, "second": second})()


def test_a_map_that_changes_nothing_keeps_the_order_and_is_found_out_where_the_domains_differ():
    alike, apart = judged(spectra(0), spectra(1)), judged(spectra(0), spectra(1, more_blood=1.0))
    assert alike["held_out_oxygenation"] == pytest.approx(0, abs=0.02)
    assert alike["held_out_spectra"] < 0.65
    assert apart["held_out_spectra"] > 0.95


def test_classes_with_few_spectra_are_left_out_and_without_any_it_is_refused():
    with pytest.raises(TrainingError, match="30 held-out spectra"):
        judged(spectra(0, n=40), spectra(1))


def test_the_mode_of_the_network_is_left_as_it_was():
    model = TransferModel(SPEC, build_network(SPEC))
    judge = SpectralRealism(model, {"simulated": spectra(0), "second": spectra(1)})
    model.network.train()
    judge()
    assert model.network.training
