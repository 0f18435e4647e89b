"""How much memory this machine can still give."""

from __future__ import annotations

from pathlib import Path

import psutil

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError

_CONTAINER = Path("/sys/fs/cgroup")


def available_bytes() -> int:
    """Estimate the main memory that a program can still take, in bytes.

    The least of what the system and a container's limit (cgroup v2) leave.
    """
    system = int(psutil.virtual_memory().available)
    container = _left_in_container()
    return system if container is None else min(system, container)


def check_room(cube: SpectralCube, copies: int, remedy: str, channels: int | None = None) -> None:
    """Refuse a run that this machine's memory cannot hold, before the system ends the program.

    Parameters
    ----------
    cube : SpectralCube
    copies : int
        How many float32 arrays of the picture's size the run needs at least.
    remedy : str
        What to do instead.
    channels : int, optional
        Of these arrays; by default the cube's.

    Raises
    ------
    TransferError
        When less memory is free.
    """
    rows, columns, own = cube.shape
    needed, free = 4 * copies * rows * columns * (channels or own), available_bytes()
    if needed > free:
        raise TransferError(
            f"{cube.name}: this takes at least {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free; {remedy}."
        )


def _left_in_container() -> int | None:
    try:
        limit, used = ((_CONTAINER / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return None if limit == "max" else max(int(limit) - int(used), 0)
