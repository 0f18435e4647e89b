"""Can patches of transferred images be distinguished from the target's? A forest on simple features of texture and spectrum.

0.5 is what nobody can distinguish, 1 what a glance distinguishes. The features are few and fixed: the measure is blind to what they do
not see, for instance to where in a picture a patch lies and what its neighbours show.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

SIDE = 32
_RINGS = 10
# Of the median absolute value of a patch: below it a logarithm sees noise only.
_FLOOR = 0.1
_TINY = 1e-12
_FOLDS = 4
_TREES = 100


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


def patches_apart(first: Floats, second: Floats, seed: int = 0, side: int = SIDE) -> tuple[float, float]:
    """Area under the ROC curve of a random forest that distinguishes the patches of two sets of pictures.

    It is trained on three quarters of the pictures and judges the others, in turn: patches of one picture never stand on both sides.

    Returns
    -------
    auc : float
    margin : float
        Half the width of a 95 % interval, by drawing whole pictures anew.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score

    parts = [patch_features(pictures, side) for pictures in (first, second)]
    values = np.concatenate([features for features, _ in parts])
    kinds = np.repeat([0, 1], [len(features) for features, _ in parts])
    pictures = np.concatenate([parts[0][1], parts[1][1] + len(first)])
    scores = np.zeros(len(kinds))
    for fold in range(_FOLDS):  # every fold holds pictures of both sets
        tested = np.concatenate([parts[0][1] % _FOLDS == fold, parts[1][1] % _FOLDS == fold])
        forest = RandomForestClassifier(_TREES, random_state=seed, min_samples_leaf=2, n_jobs=1)
        forest.fit(values[~tested], kinds[~tested])
        scores[tested] = forest.predict_proba(values[tested])[:, 1]
    rng = np.random.default_rng(seed)
    drawn = [_redrawn_auc(scores, kinds, pictures, (len(first), len(second)), rng) for _ in range(200)]
    return float(roc_auc_score(kinds, scores)), float(np.ptp(np.nanquantile(drawn, [0.025, 0.975])) / 2)


def roughness(pictures: Floats) -> Array:
    """Median absolute difference of horizontal neighbours over the median absolute value, at each wavelength (C,).

    Parameters
    ----------
    pictures : array, shape (n, C, H, W)
    """
    values = np.asarray(pictures, dtype=np.float64)
    apart = np.median(np.abs(np.diff(values, axis=3)), axis=(0, 2, 3))
    return np.asarray(apart / np.maximum(np.median(np.abs(values), axis=(0, 2, 3)), _TINY))


def _redrawn_auc(
    scores: Array,
    kinds: NDArray[Any],
    pictures: NDArray[Any],
    counts: tuple[int, int],
    rng: np.random.Generator,
) -> float:
    from sklearn.metrics import roc_auc_score

    drawn = np.concatenate(
        [rng.integers(counts[0], size=counts[0]), counts[0] + rng.integers(counts[1], size=counts[1])]
    )
    weights = np.bincount(drawn, minlength=sum(counts))[pictures]
    return float(roc_auc_score(kinds, scores, sample_weight=weights))


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
