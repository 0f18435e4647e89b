"""Light in tissue: the steady diffusion equation in two dimensions, by finite volumes.

The incident beam enters tissue from above and is attenuated by mu_t' = mu_a + mu_s' along each column; what it
loses to scattering is the source of the diffuse light phi:

    -div(D grad phi) + mu_a phi = mu_s' * beam,     D = 1 / (3 (mu_a + mu_s'))

(delta-P1 form; Jacques and Pogue, J. Biomed. Opt. 13, 041302, 2008). At the surface diffuse light leaves by the
partial-current condition ``J = phi / (2 A)``, with A from the refractive indices (Groenhuis et al., Appl. Opt. 22,
2456, 1983); at the sides and the bottom no light passes. All lengths are in cm, coefficients in 1/cm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

Array = NDArray[np.float64]

REFRACTIVE_INDEX_RATIO = 1.4 / 1.33  # tissue against coupling medium
LEAST_ABSORPTION_PER_CM = 1e-3
LEAST_SCATTERING_PER_CM = 1.0  # below, light does not diffuse and D would blow up


def boundary_factor(refractive_index_ratio: float) -> float:
    """Return A of the partial-current condition for the ratio n_tissue / n_outside (Groenhuis 1983)."""
    n = refractive_index_ratio
    reflected = -1.440 / n**2 + 0.710 / n + 0.668 + 0.0636 * n
    return (1 + reflected) / (1 - reflected)


def fluence(
    absorption_per_cm: Array,
    reduced_scattering_per_cm: Array,
    tissue: NDArray[np.bool_],
    incident: Array,
    pixel_cm: float,
) -> Array:
    """Fluence of light that falls on tissue from above.

    Parameters
    ----------
    absorption_per_cm, reduced_scattering_per_cm : array, shape (rows, columns)
    tissue : bool array, shape (rows, columns)
        Where light diffuses; elsewhere is clear coupling medium.
    incident : array, shape (columns,)
        Fluence of the beam [a.u.] above the tissue.
    pixel_cm : float
        Edge of a pixel [cm].

    Returns
    -------
    array, shape (rows, columns)
        Beam and diffuse light together, in the unit of ``incident``; the beam alone outside tissue.
    """
    absorption = np.maximum(absorption_per_cm, LEAST_ABSORPTION_PER_CM)
    scattering = np.maximum(reduced_scattering_per_cm, LEAST_SCATTERING_PER_CM)
    beam = attenuated_beam(np.where(tissue, absorption + scattering, 0.0), incident, pixel_cm)
    first = int(np.argmax(tissue.any(axis=1)))  # rows of clear coupling medium need no diffuse light
    light = beam.copy()
    light[first:] += diffuse_light(
        absorption[first:], scattering[first:], tissue[first:], (scattering * beam)[first:], pixel_cm
    )
    return light


def attenuated_beam(attenuation_per_cm: Array, incident: Array, pixel_cm: float) -> Array:
    """Mean of the exponentially attenuated beam over each pixel, so that no light is lost on a coarse grid."""
    thickness = attenuation_per_cm * pixel_cm
    arriving = np.exp(-(np.cumsum(thickness, axis=0) - thickness))
    with np.errstate(invalid="ignore"):
        mean = np.where(thickness > 0, -np.expm1(-thickness) / thickness, 1.0)
    return incident * arriving * mean


def diffuse_light(
    absorption_per_cm: Array,
    reduced_scattering_per_cm: Array,
    tissue: NDArray[np.bool_],
    source_per_cm: Array,
    pixel_cm: float,
) -> Array:
    """Solve the diffusion equation; arrays (rows, columns), 0 outside tissue.

    Parameters
    ----------
    absorption_per_cm, reduced_scattering_per_cm : array
        Positive everywhere.
    tissue : bool array
    source_per_cm : array
        Light that starts to diffuse, per volume.
    pixel_cm : float
    """
    diffusion_cm = np.where(tissue, 1 / (3 * (absorption_per_cm + reduced_scattering_per_cm)), 0.0)
    down = _conductance(diffusion_cm, pixel_cm)
    right = _conductance(diffusion_cm.T, pixel_cm).T
    diagonal = np.where(tissue, absorption_per_cm, 1.0)  # a dummy equation phi = 0 outside tissue
    for axis, coupling in ((0, down), (1, right)):
        diagonal += _leaving(coupling, axis)
    diagonal += _escaping(diffusion_cm, tissue, pixel_cm)
    right_hand_side = np.where(tissue, source_per_cm, 0.0)
    return _solve(diagonal, down, right, right_hand_side)


def _conductance(diffusion_cm: Array, pixel_cm: float) -> Array:
    """Between neighbours along axis 0: harmonic mean of D over the square of the pixel; 0 at a border."""
    upper, lower = diffusion_cm[:-1], diffusion_cm[1:]
    total = upper + lower
    return 2 * upper * lower / np.where(total > 0, total, 1.0) / pixel_cm**2


def _leaving(coupling: Array, axis: int) -> Array:
    """Sum of the conductances of each pixel to both its neighbours along ``axis``."""
    widths = [(0, 0), (0, 0)]
    widths[axis] = (1, 1)
    padded = np.pad(coupling, widths)
    return padded[1:] + padded[:-1] if axis == 0 else padded[:, 1:] + padded[:, :-1]


def _escaping(diffusion_cm: Array, tissue: NDArray[np.bool_], pixel_cm: float) -> Array:
    """Loss through faces to the coupling medium: half a pixel of tissue in series with the boundary."""
    padded = np.pad(tissue, 1, mode="edge")
    padded[0] = False  # what lies above the picture is coupling medium
    outside = sum(~padded[r : r + tissue.shape[0], c : c + tissue.shape[1]] for r, c in _NEIGHBOURS)
    resistance = 2 * boundary_factor(REFRACTIVE_INDEX_RATIO) + pixel_cm / 2 / np.where(
        tissue, diffusion_cm, 1
    )
    return np.where(tissue, np.asarray(outside) / (resistance * pixel_cm), 0.0)


_NEIGHBOURS = ((0, 1), (2, 1), (1, 0), (1, 2))  # offsets into an array padded by one pixel


def _solve(diagonal: Array, down: Array, right: Array, right_hand_side: Array) -> Array:
    """Banded Cholesky: pixels are numbered down the columns, so the bandwidth is the number of rows.

    In single precision: a quarter faster, and 4e-5 from double precision at worst.
    """
    rows, columns = diagonal.shape
    bands = np.zeros((rows + 1, columns, rows), dtype=np.float32)
    bands[0] = diagonal.T
    bands[1, :, :-1] = -down.T
    bands[rows, :-1] = -right.T
    known = right_hand_side.T.ravel().astype(np.float32)
    solution = solveh_banded(
        bands.reshape(rows + 1, -1), known, lower=True, overwrite_ab=True, check_finite=False
    )
    return solution.reshape(columns, rows).T
