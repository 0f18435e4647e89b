"""Flow matching as a model: identity before training, exact integration, way back, refusals."""

from __future__ import annotations

import math

import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.assemble import transfer_model
from napari_udt.models.build import build_network

SIZE = {"hidden": 16, "layers": 2, "steps": 6}


def spec(**changes):
    return hsi_spec(**{"kind": "flow_matching", "architecture": SIZE, **changes})


def model(stirred=0.0, **changes):
    network = build_network(spec(**changes)).double()
    return transfer_model(spec(**changes), stir(network, stirred) if stirred else network)


def test_an_untrained_velocity_is_zero():
    x, labels = torch.randn(5, 9, dtype=torch.float64), torch.tensor([0, 1, 2, -1, 0])
    assert torch.equal(model().translate(x, "simulated", "real", labels), x)


def test_there_and_back_is_the_identity_up_to_the_integration():
    x, labels = torch.randn(20, 9, dtype=torch.float64), torch.randint(0, 3, (20,))
    coarse, fine = model(0.2), model(0.2, architecture={**SIZE, "steps": 48})
    fine.network.load_state_dict(coarse.network.state_dict())
    errors = [m.round_trip_error(x, "real", labels).max().item() for m in (coarse, fine)]
    assert (fine.translate(x, "simulated", "real", labels) - x).abs().max() > 0.1
    assert errors[1] < min(1e-6, errors[0])


def test_halfway_between_the_domains_lies_halfway_on_the_path():
    x, labels = torch.randn(20, 9, dtype=torch.float64), torch.randint(0, 3, (20,))
    moving = model(0.2, architecture={**SIZE, "steps": 40})
    half = moving.translate(x, "simulated", 0.5, labels)
    whole = moving.translate(x, "simulated", "real", labels)
    torch.testing.assert_close(moving.translate(half, 0.5, "real", labels), whole, rtol=1e-6, atol=1e-6)


def test_a_linear_field_is_integrated_as_its_closed_form():
    network = model().network

    class Growth(type(network)):
        def forward(self, x, t, classes):
            return 0.7 * x

    network.__class__ = Growth
    x = torch.randn(4, 9, dtype=torch.float64)
    torch.testing.assert_close(network.move(x, 0.0, 1.0, None), math.exp(0.7) * x, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(network.move(x, 1.0, 0.0, None), math.exp(-0.7) * x, rtol=1e-5, atol=1e-8)


def test_the_number_of_steps_can_be_chosen():
    x, labels = torch.randn(20, 9, dtype=torch.float64), torch.randint(0, 3, (20,))
    moving = model(0.2)
    ways = [moving.translate(x, "simulated", "real", labels, steps=steps) for steps in (0, 6, 2, 40)]
    assert torch.equal(ways[0], ways[1])  # its own number
    assert (ways[2] - ways[3]).abs().max() > (ways[1] - ways[3]).abs().max() > 0


def test_flow_matching_on_pictures_is_refused():
    with pytest.raises(ModelError, match="is not for PAT"):
        build_network(pat_spec(kind="flow_matching", architecture=SIZE))
