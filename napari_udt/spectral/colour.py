"""The colour that a reflectance has in daylight: CIE 1931 colour matching, illuminant D65, sRGB. Numpy only.

A reflectance spectrum becomes CIE XYZ by a sum over 1 nm steps of reflectance times illuminant times colour matching
function (CIE 15:2004, section 7.1), and XYZ becomes sRGB (IEC 61966-2-1). Both are linear up to sRGB's curve, so that
one matrix (channels, 3) does the first for a whole picture.

Cameras for tissue often begin at 500 nm, where the eye still sees blue. What is not measured is taken to be as at the
nearest measured wavelength, as ASTM E308 and CIE 15:2004, section 7.2.2.1, advise. Greys stay grey then; what a tissue
does below its first wavelength alone (haemoglobin's Soret band, say) is not seen. :func:`visible_share` says how much
of X, Y and Z was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

FIRST_NM, LAST_NM = 380.0, 780.0

# Wyman, Sloan and Shirley, "Simple analytic approximations to the CIE XYZ color matching functions", Journal of
# Computer Graphics Techniques 2(2), 2013, section 2.2: sums of Gaussians with one width on each side of their peak.
# Each row: height, peak [nm], 1 / width below it, 1 / width above it [1/nm].
_LOBES: tuple[tuple[tuple[float, float, float, float], ...], ...] = (
    (
        (0.362, 442.0, 0.0624, 0.0374),
        (1.056, 599.8, 0.0264, 0.0323),
        (-0.065, 501.1, 0.0490, 0.0382),
    ),
    ((0.821, 568.8, 0.0213, 0.0247), (0.286, 530.9, 0.0613, 0.0322)),
    ((1.217, 437.0, 0.0845, 0.0278), (0.681, 459.0, 0.0385, 0.0725)),
)

# CIE standard illuminant D65 (ISO 11664-2), relative power at 380, 390, ... 780 nm; linear in between.
_D65 = (
    *(49.9755, 54.6482, 82.7549, 91.4860, 93.4318, 86.6823, 104.865, 117.008, 117.812, 114.861),
    *(115.923, 108.811, 109.354, 107.802, 104.790, 107.689, 104.405, 104.046, 100.000, 96.3342),
    *(95.7880, 88.6856, 90.0062, 89.5991, 87.6987, 83.2886, 83.6992, 80.0268, 80.2146, 82.2778),
    *(78.2842, 69.7213, 71.6091, 74.3490, 61.6040, 69.8856, 75.0870, 63.5927, 46.4182, 66.8054),
    63.3828,
)

# Linear sRGB to XYZ (IEC 61966-2-1); its rows add up to the XYZ of D65, which is sRGB's white.
_FROM_SRGB = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], dtype=np.float64
)
_TO_SRGB = np.linalg.inv(_FROM_SRGB)
D65_XYZ = _FROM_SRGB.sum(axis=1)


def colour_matching(wavelengths_nm: ArrayLike) -> Array:
    """Return the CIE 1931 colour matching functions of the 2 degree observer, shape (wavelengths, 3).

    The fit of Wyman, Sloan and Shirley (2013), which departs from the table by at most 0.03 for each function whose
    peaks are 1.06, 1.00 and 1.78.
    """
    wavelengths = np.asarray(wavelengths_nm, dtype=np.float64)
    return np.stack(
        [np.sum([_lobe(wavelengths, *lobe) for lobe in lobes], axis=0) for lobes in _LOBES], axis=-1
    )


def illuminant_d65(wavelengths_nm: ArrayLike) -> Array:
    """Return the relative power of CIE's illuminant D65; 0 outside 380-780 nm."""
    table_nm = np.linspace(FIRST_NM, LAST_NM, len(_D65))
    return np.interp(np.asarray(wavelengths_nm, dtype=np.float64), table_nm, _D65, left=0.0, right=0.0)


def xyz_weights(wavelengths_nm: ArrayLike) -> Array:
    """Return the matrix (channels, 3) that turns reflectances at some wavelengths into XYZ under D65.

    ``spectra @ xyz_weights(wavelengths_nm)``. A reflectance of 1 everywhere gives the white of sRGB, Y = 1. Between
    channels the reflectance is taken to be linear, outside them as at the nearest one.

    Raises
    ------
    ValueError
        When there is no wavelength.
    """
    measured = np.asarray(wavelengths_nm, dtype=np.float64).reshape(-1)
    if not measured.size:
        raise ValueError("no wavelengths: a colour needs at least one")
    steps, products = _daylight()
    to_steps = np.stack([np.interp(steps, measured, unit) for unit in np.eye(len(measured))])
    weights = to_steps @ products
    return np.asarray(weights * (D65_XYZ / weights.sum(axis=0)))


def visible_share(wavelengths_nm: ArrayLike) -> Array:
    """Return the part of a white's X, Y and Z that comes from within the range of some wavelengths, shape (3,)."""
    measured = np.asarray(wavelengths_nm, dtype=np.float64)
    steps, products = _daylight()
    inside = (steps >= measured.min()) & (steps <= measured.max())
    return np.asarray(products[inside].sum(axis=0) / products.sum(axis=0))


def xyz_to_linear(xyz: ArrayLike) -> Array:
    """Return linear sRGB, shape (..., 3), of XYZ with Y = 1 for white; beyond 0 to 1 for colours that sRGB lacks."""
    return np.asarray(np.asarray(xyz) @ _TO_SRGB.T)


def xyz_to_srgb(xyz: ArrayLike) -> NDArray[np.float32]:
    """Return sRGB between 0 and 1, shape (..., 3), of XYZ with Y = 1 for white; colours that it lacks are clipped."""
    return _encoded(np.clip(xyz_to_linear(xyz), 0.0, 1.0)).astype(np.float32)


def outside_srgb(xyz: ArrayLike, tolerance: float = 1e-3) -> NDArray[np.bool_]:
    """Whether a colour is one that sRGB lacks, shape (...): too bright, or too saturated."""
    linear = xyz_to_linear(xyz)
    return np.asarray(np.any((linear < -tolerance) | (linear > 1 + tolerance), axis=-1))


def chromaticity(xyz: ArrayLike) -> Array:
    """Return the chromaticity coordinates x and y, shape (..., 2)."""
    values = np.asarray(xyz, dtype=np.float64)
    return np.asarray(values[..., :2] / values.sum(axis=-1, keepdims=True))


def stretched(planes: Sequence[NDArray[Any]], low: float = 1.0, high: float = 99.0) -> NDArray[np.float32]:
    """Return three planes as a false-colour picture (rows, columns, 3), each between two percentiles of its own."""
    return np.stack([_between(np.asarray(plane, dtype=np.float32), low, high) for plane in planes], axis=-1)


def _between(plane: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    known = plane[np.isfinite(plane)]
    if not known.size:
        return np.zeros_like(plane)
    bottom, top = np.percentile(known, (low, high))
    width = top - bottom if top > bottom else 1.0
    return np.nan_to_num(np.clip((plane - bottom) / width, 0.0, 1.0)).astype(np.float32)


def _daylight() -> tuple[Array, Array]:
    """Return 1 nm steps over the visible, and illuminant times colour matching functions there."""
    steps = np.arange(FIRST_NM, LAST_NM + 1.0)
    return steps, illuminant_d65(steps)[:, np.newaxis] * colour_matching(steps)


def _lobe(wavelengths_nm: Array, height: float, peak_nm: float, below: float, above: float) -> Array:
    distance = (wavelengths_nm - peak_nm) * np.where(wavelengths_nm < peak_nm, below, above)
    return height * np.exp(-0.5 * distance**2)


def _encoded(linear: Array) -> Array:
    """SRGB's curve (IEC 61966-2-1)."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
