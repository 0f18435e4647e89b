"""The fast way through a spectral cINN: encode under one condition, decode under another.

Written out, a transfer is a chain of coupling blocks run forwards and then backwards. Much of what the plain
network does for every spectrum does not depend on the spectrum; a :class:`SpectralPlan` does it once:

* blocks at the end of the chain that see no condition cancel exactly (f^-1 after f) and are left out;
* what the condition adds to the first layer is constant per tissue class: it becomes that layer's bias;
* scale and offset of the global affine layers are carried as numbers per channel and folded into the weights
  of the blocks that read the channel next, never applied to the spectra;
* permutations in and out of a block become one gather of rows: spectra lie features-first, (channels, n), and the
  rows that a block changes and those that it passes are put where its matrix products want them;
* tanh is computed as 2 sigmoid(2 x) - 1, which torch evaluates six times faster.

The arithmetic is float32; weights are folded in float64. One worker thread per core takes tile after tile, each
with a single BLAS thread: a core that another program occupies then costs its share and no more, whereas
threads that wait for each other inside one product would all run at the pace of the slowest.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from napari_udt.models.coupling import CouplingBlock
from napari_udt.models.spectral_cinn import SpectralCINN
from napari_udt.threads import one_thread_each, single_threaded, usable_cores

# Spectra per tile: the activations of a tile (width x tile x 4 bytes) stay in a core's cache. A tile that is not full is
# filled up to a multiple of the grain: BLAS computes every column of such products alike, so that a spectrum gets the
# same bits in any company (a law that the tests check on the machine at hand).
TILE = 512
GRAIN = 64
CUDA_TILE = 65_536
CUDA_GRAIN = 1024

# Subnet outputs are scaled by this before use, see CouplingBlock.
_SUBNET_SCALE = 0.1


@dataclass(frozen=True, eq=False)
class _Step:
    """One coupling block, forwards or backwards, with everything constant folded in.

    ``gather`` picks the rows of the state as [active, passive]. With a the active and p the passive rows,
    h = relu(first @ p + constant), and [g, t] the halves of second @ h + bias, the step is a <- (a + shift) * E + t
    forwards and a <- (a + t) * E backwards, with E = exp(+-c tanh(g / 2)) = exp(+-2 c sigmoid(g) -+ c).
    """

    gather: Tensor  # (channels,)
    first: Tensor  # (width, passive)
    constant: Tensor  # (width, tissue entries): bias, offsets and what the condition adds
    columns: tuple[Tensor, ...]  # the same, one (width, 1) for each tissue entry
    second: Tensor  # (2 active, width)
    bias: Tensor  # (2 active, 1)
    shift: Tensor  # (active, 1)
    clamp: float  # +-c
    backwards: bool


class SpectralPlan:
    """A transfer through one network between two sets of conditions, prepared for speed.

    Parameters
    ----------
    network : SpectralCINN
        Its weights are read once; later changes are not seen.
    source, target : Tensor, shape (entries, condition channels)
        Conditions of encoding and decoding, one row per tissue entry.
    standardise : ((mean, std), (mean, std))
        Scalars of the source and of the target domain: the plan takes spectra before the first and gives them
        back after the second.
    device : torch.device or str
        Where to run.
    threads : int, optional
        Worker threads on the CPU; the number of usable cores by default.
    """

    def __init__(
        self,
        network: SpectralCINN,
        source: Tensor,
        target: Tensor,
        standardise: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0)),
        device: torch.device | str = "cpu",
        threads: int | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.tile = TILE if self.device.type == "cpu" else CUDA_TILE
        self.threads = threads or (usable_cores() if self.device.type == "cpu" else 1)
        folder = _Folder(network, source.double().cpu(), target.double().cpu(), standardise)
        self._steps = [_on(step, self.device) for step in folder.steps]
        self._order = folder.final_order.to(self.device)
        self._scale = folder.final_scale.to(self.device, torch.float32)
        self._offset = folder.final_offset.to(self.device, torch.float32)
        self._workspaces = threading.local()
        self._pool: ThreadPoolExecutor | None = None

    @torch.inference_mode()
    def __call__(self, spectra: Tensor, entries: Tensor, *, narrow: bool = False) -> Tensor:
        """Transfer spectra.

        Parameters
        ----------
        spectra : Tensor, shape (n, channels)
            Float32, normalised per spectrum but not standardised.
        entries : integer Tensor, shape (n,)
            Which row of the conditions holds for each spectrum.
        narrow : bool
            Size the tiles to the spectra: ten times faster for a single one (under the mouse), at the price
            of the last bit, since BLAS adds up in another order.

        Returns
        -------
        Tensor, shape (n, channels)
            On the CPU. Without ``narrow``, every spectrum gets the same bits in any company.

        Raises
        ------
        ValueError
            When the spectra have other channels than the network.
        """
        if spectra.ndim != 2 or spectra.shape[1] != len(self._order):
            raise ValueError(f"spectra of shape {tuple(spectra.shape)}; expected (n, {len(self._order)})")
        out = torch.empty_like(spectra, device="cpu")
        jobs = self._jobs(entries)
        fill = partial(self._fill, out, spectra, entries, narrow)
        with one_thread_each(on=self.device.type == "cpu"):
            if self.threads == 1 or len(jobs) == 1:
                for job in jobs:
                    fill(job)
            else:
                list(self._crew().map(fill, jobs))  # the list raises what a worker raised
        return out

    def _crew(self) -> ThreadPoolExecutor:
        """Return the worker threads; they stay for the next call and go with the plan."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "spectra", single_threaded)
        return self._pool

    def _jobs(self, entries: Tensor) -> list[Tensor]:
        """Split into tiles, the positions of their spectra: tiles of one condition first, then of the remainders."""
        full: list[Tensor] = []
        rest: list[Tensor] = []
        for entry in torch.unique(entries).tolist():
            rows = torch.nonzero(entries == entry).flatten()
            whole = len(rows) // self.tile * self.tile
            full += rows[:whole].split(self.tile) if whole else ()
            rest.append(rows[whole:])
        return [*full, *(tile for tile in torch.cat(rest).split(self.tile) if len(tile))]

    @torch.inference_mode()
    def _fill(self, out: Tensor, spectra: Tensor, entries: Tensor, narrow: bool, rows: Tensor) -> None:
        grain = 1 if narrow else GRAIN if self.device.type == "cpu" else CUDA_GRAIN
        width = -(-len(rows) // grain) * grain
        out[rows] = self._run(spectra[rows], entries[rows], width)

    def _run(self, spectra: Tensor, entries: Tensor, width: int) -> Tensor:
        """Transfer one tile of spectra, shape (n, channels), filled up to ``width``."""
        count, channels = spectra.shape
        work = self._workspace(width, channels)
        work.fill(spectra)
        chosen: int | Tensor = int(entries[0])  # one column of the constants for all of one condition
        if (entries != chosen).any():
            chosen = functional.pad(entries, (0, width - count)).to(self.device)
        for step in self._steps:
            work.take(step, chosen)
        state = work.state.index_select(0, self._order)
        return torch.addcmul(self._offset, self._scale, state).T[:count].cpu()

    def _workspace(self, width: int, channels: int) -> _Workspace:
        """Return the buffers of this thread: nothing is allocated from tile to tile."""
        spaces: dict[int, _Workspace] = self._workspaces.__dict__.setdefault("by_width", {})
        if width not in spaces:
            spaces[width] = _Workspace(self._steps, channels, width, self.device)
        return spaces[width]


class _Workspace:
    """The buffers of one thread, and one step through them.

    The state lives in one of two buffers of rows [active, passive]; a step gathers it into the other one, where its
    passive rows are the input of the first product as they lie.
    """

    def __init__(self, steps: Sequence[_Step], channels: int, width: int, device: torch.device) -> None:
        zeros = partial(torch.zeros, dtype=torch.float32, device=device)
        active = len(steps[0].shift)
        self._now, self._next = (_Rows(zeros((channels, width)), active) for _ in range(2))
        self._hidden = {rows: zeros((rows, width)) for rows in {len(s.first) for s in steps}}
        self._outputs = zeros((2 * active, width))
        self._gate, self._move = self._outputs.split(active)

    @property
    def state(self) -> Tensor:
        """The rows of the state, shape (channels, width)."""
        return self._now.all

    def fill(self, spectra: Tensor) -> None:
        """Start with spectra (n, channels); what is left of the width becomes zero."""
        self.state[:, : len(spectra)] = spectra.T
        self.state[:, len(spectra) :] = 0

    def take(self, step: _Step, entries: int | Tensor) -> None:
        """Move the state through one block; ``entries`` is the condition of all spectra, or theirs (width,)."""
        hidden, rows = self._hidden[len(step.first)], self._next
        torch.index_select(self.state, 0, step.gather, out=rows.all)
        if isinstance(entries, int):
            constant = step.columns[entries]
        else:
            constant = step.constant.index_select(1, entries)
        torch.addmm(constant, step.first, rows.passive, out=hidden)
        torch.addmm(step.bias, step.second, hidden.relu_(), out=self._outputs)
        growth = self._gate.sigmoid_().mul_(2 * step.clamp).sub_(step.clamp).exp_()
        if step.backwards:
            rows.active.add_(self._move).mul_(growth)
        else:
            torch.addcmul(self._move, rows.active.add_(step.shift), growth, out=rows.active)
        self._now, self._next = rows, self._now


class _Rows:
    """A buffer of rows [active, passive] and its two parts, cut once."""

    def __init__(self, rows: Tensor, active: int) -> None:
        self.all = rows
        self.active, self.passive = rows[:active], rows[active:]


class _Folder:
    """Walks the chain once and folds scales, offsets and conditions into the weights.

    The true value of channel i is ``scale[i] * state[place[i]] + offset[i]`` throughout.
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
        self.place = torch.arange(channels)
        self.steps = [self._forwards(block, source) for block in kept]
        self.steps += [self._backwards(block, target) for block in reversed(kept)]
        self.final_order = self.place
        self.final_scale = (self.scale * std_back)[:, None]
        self.final_offset = (self.offset * std_back + mean_back)[:, None]

    def _forwards(self, block: CouplingBlock, condition: Tensor) -> _Step:
        passive, active = _places(block)
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
        return _Step(gather, first, constant, (), second, bias[:, None], shift[:, None], block.clamp, False)

    def _backwards(self, block: CouplingBlock, condition: Tensor) -> _Step:
        passive, active = _places(block)
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
        return _Step(gather, first, constant, (), second, bias[:, None], shift, -block.clamp, True)

    def _gather(self, active: Tensor, passive: Tensor) -> Tensor:
        """Return the rows to pick for a block; afterwards its channels lie as [active, passive]."""
        channels = torch.cat((active, passive))
        gather = self.place[channels]
        self.place = torch.argsort(channels)
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


def _places(block: CouplingBlock) -> tuple[Tensor, Tensor]:
    """Channels that a block passes and that it changes, in the order in which its subnet sees them."""
    order = block.inverse_permutation.cpu()
    return order[: block.passive_count], order[block.passive_count :]


def _affine(block: CouplingBlock) -> tuple[Tensor, Tensor]:
    """Scale and offset of the global affine layer by channel place, not by the order inside the block."""
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


def _on(step: _Step, device: torch.device) -> _Step:
    def floats(tensor: Tensor) -> Tensor:
        return tensor.to(device, torch.float32).contiguous()

    return _Step(
        step.gather.to(device),
        floats(step.first),
        floats(step.constant),
        tuple(floats(column[:, None]) for column in step.constant.T),
        floats(step.second),
        floats(step.bias),
        floats(step.shift),
        step.clamp,
        step.backwards,
    )
