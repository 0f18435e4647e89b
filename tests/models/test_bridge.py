"""Brownian bridges between Gaussians: marginals in closed form, flow matching without noise, seeds, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.assemble import assemble, transfer_model
from napari_udt.models.bridge import BridgeField
from napari_udt.models.build import build_network
from napari_udt.models.draws import FreshDraws
from napari_udt.models.flow_matching import VelocityField

SPEC = hsi_spec(
    kind="flow_matching", architecture={"hidden": 16, "layers": 2, "steps": 6, "bridge_noise": 0.5}
)
FIRST, SECOND, SIGMA = (0.0, 1.0), (3.0, 0.5), 0.8  # mean and standard deviation of both ends


class Known(BridgeField):
    """What is to be learnt, in closed form, between two independent Gaussians."""

    def __init__(self, noise=SIGMA):
        super().__init__(1, 0, hidden=2, layers=1, steps=4, noise=noise)

    def forward(self, x, t, classes):
        share = t[:, None]
        mean, variance = marginal(share, self.noise)
        apart = (x - mean) / variance
        along = share * SECOND[1] ** 2 - (1 - share) * FIRST[1] ** 2  # covariance of x_1 - x_0 with x_t
        velocity = SECOND[0] - FIRST[0] + along * apart
        return torch.cat((velocity, self.noise * (share * (1 - share)).sqrt() * apart), dim=1)


def marginal(t, noise=SIGMA):
    mean = (1 - t) * FIRST[0] + t * SECOND[0]
    return mean, ((1 - t) * FIRST[1]) ** 2 + (t * SECOND[1]) ** 2 + noise**2 * t * (1 - t)


def drawn(mean_and_std, n=10_000):
    torch.manual_seed(0)
    return mean_and_std[0] + mean_and_std[1] * torch.randn(n, 1, dtype=torch.float64)


@pytest.mark.parametrize("t", [0.25, 0.5, 1.0])
def test_marginals_are_those_of_the_bridge_forwards_and_backwards(t):
    field = Known().double()
    for start, end, x in ((0.0, t, drawn(FIRST)), (1.0, 1.0 - t, drawn(SECOND))):
        found = field.walk(x, start, end, None, FreshDraws(x), 400)
        mean, variance = marginal(end)
        assert found.mean().item() == pytest.approx(mean, abs=0.04)
        assert found.var().item() == pytest.approx(variance, rel=0.07)


def test_few_steps_spread_too_little():
    x = drawn(FIRST)
    spreads = [Known().double().walk(x, 0.0, 1.0, None, FreshDraws(x), n).std().item() for n in (1, 4, 150)]
    assert spreads[0] < spreads[1] < spreads[2]
    assert spreads[0] == pytest.approx(0, abs=1e-9)  # the expected end of independent pairs is one point


def test_points_on_the_way_have_the_noise_of_a_bridge():
    field, n = Known(), 50_000
    t = torch.full((n,), 0.3)
    found = field.between(torch.zeros(n, 1), torch.ones(n, 1), t, torch.randn(n, 1))
    assert found.mean().item() == pytest.approx(0.3, abs=0.01)
    assert found.var().item() == pytest.approx(SIGMA**2 * 0.3 * 0.7, rel=0.03)


def test_without_noise_it_is_flow_matching():
    still = Known(noise=0.0).double()

    class Flow(VelocityField):
        def forward(self, x, t, classes):
            return still(x, t, classes)[:, :1]

    flow = Flow(1, 0, hidden=2, layers=1, steps=4).double()
    x = drawn(FIRST, 50)
    euler = x + 0.5 * flow(x, x.new_zeros(50), None)
    euler = euler + 0.5 * flow(euler, x.new_full((50,), 0.5), None)
    torch.testing.assert_close(still.walk(x, 0.0, 1.0, None, FreshDraws(x), 2), euler, rtol=0, atol=1e-12)
    exact = flow.move(x, 0.0, 1.0, None, 50)
    torch.testing.assert_close(still.walk(x, 0.0, 1.0, None, FreshDraws(x), 500), exact, rtol=0, atol=1e-2)
    back = still.walk(exact, 1.0, 0.0, None, FreshDraws(x), 500)
    torch.testing.assert_close(back, x, rtol=0, atol=2e-2)


def test_the_seed_decides_the_path_and_steps_can_be_chosen():
    network = stir(build_network(SPEC), 0.2)
    model = assemble(SPEC, network.state_dict(), "test")
    x, labels = (
        np.random.default_rng(0).standard_normal((5, 9)).astype(np.float32),
        np.array([0, 1, 2, -1, 0]),
    )
    first, again, other = (model.translate(x, "simulated", "real", labels, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(other - first).max() > 1e-2
    assert np.abs(model.translate(x, "simulated", "real", labels, seed=1, steps=3) - first).max() > 1e-3
    np.testing.assert_array_equal(model.translate(x, "simulated", "simulated", labels), x)
    assert SPEC.is_stochastic
    assert SPEC.takes_steps
    with pytest.raises(ModelError, match="round trip in one domain means nothing"):
        model.round_trip_error(x, "real", labels)


def test_noise_that_is_no_number_is_refused():
    with pytest.raises(ModelError, match="bridge_noise is 0"):
        transfer_model(
            SPEC,
            build_network(
                hsi_spec(kind="flow_matching", architecture={**SPEC.architecture, "bridge_noise": 0})
            ),
        )
