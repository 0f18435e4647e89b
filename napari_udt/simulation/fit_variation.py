"""Fit how organs vary (:mod:`napari_udt.simulation.organ_variation`), for developers who have the measured tables.

For every organ a homogeneous half space is fitted to the measured mean, then the covariance of its coordinates to the
measured standard deviations. Many covariances do that; of these the one is taken whose coordinates vary by customary amounts
and hardly together. For skin it must also give three of haemoglobin's bands the correlations that recordings of the
skin of 70 people have. Nothing is random.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize

from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM, l1_normalised
from napari_udt.simulation.hsi_target import log_std_without_noise
from napari_udt.simulation.measured_tables import MeasuredTables, Recordings
from napari_udt.simulation.organ_variation import (
    COORDINATES,
    TISSUE,
    absorption_table,
    directions,
    half_space_reflectance,
    modes_of,
    rest_modes,
    to_coordinates,
    to_tissue,
)

Array = NDArray[np.float64]

# Customary tissue, and the standard deviations within which its coordinates are looked for.
_TISSUE = np.array([0.03, 0.57, 0.73, 0.08, 15.0, 1.0, 1e-3])
_TISSUE_SPREAD = np.array([1.2, 1.5, 0.8, 1.0, 0.5, 0.3, 1.5])
_MEAN_TOLERANCE = 0.05  # of ln R
_STEP = 1e-3

# Customary standard deviations of the coordinates within an organ, and of the smooth rest.
_SPREAD = np.array([0.35, 0.6, 0.25, 0.35, 0.25, 0.3, 0.5, 0.1])
_REST = 0.018
_STD_TOLERANCE, _RAW_TOLERANCE = (
    0.08,
    0.1,
)  # of the logarithm of a standard deviation, after and before the gain

# Bands: the 560 nm band of deoxygenated blood between the two of oxygenated blood, its dip at 760 nm, the contrast of all
# blood. Each is a weighted sum of -ln R.
BANDS = ("560 nm", "760 nm", "blood")


def bands() -> Array:
    """Weights (3, 100) that turn ln R into the strengths of :data:`BANDS`."""

    def at(nm: float) -> Array:
        weights = np.zeros(len(WAVELENGTHS_NM))
        weights[np.argmin(np.abs(WAVELENGTHS_NM - nm))] = 1
        return weights

    def over(low: float, high: float) -> Array:
        inside = (low <= WAVELENGTHS_NM) & (high >= WAVELENGTHS_NM)
        return inside / inside.sum()

    return -np.array(
        [
            at(560) - (at(545) + at(577)) / 2,
            at(760) - (at(730) + at(800)) / 2,
            over(530, 585) - over(620, 700),
        ]
    )


def band_correlation(log_spectra: Array) -> Array:
    """Correlation (3, 3) of the bands over spectra (n, 100) of ln R."""
    return np.asarray(np.corrcoef(bands() @ log_spectra.T))


def fit_organ_variation(tables: MeasuredTables) -> dict[str, Any]:
    """Fit all organs; the content of ``organ_variation.json``."""
    absorption = absorption_table(tables)
    people = log_spectra_of_people(tables.skin_nist)
    wanted = band_correlation(people)
    organs, errors, found_bands = {}, [], wanted
    for name in CLASS_NAMES:
        organ = tables.organ(name)
        tissue = _fit_tissue(organ.mean, absorption, pigmented=name == "skin")
        log_std = log_std_without_noise(organ)
        along, smooth = directions(tissue, organ.mean, absorption), rest_modes(organ.mean)
        loadings, rest = _fit_loadings(along, smooth, log_std, wanted if name == "skin" else None)
        modes = modes_of(loadings, rest, along, smooth, log_std)
        errors.append(np.sqrt((modes**2).sum(axis=1)) / log_std - 1)
        if name == "skin":
            found_bands = _correlation_of(bands() @ modes)
        organs[name] = {
            "tissue": {key: float(f"{value:.4g}") for key, value in zip(TISSUE, tissue, strict=True)},
            "rest": float(f"{rest:.3g}"),
            "loadings": np.round(loadings, 3).tolist(),
        }
    return {
        "quantity": "half space that resembles each organ's mean, and the covariance of its coordinates within the organ",
        "form": "loadings L are lower triangular, L L^T is the covariance of: "
        + ", ".join(COORDINATES)
        + " (logarithms of amounts, logits of fractions); rest is the standard deviation of a smooth field of ln R",
        "skin_bands": {
            "names": list(BANDS),
            "measured": np.round(wanted, 2).tolist(),
            "fitted": np.round(found_bands, 2).tolist(),
            "other recording, not fitted": np.round(_hyspex_bands(tables), 2).tolist(),
        },
        "relative_error": {
            "rms": float(f"{np.sqrt(np.mean(np.square(errors))):.2g}"),
            "largest": float(f"{np.abs(errors).max():.2g}"),
        },
        "organs": organs,
    }


def log_spectra_of_people(recordings: Recordings) -> Array:
    """Logarithm of L1-normalised reflectance at the camera's wavelengths, one spectrum (100,) for each subject."""
    spectra = np.array(
        [np.interp(WAVELENGTHS_NM, recordings.wavelengths_nm, spectrum) for spectrum in recordings.spectra]
    )
    subjects = np.array(recordings.subjects)
    people = [spectra[subjects == name].mean(axis=0) for name in dict.fromkeys(recordings.subjects)]
    return np.log(l1_normalised(np.array(people)))


def _hyspex_bands(tables: MeasuredTables) -> Array:
    return band_correlation(log_spectra_of_people(tables.skin_hyspex))


def _fit_tissue(mean: Array, absorption: Array, *, pigmented: bool) -> Array:
    """Find the half space (7,) whose L1-normalised reflectance comes near to a mean and that is not unlike customary tissue."""
    start = to_coordinates(_TISSUE)
    free = len(TISSUE) if pigmented else len(TISSUE) - 1

    def whole(values: Array) -> Array:
        return np.concatenate([values, start[free:] if pigmented else [-np.inf]])

    def logarithm(values: Array) -> Array:
        tissues = to_tissue(np.array([whole(v) for v in np.atleast_2d(values)]))
        return np.log(l1_normalised(half_space_reflectance(tissues, absorption)))

    def residuals(values: Array) -> Array:
        away = (values - start[:free]) / _TISSUE_SPREAD[:free]
        return np.concatenate([(logarithm(values)[0] - np.log(mean)) / _MEAN_TOLERANCE, away])

    def slopes(values: Array) -> Array:
        around = logarithm(np.concatenate([values[None], values + _STEP * np.eye(free)]))
        physics = (around[1:] - around[0]).T / _STEP / _MEAN_TOLERANCE
        return np.concatenate([physics, np.diag(1 / _TISSUE_SPREAD[:free])])

    found = least_squares(residuals, start[:free], slopes, max_nfev=30)
    return to_tissue(whole(found.x))


def _fit_loadings(
    along: Array, smooth: Array, log_std: Array, wanted_bands: Array | None
) -> tuple[Array, float]:
    """Find loadings (8, 8) and rest; without wanted correlations of the bands there is no melanin."""
    used = np.array([wanted_bands is not None or name != "melanin" for name in COORDINATES])
    count = int(used.sum())
    below = np.tril_indices(count)
    diagonal = below[0] == below[1]

    def unpack(values: Array) -> tuple[Array, float]:
        square = np.zeros((count, count))
        square[below] = np.where(diagonal, np.exp(np.minimum(values[:-1], 50)), values[:-1])
        loadings = np.zeros((len(COORDINATES), len(COORDINATES)))
        loadings[np.ix_(used, used)] = _SPREAD[used][:, None] * square
        return loadings, _REST * float(np.exp(values[-1] / 2))

    def loss(values: Array) -> float:
        loadings, rest = unpack(values)
        modes = modes_of(loadings, rest, along, smooth, log_std)
        raw = np.column_stack([along @ loadings, rest * smooth])
        std, raw_std = (np.log(np.sqrt((m**2).sum(axis=1)) / log_std) for m in (modes, raw))
        total = 10 * np.mean(std**2) / _STD_TOLERANCE**2 + 5 * np.mean(raw_std**2) / _RAW_TOLERANCE**2
        spread = np.sqrt((loadings[used] ** 2).sum(axis=1))
        correlation = _correlation_of(loadings[used])
        total += 6 * np.sum(np.log(spread / _SPREAD[used]) ** 2)
        total += 2 * (np.sum(correlation**2) - count) + 2 * max(values[-1], 0) ** 2
        if wanted_bands is not None:
            total += 30 * np.sum((_correlation_of(bands() @ modes) - wanted_bands) ** 2)
        return float(total)

    found = minimize(
        loss, np.zeros(len(below[0]) + 1), method="L-BFGS-B", options={"maxiter": 400, "maxfun": 40000}
    )
    return unpack(found.x)


def _correlation_of(loadings: Array) -> Array:
    """Correlation (n, n) of what rows of loadings (n, k) of independent normal numbers give."""
    unit = loadings / np.linalg.norm(loadings, axis=1, keepdims=True)
    return unit @ unit.T
