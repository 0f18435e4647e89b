"""Latents beside the standard normal: laws of quantiles, and which entry belongs to which wavelength."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transfer_samples import make_cube, make_model

from napari_udt.inference.latent_quantiles import (
    FEWEST,
    _turned_back,
    coefficients_by_wavelength,
    of_spectra,
    quantiles,
)
from napari_udt.inference.probe import make_job
from napari_udt.models.build import build_network
from napari_udt.models.class_transport import ClassTransport
from napari_udt.models.spec import ModelSpec

NM = np.array([500.0, 700.0, 900.0])
NORMAL = np.random.default_rng(0).standard_normal((40_000, 3))


def test_a_standard_normal_lies_on_the_diagonal():
    found = quantiles(NORMAL, NM)
    assert found.count == 40_000
    np.testing.assert_allclose(found.observed, np.tile(found.expected[:, None], 3), atol=0.06)
    assert (found.deviations < 0.06).all()


def test_scale_is_the_slope_and_shift_the_offset():
    plain = quantiles(NORMAL, NM)
    changed = quantiles(1.5 * NORMAL + [0.0, 0.25, -1.0], NM)
    np.testing.assert_allclose(changed.observed, 1.5 * plain.observed + [0.0, 0.25, -1.0], atol=1e-12)
    assert changed.deviations == pytest.approx([1.0, 1.25, 2.0], abs=0.1)


def test_few_samples_give_no_picture():
    assert quantiles(NORMAL[: FEWEST - 1], NM) is None
    assert quantiles(NORMAL[:FEWEST], NM).count == FEWEST


def test_latents_of_spectra_are_the_models_own():
    cube, model = make_cube(8, 10, 12), make_model("HSI", 12)
    job = make_job(cube, model)
    spectra, entries = cube.data.reshape(-1, 12), job.tissue.index.reshape(-1)
    found = of_spectra(job, spectra, entries)
    z, _ = model.encode(model.normalise(spectra, "simulated"), "simulated", job.tissue.table[entries])
    assert found.count == 80
    np.testing.assert_allclose(found.observed, quantiles(z, found.wavelengths_nm).observed, rtol=1e-6)
    spectra[:40] = 0
    assert of_spectra(job, spectra, entries) is None, "40 spectra that can be transferred are too few"


def test_a_whitened_latent_goes_back_to_its_wavelengths():
    rng = np.random.default_rng(1)
    mixing = rng.standard_normal((6, 6))
    domains = {"simulated": (0.0, 1.0), "real": (0.1, 0.9)}
    transport = ClassTransport(6, 0, domains, 0.0)
    values = {d: torch.as_tensor(1 + 0.1 * rng.standard_normal((400, 6)) @ mixing) for d in domains}
    transport.fit(values, {d: torch.full((400,), -1) for d in domains}, np.linspace(700, 900, 6))
    condition = torch.tensor([[1.0, 0.0]]).repeat(400, 1)
    z, _ = transport(values["simulated"].float(), condition)
    model = SimpleNamespace(network=SimpleNamespace(transport=transport))
    found = _turned_back(model, z.numpy(), condition)
    logarithm = np.arcsinh(values["simulated"].numpy() / transport.scale)
    logarithm -= logarithm.mean(axis=0)
    np.testing.assert_allclose(found, logarithm / logarithm.std(axis=0), atol=0.05)


def silent(network):
    """Make the coupling blocks pass everything on, each channel by itself."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if ".subnet." in name:
                parameter.zero_()
    return network


@pytest.mark.parametrize(
    "architecture",
    [
        {"scales": [{"blocks": 2, "width": 4, "kernels": [3, 1, 3]}] * 3},
        {"levels": [{"blocks": 2, "width": 4}] * 2, "top": {"blocks": 2, "width": 4}, "components": 2},
    ],
    ids=["cinn", "wavelet flow"],
)
def test_a_change_at_one_wavelength_of_a_picture_is_seen_at_that_wavelength(architecture):
    spec: ModelSpec = make_model("PAT", 3).spec
    torch.manual_seed(3)
    network = silent(build_network(type(spec)(**{**vars(spec), "architecture": architecture})))
    if "levels" in architecture:
        network.basis.copy_(torch.linalg.qr(torch.randn(3, 3)).Q)
    x = torch.randn(1, 3, 8, 12)
    changed = x.clone()
    changed[:, 1] += 1
    condition = torch.zeros(1, 5, 8, 12)
    conditions = (
        condition
        if "levels" in architecture
        else [condition, torch.zeros(1, 2, 4, 6), torch.zeros(1, 2, 2, 3)]
    )
    before, after = (
        coefficients_by_wavelength(network, network(v, conditions)[0][0].detach().numpy(), (8, 12))
        for v in (x, changed)
    )
    assert before.shape == (96, 3)
    moved = np.abs(after - before).max(axis=0)
    assert moved[1] > 0.1
    assert moved[[0, 2]] == pytest.approx(0, abs=1e-5)


def test_codes_of_a_kept_shape_are_standard_normal_at_every_wavelength():
    spec: ModelSpec = make_model("PAT", 4).spec
    architecture = {
        "levels": [{"blocks": 0, "width": 1}],
        "top": {"blocks": 0, "width": 1},
        "components": 2,
        "keeps_shape": True,
    }
    network = build_network(type(spec)(**{**vars(spec), "architecture": architecture}))
    network.basis.copy_(torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2)
    z = np.random.default_rng(0).standard_normal(4 * 40 * 60)
    found = coefficients_by_wavelength(network, z, (40, 60))
    assert found.shape == (2 * 40 * 60, 4), "of the brightness, then of the shape"
    np.testing.assert_allclose(found.std(axis=0), 1, atol=0.05)
