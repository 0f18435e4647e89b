"""The benchmark compares like with like, and its figures hang together."""

import pytest
import torch

from napari_udt.bench.autoencoders import PlainAutoencoder, multiplied_out
from napari_udt.bench.spectral import bench_network, flop_per_spectrum
from napari_udt.bench.text import format_table
from napari_udt.models.spectral_cinn import SpectralCINN

pytest.importorskip("FrEIA")


@pytest.fixture
def network():
    torch.manual_seed(0)
    small = SpectralCINN(100, 12, blocks=5, conditional_blocks=3, width=16, initial_scale=0.7)
    return small.requires_grad_(False)


def test_the_baseline_is_the_same_function(network):
    from napari_udt.bench.plain import PlainSpectralCINN

    x, condition = torch.randn(20, 100), torch.rand(20, 12)
    plain = PlainSpectralCINN(network)
    torch.testing.assert_close(plain.run(x, condition), network(x, condition)[0], rtol=1e-5, atol=1e-5)
    back = plain.run(plain.run(x, condition), condition, backwards=True)
    torch.testing.assert_close(back, x, rtol=1e-4, atol=1e-4)


def test_multiplied_out_stacks_are_the_same_function():
    plain = PlainAutoencoder(hidden=30, latent=6, layers=4)
    x = torch.randn(50, 100)
    torch.testing.assert_close(multiplied_out(plain)(x), plain(x), rtol=1e-4, atol=1e-5)


def test_cancelling_blocks_are_not_counted(network):
    # three conditional blocks, both ways: 100 -> halves of 50, width 16, 100 outputs
    assert flop_per_spectrum(network) == 2 * 3 * (2 * 50 * 16 + 2 * 16 * 100)


def test_figures_hang_together(network, monkeypatch):
    monkeypatch.setattr("napari_udt.bench.spectral.matrix_peak_gflops", lambda device: 50.0)
    one, many = bench_network("small", network, repeats=1, counts=(1, 700))
    assert one.spectra == 1
    assert many.spectra_per_s == pytest.approx(700 / many.engine_s)
    assert many.ratio == pytest.approx(many.plain_s / many.engine_s)
    assert many.max_error_of_range < 1e-5
    assert many.share_of_peak > 0


def test_the_table_is_aligned():
    lines = format_table([("a", "long header"), ("longer cell", "1")]).splitlines()
    assert len({len(line) for line in lines}) == 1
