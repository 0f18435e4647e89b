"""Fit the package's own parameters to the measured tables, for developers who have those.

``python -m napari_udt.simulation.fit_parameters FOLDER`` reads the tables of a folder, writes ``chromophores.csv`` and the
files of the folder ``parameters``, each with its formula, source and error, and prints the errors. Nothing is random.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.files.writing import whole_or_nothing
from napari_udt.simulation import chromophore_table
from napari_udt.simulation.fit_anatomy import as_json, fit_body_parts
from napari_udt.simulation.fit_curves import choose_breakpoints, least_squares, spline_basis
from napari_udt.simulation.fit_variation import fit_organ_variation
from napari_udt.simulation.fitted_tables import FOLDER, scattering_law
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM
from napari_udt.simulation.measured_tables import SOURCES, MeasuredTables, measured_tables
from napari_udt.spectral.chromophores import TABLE

Array = NDArray[np.float64]

# Breakpoints between the ends; a spline has four coefficients more.
MEAN_BREAKPOINTS, STD_BREAKPOINTS = 20, 16
SCATTERERS = ("blood", "fat", "muscle")
_DIGITS = 4  # after the decimal point
_SPLINE = "cubic B-splines over the wavelength in nm, clamped at both ends of breakpoints_nm"


def fit_organs(tables: MeasuredTables) -> dict[str, Any]:
    """Fit the logarithms of all organs' means, and of their standard deviations, with splines of common breakpoints."""
    organs = [tables.organ(name) for name in CLASS_NAMES]
    mean, mean_error = _fit_logarithms(np.array([o.mean for o in organs]), MEAN_BREAKPOINTS)
    std, std_error = _fit_logarithms(np.array([o.std for o in organs]), STD_BREAKPOINTS)
    return {
        "quantity": "mean and standard deviation of the L1-normalised reflectance of ten pig organs, 100 wavelengths from 500 to 1000 nm",
        "form": f"exponential of {_SPLINE}; the mean is scaled to sum to 1 over the wavelengths",
        **_sources("organs"),
        "relative_error": {"mean": mean_error, "std": std_error},
        "mean": mean,
        "std": std,
    }


def fit_variation(tables: MeasuredTables) -> dict[str, Any]:
    """Fit how organs vary, see :mod:`napari_udt.simulation.fit_variation`."""
    found = fit_organ_variation(tables)
    return {
        "quantity": found.pop("quantity"),
        "form": found.pop("form"),
        **_sources("organs", "absorption", "skin_nist"),
        **found,
    }


def fit_scattering(tables: MeasuredTables) -> dict[str, Any]:
    """Fit Rayleigh plus Mie scattering to the logarithm of each tissue's scattering coefficient."""
    from scipy.optimize import curve_fit

    nm, table = tables.scattering.wavelengths_nm, tables.scattering.per_cm

    def logarithm(nm: Array, log_a: float, fraction: float, b: float) -> Array:
        return np.log(scattering_law(nm, np.exp(log_a), fraction, b))

    laws, errors = {}, {}
    for name in SCATTERERS:
        start = (np.log(table[name].max()), 0.1, 1.0)
        limits = ([-np.inf, 0, 0], [np.inf, 0.999, 4])
        (log_a, fraction, b), _ = curve_fit(logarithm, nm, np.log(table[name]), p0=start, bounds=limits)
        law = [float(f"{value:.5g}") for value in (np.exp(log_a), fraction, b)]
        laws[name] = dict(zip(("a_per_cm", "rayleigh_fraction", "b_mie"), law, strict=True))
        errors[name] = _summary(scattering_law(nm, *law) / table[name] - 1)
    return {
        "quantity": "scattering coefficient [1/cm], not reduced, 450-1000 nm",
        "form": "a (f x^-4 + (1 - f) x^-b), x = wavelength / 500 nm",
        **_sources("scattering"),
        "relative_error": errors,
        "substances": laws,
    }


def fit_radial_artery(tables: MeasuredTables) -> dict[str, Any]:
    """Take the mean and standard deviation over all recorded arteries."""
    found = tables.radial_artery
    return {
        "quantity": "photoacoustic spectra of radial arteries, each divided by its mean over these wavelengths",
        "form": f"mean and standard deviation over {found.count} recordings: statistics, not a fit",
        **_sources("radial_artery"),
        "count": found.count,
        "wavelengths_nm": found.wavelengths_nm.tolist(),
        "mean": np.round(found.mean, _DIGITS).tolist(),
        "std": np.round(found.std, _DIGITS).tolist(),
    }


def fit_anatomy(tables: MeasuredTables) -> dict[str, Any]:
    """Fit skin contours and vessel outlines with cosine series."""
    parts, errors = fit_body_parts(tables.label_maps)
    return {
        "quantity": "skin contour (depth in mm along the skin) and vessel outlines of a forearm and a finger",
        "form": "cosine series, coefficient k times cos(pi k (u + 1) / 2), u from -1 to 1 along the skin or a vessel's "
        "bounding box; an outline is the middle between its edges and half their distance, in half heights of the box",
        **_sources("label_maps"),
        "error": errors,
        "body_parts": {name: as_json(part) for name, part in parts.items()},
    }


FITS: Mapping[str, Callable[[MeasuredTables], dict[str, Any]]] = {
    "organs": fit_organs,
    "organ_variation": fit_variation,
    "scattering": fit_scattering,
    "radial_artery": fit_radial_artery,
    "anatomy": fit_anatomy,
}


def as_text(parameters: Mapping[str, Any]) -> str:
    """JSON with one line for each list of numbers."""
    text = json.dumps(parameters, indent=2, ensure_ascii=False)
    return re.sub(r"\[[-\d.,e\s]+\]", lambda found: re.sub(r"\s+", " ", found[0]), text) + "\n"


def write_all(tables: MeasuredTables, folder: Path = FOLDER, chromophores: Path = TABLE) -> dict[str, Any]:
    """Fit all parameters and write them, and the table of chromophores; how far each lies from the tables."""
    table = chromophore_table.derived(tables.absorption)
    chromophore_table.write(table, chromophores)
    errors: dict[str, Any] = {"absorption": chromophore_table.errors(tables.absorption, table)}
    for name, fit in FITS.items():
        found = fit(tables)
        with whole_or_nothing(folder / f"{name}.json") as temporary:
            temporary.write_text(as_text(found), encoding="utf-8")
        errors[name] = next((value for key, value in found.items() if key.endswith("error")), None)
    return errors


def _fit_logarithms(curves: Array, inner: int) -> tuple[dict[str, Any], dict[str, float]]:
    """Coefficients for curves (organs, wavelengths), and their relative error."""
    breakpoints = choose_breakpoints(WAVELENGTHS_NM, np.log(curves).T, inner)
    basis = spline_basis(WAVELENGTHS_NM, breakpoints)
    coefficients = np.round(least_squares(basis, np.log(curves).T), _DIGITS)
    error = _summary(np.exp(basis @ coefficients).T / curves - 1)
    rows = {name: row.tolist() for name, row in zip(CLASS_NAMES, coefficients.T, strict=True)}
    return {"breakpoints_nm": breakpoints.tolist(), "coefficients": rows}, error


def _summary(errors: Array) -> dict[str, float]:
    rms, largest = np.sqrt(np.mean(errors**2)), np.abs(errors).max()
    return {"rms": float(f"{rms:.2g}"), "largest": float(f"{largest:.2g}")}


def _sources(*keys: str) -> dict[str, Any]:
    return {
        "source": "; ".join(SOURCES[key].origin for key in keys),
        "licence": "; ".join(dict.fromkeys(SOURCES[key].licence for key in keys)),
    }


if __name__ == "__main__":
    print(json.dumps(write_all(measured_tables(sys.argv[1])), indent=1))
