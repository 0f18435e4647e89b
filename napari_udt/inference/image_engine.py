"""The fast way through an image cINN: encode a picture under one condition, decode it under another.

The numbers are those of the plain network to float32 rounding. What makes it faster on a CPU:

* large 3 x 3 convolutions go by Winograd's minimal filtering (:mod:`napari_udt.inference.winograd`), where memory
  holds the transformed weights; all others run channels-last, which spares the library's own re-ordering;
* activations are stored with their zero padding, once, by the operation that applies the ReLU;
* the global affine layer and the factors of the coupling are folded into the last convolution's weights;
* worker threads share the strips of a layer and meet once per layer, not once per torch call;
* no log-determinant is computed and nothing is kept for a gradient.

No blocks cancel between encoding and decoding: every scale sees the domain. Prepared weights stay with the
network, so that a second picture finds them. On other devices the plain network runs: their own convolution
libraries choose the algorithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from napari_udt.inference.image_block import PreparedBlock, Workspace
from napari_udt.inference.thread_pool import thread_pool
from napari_udt.models.coupling import CouplingBlock
from napari_udt.models.haar import haar_downsample, haar_upsample
from napari_udt.models.image_cinn import ImageCINN


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
        with thread_pool(self._threads) as workers:
            # One for all pictures: nothing is allocated from picture to picture.
            workspace = Workspace(workers)
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
    state = fingerprint(network)
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
        self._scales = [[PreparedBlock(block) for block in _blocks(chain)] for chain in network.scales]

    def prepare(self, rows: int, columns: int) -> None:
        """Make the weights ready for pictures of a size, as far as they are not."""
        for level, blocks in enumerate(self._scales):
            for block in blocks:
                block.prepare(rows >> level, columns >> level)

    def transfer(
        self, picture: Tensor, source: Sequence[Tensor], target: Sequence[Tensor], workspace: Workspace
    ) -> Tensor:
        """Encode and decode one picture (channels, H, W) under one condition per scale (maps, H, W).

        The result lies in the workspace: it is valid until the next picture.
        """
        return self.decode(self.encode(picture, source, workspace), target, workspace)

    def encode(self, picture: Tensor, condition: Sequence[Tensor], workspace: Workspace) -> Tensor:
        """Return the latent as the coarsest scale's picture."""
        state = picture.float().clone()
        for level, blocks in enumerate(self._scales):
            state = state if level == 0 else haar_downsample(state[None])[0]
            workspace.set_condition(condition[level])
            for block in blocks:
                state = block.forward(state, workspace)
        return state

    def decode(self, state: Tensor, condition: Sequence[Tensor], workspace: Workspace) -> Tensor:
        """Return the picture of a latent in the shape that `encode` gives."""
        for level in range(len(self._scales) - 1, -1, -1):
            workspace.set_condition(condition[level])
            for block in reversed(self._scales[level]):
                state = block.inverse(state, workspace)
            state = state if level == 0 else haar_upsample(state[None])[0]
        return state


def _blocks(chain: nn.Module) -> list[CouplingBlock]:
    return [block for block in chain.modules() if isinstance(block, CouplingBlock)]


def _of(condition: Sequence[Tensor], picture: int) -> list[Tensor]:
    """Conditions of one picture of a batch; one condition for all is allowed."""
    return [level[picture if len(level) > 1 else 0] for level in condition]


# The tensors' addresses and how often each was written to: what changes when weights are loaded, trained or moved.
Fingerprint = tuple[tuple[int, int], ...]
_PREPARED: WeakKeyDictionary[ImageCINN, tuple[Fingerprint, PreparedNetwork]] = WeakKeyDictionary()


def fingerprint(network: nn.Module) -> Fingerprint:
    """Return what differs once weights have changed."""
    tensors = [*network.parameters(), *network.buffers()]
    return tuple((t.data_ptr(), 0 if t.is_inference() else t._version) for t in tensors)
