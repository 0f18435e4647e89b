"""The plain implementation: FrEIA's blocks with our weights, run as they are."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.inference.spectral_steps import coupling_blocks
from napari_udt.models.coupling import CouplingBlock
from napari_udt.models.spectral_cinn import SpectralCINN

# Spectra at once; the published evaluation uses batches of this order.
BATCH = 10_000


class PlainSpectralCINN(nn.Module):
    """FrEIA's AllInOneBlocks in a row, with the weights of one of our networks.

    Parameters
    ----------
    network : SpectralCINN
        Its weights are copied; permutations become the dense matrices that FrEIA multiplies with.

    Raises
    ------
    ModelError
        When FrEIA is not installed.
    """

    def __init__(self, network: SpectralCINN) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_freia_block(block) for block in coupling_blocks(network))
        self._conditional = [bool(block.condition_channels) for block in coupling_blocks(network)]
        self.transport = copy.deepcopy(network.transport)
        self.requires_grad_(False)

    def run(self, x: Tensor, condition: Tensor, *, backwards: bool = False) -> Tensor:
        """Encode spectra (n, channels), or decode latents."""
        pairs = list(zip(self.blocks, self._conditional, strict=True))
        if self.transport is not None and not backwards:
            x, _ = self.transport(x, condition)
        for block, conditional in reversed(pairs) if backwards else pairs:
            (x,), _ = block((x,), c=[condition] if conditional else [], rev=backwards)
        if self.transport is not None and backwards:
            x, _ = self.transport.inverse(x, condition)
        return x

    @torch.inference_mode()
    def transfer(self, x: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """Encode under ``source``, decode under ``target``: conditions (n, condition channels)."""
        parts = zip(x.split(BATCH), source.split(BATCH), target.split(BATCH), strict=True)
        return torch.cat([self.run(self.run(a, b), c, backwards=True) for a, b, c in parts])


def _freia_block(block: CouplingBlock) -> nn.Module:
    try:
        from FrEIA.modules import AllInOneBlock
    except ImportError as error:
        raise ModelError("The benchmark's baseline needs FrEIA: pip install 'napari-udt[bench]'.") from error
    channels = block.active_count + block.passive_count
    conditions = [(block.condition_channels,)] if block.condition_channels else []
    theirs: nn.Module = AllInOneBlock(
        [(channels,)],
        conditions,
        subnet_constructor=_subnet_like(block),
        affine_clamping=block.clamp,
        reverse_permutation=True,
    )
    permutation = torch.eye(channels)[block.permutation]
    theirs.load_state_dict(
        {
            "global_scale": block.global_scale,
            "global_offset": block.global_offset,
            "w_perm": permutation,
            "w_perm_inv": permutation.T,
            **{f"subnet.{key}": value for key, value in block.subnet.state_dict().items()},
        }
    )
    return theirs


def _subnet_like(block: CouplingBlock) -> Callable[[int, int], nn.Module]:
    width = block.subnet[0].out_features  # type: ignore[index]

    def make(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(nn.Linear(inputs, int(width)), nn.ReLU(), nn.Linear(int(width), outputs))

    return make
