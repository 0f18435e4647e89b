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
    Format("dataset", "napari-udt data set", (".h5",), "napari_udt.io.training_set"),
    Format("paper_pat", "PAT archive of the UDT-cINN paper", (".npz",), "napari_udt.io.paper_pat"),
    Format("paper_hsi", "HSI archive of the UDT-cINN paper", (".npy",), "napari_udt.io.paper_hsi"),
    Format("hdf5", "HDF5 with a three-dimensional array", (".h5", ".hdf5"), "napari_udt.io.plain_hdf5"),
    Format("numpy", "NumPy array with three axes", (".npy", ".npz"), "napari_udt.io.plain_numpy"),
)


def sniff(path: Path) -> tuple[Format | None, Match]:
    """Return the format that a file has by its content, and how well it fits."""
    best: tuple[Format | None, Match] = (None, Match.NO)
    for known in FORMATS:
        match = _match(known, path)
        if match > best[1]:
            best = (known, match)
        if match is Match.YES:
            break
    return best


def _match(known: Format, path: Path) -> Match:
    try:
        with reading(path):
            return known.load().sniff(path)
    except CubeError:  # a file that breaks while it is looked at is not of this format
        return Match.NO
