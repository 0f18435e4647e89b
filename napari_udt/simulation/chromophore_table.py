"""Make the small table of chromophores that simulations start from and the viewer draws and unmixes with.

:mod:`napari_udt.simulation.fit_parameters` calls it: the measured absorption table is fitted with smooth splines, whose
values on a coarse grid are written.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_udt.files.writing import whole_or_nothing
from napari_udt.simulation.measured_tables import SOURCES, Coefficients
from napari_udt.spectral.chromophores import CHROMOPHORES, Absorption

FIRST_NM, LAST_NM, STEP_NM = 460, 1000, 5
_DIGITS = 3
_COLUMNS = {"HbO2": "oxyhemoglobin", "Hb": "deoxyhemoglobin"}


def derived(original: Coefficients) -> Absorption:
    """Return cubic least-squares splines of a table, on the coarse grid, rounded.

    The knots are the points of the grid; residuals count relative to the value, so that weak absorption is met as
    well as strong one.
    """
    grid = np.arange(FIRST_NM, LAST_NM + 1, STEP_NM, dtype=np.float64)
    columns = {name: _fitted(original, _column(name), grid) for name in CHROMOPHORES}
    return Absorption(grid, columns)


def errors(original: Coefficients, table: Absorption) -> dict[str, tuple[float, float]]:
    """Return rms and largest relative deviation of a table from the original, at the original's wavelengths."""
    inside = (original.wavelengths_nm >= FIRST_NM) & (original.wavelengths_nm <= LAST_NM)
    wavelengths = original.wavelengths_nm[inside]
    found = {}
    for name in CHROMOPHORES:
        deviation = table.at(name, wavelengths) / original.per_cm[_column(name)][inside] - 1
        found[name] = (float(np.sqrt(np.mean(deviation**2))), float(np.abs(deviation).max()))
    return found


def write(table: Absorption, path: Path) -> None:
    """Write a table as CSV, with its source in a first line; whole or not at all."""
    lines = [
        "# Absorption coefficients [1/cm], haemoglobin as whole blood of 150 g/l. Smooth spline fit, made by "
        f"napari_udt.simulation.chromophore_table from {SOURCES['absorption'].origin}, MIT licence.",
        ",".join(["wavelength_nm", *CHROMOPHORES]),
    ]
    for index, wavelength in enumerate(table.wavelengths_nm):
        values = (f"{table.per_cm[name][index]:.{_DIGITS}g}" for name in CHROMOPHORES)
        lines.append(",".join([f"{wavelength:g}", *values]))
    with whole_or_nothing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _column(name: str) -> str:
    return _COLUMNS.get(name, name)


def _fitted(original: Coefficients, column: str, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.interpolate import make_lsq_spline

    inside = (original.wavelengths_nm >= grid[0]) & (original.wavelengths_nm <= grid[-1])
    wavelengths, values = original.wavelengths_nm[inside], original.per_cm[column][inside]
    knots = np.concatenate([grid[:1].repeat(3), grid, grid[-1:].repeat(3)])
    smooth = make_lsq_spline(wavelengths, values, knots, k=3, w=1 / values)
    return np.array([float(f"{value:.{_DIGITS}g}") for value in smooth(grid)])
