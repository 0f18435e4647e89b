"""The Haar transform is orthonormal and agrees with FrEIA's."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_udt.models.haar import haar_downsample, haar_upsample


@settings(max_examples=20, deadline=None)
@given(channels=st.integers(1, 5), height=st.integers(1, 4), width=st.integers(1, 4))
def test_the_transform_is_invertible_and_keeps_the_norm(channels, height, width):
    x = torch.randn(3, channels, 2 * height, 2 * width, dtype=torch.float64)
    y = haar_downsample(x)
    assert y.shape == (3, 4 * channels, height, width)
    torch.testing.assert_close(haar_upsample(y), x)
    torch.testing.assert_close(y.square().sum(), x.square().sum())


def test_a_constant_picture_has_only_averages():
    y = haar_downsample(torch.full((1, 2, 4, 4), 3.0))
    torch.testing.assert_close(y[0, :, 0, 0], torch.tensor([6.0, 0, 0, 0, 6.0, 0, 0, 0]))


def test_the_transform_agrees_with_freia():
    modules = pytest.importorskip("FrEIA.modules")
    x = torch.randn(2, 3, 6, 8)
    theirs = modules.HaarDownsampling([(3, 6, 8)])
    (y,), log_det = theirs([x])
    torch.testing.assert_close(haar_downsample(x), y)
    assert log_det == pytest.approx(0)
