"""Fig. 4 of the paper: the pictures of all groups at one wavelength, on a common scale, with call-outs.

Recipe (Dreher et al. 2023, Fig. 4): simulated | transferred | real at 800 nm, common colour scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.groups import Group, Population
from napari_udt.population.tables import Table

WAVELENGTH_NM = 800.0
# Photoacoustic pictures are dominated by the line of the skin, which may saturate.
_LIMITS = {"HSI": (1.0, 99.5), "PAT": (1.0, 99.0)}
_MOST_VALUES = 200_000


@dataclass(frozen=True)
class CallOut:
    """A marked square of a picture.

    Parameters
    ----------
    picture : str
        Name of the group whose picture it is on.
    row, column : int
        Its middle.
    size : int
        Side of the square in pixels.
    text : str
    """

    picture: str
    row: int
    column: int
    size: int = 16
    text: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON-serialisable words and numbers; ``CallOut(**plain)`` gives it back."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Picture:
    """One group's picture.

    Parameters
    ----------
    group : Group
    values : float32 array, shape (rows, columns)
    pixel_size_mm : (float, float), optional
        Height and width of a pixel.
    """

    group: Group
    values: NDArray[np.float32]
    pixel_size_mm: tuple[float, float] | None

    @property
    def name(self) -> str:
        """Name in titles."""
        return self.group.name

    def cut_out(self, call_out: CallOut) -> NDArray[np.float32]:
        """Return the marked square, cut off at the picture's edges."""
        rows, columns = self.values.shape
        top, left = call_out.row - call_out.size // 2, call_out.column - call_out.size // 2
        return self.values[
            max(top, 0) : min(top + call_out.size, rows), max(left, 0) : min(left + call_out.size, columns)
        ]


@dataclass(frozen=True, eq=False)
class Scenes:
    """Pictures of Fig. 4.

    Parameters
    ----------
    wavelength_nm : float
        At which all pictures are shown.
    limits : (float, float)
        Values at both ends of the common scale.
    quantity : str
        Quantity of the values, with its unit.
    pictures : tuple of Picture
        Simulated, transferred, real.
    notes : tuple of str
    """

    wavelength_nm: float
    limits: tuple[float, float]
    quantity: str
    pictures: tuple[Picture, ...]
    notes: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """Caption in one sentence."""
        return f"{self.wavelength_nm:.5g} nm, common scale {self.limits[0]:.3g} to {self.limits[1]:.3g}: {self.quantity}."

    def table(self, call_outs: Sequence[CallOut] = ()) -> Table:
        """One row per call-out of a picture that is shown, with the mean of its square."""
        by_name = {picture.name: picture for picture in self.pictures}
        rows = tuple(
            (
                c.picture,
                by_name[c.picture].group.origin,
                c.text,
                c.row,
                c.column,
                c.size,
                mean_in(by_name[c.picture], c),
            )
            for c in call_outs
            if c.picture in by_name
        )
        columns = ("picture", "origin", "call-out", "row", "column", "side [pixels]", f"mean {self.quantity}")
        return Table(f"Pictures at {self.wavelength_nm:.5g} nm", columns, rows, (self.statement, *self.notes))


def scenes(population: Population, wavelength_nm: float = WAVELENGTH_NM) -> Scenes:
    """Return the pictures of all groups that have one, at the wavelength nearest to the wanted one (paper, Fig. 4)."""
    channel = int(np.argmin(np.abs(population.wavelengths_nm - wavelength_nm)))
    at = float(population.wavelengths_nm[channel])
    pictures = tuple(
        Picture(group, group.cube.image(at), group.cube.pixel_size_mm)
        for group in population.groups
        if group.cube is not None
    )
    quantities = tuple(dict.fromkeys(p.group.cube.quantity for p in pictures if p.group.cube is not None))
    notes = [f"{group.name} has no picture." for group in population.groups if group.cube is None]
    if len(quantities) > 1:
        notes.append(f"The pictures differ in quantity: {', '.join(quantities)}.")
    limits = common_limits([p.values for p in pictures], _LIMITS[population.modality])
    return Scenes(at, limits, quantities[0] if quantities else "", pictures, tuple(notes))


def common_limits(
    pictures: Sequence[NDArray[Any]], percentiles: tuple[float, float] = (1.0, 99.5)
) -> tuple[float, float]:
    """Return the limits of a scale that suits all pictures: the least and the greatest of their percentiles."""
    found = []
    for picture in pictures:
        stride = max(1, int(np.sqrt(picture.size / _MOST_VALUES)))
        known = picture[::stride, ::stride]
        known = known[np.isfinite(known)]
        if known.size:
            found.append(np.percentile(known, percentiles))
    if not found:
        return 0.0, 1.0
    low, high = float(np.min(found)), float(np.max(found))
    return (low, high) if high > low else (low, low + max(1e-6, abs(low) * 1e-3))


def mean_in(picture: Picture, call_out: CallOut) -> float:
    """Return the mean of a marked square; NaN where it lies outside."""
    cut = picture.cut_out(call_out)
    return float(np.nanmean(cut)) if cut.size and np.isfinite(cut).any() else float("nan")
