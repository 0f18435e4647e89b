"""3 x 3 convolutions by Winograd's minimal filtering, F(4 x 4, 3 x 3).

Direct convolution spends 9 multiplications on every output value and pair of channels. Here the picture is cut
into overlapping 6 x 6 tiles, each of which gives 4 x 4 outputs; tiles and kernels are transformed once, and then
36 values per tile and pair of channels are multiplied: 2.25 per output value. The products over the channels are
36 matrix products.

Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016: with the tile d, the
kernel g and the matrices A, B, G of the evaluation points 0, 1, -1, 2, -2 and infinity,

    Y = A^T [ (G g G^T) * (B^T d B) ] A.

Pictures lie channels-last, (rows, columns, channels), so that the transforms add whole rows of channels. They go
through in strips whose tiles fit into the processor's cache; :mod:`napari_udt.inference.convolution` cuts them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from napari_udt.inference.products import onednn_linear

TILE = 4  # output pixels per side
KERNEL = 3
WINDOW = TILE + KERNEL - 1  # input pixels per side
FLOATS_PER_WEIGHT = WINDOW**2

# Kernels transformed in one matrix product: few enough to stay in the cache.
_KERNELS_AT_ONCE = 1 << 15

_KERNEL_TRANSFORM = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
# The second column of A^T is all ones: a bias added at this entry of every tile reaches all of its 16 outputs.
_BIAS_ENTRY = 1 * WINDOW + 1


class Scratch:
    """Working memory by purpose: one buffer each, which grows when needed and is used again and again."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, purpose: str, *shape: int) -> Tensor:
        """Return float32 memory of a shape; its content is undefined, and the next call may overwrite it."""
        size = math.prod(shape)
        buffer = self._buffers.get(purpose)
        if buffer is None or buffer.numel() < size:
            buffer = self._buffers[purpose] = torch.empty(size)
        return buffer[:size].view(shape)


def transform_weights(weight: Tensor) -> Tensor:
    """Transform kernels, G g G^T.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs, 3, 3)

    Returns
    -------
    Tensor, shape (36, outputs, inputs)
        Float32; four times the memory of ``weight``.
    """
    outputs, inputs = weight.shape[:2]
    both_axes = torch.kron(torch.tensor(_KERNEL_TRANSFORM), torch.tensor(_KERNEL_TRANSFORM))
    kernels = weight.float().reshape(outputs * inputs, 9)
    transformed = torch.empty(WINDOW**2, outputs * inputs)
    for part, place in zip(
        kernels.split(_KERNELS_AT_ONCE), transformed.split(_KERNELS_AT_ONCE, dim=1), strict=True
    ):
        place.copy_(both_axes @ part.T)
    return transformed.view(WINDOW**2, outputs, inputs)


def count_tiles(rows: int, columns: int) -> int:
    """Count the tiles that cover a picture."""
    return -(-rows // TILE) * -(-columns // TILE)


def convolve(
    padded: Tensor, weights: Tensor, bias: Tensor, scratch: Scratch, *, onednn: bool = False
) -> Tensor:
    """Convolve a strip of a picture.

    Parameters
    ----------
    padded : Tensor, shape (4 m + 2, 4 n + 2, inputs)
        Sides are multiples of four, with one more pixel all around.
    weights : Tensor, shape (36, outputs, inputs)
        From `transform_weights`.
    bias : Tensor, shape (outputs,)
    scratch : Scratch
    onednn : bool
        Multiply by oneDNN instead of torch's usual library.

    Returns
    -------
    Tensor, shape (4 m, 4 n, outputs)
        In working memory: valid until the next strip.
    """
    tiles = _transform_input(padded, scratch)
    return _transform_output(_multiply(tiles, weights, bias, scratch, onednn), scratch)


def _transform_input(strip: Tensor, scratch: Scratch) -> Tensor:
    """B^T d B for every tile; shape (6, 6, tile rows, tile columns, channels)."""
    _, columns, channels = strip.shape
    windows = strip.unfold(0, WINDOW, TILE).unbind(-1)
    count = windows[0].shape[0]
    half = scratch.take("input, rows transformed", WINDOW, count, columns, channels)
    _input_axis(windows, half.unbind(0), scratch)
    windows = half.unfold(2, WINDOW, TILE).unbind(-1)
    tiles = scratch.take("tiles", WINDOW, WINDOW, count, windows[0].shape[2], channels)
    _input_axis(windows, tiles.unbind(1), scratch)
    return tiles


def _multiply(tiles: Tensor, weights: Tensor, bias: Tensor, scratch: Scratch, onednn: bool) -> Tensor:
    """Sum over the input channels; shape (6, 6, tile rows, tile columns, outputs)."""
    outputs, inputs = weights.shape[1:]
    products = scratch.take("products", *tiles.shape[:-1], outputs)
    flat = products.view(WINDOW**2, -1, outputs)
    values = tiles.view(WINDOW**2, -1, inputs)
    if onednn:
        for place, entry, weight in zip(flat, values, weights, strict=True):
            place.copy_(onednn_linear(entry, weight))
    else:
        torch.bmm(values, weights.mT, out=flat)
    flat[_BIAS_ENTRY] += bias
    return products


def _transform_output(products: Tensor, scratch: Scratch) -> Tensor:
    """A^T m A for every tile, put together to a strip; shape (rows, columns, outputs)."""
    _, _, rows, columns, outputs = products.shape
    half = scratch.take("output, rows transformed", TILE, WINDOW, rows, columns, outputs)
    _output_axis(products.unbind(0), half.unbind(0), scratch)
    strip = scratch.take("strip", rows, TILE, columns, TILE, outputs)
    _output_axis(half.unbind(1), strip.permute(3, 1, 0, 2, 4).unbind(0), scratch)
    return strip.view(rows * TILE, columns * TILE, outputs)


def _input_axis(d: Sequence[Tensor], out: Sequence[Tensor], scratch: Scratch) -> None:
    """Multiply B^T along one axis, six tensors to six, with the sums that rows of B^T share made once.

    B^T = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
           [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
    """
    even, odd = scratch.take("even", *d[0].shape), scratch.take("odd", *d[0].shape)
    torch.sub(d[4], d[2], alpha=5, out=out[0]).add_(d[0], alpha=4)
    torch.sub(d[5], d[3], alpha=5, out=out[5]).add_(d[1], alpha=4)
    torch.sub(d[4], d[2], alpha=4, out=even)
    torch.sub(d[3], d[1], alpha=4, out=odd)
    torch.add(even, odd, out=out[1])
    torch.sub(even, odd, out=out[2])
    torch.sub(d[4], d[2], out=even)
    torch.sub(d[3], d[1], out=odd)
    torch.add(even, odd, alpha=2, out=out[3])
    torch.sub(even, odd, alpha=2, out=out[4])


def _output_axis(m: Sequence[Tensor], out: Sequence[Tensor], scratch: Scratch) -> None:
    """Multiply A^T along one axis, six tensors to four, with the sums that rows of A^T share made once.

    A^T = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
    """
    near, far = scratch.take("even", *m[0].shape), scratch.take("odd", *m[0].shape)
    torch.add(m[1], m[2], out=near)
    torch.add(m[3], m[4], out=far)
    torch.add(near, far, out=out[0]).add_(m[0])
    torch.add(near, far, alpha=4, out=out[2])
    torch.sub(m[1], m[2], out=near)
    torch.sub(m[3], m[4], out=far)
    torch.add(near, far, alpha=2, out=out[1])
    torch.add(near, far, alpha=8, out=out[3]).add_(m[5])
