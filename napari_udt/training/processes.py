"""The processes of a training run: one alone, or several, one per device, through Lightning Fabric.

Every process draws the same whole batch from the same generator, trains on its own part of it, and the gradients are
averaged. N processes with batches of n samples therefore do what one does with batches of N n, apart from
rounding and from what is drawn inside the networks (the discriminators' dropout and the latent noise).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from napari_udt.errors import TrainingError, UdtError
from napari_udt.files.write_errors import WriteError
from napari_udt.parent_process import end_with_parent
from napari_udt.training.progress import interruption

T = TypeVar("T")


class Processes:
    """The processes of a run: here a single one.

    Parameters
    ----------
    device : str
        torch device of this process.
    """

    size, rank = 1, 0

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    @property
    def leads(self) -> bool:
        """Whether this process writes log, checkpoints and model."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, in place."""

    def shared(self, make: Callable[[], T]) -> T:
        """Return the value that the first process makes."""
        return make()

    def any(self, flag: bool) -> bool:
        """Return whether ``flag`` is true in any process."""
        return flag


class FabricProcesses(Processes):
    """Several processes, seen from one of them.

    Parameters
    ----------
    fabric : lightning_fabric.Fabric
        Launched.
    """

    def __init__(self, fabric: Any) -> None:
        super().__init__(str(fabric.device))
        self.fabric = fabric
        self.size, self.rank = fabric.world_size, fabric.global_rank

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, in place and in one message."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        means = self.fabric.all_reduce(flat, reduce_op="mean")
        for tensor, mean in zip(tensors, means.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def shared(self, make: Callable[[], T]) -> T:
        """Return the value that the first process makes, in all of them; the others wait."""
        value: T = self.fabric.broadcast(make() if self.leads else None)
        return value

    def any(self, flag: bool) -> bool:
        """Return whether ``flag`` is true in any process, in all of them."""
        votes = self.fabric.all_reduce(torch.tensor(float(flag), device=self.device), reduce_op="sum")
        return bool(votes > 0)


def together(work: Callable[..., None], processes: int, device: str, *arguments: Any) -> None:
    """Run ``work(processes, *arguments)`` in several processes, one per device.

    Parameters
    ----------
    work : callable
        Defined in a module: the processes are started anew and import it.
    processes : int
    device : str
        "cpu" (all on one machine's cores) or "cuda" (one card each).

    Raises
    ------
    TrainingError
        When Lightning Fabric is not installed or there are too few cards; and what ``work`` raised.
    """
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise TrainingError(
            "Training on several devices needs Lightning Fabric; install napari-udt[train], or use --devices 1."
        ) from error
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise TrainingError(f"Several processes need cpu or cuda, not {kind}; use --devices 1.")
    if kind == "cuda" and torch.cuda.device_count() < processes:
        raise TrainingError(
            f"{processes} CUDA devices are needed, {torch.cuda.device_count()} are present; lower --devices."
        )
    fabric = Fabric(accelerator=kind, devices=processes, strategy="ddp_spawn")
    with interruption():  # the worker processes get Ctrl-C too and handle it
        # Fabric searches plain arguments for tensors and refuses frozen dataclasses; it leaves a partial alone.
        failure = fabric.launch(partial(_reported, work, arguments))
    if failure is not None:
        raise failure


def _reported(work: Callable[..., None], arguments: Sequence[Any], fabric: Any) -> UdtError | None:
    """Run the work and return its error as a value: an exception would lose its type on the way to the parent process."""
    end_with_parent()
    try:
        work(FabricProcesses(fabric), *arguments)
    except (TrainingError, WriteError) as error:
        return error
    finally:
        # Threads of the process group that still hold tensors when Python ends would abort the process.
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    return None
