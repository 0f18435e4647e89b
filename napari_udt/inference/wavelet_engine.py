"""The fast way through a wavelet flow, as :mod:`napari_udt.inference.image_engine` is for the other image networks.

The same convolutions and coupling blocks on worker threads; no log-determinant is computed, nothing is kept for a gradient. On other devices
the plain network runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from napari_udt.inference.convolution import Convolution
from napari_udt.inference.image_block import PreparedBlock, Workspace
from napari_udt.inference.image_engine import Fingerprint, fingerprint
from napari_udt.inference.thread_pool import thread_pool
from napari_udt.models.coupling import CouplingBlock
from napari_udt.models.flow_level import FlowLevel, bounded
from napari_udt.models.wavelet_flow import WaveletFlow, joined, parted

# Places of the context network's layers among a workspace's activations; coupling subnets have the first ones.
_CONTEXT = 100


class FlowPlan:
    """A transfer of pictures between two conditions by a wavelet flow, prepared for speed.

    Parameters
    ----------
    network : WaveletFlow
    source, target : Tensor, shape (n or 1, 2 + classes, H, W)
        Conditions of encoding and decoding.
    threads : int, optional
        Worker threads on the CPU; the number of usable cores by default.
    """

    def __init__(
        self, network: WaveletFlow, source: Tensor, target: Tensor, threads: int | None = None
    ) -> None:
        self._network, self._source, self._target, self._threads = network, source, target, threads

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Tensor:
        """Transfer pictures (n, channels, H, W) in the network's units, on the network's device.

        Returns
        -------
        Tensor, shape (n, channels, H, W)
            Float32 on the CPU; on other devices the network's own type.

        Raises
        ------
        ModelError
            When the pictures do not fit the network.
        """
        self._network.check(x.shape[-2:])
        if x.device.type != "cpu":
            source, target = (maps.expand(len(x), -1, -1, -1) for maps in (self._source, self._target))
            return self._network.inverse(self._network(x, source)[0], target)[0]
        passes = prepared(self._network)
        sides = [self._network.conditions(maps.float()) for maps in (self._source, self._target)]
        shape = self._network.shape
        moves = [None if shape is None else shape.move(maps.float()) for maps in (self._source, self._target)]
        out = torch.empty_like(x, dtype=torch.float32)
        with thread_pool(self._threads) as workers:
            workspace = Workspace(workers)
            for index, picture in enumerate(x.float()):
                there, back = ([maps[index if len(maps) > 1 else 0] for maps in levels] for levels in sides)
                out[index] = passes.transfer(picture, there, back, workspace, _kept(moves, index))
        return out


def prepared(network: WaveletFlow) -> PreparedFlow:
    """Return the network's fast passes, made anew only when its weights have changed."""
    state = fingerprint(network)
    known = _PREPARED.get(network)
    if known is None or known[0] != state:
        known = _PREPARED[network] = (state, PreparedFlow(network))
    return known[1]


class PreparedFlow:
    """The passes through one wavelet flow, picture by picture, on the CPU.

    Parameters
    ----------
    network : WaveletFlow
        Its weights are read when first needed; later changes are not seen.
    """

    def __init__(self, network: WaveletFlow) -> None:
        self._basis = network.basis.float()
        self._coded = network.coded
        self._unit = None if network.shape is None else network.shape.unit.float()
        self._levels = [PreparedLevel(level) for level in (*network.detail_levels, network.top)]

    def transfer(
        self,
        picture: Tensor,
        source: list[Tensor],
        target: list[Tensor],
        workspace: Workspace,
        moves: Sequence[tuple[Tensor, Tensor]] = (),
    ) -> Tensor:
        """Encode and decode one picture (channels, H, W) under one condition per level, see `WaveletFlow.conditions`.

        ``moves`` are spread and offset of a kept shape in the source and in the target, see `KeptShape.move`.
        """
        components = torch.einsum("kc,chw->khw", self._basis, picture)
        coarse, rest = components.tensor_split((self._coded,))
        *levels, top = self._levels
        codes = []
        for index, level in enumerate(levels):
            coarse, details = (values[0] for values in parted(coarse[None]))
            codes.append(level.encode(details, _given(coarse, source[index], index), workspace))
        coarse = top.decode(top.encode(coarse, source[-1], workspace), target[-1], workspace)
        for index in reversed(range(len(levels))):
            given = _given(coarse, target[index], index)
            details = levels[index].decode(codes[index], given, workspace)
            coarse = joined(coarse[None], details[None])[0]
        if self._unit is not None:
            (spread, offset), (new_spread, new_offset) = moves
            rest = (rest * spread + (new_offset - offset) * self._unit[:, None, None]) / new_spread
            coarse = torch.cat((coarse, rest))
        return torch.einsum("kc,khw->chw", self._basis, coarse)


def _kept(moves: Sequence[tuple[Tensor, Tensor] | None], index: int) -> list[tuple[Tensor, Tensor]]:
    """Return a picture's own part of spreads and offsets; empty where no shape is kept."""
    own = [move for move in moves if move is not None]
    return [(s[index if len(s) > 1 else 0], o[index if len(o) > 1 else 0]) for s, o in own]


class PreparedLevel:
    """One level; see :class:`~napari_udt.models.wavelet_flow.FlowLevel` for the formulas.

    Parameters
    ----------
    level : FlowLevel
    """

    def __init__(self, level: FlowLevel) -> None:
        layers = [layer for layer in level.context if isinstance(layer, nn.Conv2d)]
        self._context = [Convolution(layer.weight, _bias(layer), relu=True) for layer in layers]
        self._affine = Convolution(level.affine.weight, _bias(level.affine))
        self._blocks = [PreparedBlock(block) for block in level.blocks if isinstance(block, CouplingBlock)]
        self._parts = level.parts
        self._prior = level.prior

    def encode(self, x: Tensor, given: Tensor, workspace: Workspace) -> Tensor:
        """Code (channels, H, W) of details, in memory of its own."""
        log_scale, shift = self._prepare(given, workspace)
        whitened = self._prior(x[None], given[None])[0][0]
        state, rest = (whitened - shift).mul_(log_scale.exp()).split(self._parts)
        for block in self._blocks:
            state = block.forward(state, workspace)
        return torch.cat((state, rest))

    def decode(self, z: Tensor, given: Tensor, workspace: Workspace) -> Tensor:
        """Details of a code."""
        log_scale, shift = self._prepare(given, workspace)
        state, rest = z.split(self._parts)
        for block in reversed(self._blocks):
            state = block.inverse(state, workspace)
        whitened = (torch.cat((state, rest)) * torch.exp(-log_scale)).add_(shift)
        return self._prior.inverse(whitened[None], given[None])[0][0]

    def _prepare(self, given: Tensor, workspace: Workspace) -> tuple[Tensor, Tensor]:
        """Run the context network: the features become the blocks' condition, log-scale and shift are returned."""
        _, rows, columns = given.shape
        for layer in (*self._context, self._affine):
            layer.prepare(rows, columns)
        for block in self._blocks:
            block.prepare(rows, columns)
        first, second = self._context
        padded, inside = workspace.padded(first, _CONTEXT, rows, columns)
        inside.copy_(given.permute(1, 2, 0))
        between, inside_between = workspace.padded(second, _CONTEXT + 1, rows, columns)
        both, features = workspace.padded(self._affine, _CONTEXT + 2, rows, columns)
        first(padded, inside_between, workspace.workers)
        second(between, features, workspace.workers)
        raw = torch.empty(rows, columns, self._affine.outputs)
        self._affine(both, raw, workspace.workers)
        workspace.set_condition(features.permute(2, 0, 1))
        log_scale, shift = bounded(raw.permute(2, 0, 1)[None])
        return log_scale[0], shift[0]


def _given(coarse: Tensor, condition: Tensor, index: int) -> Tensor:
    return torch.cat((coarse * 0.5 ** (index + 1), condition))


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias


_PREPARED: WeakKeyDictionary[WaveletFlow, tuple[Fingerprint, PreparedFlow]] = WeakKeyDictionary()
