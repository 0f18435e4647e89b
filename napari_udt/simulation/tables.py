"""The tables that the simulations start from: the package's own parameters, or what those were fitted to."""

from __future__ import annotations

from pathlib import Path

from napari_udt.simulation.fitted_tables import FittedTables
from napari_udt.simulation.measured_tables import measured_tables
from napari_udt.simulation.tables_contract import Tables


def find_tables(folder: str | Path | None = None) -> Tables:
    """Return the package's parameters, or the measured tables of a folder.

    Parameters
    ----------
    folder : path, optional
        Folder with the files named in :data:`napari_udt.simulation.measured_tables.SOURCES`.

    Raises
    ------
    SimulationError
        When the folder does not hold the absorption table.
    """
    return FittedTables() if folder is None else measured_tables(folder)
