"""One convolution of an image network, by whichever way is fastest for its size and fits into memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from napari_udt.inference import winograd
from napari_udt.inference.memory import available_bytes
from napari_udt.inference.winograd import Scratch

# Winograd saves multiplications, inputs x outputs per pixel, and pays for transforms, inputs + outputs per pixel.
_WORTHWHILE = 20.0
# Its weights are four times larger: for a handful of tiles, reading them takes longer than the products.
_FEWEST_TILES = 8
# Share of the memory still available that the transformed weights of one layer may take.
_SHARE_OF_MEMORY = 0.25
# Output of a strip of a direct convolution, in values: small enough to be still in the cache when it is stored.
_STRIP_VALUES = 1 << 20


class Convolution:
    """A convolution with stride 1 whose zero padding keeps the picture's size, on channels-last pictures.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs, k, k)
        k odd. Read when the layer is first used, and transformed once for the way that was chosen.
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
        self._direct: Tensor | None = None
        self._transformed: Tensor | None = None

    @property
    def border(self) -> int:
        """Pixels of zero padding on every side."""
        return self.kernel // 2

    def padded_shape(self, rows: int, columns: int) -> tuple[int, int, int]:
        """Shape of the input for a picture: zeros around it, and 3 x 3 layers also get sides to cut into tiles."""
        if self.kernel == winograd.WINDOW - winograd.TILE + 1:
            rows, columns = (-(-side // winograd.TILE) * winograd.TILE for side in (rows, columns))
        return rows + 2 * self.border, columns + 2 * self.border, self.inputs

    def uses_winograd(self, rows: int, columns: int) -> bool:
        """Whether a picture of this size would go the Winograd way: where that pays and its weights fit."""
        if self.kernel != 3 or winograd.count_tiles(rows, columns) < _FEWEST_TILES:
            return False
        if self.inputs * self.outputs < _WORTHWHILE * (self.inputs + self.outputs):
            return False
        needed = 4 * winograd.FLOATS_PER_WEIGHT * self.inputs * self.outputs
        return self._transformed is not None or needed <= _SHARE_OF_MEMORY * available_bytes()

    def __call__(self, padded: Tensor, out: Tensor, scratch: Scratch) -> None:
        """Convolve.

        Parameters
        ----------
        padded : Tensor, shape ``padded_shape(rows, columns)``
            The picture in the upper left corner, `border` away from the edges; zeros around.
        out : Tensor, shape (rows, columns, outputs)
            Where the result goes; any strides.
        scratch : Scratch
        """
        rows, columns, _ = out.shape
        for first, strip in self._strips(padded, rows, columns, scratch):
            target = out[first : first + len(strip)]
            values = strip[: len(target), :columns]
            torch.clamp(values, min=0, out=target) if self._relu else target.copy_(values)

    def _strips(
        self, padded: Tensor, rows: int, columns: int, scratch: Scratch
    ) -> Iterator[tuple[int, Tensor]]:
        if self.uses_winograd(rows, columns):
            return winograd.convolve_strips(padded, self._winograd_weights(), self._bias, scratch)
        return self._direct_strips(padded, rows)

    def _direct_strips(self, padded: Tensor, rows: int) -> Iterator[tuple[int, Tensor]]:
        step = max(1, _STRIP_VALUES // (padded.shape[1] * self.outputs))
        for first in range(0, rows, step):
            last = min(first + step, rows) + 2 * self.border
            yield first, self._convolve(padded[first:last])

    def _convolve(self, padded: Tensor) -> Tensor:
        weight = self._direct_weights()
        if self.kernel == 1:  # a matrix product; conv2d would go through channels-first on a single thread
            return functional.linear(padded, weight[:, :, 0, 0], self._bias)
        return functional.conv2d(padded.permute(2, 0, 1)[None], weight, self._bias)[0].permute(1, 2, 0)

    def _direct_weights(self) -> Tensor:
        if self._direct is None:
            weight = self._weight.float()
            if self._output_scale is not None:
                weight = weight * self._output_scale[:, None, None, None]
            self._direct = weight.contiguous(memory_format=torch.channels_last)
        return self._direct

    def _winograd_weights(self) -> Tensor:
        if self._transformed is None:
            transformed = winograd.transform_weights(self._weight)
            if self._output_scale is not None:
                transformed *= self._output_scale[:, None]
            self._transformed = transformed
        return self._transformed
