"""Winograd's way must give the convolution's numbers."""

import pytest
import torch
from torch.nn import functional

from napari_udt.inference import winograd
from napari_udt.inference.winograd import Scratch, convolve, count_tiles, transform_weights


def by_winograd(x, weight, bias, scratch):
    """Convolve (inputs, rows, columns), sides multiples of four."""
    padded = functional.pad(x, (1, 1, 1, 1)).permute(1, 2, 0).contiguous()
    return convolve(padded, transform_weights(weight), bias, scratch).permute(2, 0, 1)


@pytest.mark.parametrize(
    ("inputs", "outputs", "rows", "columns"), [(1, 1, 4, 4), (3, 5, 8, 20), (64, 40, 24, 12)]
)
def test_it_is_the_convolution(inputs, outputs, rows, columns):
    torch.manual_seed(rows)
    x, bias = torch.randn(inputs, rows, columns), torch.randn(outputs)
    weight = torch.randn(outputs, inputs, 3, 3) / (3 * inputs**0.5)
    expected = functional.conv2d(x.double()[None], weight.double(), bias.double(), padding=1)[0]
    spread = max(1.0, float(expected.max() - expected.min()))
    found = by_winograd(x, weight, bias, Scratch()).double()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * spread)


def test_used_working_memory_does_not_shine_through():
    torch.manual_seed(0)
    scratch, weight, bias = Scratch(), torch.randn(6, 4, 3, 3), torch.randn(6)
    x = torch.randn(4, 8, 8)
    fresh = by_winograd(x, weight, bias, scratch).clone()
    by_winograd(torch.full((4, 16, 16), 1e30), weight, bias, scratch)
    assert torch.equal(by_winograd(x, weight, bias, scratch), fresh)


def test_many_kernels_are_transformed_in_parts(monkeypatch):
    weight = torch.randn(7, 5, 3, 3)
    whole = transform_weights(weight)
    monkeypatch.setattr(winograd, "_KERNELS_AT_ONCE", 4)
    torch.testing.assert_close(transform_weights(weight), whole, rtol=0, atol=1e-6)
    assert whole.shape == (36, 7, 5)


def test_tiles_cover_the_picture():
    assert [count_tiles(*size) for size in [(4, 4), (5, 4), (1, 9), (128, 256)]] == [1, 2, 3, 2048]


def test_scratch_grows_and_is_used_again():
    scratch = Scratch()
    small = scratch.take("a", 2, 3)
    assert scratch.take("a", 6).data_ptr() == small.data_ptr()
    assert scratch.take("b", 2, 3).data_ptr() != small.data_ptr()
    assert scratch.take("a", 100, 3).shape == (100, 3)
