"""Hyperspectral data sets of either domain."""

from __future__ import annotations

from pathlib import Path

from napari_udt.dataset import Dataset
from napari_udt.errors import SimulationError
from napari_udt.simulation.hsi_simulated import simulate_hsi_simulated
from napari_udt.simulation.hsi_target import simulate_hsi_target
from napari_udt.simulation.parallel import Progress
from napari_udt.simulation.tables import Tables, find_tables


def simulate_hsi(
    domain: str,
    n: int,
    seed: int,
    tables: Tables | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
    parts: Path | None = None,
) -> Dataset:
    """Make a hyperspectral data set.

    Parameters
    ----------
    domain : {"simulated", "second"}
        Three-layer tissue model, or the target: spectra drawn from measured statistics.
    n : int
        Tissues to simulate (four in ten find an organ and are kept), or spectra to draw.
    seed : int
        The same seed gives the same data set.
    tables : Tables, optional
        What to start from; by default the package's own parameters.
    progress, jobs, parts
        As in :func:`napari_udt.simulation.parallel.run_blocks`; drawing takes seconds and needs none.

    Raises
    ------
    SimulationError
        When the domain is unknown, ``n`` is too small or a table is missing.
    """
    tables = tables or find_tables()
    if domain == "simulated":
        return simulate_hsi_simulated(n, seed, tables, jobs=jobs, progress=progress, parts=parts)
    if domain == "second":
        return simulate_hsi_target(n, seed, tables)
    raise SimulationError(f"Domain {domain!r} cannot be simulated; choose simulated or second.")
