"""Faults of a disk for tests: the n-th call that writes below a folder fails.

Counted are what Python itself does (opening for writing, each write of a file, reserving, syncing, renaming, making
files and folders). Libraries that write by themselves are stopped by `file_size_limit`.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))


class Faults:
    """Counts the calls that write below a folder, and lets those from the n-th on fail.

    Parameters
    ----------
    folder : path
    number : int
        The error, as in ``errno``.
    at : int
        The first call that fails, from 1; with 0 none does.
    once : bool
        Whether only this call fails; otherwise all later ones too, as on a full disk.
    kill : bool
        Whether the process ends at this call as by ``kill -9``, with nothing cleaned up.
    """

    def __init__(
        self, folder: Path, number: int = errno.ENOSPC, at: int = 0, once: bool = False, kill: bool = False
    ) -> None:
        self.folder, self.number, self.at, self.once = str(folder), number, at, once
        self.kill = kill
        self.calls = 0
        self.raised = 0

    def concerns(self, path: Any) -> bool:
        """Whether a path lies below the folder."""
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self.folder)

    def count(self, path: Any = None, once: bool = False) -> None:
        """Count a call, and raise if it is to fail; with ``once`` only if it is the n-th."""
        self.calls += 1
        if self.kill and self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.at and (self.calls == self.at or (self.calls > self.at and not self.once and not once)):
            self.raised += 1
            name = [os.fspath(path)] if path is not None else []
            raise OSError(self.number, os.strerror(self.number), *name)


class _FaultyFile(io.FileIO):
    """A file each of whose writes counts as a call."""

    faults: Faults

    def write(self, data: Any) -> int:
        self.faults.count()
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self.faults.count()
        return super().truncate(size)


@contextmanager
def faults(
    folder: Path, number: int = errno.ENOSPC, at: int = 0, once: bool = False, kill: bool = False
) -> Iterator[Faults]:
    """Let calls that write below a folder fail within the block; see `Faults`."""
    state = Faults(folder, number, at, once, kill)

    def opened(file: Any, mode: str = "r", buffering: int = -1, *more: Any, **options: Any) -> Any:
        if not state.concerns(file) or not set(mode) & set("wax+"):
            return real_open(file, mode, buffering, *more, **options)
        state.count(file)
        if options.get("opener") is not None:  # a file without a name, of Python's own tempfile
            return real_open(file, mode, buffering, *more, **options)
        raw = _FaultyFile(file, mode.replace("b", "").replace("t", ""))
        raw.faults = state
        if buffering == 0:
            return raw
        binary = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw)
        return binary if "b" in mode else io.TextIOWrapper(binary, *more, **options)

    real_open = builtins.open
    with ExitStack() as stack:
        for module in (builtins, io):
            stack.enter_context(mock.patch.object(module, "open", opened))
        for name in ("fsync", "posix_fallocate", "mkdir", "replace", "rename", "open"):
            stack.enter_context(_counted(state, name))
        yield state


@contextmanager
def _counted(state: Faults, name: str) -> Iterator[None]:
    if not hasattr(os, name):  # not on every system
        yield
        return
    real: Callable[..., Any] = getattr(os, name)

    def call(first: Any, *more: Any, **options: Any) -> Any:
        only_reads = name == "open" and not (more[0] if more else options.get("flags", 0)) & (
            os.O_CREAT | os.O_WRONLY | os.O_RDWR
        )
        exists = name == "mkdir" and os.path.isdir(first)
        if isinstance(first, int):
            state.count()
        elif state.concerns(first) and not only_reads and not exists:
            state.count(first, once=name in ("replace", "rename"))  # what was moved may be moved back
        return real(first, *more, **options)

    with mock.patch.object(os, name, call):
        yield


@contextmanager
def file_size_limit(count: int) -> Iterator[None]:
    """Let every file that this process writes end at ``count`` bytes (EFBIG), whichever library writes it."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def killed_at(call: int, folder: Path, work: Callable[[], object]) -> bool:
    """Do some work in a process of its own that is killed at the n-th call that writes below a folder; return whether it was."""
    child = os.fork()
    if child == 0:
        try:
            with faults(folder, at=call, kill=True):
                work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, by their names, with what they hold."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
