"""The fast way through a spectral cINN: encode under one condition, decode under another.

Written out, a transfer is a chain of coupling blocks run forwards and then backwards. Much of what the plain
network does for every spectrum does not depend on the spectrum; a :class:`SpectralPlan` does it once:

* blocks at the end of the chain that see no condition cancel exactly (f^-1 after f) and are left out;
* what the condition adds to the first layer is constant per tissue class: it becomes that layer's bias;
* scale and offset of the global affine layers are carried as numbers per channel and folded into the weights
  of the blocks that read the channel next, never applied to the spectra;
* permutations in and out of a block become one gather of rows: spectra lie features-first, (channels, n), and the
  rows that a block changes and those that it passes are put where its matrix products want them;
* a first layer that whitens by domain and class (:mod:`napari_udt.inference.spectral_ends`) is looked up per tissue entry;
* tanh is computed as 2 sigmoid(2 x) - 1, which torch evaluates six times faster;
* products go by whichever of torch's libraries is faster here (:mod:`napari_udt.inference.products`). By oneDNN the
  tissue entry enters the first one as rows of zeros and a one, and its ReLU is part of it: no pass over the hidden layer.

The arithmetic is float32; weights are folded in float64. One worker thread per core takes tile after tile, each
with a single BLAS thread: a core that another program occupies then costs its share and no more, whereas
threads that wait for each other inside one product would all run at the pace of the slowest.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from napari_udt.inference.products import onednn_is_faster, onednn_linear
from napari_udt.inference.spectral_ends import GRAIN, TransportEnd
from napari_udt.inference.spectral_steps import FoldedNetwork, Step
from napari_udt.models.spectral_cinn import SpectralCINN
from napari_udt.threads import one_thread_each, single_threaded, usable_cores

# Spectra per tile: the activations of a tile (width x tile x 4 bytes) stay in a core's cache. A tile that is not full is
# filled up to a multiple of the grain, so that a spectrum gets the same bits in any company (a law that the tests check
# on the machine at hand).
# oneDNN prepares each product, and gains from wider ones (measured: 15 % from twice the width, 5 % from twice that).
TILE = 512
ONEDNN_TILE = 1024
CUDA_TILE = 65_536
CUDA_GRAIN = 1024
# Rows of zeros and a one that a tile's spectra may have below them: each costs the first product a channel.
_MOST_ENTRIES = 32


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
        on_cpu = self.device.type == "cpu"
        self._onednn = on_cpu and len(source) <= _MOST_ENTRIES and onednn_is_faster()
        self.tile = CUDA_TILE if not on_cpu else ONEDNN_TILE if self._onednn else TILE
        self.threads = threads or (usable_cores() if on_cpu else 1)
        self._ends: tuple[TransportEnd, TransportEnd] | None = None
        if network.transport is not None:
            sides = zip((source, target), standardise, strict=True)
            first, last = (TransportEnd(network.transport, *side, self.device) for side in sides)
            self._ends, standardise = (first, last), ((0.0, 1.0), (0.0, 1.0))
        folded = FoldedNetwork(network, source.double().cpu(), target.double().cpu(), standardise)
        self._steps = [step.on(self.device, with_both=self._onednn) for step in folded.steps]
        self._order = folded.final_order.to(self.device)
        self._scale = folded.final_scale.to(self.device, torch.float32)
        self._offset = folded.final_offset.to(self.device, torch.float32)
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
                list(self._workers().map(fill, jobs))  # the list raises what a worker raised
        return out

    def _workers(self) -> ThreadPoolExecutor:
        """Return the worker threads; they stay for the next call and go with the plan."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "spectra", single_threaded)
        return self._pool

    def _jobs(self, entries: Tensor) -> list[Tensor]:
        """Split into tiles, the positions of their spectra: tiles of one condition first, then of the remainders."""
        full: list[Tensor] = []
        rest: list[Tensor] = []
        few = self.device.type == "cpu" and len(entries) < self.threads * self.tile
        tile = TILE if few else self.tile  # few are divided among the threads
        for entry in torch.unique(entries).tolist():
            rows = torch.nonzero(entries == entry).flatten()
            whole = len(rows) // tile * tile
            full += rows[:whole].split(tile) if whole else ()
            rest.append(rows[whole:])
        return [*full, *(rows for rows in torch.cat(rest).split(tile) if len(rows))]

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
        # For a single spectrum, oneDNN's preparing costs more than the product.
        onednn = self._onednn and width >= GRAIN
        if onednn:
            work.mark(entries)
        chosen: int | Tensor = int(entries[0])  # one column of the constants for all of one condition
        if (entries != chosen).any():
            chosen = functional.pad(entries, (0, width - count)).to(self.device)
        if self._ends is not None:
            work.state.copy_(self._ends[0].enter(work.state, chosen))
        for step in self._steps:
            work.take(step, None if onednn else chosen)
        moved = torch.addcmul(self._offset, self._scale, work.state.index_select(0, self._order))
        if self._ends is not None:
            moved = self._ends[1].leave(moved, chosen)
        return moved.T[:count].cpu()

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

    def __init__(self, steps: Sequence[Step], channels: int, width: int, device: torch.device) -> None:
        zeros = partial(torch.zeros, dtype=torch.float32, device=device)
        active, entries = len(steps[0].shift), steps[0].constant.shape[1]
        self._now, self._next = (
            _Rows(zeros((channels + entries, width)), active, channels) for _ in range(2)
        )
        self._hidden = {rows: zeros((rows, width)) for rows in {len(s.first) for s in steps}}
        self._outputs = zeros((2 * active, width))

    @property
    def state(self) -> Tensor:
        """The rows of the state without the marks, shape (channels, width)."""
        return self._now.all

    def fill(self, spectra: Tensor) -> None:
        """Start with spectra (n, channels); what is left of the width becomes zero."""
        self.state[:, : len(spectra)] = spectra.T
        self.state[:, len(spectra) :] = 0

    def mark(self, entries: Tensor) -> None:
        """Put a one below every spectrum, in the row of its tissue entry (n,)."""
        for rows in (self._now, self._next):
            rows.marks.zero_()
            rows.marks[:, : len(entries)].scatter_(0, entries[None], 1.0)

    def take(self, step: Step, entries: int | Tensor | None) -> None:
        """Move the state through one block.

        ``entries`` is the condition of all spectra, or theirs (width,), or None where they are marked with it.
        """
        rows = self._next
        torch.index_select(self.state, 0, step.gather, out=rows.all)
        if entries is None:
            hidden = onednn_linear(step.both, rows.passive_and_marks.T, relu=True)
            outputs = onednn_linear(step.second, hidden.T).add_(step.bias)
        else:
            outputs = self._outputs_of(step, rows.passive, entries)
        gate, move = outputs.split(len(step.shift))
        growth = gate.sigmoid_().mul_(2 * step.clamp).sub_(step.clamp).exp_()
        if step.backwards:
            rows.active.add_(move).mul_(growth)
        else:
            torch.addcmul(move, rows.active.add_(step.shift), growth, out=rows.active)
        self._now, self._next = rows, self._now

    def _outputs_of(self, step: Step, passive: Tensor, entries: int | Tensor) -> Tensor:
        hidden = self._hidden[len(step.first)]
        if isinstance(entries, int):
            constant = step.columns[entries]
        else:
            constant = step.constant.index_select(1, entries)
        torch.addmm(constant, step.first, passive, out=hidden)
        return torch.addmm(step.bias, step.second, hidden.relu_(), out=self._outputs)


class _Rows:
    """A buffer of rows [active, passive, marks of the tissue entries] and its parts as views."""

    def __init__(self, rows: Tensor, active: int, channels: int) -> None:
        self.all = rows[:channels]
        self.active, self.passive, self.marks = rows[:active], rows[active:channels], rows[channels:]
        self.passive_and_marks = rows[active:]
