"""Can patches of transferred images be distinguished from the target's? Trees on simple features of texture and spectrum.

0.5 is what nobody can distinguish, 1 what a glance distinguishes. The features are few and fixed: the measure is blind to what they do
not see, for instance to where in a picture a patch lies and what its neighbours show.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.two_sample import TwoSampleAuc, two_sample_auc

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

SIDE = 32
_RINGS = 10
# Of the median absolute value of a patch: below it a logarithm sees noise only.
_FLOOR = 0.1
_TINY = 1e-12


def patch_features(pictures: Floats, side: int = SIDE) -> tuple[Array, NDArray[np.intp]]:
    """Features of all patches of a regular grid.

    Per patch: logarithm of its level (median absolute value of the mean over wavelengths), standard deviation and skewness of the
    logarithm of the mean over wavelengths, its power spectrum in rings, along rows and along columns, of the mean over
    wavelengths and of what the first and the last wavelength do not share; the eigenvalues of the wavelengths' second moments.

    Parameters
    ----------
    pictures : array, shape (n, C, H, W)
    side : int
        Pixels.

    Returns
    -------
    features : array, shape (m, F)
    picture : integer array, shape (m,)
        Which picture a patch is from.
    """
    features, origin = [], []
    for index, picture in enumerate(np.asarray(pictures, dtype=np.float64)):
        _, height, width = picture.shape
        for top in range(0, height - side + 1, side):
            for left in range(0, width - side + 1, side):
                features.append(_features(picture[:, top : top + side, left : left + side]))
                origin.append(index)
    return np.array(features), np.array(origin)


def patches_auc(first: Floats, second: Floats, seed: int = 0, side: int = SIDE) -> TwoSampleAuc:
    """How well the patches of two sets of pictures can be distinguished; patches of one picture are in one fold.

    Parameters
    ----------
    first, second : array, shape (n, C, H, W) and (m, C, H, W)
    seed, side : int

    Raises
    ------
    EvaluationError
        When there are fewer than four pictures in a set.
    """
    (own, pictures), (wanted, theirs) = (patch_features(images, side) for images in (first, second))
    return two_sample_auc(own, wanted, pictures, theirs, seed=seed, whiten=False)


def _features(patch: Array) -> Array:
    mean = patch.mean(axis=0)
    level = np.median(np.abs(mean)) + _TINY
    logarithm = np.log(np.maximum(np.abs(mean) / level, _FLOOR))
    spread = logarithm.std()
    skewness = np.mean((logarithm - logarithm.mean()) ** 3) / (spread + _TINY) ** 3
    first, last = patch[0], patch[-1]
    gain = (first * last).sum() / ((last * last).sum() + _TINY)
    moments = np.einsum("cij,dij->cd", patch, patch)
    powers = np.linalg.eigvalsh(moments)[::-1] / (np.trace(moments) + _TINY)
    spectra = [_power(mean / level), _power(logarithm), _power((first - gain * last) / level)]
    return np.concatenate([[np.log(level), spread, skewness], np.log(np.maximum(powers, _TINY)), *spectra])


def _power(values: Array) -> Array:
    """Logarithm of the mean power in rings, and within 45 degrees of the rows and of the columns."""
    side = len(values)
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.rfft2((values - values.mean()) * window)) ** 2
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    ring = np.minimum((np.hypot(rows, columns) * 2 * _RINGS).astype(int), _RINGS)
    inside = (ring > 0) & (ring <= _RINGS)
    rings = np.bincount(ring[inside], power[inside], _RINGS + 1) / np.maximum(
        np.bincount(ring[inside], minlength=_RINGS + 1), 1
    )
    upright = (np.abs(rows) > np.abs(columns)) & inside
    parts = [*rings[1:], power[upright].mean(), power[inside & ~upright].mean()]
    return np.log(np.maximum(parts, _TINY))
