"""Texture of photoacoustic pictures: the measures by which the digital device is compared with measured pictures.

All are taken on envelopes at one wavelength on the grid of the simulated images, the skin near its top. None depends on
the scale of the grey values: measured ones are known up to a factor only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_udt.simulation.pixel_grid import IMAGE_GRID

Array = NDArray[np.float64]

TISSUE = (slice(34, 118), slice(32, 224))  # from 2 mm below the skin; away from the picture's edges
LOCAL_MM = 1.5  # what varies over more than this (standard deviation of a Gaussian) is not texture
LAGS = 20  # pixels, 3.1 mm: longer correlation lengths are cut there
PATCH = 32  # pixels, 5 mm
PATCH_ROWS = (16, 48, 80)
RINGS = (0.02, 0.05, 0.08, 0.12, 0.17, 0.23, 0.3, 0.4, 0.72)  # edges, cycles per pixel
_FLOOR = 1e-3  # of the median: keeps the logarithm of a zero finite


@dataclass(frozen=True)
class Texture:
    """Local texture of a picture.

    Parameters
    ----------
    log_std : float
        Standard deviation of the logarithm of the envelope around its local mean.
    lateral_mm, axial_mm : float
        Correlation length of that logarithm: the distance where its autocorrelation is one half.
    """

    log_std: float
    lateral_mm: float
    axial_mm: float


def local_texture(envelope: Array) -> Texture:
    """Measure the texture of tissue in a picture of shape ``IMAGE_GRID.shape``."""
    lateral, axial = autocorrelations(envelope)
    return Texture(float(_rest(envelope).std()), _half_length_mm(lateral), _half_length_mm(axial))


def autocorrelations(envelope: Array) -> tuple[Array, Array]:
    """Autocorrelation of the logarithm around its local mean, lateral and axial, for :data:`LAGS` pixels from 0 up."""
    rest = _rest(envelope)
    return _autocorrelation(rest.T), _autocorrelation(rest)


def _rest(envelope: Array) -> Array:
    logarithm = np.log(relative(envelope) + _FLOOR)
    rest = (logarithm - gaussian_filter(logarithm, LOCAL_MM / IMAGE_GRID.pixel_mm))[TISSUE]
    return np.asarray(rest - rest.mean())


def mean_texture(envelopes: Array) -> Texture:
    """Mean over pictures (N, rows, columns)."""
    found = [local_texture(envelope) for envelope in envelopes]
    return Texture(*(float(np.mean([getattr(t, name) for t in found])) for name in Texture.__match_args__))


def relative(envelope: Array) -> Array:
    """Envelope over its median in the tissue."""
    return np.asarray(envelope / np.median(envelope[TISSUE]))


def depth_profile(envelope: Array, rows: int = 8) -> Array:
    """Median of the relative envelope in bands of rows, and how bright the skin is in the middle of the picture."""
    shown = relative(envelope)
    bands = shown[:, TISSUE[1]].reshape(-1, rows * (TISSUE[1].stop - TISSUE[1].start))
    skin = np.median(shown[:40, 96:160].max(axis=0))
    return np.append(np.median(bands, axis=1), skin)


def patch_features(envelope: Array) -> Array:
    """Features of the patches of a picture, shape (24, 35).

    Level, spread and skewness of the logarithm; power in rings of spatial frequency, apart for mostly lateral and mostly
    axial frequencies, of the patch over its mean and of its logarithm.
    """
    shown = relative(envelope)
    columns = range(0, shown.shape[1], PATCH)
    patches = [shown[r : r + PATCH, c : c + PATCH] for r in PATCH_ROWS for c in columns]
    return np.array([_features(patch) for patch in patches])


def _features(patch: Array) -> list[float]:
    logarithm = np.log(patch + _FLOOR)
    centred = logarithm - logarithm.mean()
    skewness = float(np.mean(centred**3) / centred.std() ** 3)
    powers = [power for part in (patch / patch.mean(), logarithm) for power in _ring_powers(part)]
    return [float(logarithm.mean()), float(logarithm.std()), skewness, *powers]


def _ring_powers(patch: Array) -> list[float]:
    window = np.outer(np.hanning(PATCH), np.hanning(PATCH))
    power = np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
    axial, lateral = np.meshgrid(*2 * [np.abs(np.fft.fftfreq(PATCH))], indexing="ij")
    ring = np.digitize(np.hypot(axial, lateral), RINGS) - 1
    return [
        float(np.log(power[(ring == k) & ((axial > lateral) == mostly_axial)].mean() + 1e-9))
        for mostly_axial in (False, True)
        for k in range(len(RINGS) - 1)
    ]


def _autocorrelation(rest: Array) -> Array:
    """Along the first axis."""
    products = [np.mean(rest[: len(rest) - lag] * rest[lag:]) for lag in range(LAGS)]
    return np.array(products) / products[0]


def _half_length_mm(correlation: Array) -> float:
    """Distance where an autocorrelation falls to one half."""
    below = np.flatnonzero(correlation < 0.5)
    if not len(below):
        return LAGS * IMAGE_GRID.pixel_mm
    before, after = correlation[below[0] - 1], correlation[below[0]]
    return float((below[0] - 1 + (before - 0.5) / (before - after)) * IMAGE_GRID.pixel_mm)
