r"""Linear unmixing of spectra into absorbers, and the oxygen saturation that follows from it.

A spectrum :math:`y` (an absorbance, or a photoacoustic signal) is explained as :math:`y = A c + B d` with
coefficients :math:`c \ge 0` of absorbers and free coefficients :math:`d` of a background. The saturation is
:math:`c_{HbO_2} / (c_{HbO_2} + c_{Hb})`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.spectral.unmixing import nnls

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

OXY, DEOXY = "oxyhemoglobin", "deoxyhemoglobin"
_SLOPE_REFERENCE_NM = 500.0
# Below this share of a spectrum's largest value a reflectance is noise and its logarithm says nothing.
_DARK_SHARE = 1e-3


@dataclass(frozen=True)
class Window:
    """A range of wavelengths, both ends included.

    Parameters
    ----------
    name : str
        For people.
    low_nm, high_nm : float
    """

    name: str
    low_nm: float
    high_nm: float

    def mask(self, wavelengths_nm: Floats) -> NDArray[np.bool_]:
        """Which wavelengths lie inside, shape (channels,)."""
        return (wavelengths_nm >= self.low_nm) & (wavelengths_nm <= self.high_nm)


def absorber_coefficients(absorbers: Array, background: Array, spectra: Floats) -> Array:
    """Coefficients of absorbers, none negative, beside a free background.

    What the background can explain is taken out of spectra and absorbers first; what is left is the plain problem.

    Parameters
    ----------
    absorbers : array, shape (channels, k)
        Columns that need coefficients of at least 0; at most a handful.
    background : array, shape (channels, m)
        Columns with coefficients of any sign; m may be 0.
    spectra : array, shape (n, channels)

    Returns
    -------
    array, shape (n, k)
    """
    free = np.linalg.qr(background)[0]
    values = np.asarray(spectra, dtype=np.float64)
    return nnls(absorbers - free @ (free.T @ absorbers), values - (values @ free) @ free.T)[0]


def absorbance(reflectance: Floats) -> Array:
    """Negative natural logarithm of a reflectance; what is too dark, or negative, counts as just not dark."""
    values = np.asarray(reflectance, dtype=np.float64)
    floor = _DARK_SHARE * np.max(np.abs(values), axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return -np.log(np.maximum(values, floor))


def saturation_from_reflectance(
    reflectance: Floats, wavelengths_nm: Array, absorption_per_cm: Mapping[str, Array], window: Window
) -> Array:
    """Estimate oxygen saturation from reflectance spectra, blind to their scale.

    -ln R is unmixed into the absorbers, a constant (the scale) and ln(wavelength) (power-law scattering). A rank
    statistic is all that the estimate is good for: -ln R is no linear function of the absorption.

    Parameters
    ----------
    reflectance : array, shape (n, channels)
        In any unit.
    wavelengths_nm : array, shape (channels,)
    absorption_per_cm : mapping of substance to array, shape (channels,)
        With "oxyhemoglobin" and "deoxyhemoglobin"; others, as water and fat, take part if given.
    window : Window
        Wavelengths to use.

    Returns
    -------
    array, shape (n,)
        0 to 1; NaN where no haemoglobin is found or a value is not finite.
    """
    inside = window.mask(wavelengths_nm)
    background = np.stack([np.ones(inside.sum()), np.log(wavelengths_nm[inside] / _SLOPE_REFERENCE_NM)], 1)
    return _saturation(absorbance(reflectance[:, inside]), absorption_per_cm, inside, background)


def saturation_from_absorption(
    signal: Floats, absorption_per_cm: Mapping[str, Array], inside: NDArray[np.bool_] | None = None
) -> Array:
    """Estimate oxygen saturation from signals proportional to absorption, as photoacoustic ones nearly are.

    Parameters
    ----------
    signal : array, shape (n, channels)
        In any unit.
    absorption_per_cm : mapping of substance to array, shape (channels,)
    inside : boolean array, shape (channels,), optional
        Wavelengths to use, by default all.

    Returns
    -------
    array, shape (n,)
        0 to 1; NaN where no haemoglobin is found or a value is not finite.
    """
    inside = np.ones(signal.shape[1], dtype=bool) if inside is None else inside
    return _saturation(signal[:, inside], absorption_per_cm, inside, np.empty((inside.sum(), 0)))


def _saturation(
    values: Floats, absorption_per_cm: Mapping[str, Array], inside: NDArray[np.bool_], background: Array
) -> Array:
    names = [OXY, DEOXY, *(name for name in absorption_per_cm if name not in (OXY, DEOXY))]
    absorbers = np.stack([absorption_per_cm[name][inside] for name in names], axis=1)
    usable = np.isfinite(values).all(axis=1)
    oxy, deoxy = absorber_coefficients(absorbers, background, values[usable])[:, :2].T
    blood = oxy + deoxy
    result = np.full(len(values), np.nan)
    result[usable] = np.divide(oxy, blood, out=np.full_like(blood, np.nan), where=blood > 0)
    return result
