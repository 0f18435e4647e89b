"""One convolution of an image network, by whichever way is fastest for its size and fits into memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from napari_udt.inference import winograd
from napari_udt.inference.fastest import fastest
from napari_udt.inference.memory import available_bytes
from napari_udt.inference.products import has_onednn, onednn_is_faster, onednn_linear
from napari_udt.inference.thread_pool import ThreadPool
from napari_udt.inference.winograd import Scratch

_DIRECT, _WINOGRAD, _WINOGRAD_ONEDNN = "direct", "Winograd", "Winograd with oneDNN's products"
# Winograd saves multiplications, inputs x outputs per pixel, and pays for transforms, inputs + outputs per pixel. Above
# this ratio it is the usual way, which another one must beat; far below it no way is measured.
_WORTHWHILE = 20.0
_HOPELESS = 8.0
# What is measured: a square strip of so many pixels a side, with as many tiles as a strip has, and at most so many
# channels; a wider layer takes longer in all ways alike.
_MEASURED_SIDE = 64
_MOST_MEASURED = 512
# A product of fewer weights than this is too small to prepare it for oneDNN.
_FEWEST_WEIGHTS = 128 * 128
# Its weights are four times larger: for a handful of tiles, reading them takes longer than the products.
_FEWEST_TILES = 8
# Share of the memory still available that the transformed weights of one layer may take.
_SHARE_OF_MEMORY = 0.25
# Tiles per strip: enough rows for fast matrix products, few enough to stay in the cache (measured).
_STRIP_TILES = 256
# Output of a strip of a direct convolution, in values: small enough to be still in the cache when it is stored.
_STRIP_VALUES = 1 << 18
# A thread's share of a layer's outputs is not smaller than this: a few of the processor's vectors.
_FEWEST_OUTPUTS = 64


class Convolution:
    """A convolution with stride 1 whose zero padding keeps the picture's size, on channels-last pictures.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs, k, k)
        k odd. Read when the layer is prepared.
    bias : Tensor, shape (outputs,)
    output_scale : Tensor, shape (outputs,), optional
        Factor on the outputs' weights (the bias stays as it is).
    relu : bool
        Whether the negative outputs become zero.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        *,
        output_scale: Tensor | None = None,
        relu: bool = False,
    ) -> None:
        self.outputs, self.inputs, self.kernel, _ = weight.shape
        self._weight = weight.detach()
        self._bias = bias.detach().float()
        self._output_scale = output_scale
        self._relu = relu
        self._way = ""
        self._direct: Tensor | None = None
        self._transformed: Tensor | None = None

    @property
    def border(self) -> int:
        """Pixels of zero padding on every side."""
        return self.kernel // 2

    def padded_shape(self, rows: int, columns: int) -> tuple[int, int, int]:
        """Shape of the input for a picture: zeros around it, and 3 x 3 layers also get sides to cut into tiles."""
        if self.kernel == winograd.KERNEL:
            rows, columns = (-(-side // winograd.TILE) * winograd.TILE for side in (rows, columns))
        return rows + 2 * self.border, columns + 2 * self.border, self.inputs

    def prepare(self, rows: int, columns: int) -> None:
        """Make the weights ready for pictures of a size: transformed for Winograd's way where that pays and fits."""
        if self._transformed is None and self._suits_winograd(rows, columns) and self._fits():
            transformed = winograd.transform_weights(self._weight)
            if self._output_scale is not None:
                transformed *= self._output_scale[:, None]
            self._transformed = transformed
        if self._direct is None and not self.uses_winograd(rows, columns):
            weight = self._weight.float()
            if self._output_scale is not None:
                weight = weight * self._output_scale[:, None, None, None]
            self._direct = weight.contiguous(memory_format=torch.channels_last)

    def uses_winograd(self, rows: int, columns: int) -> bool:
        """Whether a picture of this size goes the Winograd way, once prepared."""
        return self._transformed is not None and self._suits_winograd(rows, columns)

    def __call__(self, padded: Tensor, out: Tensor, thread_pool: ThreadPool) -> None:
        """Convolve; `prepare` first.

        Parameters
        ----------
        padded : Tensor, shape ``padded_shape(rows, columns)``
            The picture in the upper left corner, `border` away from the edges; zeros around.
        out : Tensor, shape (rows, columns, outputs)
            Where the result goes; any strides.
        thread_pool : ThreadPool
        """
        rows, columns, _ = out.shape
        by_winograd = self.uses_winograd(rows, columns)
        height = self._strip_rows(columns, by_winograd)
        strips = range(0, rows, height)
        jobs = [
            (first, part) for first in strips for part in self._shares(-(-thread_pool.size // len(strips)))
        ]
        thread_pool.share(partial(self._convolve, padded, out, height, by_winograd), jobs)

    def _suits_winograd(self, rows: int, columns: int) -> bool:
        if self.kernel != winograd.KERNEL or winograd.count_tiles(rows, columns) < _FEWEST_TILES:
            return False
        self._way = self._way or fastest_way(self.inputs, self.outputs)
        return self._way != _DIRECT

    def _fits(self) -> bool:
        needed = 4 * winograd.FLOATS_PER_WEIGHT * self.inputs * self.outputs
        return needed <= _SHARE_OF_MEMORY * available_bytes()

    def _strip_rows(self, columns: int, by_winograd: bool) -> int:
        if by_winograd:
            return winograd.TILE * max(1, _STRIP_TILES // winograd.count_tiles(1, columns))
        return max(1, _STRIP_VALUES // (columns * self.outputs))

    def _shares(self, count: int) -> list[slice]:
        """Divide the outputs, for layers with fewer strips than threads: these have many channels."""
        size = max(_FEWEST_OUTPUTS, -(-self.outputs // count))
        return [slice(start, min(start + size, self.outputs)) for start in range(0, self.outputs, size)]

    def _convolve(
        self,
        padded: Tensor,
        out: Tensor,
        height: int,
        by_winograd: bool,
        job: tuple[int, slice],
        scratch: Scratch,
    ) -> None:
        """Compute ``height`` rows from the first on, for some of the outputs."""
        first, part = job
        target = out[first : first + height, :, part]
        strip = padded[first : first + height + 2 * self.border]
        if by_winograd:
            assert self._transformed is not None
            weights, onednn = self._transformed[:, part], self._way == _WINOGRAD_ONEDNN
            values = winograd.convolve(strip, weights, self._bias[part], scratch, onednn=onednn)
        else:
            values = self._direct_convolve(strip, part)
        values = values[: target.shape[0], : target.shape[1]]
        torch.clamp(values, min=0, out=target) if self._relu else target.copy_(values)

    def _direct_convolve(self, padded: Tensor, part: slice) -> Tensor:
        assert self._direct is not None
        weight, bias = self._direct[part], self._bias[part]
        if self.kernel == 1:  # a matrix product; conv2d would go through channels-first on a single thread
            matrix = weight[:, :, 0, 0]
            if matrix.numel() >= _FEWEST_WEIGHTS and onednn_is_faster():
                return onednn_linear(padded.flatten(0, 1), matrix, bias).view(*padded.shape[:2], -1)
            return functional.linear(padded, matrix, bias)
        return functional.conv2d(padded.permute(2, 0, 1)[None], weight, bias)[0].permute(1, 2, 0)


def fastest_way(inputs: int, outputs: int) -> str:
    """Return the fastest way of a 3 x 3 convolution in large pictures, measured on one strip with other weights."""
    inputs, outputs = min(inputs, _MOST_MEASURED), min(outputs, _MOST_MEASURED)
    ratio = inputs * outputs / (inputs + outputs)
    if ratio < _HOPELESS:
        return _DIRECT
    usual, other = (_WINOGRAD, _DIRECT) if ratio >= _WORTHWHILE else (_DIRECT, _WINOGRAD)
    names = (usual, other, *((_WINOGRAD_ONEDNN,) if has_onednn() else ()))
    return fastest(
        f"3 x 3 convolution, {inputs} to {outputs} channels", names, partial(_ways, inputs, outputs)
    )


def _ways(inputs: int, outputs: int) -> dict[str, Callable[[], Tensor]]:
    side = _MEASURED_SIDE + 2 * (winograd.KERNEL // 2)
    strip = torch.linspace(-1, 1, side * side * inputs).view(side, side, inputs)
    weight = torch.linspace(-1, 1, outputs * inputs * 9).view(outputs, inputs, 3, 3)
    direct, bias = weight.contiguous(memory_format=torch.channels_last), torch.zeros(outputs)
    by_winograd = partial(winograd.convolve, strip, winograd.transform_weights(weight), bias, Scratch())
    return {
        _DIRECT: partial(functional.conv2d, strip.permute(2, 0, 1)[None], direct, bias),
        _WINOGRAD: by_winograd,
        _WINOGRAD_ONEDNN: partial(by_winograd, onednn=True),
    }
