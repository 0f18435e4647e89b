"""The network of components: what its shares are, and its file."""

import numpy as np
import pytest
import torch

from napari_udt.errors import ModelError
from napari_udt.models.components import ComponentNetwork, load_components, power_shares, save_components

NM = np.array([700.0, 750.0, 800.0])


@pytest.fixture
def network():
    torch.manual_seed(0)
    return ComponentNetwork(NM).eval().requires_grad_(False)


def test_a_share_of_the_power_is_what_a_wave_of_random_phase_gives_to_the_sum():
    sizes = torch.tensor([2.0, 1.0, 0.5])
    generator = torch.Generator().manual_seed(0)
    phases = 2 * torch.pi * torch.rand(200_000, 3, generator=generator)
    waves = sizes * torch.exp(1j * phases)
    whole = waves.sum(dim=1, keepdim=True)
    given = (waves * whole.conj()).real.mean(dim=0) / whole.abs().square().mean()
    wanted = power_shares(sizes.reshape(1, 3, 1, 1, 1)).flatten()
    assert given.numpy() == pytest.approx(wanted.numpy(), abs=0.01)
    assert power_shares(torch.zeros(1, 3, 2, 4, 4)).sum() == 0  # nothing at all gives no NaN


def test_shares_add_up_to_one_and_do_not_know_the_gain(network):
    pictures = torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(1))
    shares = network(pictures)
    assert shares.shape == (2, 3, 3, 16, 24)
    assert torch.allclose(shares.sum(dim=1), torch.ones(2, 3, 16, 24), atol=1e-6)
    assert torch.allclose(network(1e4 * pictures), shares, atol=1e-5)
    assert bool(network(torch.zeros(1, 3, 8, 8)).isfinite().all())


def test_a_saved_network_comes_back_with_its_record(network, tmp_path):
    path = tmp_path / "net.safetensors"
    save_components(network, path, {"steps": 3})
    loaded, record = load_components(path)
    x = torch.rand(1, 3, 8, 8)
    assert torch.equal(loaded(x), network(x))
    assert record == {"steps": 3}
    assert np.array_equal(loaded.wavelengths_nm, NM)


def test_bad_files_get_one_sentence(network, tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(ModelError, match="cannot be read"):
        load_components(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        load_components(path)
    network.layers.last.weight[0] = torch.nan
    save_components(network, path, {})
    with pytest.raises(ModelError, match="not finite"):
        load_components(path)
    other = ComponentNetwork(NM)
    other.wavelengths_nm = NM[:2]
    save_components(other, path, {})
    with pytest.raises(ModelError, match="is damaged"):
        load_components(path)
