"""DicycleGAN: nothing is displaced before training, offsets mean pixels, transfers are undeformed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir
from scipy.ndimage import map_coordinates

from napari_udt.errors import ModelError
from napari_udt.models.assemble import transfer_model
from napari_udt.models.build import build_network
from napari_udt.models.dicycle import OffsetField, warped

ARCHITECTURE = {
    "widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu", "norm": "group",
    "residual_bound": 1.5, "largest_offset": 3.0,
}  # fmt: skip
SPEC = pat_spec(kind="dicyclegan", architecture=ARCHITECTURE)


def test_an_offset_of_zero_changes_no_bit():
    x = torch.randn(2, 3, 9, 7)
    assert torch.equal(warped(x, torch.zeros(2, 2, 9, 7)), x)


def test_pixels_come_from_where_the_offsets_say():
    x, offsets = (
        torch.randn(1, 2, 12, 10, dtype=torch.float64),
        3 * torch.randn(1, 2, 12, 10, dtype=torch.float64),
    )
    places = np.mgrid[:12, :10] + offsets[0].numpy()
    expected = [map_coordinates(channel, places, order=1, mode="nearest") for channel in x[0].numpy()]
    np.testing.assert_allclose(warped(x, offsets)[0].numpy(), expected, atol=1e-12)


def test_the_gradient_of_an_offset_is_the_pictures_slope():
    ramp = (2.0 * torch.arange(8.0)[:, None] + torch.arange(6.0))[None, None]
    offsets = torch.full((1, 2, 8, 6), 0.3, requires_grad=True)
    warped(ramp, offsets)[..., 1:6, 1:4].sum().backward()
    assert offsets.grad[0, 0, 3, 2].item() == pytest.approx(2.0, rel=1e-5)
    assert offsets.grad[0, 1, 3, 2].item() == pytest.approx(1.0, rel=1e-5)


def test_untrained_pictures_are_undeformed_to_the_last_bit_and_offsets_stay_in_bounds():
    network = build_network(SPEC)
    model = transfer_model(SPEC, network)
    x, labels = torch.randn(2, 3, 8, 12), torch.randint(-1, 3, (2, 8, 12))
    deformed, offsets = model.deformed(x, "simulated", "real", labels)
    assert torch.equal(deformed, x)
    assert not offsets.any()
    stir(network, 3.0)
    deformed, offsets = model.deformed(x, "simulated", "real", labels)
    assert 0.1 < offsets.abs().max() <= 3.0
    undeformed = model.translate(x, "simulated", "real", labels)
    torch.testing.assert_close(deformed, warped(undeformed, offsets))
    assert (deformed - undeformed).abs().max() > 1e-3


def test_the_field_learns_a_known_smooth_warp():
    torch.manual_seed(0)
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    x = torch.stack([torch.sin(rows / 3) * torch.cos(columns / 4), torch.cos((rows + columns) / 5)])[None]
    known = torch.stack([2 * torch.sin(columns / 12), 1.5 * torch.cos(rows / 12)])[None]
    field, place = OffsetField(4, 4.0), torch.stack([rows, columns])[None] / 32
    optimiser = torch.optim.Adam(field.parameters(), 1e-2)
    given = torch.cat((x, place), dim=1)
    for _ in range(150):
        optimiser.zero_grad()
        loss = (warped(x, field(given)) - warped(x, known)).square().mean()
        loss.backward()
        optimiser.step()
    apart = (field(given) - known).square().sum(dim=1).sqrt()[..., 4:-4, 4:-4]
    assert apart.mean().item() < 0.6  # pixels, of up to 2.5
    assert known.square().sum(dim=1).sqrt().mean().item() > 1.2


def test_spectra_have_no_space_to_deform():
    with pytest.raises(ModelError, match="kind 'dicyclegan' is not for HSI"):
        build_network(hsi_spec(kind="dicyclegan", architecture=ARCHITECTURE))
    with pytest.raises(ModelError, match="deforms nothing within one domain"):
        transfer_model(SPEC, build_network(SPEC)).deformed(torch.randn(1, 3, 8, 8), "real", "real")
