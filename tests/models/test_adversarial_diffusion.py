"""The diffusion of SynDiff: schedule and posterior against closed forms, sampling of Gaussians, identity and seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.assemble import assemble, transfer_model
from napari_udt.models.build import build_network
from napari_udt.models.diffusion import Diffusion
from napari_udt.models.draws import FreshDraws

SPECTRAL = {"hidden": 8, "layers": 2, "latent": 3, "steps": 4, "residual_bound": 1.5}
IMAGE = {
    "widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu", "norm": "group",
    "denoiser_widths": [8, 16], "latent": 3, "steps": 4, "residual_bound": 1.5,
}  # fmt: skip
CASES = [
    (hsi_spec(kind="syndiff", architecture=SPECTRAL), (6, 9)),
    (pat_spec(kind="syndiff", architecture=IMAGE), (2, 3, 8, 12)),
]
IDS = ["spectra", "pictures"]


def test_the_schedule_is_the_closed_form_of_its_process():
    diffusion = Diffusion(4)
    for t in range(1, 5):
        s, h = t / 4, 1 / 4
        # the share of the variance that is left between two times of the process with b(u) = 0.1 + 19.9 u
        exponent = 0.1 * h + 19.9 * (s**2 - (s - h) ** 2) / 2
        assert diffusion.step_variance[t] == pytest.approx(1 - math.exp(-exponent), rel=1e-12)
        assert diffusion.kept[t] == pytest.approx(math.exp(-0.1 * s - 19.9 * s**2 / 2), rel=1e-12)
    assert diffusion.kept[0] == 1


def test_one_large_step_is_a_chain_of_small_ones():
    large, small = Diffusion(4), Diffusion(64)
    for t in range(1, 5):
        chain = np.prod(1 - small.step_variance[16 * (t - 1) + 1 : 16 * t + 1])
        assert 1 - large.step_variance[t] == pytest.approx(chain, rel=1e-10)


def test_the_way_back_is_the_conditional_of_the_joint_gaussian():
    diffusion, x0, x_t = Diffusion(4), 0.7, -0.4
    for t in range(1, 5):
        a, alpha = diffusion.kept[t - 1], 1 - diffusion.step_variance[t]
        # (x_{t-1}, x_t) given x_0 is normal with these moments
        mean = math.sqrt(a) * x0, math.sqrt(a * alpha) * x0
        own, cross, other = 1 - a, math.sqrt(alpha) * (1 - a), alpha * (1 - a) + 1 - alpha
        expected = mean[0] + cross / other * (x_t - mean[1])
        number = lambda value: torch.full((1, 1), value, dtype=torch.float64)  # noqa: E731
        found, deviation = diffusion.posterior(number(x_t), number(x0), torch.tensor([t]))
        assert found.item() == pytest.approx(expected, abs=1e-12)
        assert deviation.item() == pytest.approx(math.sqrt(own - cross**2 / other), abs=1e-7)


def test_steps_forwards_have_the_moments_of_the_closed_form():
    diffusion, n = Diffusion(4), 100_000
    torch.manual_seed(0)
    x = torch.full((n, 1), 2.0)
    for t in range(1, 4):
        x = diffusion.stepped(x, torch.full((n,), t), torch.randn_like(x))
        direct = diffusion.noised(torch.full((n, 1), 2.0), torch.full((n,), t), torch.randn(n, 1))
        assert x.mean().item() == pytest.approx(direct.mean().item(), abs=0.02)
        assert x.std().item() == pytest.approx(direct.std().item(), rel=0.02)


def test_a_denoiser_that_knows_the_truth_draws_the_right_gaussian():
    """Of x_0 ~ N(mean, std) the guess behind x_t is normal too; four steps then must end in that very Gaussian."""
    spec, mean, std = CASES[0][0], 1.5, 0.6
    network = build_network(spec).double()
    kept = network.diffusion.kept

    def posterior(x_t, source, t, z, classes):
        a = torch.from_numpy(kept)[t][:, None]
        precision = 1 / std**2 + a / (1 - a)
        centre = (mean / std**2 + a.sqrt() * x_t / (1 - a)) / precision
        return centre + z[:, :1] / precision.sqrt()

    network.denoisers["real"].forward = posterior
    torch.manual_seed(0)
    x = torch.zeros(50_000, 1, dtype=torch.float64)
    found = network.sample(x, "real", None, FreshDraws(x))
    assert found.mean().item() == pytest.approx(mean, rel=0.05)
    assert found.std().item() == pytest.approx(std, rel=0.05)


@pytest.mark.parametrize(("spec", "shape"), CASES, ids=IDS)
def test_an_untrained_diffusion_is_the_identity(spec, shape):
    x, labels = torch.randn(shape), torch.randint(-1, 3, (shape[0], *shape[2:]))
    model = transfer_model(spec, build_network(spec))
    assert torch.equal(model.translate(x, "simulated", "real", labels), x)


@pytest.mark.parametrize(("spec", "shape"), CASES, ids=IDS)
def test_a_seed_decides_and_another_one_gives_another_sample(spec, shape):
    network = stir(build_network(spec), 0.3)
    model = assemble(spec, network.state_dict(), "test")  # as it is loaded from a file
    x, labels = torch.randn(shape), torch.randint(-1, 3, (shape[0], *shape[2:]))
    first = model.translate(x, "simulated", "real", labels, seed=1)
    assert torch.equal(model.translate(x, "simulated", "real", labels, seed=1), first)
    assert (model.translate(x, "simulated", "real", labels, seed=2) - first).abs().max() > 1e-3
    assert torch.allclose(
        model.translate(x[1:], "simulated", "real", labels[1:], seed=1), first[1:], atol=1e-5
    )
    assert torch.equal(model.translate(x, "real", "real", labels), x)
    back = model.translate(x, "real", "simulated", labels, seed=1)
    assert not torch.allclose(back, first)  # a denoiser of its own


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ModelError, match="residual_bound is missing"):
        build_network(
            hsi_spec(kind="syndiff", architecture={"hidden": 8, "layers": 2, "latent": 3, "steps": 4})
        )
    with pytest.raises(ModelError, match="steps is 0"):
        build_network(hsi_spec(kind="syndiff", architecture={**SPECTRAL, "steps": 0}))
    with pytest.raises(ModelError, match="denoiser_widths"):
        build_network(pat_spec(kind="syndiff", architecture={**IMAGE, "denoiser_widths": []}))
