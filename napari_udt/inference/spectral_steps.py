"""A spectral cINN folded into the steps of a transfer: what :class:`~napari_udt.inference.spectral_engine.SpectralPlan` runs.

Scales, offsets and conditions go into the weights once, in float64; the steps keep float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from napari_udt.models.coupling import CouplingBlock
from napari_udt.models.spectral_cinn import SpectralCINN

# Subnet outputs are scaled by this before use, see CouplingBlock.
_SUBNET_SCALE = 0.1


@dataclass(frozen=True, eq=False)
class Step:
    """One coupling block, forwards or backwards, with everything constant folded in.

    ``gather`` picks the rows of the state as [active, passive]. With a the active and p the passive rows,
    h = relu(first @ p + constant), and [g, t] the halves of second @ h + bias, the step is a <- (a + shift) * E + t
    forwards and a <- (a + t) * E backwards, with E = exp(+-c tanh(g / 2)) = exp(+-2 c sigmoid(g) -+ c).
    """

    gather: Tensor  # (channels,)
    first: Tensor  # (width, passive)
    constant: Tensor  # (width, tissue entries): bias, offsets and what the condition adds
    columns: tuple[Tensor, ...]  # the same, one (width, 1) for each tissue entry
    both: Tensor  # (width, passive + tissue entries): first and constant side by side
    second: Tensor  # (2 active, width)
    bias: Tensor  # (2 active, 1)
    shift: Tensor  # (active, 1)
    clamp: float  # +-c
    backwards: bool

    def on(self, device: torch.device, *, with_both: bool = False) -> Step:
        """Return the step on a device, in float32, with the constants of each tissue entry as a column."""

        def floats(tensor: Tensor) -> Tensor:
            return tensor.to(device, torch.float32).contiguous()

        return Step(
            self.gather.to(device),
            floats(self.first),
            floats(self.constant),
            tuple(floats(column[:, None]) for column in self.constant.T),
            floats(torch.cat((self.first, self.constant), dim=1)) if with_both else torch.empty(0),
            floats(self.second),
            floats(self.bias),
            floats(self.shift),
            self.clamp,
            self.backwards,
        )


class FoldedNetwork:
    """The coupling blocks of a transfer with scales, offsets and conditions folded into their weights.

    The true value of channel i is ``scale[i] * state[row[i]] + offset[i]`` throughout.
    """

    def __init__(
        self,
        network: SpectralCINN,
        source: Tensor,
        target: Tensor,
        standardise: tuple[tuple[float, float], tuple[float, float]],
    ) -> None:
        (mean, std), (mean_back, std_back) = standardise
        blocks = coupling_blocks(network)
        kept = blocks[: last_conditional(network)]
        channels = blocks[0].active_count + blocks[0].passive_count
        self.scale = torch.full((channels,), 1 / std, dtype=torch.float64)
        self.offset = torch.full((channels,), -mean / std, dtype=torch.float64)
        self.row = torch.arange(channels)
        self.steps = [self._forwards(block, source) for block in kept]
        self.steps += [self._backwards(block, target) for block in reversed(kept)]
        self.final_order = self.row
        self.final_scale = (self.scale * std_back)[:, None]
        self.final_offset = (self.offset * std_back + mean_back)[:, None]

    def _forwards(self, block: CouplingBlock, condition: Tensor) -> Step:
        passive, active = _channels(block)
        first, constant = self._first(block, passive, condition)
        second, bias = _second(block)
        n, scale = block.active_count, self.scale[active]
        shift = self.offset[active] / scale
        after, moved = _affine(block)
        # The offset that the block adds to an active channel is folded into its shift t, so that no offset is left.
        second[n:] /= scale[:, None]
        bias[n:] = (bias[n:] + moved[active] / after[active]) / scale
        self.scale, self.offset = self.scale * after, self.offset * after + moved
        self.offset[active] = 0.0
        gather = self._gather(active, passive)
        return Step(
            gather,
            first,
            constant,
            (),
            torch.empty(0),
            second,
            bias[:, None],
            shift[:, None],
            block.clamp,
            False,
        )

    def _backwards(self, block: CouplingBlock, condition: Tensor) -> Step:
        passive, active = _channels(block)
        after, moved = _affine(block)
        self.scale, self.offset = self.scale / after, (self.offset - moved) / after
        first, constant = self._first(block, passive, condition)
        second, bias = _second(block)
        n, scale = block.active_count, self.scale[active]
        second[n:] /= -scale[:, None]
        bias[n:] = (self.offset[active] - bias[n:]) / scale
        self.offset[active] = 0.0
        shift = torch.zeros((n, 1), dtype=torch.float64)
        gather = self._gather(active, passive)
        return Step(
            gather, first, constant, (), torch.empty(0), second, bias[:, None], shift, -block.clamp, True
        )

    def _gather(self, active: Tensor, passive: Tensor) -> Tensor:
        """Return the rows to pick for a block; afterwards its channels lie as [active, passive]."""
        channels = torch.cat((active, passive))
        gather = self.row[channels]
        self.row = torch.argsort(channels)
        return gather

    def _first(self, block: CouplingBlock, passive: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """First layer (width, passive) with the scale folded in, and its constants (width, entries)."""
        layer = block.subnet[0]  # type: ignore[index]
        weight, bias = layer.weight.detach().double().cpu(), layer.bias.detach().double().cpu()
        n = block.passive_count
        constant = (bias + weight[:, :n] @ self.offset[passive]).expand(len(condition), -1)
        if block.condition_channels:
            constant = constant + condition[:, : block.condition_channels] @ weight[:, n:].T
        return weight[:, :n] * self.scale[passive], constant.T


def _second(block: CouplingBlock) -> tuple[Tensor, Tensor]:
    """Second layer and its bias with the subnet's scale; the first half doubled, for tanh(x) by sigmoid(2 x)."""
    layer = block.subnet[2]  # type: ignore[index]
    weight = _SUBNET_SCALE * layer.weight.detach().double().cpu()
    bias = _SUBNET_SCALE * layer.bias.detach().double().cpu()
    weight[: block.active_count] *= 2
    bias[: block.active_count] *= 2
    return weight, bias


def _channels(block: CouplingBlock) -> tuple[Tensor, Tensor]:
    """Channels that a block passes and that it changes, in the order in which its subnet sees them."""
    order = block.inverse_permutation.cpu()
    return order[: block.passive_count], order[block.passive_count :]


def _affine(block: CouplingBlock) -> tuple[Tensor, Tensor]:
    """Scale and offset of the global affine layer in the order of the channels, not of the block."""
    scale = block.scale.detach().double().cpu().flatten()[block.permutation.cpu()]
    offset = block.global_offset.detach().double().cpu().flatten()[block.permutation.cpu()]
    return scale, offset


def last_conditional(network: SpectralCINN) -> int:
    """Count the blocks up to the last one that sees the condition; what follows cancels in a transfer."""
    return max(
        (i + 1 for i, block in enumerate(coupling_blocks(network)) if block.condition_channels), default=0
    )


def coupling_blocks(network: SpectralCINN) -> list[CouplingBlock]:
    """Return the network's blocks, with their type."""
    return [block for block in network.blocks if isinstance(block, CouplingBlock)]
