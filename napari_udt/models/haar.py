"""The Haar wavelet transform between the scales of the image network."""

from __future__ import annotations

import torch
from torch import Tensor


def haar_downsample(x: Tensor) -> Tensor:
    """Halve a picture's sides and quadruple its channels; orthonormal, so the log-determinant is 0.

    Channel c becomes the channels 4c (average), 4c + 1 (horizontal), 4c + 2 (vertical) and 4c + 3 (diagonal
    difference) of each 2 x 2 block, as FrEIA's ``HaarDownsampling`` orders them.

    Parameters
    ----------
    x : Tensor, shape (n, C, H, W)
        H and W even.

    Returns
    -------
    Tensor, shape (n, 4 C, H / 2, W / 2)
    """
    top, bottom = x[..., 0::2, :], x[..., 1::2, :]
    bands = _butterfly(top[..., 0::2], top[..., 1::2], bottom[..., 0::2], bottom[..., 1::2])
    return torch.stack(bands, dim=2).flatten(1, 2)


def haar_upsample(y: Tensor) -> Tensor:
    """Undo `haar_downsample`: shape (n, 4 C, H, W) becomes (n, C, 2 H, 2 W)."""
    n, channels, height, width = y.shape
    bands = y.reshape(n, channels // 4, 4, height, width).unbind(dim=2)
    pixels = torch.stack(_butterfly(*bands), dim=-1)  # the 4 x 4 matrix is its own inverse
    blocks = pixels.reshape(n, channels // 4, height, width, 2, 2)
    return blocks.permute(0, 1, 2, 4, 3, 5).reshape(n, channels // 4, 2 * height, 2 * width)


def _butterfly(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        0.5 * (a + b + c + d),
        0.5 * (a - b + c - d),
        0.5 * (a + b - c - d),
        0.5 * (a - b - c + d),
    )
