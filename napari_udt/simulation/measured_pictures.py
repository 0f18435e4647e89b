"""Measured photoacoustic pictures of four people, for developers who have them; the device is calibrated on two.

They were decoded from the figures of a publication (PAISKINTONE, Else et al.; MSOT): 8 bit, signed pressure from a
model-based reconstruction, part of the decay with depth divided out, no labels. An envelope makes them comparable with
ours. The file is read from its folder and is no part of the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from napari_udt.errors import SimulationError
from napari_udt.simulation import acoustics
from napari_udt.simulation.pixel_grid import IMAGE_GRID

Array = NDArray[np.float64]

FILE = "pat_measured_msot.npz"
SOURCE = "BohndiekLab/PAISKINTONE (Else et al.), figures 2 and 3 and example pictures, decoded from their colour maps"
LICENCE = "MIT"
SITES = ("forearm", "neck", "bicep", "leg")
CALIBRATION, JUDGING = (0, 3), (2, 5)  # persons, as the file numbers them
HEIGHT_MM, WIDTH_MM = 25.0, 40.0
SKIN_MM = 3.3  # below the top of our pictures
_SKIN_SEARCH_ROWS = 60


@dataclass(frozen=True)
class MeasuredPictures:
    """Envelopes at 700 nm on the grid of the simulated images.

    Parameters
    ----------
    envelopes : mapping of (site, person) to array, shape ``IMAGE_GRID.shape``
        Without a common scale.
    """

    envelopes: dict[tuple[str, int], Array]

    def of(self, persons: tuple[int, ...], sites: tuple[str, ...] = SITES) -> Array:
        """Pictures of some people, shape (N, rows, columns)."""
        return np.array([self.envelopes[site, person] for site in sites for person in persons])


def read_measured_pictures(folder: Path) -> MeasuredPictures:
    """Read the pictures of all sites and people from a folder.

    Raises
    ------
    SimulationError
        When the file is not there.
    """
    path = folder / FILE
    if not path.is_file():
        raise SimulationError(f"{path} is not there; expected measured pictures from {SOURCE}.")
    with np.load(path, allow_pickle=False) as file:
        found = {(s, p): file[f"{s}_700nm_person{p}"] for s in SITES for p in (*CALIBRATION, *JUDGING)}
    return MeasuredPictures({key: envelope_on_our_grid(grey) for key, grey in found.items()})


def envelope_on_our_grid(grey: NDArray[np.uint8]) -> Array:
    """Turn grey values of signed pressure into an envelope whose skin lies where ours does."""
    pressure = grey - np.median(grey).astype(
        np.float64
    )  # zero lies near the median, see the file's description
    row_mm, column_mm = HEIGHT_MM / grey.shape[0], WIDTH_MM / grey.shape[1]
    top = max(0.0, _skin_row(pressure) * row_mm - SKIN_MM)
    rows = top + (np.arange(IMAGE_GRID.rows) + 0.5) * IMAGE_GRID.pixel_mm
    columns = (np.arange(IMAGE_GRID.columns) + 0.5) * IMAGE_GRID.pixel_mm
    places = np.meshgrid(rows / row_mm - 0.5, columns / column_mm - 0.5, indexing="ij")
    ours = map_coordinates(pressure, places, order=3, mode="nearest")
    return _envelope(ours)


def _envelope(pressure: Array) -> Array:
    return acoustics.envelope(pressure[..., None].astype(np.float32))[..., 0].astype(np.float64)


def _skin_row(pressure: Array) -> float:
    """Find the row where the middle half of the picture is brightest near the top."""
    envelope = _envelope(pressure)
    quarter = pressure.shape[1] // 4
    near_top = gaussian_filter(envelope, (2, 4))[:_SKIN_SEARCH_ROWS, quarter : 3 * quarter]
    return float(np.median(np.argmax(near_top, axis=0)))
