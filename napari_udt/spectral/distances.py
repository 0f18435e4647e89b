"""Distances between two spectra. Imports numpy only.

All functions compare along the last axis, broadcast over the others, and leave out the wavelengths at which
either spectrum has no value; they return NaN where no wavelength is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def spectral_angle(a: Floats, b: Floats, *, degrees: bool = False) -> Floats:
    r"""Angle between two spectra as vectors, blind to their scale.

    .. math:: \alpha = \arccos \frac{a \cdot b}{|a| |b|}
       = 2 \operatorname{atan2}(|\hat a - \hat b|, |\hat a + \hat b|)

    with unit vectors :math:`\hat a, \hat b`. The first form is the spectral angle mapper's (Kruse et al. 1993,
    Remote Sensing of Environment 44, 145-163). The second is computed here: it is exact for small
    angles, where the arc cosine loses half of the digits (Kahan 2006, "How futile are mindless assessments of
    roundoff in floating-point computation?").

    Parameters
    ----------
    a, b : array, shape (..., channels)
        Spectra in any unit.
    degrees : bool
        Return degrees instead of radians.

    Returns
    -------
    array, shape (...)
        Between 0 and pi (180 degrees); NaN when a spectrum is zero everywhere.
    """
    a, b = _paired(a, b)
    unit_a, unit_b = _unit(a), _unit(b)
    angle = 2 * np.arctan2(_length(unit_a - unit_b), _length(unit_a + unit_b))
    return np.degrees(angle) if degrees else angle


def rmse(a: Floats, b: Floats) -> Floats:
    r"""Root mean square error, in the unit of the spectra.

    .. math:: \sqrt{\frac{1}{n} \sum_\lambda (a_\lambda - b_\lambda)^2}

    Parameters
    ----------
    a, b : array, shape (..., channels)
        Spectra in the same unit.

    Returns
    -------
    array, shape (...)
    """
    a, b = _paired(a, b)
    return _root_mean_square(a - b)


def relative_rms_difference(a: Floats, reference: Floats) -> Floats:
    r"""Root mean square error as a fraction of the reference's root mean square.

    .. math:: \sqrt{\sum_\lambda (a_\lambda - r_\lambda)^2 / \sum_\lambda r_\lambda^2}

    Parameters
    ----------
    a, reference : array, shape (..., channels)
        Spectra in the same unit.

    Returns
    -------
    array, shape (...)
        0.1 means ten per cent; NaN when the reference is zero everywhere.
    """
    a, reference = _paired(a, reference)
    size = _root_mean_square(reference)
    return np.divide(
        _root_mean_square(a - reference), size, out=np.full(np.shape(size), np.nan), where=size > 0
    )


def spectral_information_divergence(a: Floats, b: Floats) -> Floats:
    r"""Symmetric relative entropy of two spectra taken as distributions over the wavelength.

    .. math:: \sum_\lambda (p_\lambda - q_\lambda) \ln \frac{p_\lambda}{q_\lambda}

    with :math:`p` and :math:`q` the spectra divided by their sums (Chang 2000, IEEE Transactions on Information Theory 46,
    1927-1932). Wavelengths at which a value is not positive are left out.

    Parameters
    ----------
    a, b : array, shape (..., channels)
        Spectra in any unit.

    Returns
    -------
    array, shape (...)
        Not negative, in nats; NaN when no wavelength is left.
    """
    a, b = _paired(a, b)
    positive = (a > 0) & (b > 0)
    p, q = (np.where(positive, each, 0) for each in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = (each / each.sum(axis=-1, keepdims=True) for each in (p, q))
        terms = np.where(positive, (p - q) * np.log(p / q), 0).sum(axis=-1)
    return np.where(positive.any(axis=-1), terms, np.nan)


def _paired(a: Floats, b: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both in double precision, NaN wherever one of them has no value."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    known = np.isfinite(a) & np.isfinite(b)
    return np.where(known, a, np.nan), np.where(known, b, np.nan)


def _length(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean length over the known entries; NaN where there is none."""
    return np.where(np.isnan(vector).all(axis=-1), np.nan, np.sqrt(np.nansum(vector**2, axis=-1)))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = _length(vector)[..., np.newaxis]
    return np.divide(vector, length, out=np.full_like(vector, np.nan), where=length > 0)


def _root_mean_square(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.sum(~np.isnan(vector), axis=-1)
    return np.divide(_length(vector), np.sqrt(known), out=np.full(known.shape, np.nan), where=known > 0)
