"""The fast way through an image cINN: encode a picture under one condition, decode it under another.

The numbers are those of the plain network to float32 rounding. What makes it faster on a CPU:

* large 3 x 3 convolutions go by Winograd's minimal filtering (:mod:`napari_udt.inference.winograd`), where memory
  holds the transformed weights; all others run channels-last, which spares the library's own re-ordering;
* activations are stored with their zero padding, once, by the operation that applies the ReLU;
* the global affine layer and the factors of the coupling are folded into the last convolution's weights;
* no log-determinant is computed and nothing is kept for a gradient.

No blocks cancel between encoding and decoding: every scale sees the domain. Prepared weights stay with the
network, so that a second picture finds them. On other devices the plain network runs: their own convolution
libraries choose the algorithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from napari_udt.inference.convolution import Convolution
from napari_udt.inference.crew import Crew, crew
from napari_udt.inference.winograd import Scratch
from napari_udt.models.coupling import CouplingBlock
from napari_udt.models.haar import haar_downsample, haar_upsample
from napari_udt.models.image_cinn import ImageCINN

# Subnet outputs are scaled by this before use, see CouplingBlock.
_SUBNET_SCALE = 0.1


class ImagePlan:
    """A transfer of pictures between two conditions, prepared for speed.

    Parameters
    ----------
    network : ImageCINN
    source, target : sequence of Tensor
        Conditions of encoding and decoding, one per scale: (n or 1, 2 + classes, H, W), (n or 1, 2, H / 2, W / 2), ...
    threads : int, optional
        Worker threads on the CPU; the number of usable cores by default.
    """

    def __init__(
        self,
        network: ImageCINN,
        source: Sequence[Tensor],
        target: Sequence[Tensor],
        threads: int | None = None,
    ) -> None:
        self._threads = threads
        self._network = network
        self._source = source
        self._target = target

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Tensor:
        """Transfer pictures.

        Parameters
        ----------
        x : Tensor, shape (n, channels, H, W)
            In the network's units; H and W multiples of ``network.multiple``, on the network's device.

        Returns
        -------
        Tensor, shape (n, channels, H, W)
            Float32 on the CPU; on other devices the network's own type.

        Raises
        ------
        ModelError
            When the picture or the conditions do not fit the network.
        """
        self._network.check(x.shape[-2:], self._source)
        self._network.check(x.shape[-2:], self._target)
        if x.device.type != "cpu":
            return self._plain(x)
        passes = prepared(self._network)
        passes.prepare(*x.shape[-2:])
        out = torch.empty_like(x, dtype=torch.float32)
        with crew(self._threads) as workers:
            workspace = _Workspace(
                workers
            )  # one for all pictures: nothing is allocated from picture to picture
            for i, picture in enumerate(x):
                out[i] = passes.transfer(picture, _of(self._source, i), _of(self._target, i), workspace)
        return out

    def _plain(self, x: Tensor) -> Tensor:
        source, target = (
            [m.expand(len(x), -1, -1, -1) for m in maps] for maps in (self._source, self._target)
        )
        latent, _ = self._network(x, source)
        return self._network.inverse(latent, target)[0]


def prepared(network: ImageCINN) -> PreparedNetwork:
    """Return the network's fast passes, made anew only when its weights have changed."""
    state = _fingerprint(network)
    known = _PREPARED.get(network)
    if known is None or known[0] != state:
        known = _PREPARED[network] = (state, PreparedNetwork(network))
    return known[1]


class PreparedNetwork:
    """The passes through one image network, picture by picture, on the CPU.

    Parameters
    ----------
    network : ImageCINN
        Its weights are read when first needed; later changes are not seen.
    """

    def __init__(self, network: ImageCINN) -> None:
        self._scales = [[_Block(block) for block in _blocks(chain)] for chain in network.scales]

    def prepare(self, rows: int, columns: int) -> None:
        """Make the weights ready for pictures of a size, as far as they are not."""
        for level, blocks in enumerate(self._scales):
            for block in blocks:
                block.prepare(rows >> level, columns >> level)

    def transfer(
        self, picture: Tensor, source: Sequence[Tensor], target: Sequence[Tensor], workspace: _Workspace
    ) -> Tensor:
        """Encode and decode one picture (channels, H, W) under one condition per scale (maps, H, W).

        The result lies in the workspace: it is valid until the next picture.
        """
        return self.decode(self.encode(picture, source, workspace), target, workspace)

    def encode(self, picture: Tensor, condition: Sequence[Tensor], workspace: _Workspace) -> Tensor:
        """Return the latent as the coarsest scale's picture."""
        state = picture.float().clone()
        for level, blocks in enumerate(self._scales):
            state = state if level == 0 else haar_downsample(state[None])[0]
            workspace.see(condition[level])
            for block in blocks:
                state = block.forward(state, workspace)
        return state

    def decode(self, state: Tensor, condition: Sequence[Tensor], workspace: _Workspace) -> Tensor:
        """Return the picture of a latent in the shape that `encode` gives."""
        for level in range(len(self._scales) - 1, -1, -1):
            workspace.see(condition[level])
            for block in reversed(self._scales[level]):
                state = block.inverse(state, workspace)
            state = state if level == 0 else haar_upsample(state[None])[0]
        return state


class _Workspace:
    """Activations with their padding, working memory, and the condition that holds at present."""

    def __init__(self, workers: Crew) -> None:
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

    def see(self, condition: Tensor) -> None:
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


class _Block:
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

    def forward(self, x: Tensor, workspace: _Workspace) -> Tensor:
        """Encode; ``x`` (channels, rows, columns) is overwritten."""
        passive, active = x.split(self._parts)
        exponent, shift = self._coefficients(passive, workspace)
        active.mul_(exponent.exp_()).add_(shift)
        passive.mul_(self._passive_scale).add_(self._passive_offset)
        return workspace.select(x, self._permutation)

    def inverse(self, y: Tensor, workspace: _Workspace) -> Tensor:
        """Decode."""
        x = workspace.select(y, self._inverse)
        passive, active = x.split(self._parts)
        passive.sub_(self._passive_offset).div_(self._passive_scale)
        exponent, shift = self._coefficients(passive, workspace)
        active.sub_(shift).mul_(exponent.neg_().exp_())
        return x

    def _coefficients(self, passive: Tensor, workspace: _Workspace) -> tuple[Tensor, Tensor]:
        """L + ln s and s a2 + o, shapes (active, rows, columns)."""
        _, rows, columns = passive.shape
        outputs = self._subnet(passive, workspace)
        # A plain matrix transpose is the fastest way from channels-last to channels-first.
        gate, shift = outputs.view(rows * columns, -1).t().contiguous().view(-1, rows, columns).chunk(2)
        return torch.add(self._log_scale, gate.sigmoid_(), alpha=2 * self._clamp, out=gate), shift

    def _subnet(self, passive: Tensor, workspace: _Workspace) -> Tensor:
        """Run the subnet on the passive channels and the condition; shape (rows, columns, 2 active)."""
        _, rows, columns = passive.shape
        padded, inside = workspace.padded(self._layers[0], 0, rows, columns)
        inside[..., : self._passive] = passive.permute(1, 2, 0)
        if self._layers[0].inputs > self._passive:
            inside[..., self._passive :] = workspace.condition
        for place, (layer, following) in enumerate(zip(self._layers[:-1], self._layers[1:], strict=True), 1):
            after, inside = workspace.padded(following, place, rows, columns)
            layer(padded, inside, workspace.workers)
            padded = after
        outputs = workspace.scratch.take("subnet", rows, columns, 2 * self._active)
        self._layers[-1](padded, outputs, workspace.workers)
        return outputs


def _blocks(chain: nn.Module) -> list[CouplingBlock]:
    return [block for block in chain.modules() if isinstance(block, CouplingBlock)]


def _layers(block: CouplingBlock, scale: Tensor, offset: Tensor) -> list[Convolution]:
    """Convolutions of a block's subnet, the last one with the factors of `_Block`."""
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


def _of(condition: Sequence[Tensor], picture: int) -> list[Tensor]:
    """Conditions of one picture of a batch; one condition for all is allowed."""
    return [level[picture if len(level) > 1 else 0] for level in condition]


# The tensors' addresses and how often each was written to: what changes when weights are loaded, trained or moved.
Fingerprint = tuple[tuple[int, int], ...]
_PREPARED: WeakKeyDictionary[ImageCINN, tuple[Fingerprint, PreparedNetwork]] = WeakKeyDictionary()


def _fingerprint(network: nn.Module) -> Fingerprint:
    tensors = [*network.parameters(), *network.buffers()]
    return tuple((t.data_ptr(), 0 if t.is_inference() else t._version) for t in tensors)
