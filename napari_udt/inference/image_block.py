"""One coupling block of an image network, prepared for speed, and the memory it works in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from napari_udt.inference.convolution import Convolution
from napari_udt.inference.thread_pool import ThreadPool
from napari_udt.inference.winograd import Scratch
from napari_udt.models.coupling import CouplingBlock

# Subnet outputs are scaled by this before use, see CouplingBlock.
_SUBNET_SCALE = 0.1


class Workspace:
    """Activations with their padding, working memory, and the condition that holds at present."""

    def __init__(self, workers: ThreadPool) -> None:
        self.workers = workers
        self.scratch = Scratch()
        self.condition = torch.empty(0)
        self._activations: dict[Any, Tensor] = {}
        self._selections = 0

    def select(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the channels of a state in another order, in memory that the selection after next takes again."""
        self._selections += 1
        out = self.scratch.take(f"state {self._selections % 2}", *state.shape)
        return torch.index_select(state, 0, order, out=out)

    def share_rows(self, work: Callable[[slice, Scratch], None], rows: int) -> None:
        """Divide a picture's rows among the workers."""
        height = -(-rows // self.workers.size)
        self.workers.share(
            work, [slice(first, min(first + height, rows)) for first in range(0, rows, height)]
        )

    def set_condition(self, condition: Tensor) -> None:
        """Set the condition of the blocks that follow, shape (maps, H, W)."""
        self.condition = condition.float().permute(1, 2, 0)

    def padded(self, layer: Convolution, place: int, rows: int, columns: int) -> tuple[Tensor, Tensor]:
        """Return a layer's input, zero outside the picture, and its part inside; shapes (rows, columns, channels).

        One buffer for each size and each ``place`` in the subnet, so that a layer never writes what it reads.
        """
        key = (place, rows, columns, layer.inputs, layer.kernel)
        if key not in self._activations:
            self._activations[key] = torch.zeros(layer.padded_shape(rows, columns))
        whole, edge = self._activations[key], layer.border
        return whole, whole[edge : edge + rows, edge : edge + columns]


class PreparedBlock:
    """One coupling block; see :class:`~napari_udt.models.coupling.CouplingBlock` for the formulas.

    With s and o the global scale and offset of the active channels, the subnet's last layer gives 2 a1 and
    s a2 + o, from which both directions are built: forwards active * E + (s a2 + o) with E = exp(L + ln s),
    inversely (active - (s a2 + o)) / E. With the factor 2, tanh(a1) = 2 sigmoid(2 a1) - 1, which is faster.
    """

    def __init__(self, block: CouplingBlock) -> None:
        scale, offset = (value.detach().float().flatten() for value in (block.scale, block.global_offset))
        self._passive, self._active = block.passive_count, block.active_count
        self._clamp = block.clamp
        self._permutation, self._inverse = block.permutation, block.inverse_permutation
        self._passive_scale, active_scale = (_per_channel(part) for part in scale.split(self._parts))
        self._passive_offset = _per_channel(offset[: self._passive])
        self._log_scale = active_scale.log() - block.clamp
        self._layers = _layers(block, scale[self._passive :], offset[self._passive :])

    def prepare(self, rows: int, columns: int) -> None:
        """Make the weights ready for pictures of a size."""
        for layer in self._layers:
            layer.prepare(rows, columns)

    @property
    def _parts(self) -> tuple[int, int]:
        return self._passive, self._active

    def forward(self, x: Tensor, workspace: Workspace) -> Tensor:
        """Encode; ``x`` (channels, rows, columns) is overwritten."""
        outputs = self._subnet(x[: self._passive], workspace)

        def couple(rows: slice, scratch: Scratch) -> None:
            passive, active = x[:, rows].split(self._parts)
            exponent, shift = self._coefficients(outputs[rows], scratch)
            active.mul_(exponent.exp_()).add_(shift)
            passive.mul_(self._passive_scale).add_(self._passive_offset)

        workspace.share_rows(couple, x.shape[1])
        return workspace.select(x, self._permutation)

    def inverse(self, y: Tensor, workspace: Workspace) -> Tensor:
        """Decode."""
        x = workspace.select(y, self._inverse)
        x[: self._passive].sub_(self._passive_offset).div_(self._passive_scale)
        outputs = self._subnet(x[: self._passive], workspace)

        def couple(rows: slice, scratch: Scratch) -> None:
            exponent, shift = self._coefficients(outputs[rows], scratch)
            x[self._passive :, rows].sub_(shift).mul_(exponent.neg_().exp_())

        workspace.share_rows(couple, x.shape[1])
        return x

    def _coefficients(self, outputs: Tensor, scratch: Scratch) -> tuple[Tensor, Tensor]:
        """L + ln s and s a2 + o from the subnet's outputs (rows, columns, 2 active); each (active, rows, columns)."""
        rows, columns, channels = outputs.shape
        both = scratch.take("coefficients", channels, rows, columns)
        # A plain matrix transpose is the fastest way from channels-last to channels-first.
        both.view(channels, -1).copy_(outputs.view(-1, channels).t())
        gate, shift = both.chunk(2)
        return torch.add(self._log_scale, gate.sigmoid_(), alpha=2 * self._clamp, out=gate), shift

    def _subnet(self, passive: Tensor, workspace: Workspace) -> Tensor:
        """Run the subnet on the passive channels and the condition; shape (rows, columns, 2 active)."""
        _, rows, columns = passive.shape
        padded, inside = workspace.padded(self._layers[0], 0, rows, columns)
        conditional = self._layers[0].inputs > self._passive

        def pack(part: slice, scratch: Scratch) -> None:
            inside[part, :, : self._passive] = passive[:, part].permute(1, 2, 0)
            if conditional:
                inside[part, :, self._passive :] = workspace.condition[part]

        workspace.share_rows(pack, rows)
        for place, (layer, following) in enumerate(zip(self._layers[:-1], self._layers[1:], strict=True), 1):
            after, inside_after = workspace.padded(following, place, rows, columns)
            layer(padded, inside_after, workspace.workers)
            padded = after
        outputs = workspace.scratch.take("subnet", rows, columns, 2 * self._active)
        self._layers[-1](padded, outputs, workspace.workers)
        return outputs


def _layers(block: CouplingBlock, scale: Tensor, offset: Tensor) -> list[Convolution]:
    """Convolutions of a block's subnet, the last one with the factors of `PreparedBlock`."""
    *before, last = (layer for layer in block.subnet.modules() if isinstance(layer, nn.Conv2d))
    layers = [Convolution(layer.weight, _bias(layer), relu=True) for layer in before]
    factor = _SUBNET_SCALE * torch.cat((torch.full_like(scale, 2.0), scale))
    bias = _bias(last) * factor + torch.cat((torch.zeros_like(offset), offset))
    return [*layers, Convolution(last.weight, bias, output_scale=factor)]


def _bias(layer: nn.Conv2d) -> Tensor:
    if layer.bias is None:
        return layer.weight.new_zeros(layer.out_channels, dtype=torch.float32)
    return layer.bias.detach().float()


def _per_channel(values: Tensor) -> Tensor:
    return values.reshape(-1, 1, 1)
