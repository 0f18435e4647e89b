"""The one place where formats are registered, and the step that finds out which one a file has.

To add a format, write a module with ``sniff`` and ``candidates`` (see :class:`napari_udt.io.contract.FormatModule`) and
add a line to ``FORMATS``. Order matters only where two formats would claim one file: the first one gets it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from napari_udt.errors import CubeError
from napari_udt.io.contract import FormatModule, Match, reading


@dataclass(frozen=True)
class Format:
    """A file format.

    Parameters
    ----------
    name : str
        Short key, as it stands in a cube's metadata.
    title : str
        What people call it.
    extensions : tuple of str
        Usual endings: hints for file dialogs and messages, never a proof.
    module : str
        Module that reads it, imported when first needed.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    module: str

    def load(self) -> FormatModule:
        """Return the module that reads the format."""
        return cast(FormatModule, importlib.import_module(self.module))


FORMATS: tuple[Format, ...] = (
    Format("udt", "napari-udt HDF5", (".udt.h5", ".h5", ".hdf5"), "napari_udt.io.own"),
    Format("simpa", "SIMPA HDF5", (".hdf5", ".h5"), "napari_udt.io.simpa"),
    Format("patato", "PATATO HDF5", (".hdf5", ".h5"), "napari_udt.io.patato"),
    Format("ipasc", "IPASC HDF5", (".hdf5", ".h5"), "napari_udt.io.ipasc"),
    Format("ithera", "iThera MSOT scan", (".msot",), "napari_udt.io.ithera"),
    Format("dataset", "napari-udt data set", (".h5",), "napari_udt.io.training_set"),
    Format("paper_pat", "PAT images of the UDT-cINN archive", (".npz",), "napari_udt.io.paper_pat"),
    Format("paper_hsi", "HSI spectra of the UDT-cINN archive", (".npy",), "napari_udt.io.paper_hsi"),
    Format("hdf5", "HDF5 with a 3-D array", (".h5", ".hdf5"), "napari_udt.io.plain_hdf5"),
    Format("numpy", "NumPy 3-D array", (".npy", ".npz"), "napari_udt.io.plain_numpy"),
)


@dataclass(frozen=True)
class Sniffed:
    """The format that a file has by its content, how well it fits, and what broke while looking."""

    format: Format | None
    match: Match
    damage: CubeError | None


def sniff(path: Path) -> Sniffed:
    """Find out a file's format from what is inside it; never raises.

    A file that breaks while a format looks at it is not of that format; the first such error is kept, because it tells
    more than "unknown format" would.
    """
    best: tuple[Format | None, Match] = (None, Match.NO)
    damage: CubeError | None = None
    for known in FORMATS:
        try:
            with reading(path):
                match = known.load().sniff(path)
        except CubeError as error:
            damage = damage or error
            continue
        if match > best[1]:
            best = (known, match)
        if match is Match.YES:
            break
    return Sniffed(*best, damage)
