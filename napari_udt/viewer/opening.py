"""Opening files into a session: what can be read is there, what cannot is told in one sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from napari_udt.errors import UdtError
from napari_udt.io import is_readable, open_cubes, recordings
from napari_udt.viewer.session import Session

# Endings that a dropped file of spectra usually has. Such a file is ours to open or to explain, even when its
# content turns out not to be spectral; everything else that is no cube goes to napari's own readers.
_SPECTRAL_SUFFIXES = (
    ".h5",
    ".hdf5",
    ".dat",
    ".hdr",
    ".bsq",
    ".bil",
    ".bip",
    ".npz",
    ".npy",
    ".mat",
    ".blosc",
    ".msot",
)


def open_files(
    session: Session, paths: Iterable[Path | str], progress: Callable[[int, int], None] | None = None
) -> list[str]:
    """Open files into a session; return one sentence for each that could not be opened.

    A file is opened whole or not at all; the session keeps everything that it had. ``progress(done, total)`` is called
    while a file takes long; it may raise ``TransferCancelled``.
    """
    problems = []
    for path in recordings(paths):
        try:
            cubes = open_cubes(path, progress=progress)
        except UdtError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{path.name}: cannot be read ({error.strerror or error}).")
        else:
            for cube in cubes:
                session.add(cube)
    return problems


def spectral_files(paths: Iterable[Path]) -> list[Path]:
    """Return those of dropped files that are for this plugin; the others are for napari's other readers."""
    local = [path for path in paths if path.exists()]
    return [path for path in local if path.suffix.lower() in _SPECTRAL_SUFFIXES or is_readable(path)]
