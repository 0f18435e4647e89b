"""Whether labels can be read from pictures: a segmenter that was trained on the target, not on what is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.intervals import percentile_interval

Floats = NDArray[np.floating[Any]]

_SCALES = (0.0, 1.0, 3.0, 6.0)  # standard deviations of Gaussians, in pixels
_TREES = 60
_PER_CLASS_AND_PICTURE = 120
_SMALLEST = 1e-12


@dataclass(frozen=True)
class LabelRecovery:
    """Overlap of recognised with true labels, intersection over union.

    Parameters
    ----------
    mean : float
        Over classes.
    per_class : dict of str to float
        Classes that occur in the pictures.
    low, high : float
        95 % bootstrap interval of the mean over pictures.
    """

    mean: float
    per_class: dict[str, float]
    low: float
    high: float


class Segmenter:
    """Extremely randomised trees on each pixel's spectrum at four scales. They do not know where a pixel lies.

    Parameters
    ----------
    images : array, shape (n, C, H, W)
        Of the target domain, for training.
    labels : integer array, shape (n, H, W)
    class_names : sequence of str
    seed : int
    """

    def __init__(
        self, images: Floats, labels: NDArray[Any], class_names: Sequence[str], seed: int = 0
    ) -> None:
        from sklearn.ensemble import ExtraTreesClassifier

        rng = np.random.default_rng(seed)
        features, kinds = [], []
        for image, picture in zip(images, labels, strict=True):
            flat = picture.reshape(-1)
            index = np.concatenate(list(_drawn(flat, rng)))
            features.append(_features(image)[index])
            kinds.append(flat[index])
        self.class_names = tuple(class_names)
        self._trees = ExtraTreesClassifier(_TREES, min_samples_leaf=3, random_state=seed, n_jobs=1)
        self._trees.fit(np.concatenate(features), np.concatenate(kinds))

    def __call__(self, image: Floats) -> NDArray[np.int64]:
        """Recognise the classes of one image (C, H, W); shape (H, W)."""
        found: NDArray[np.int64] = self._trees.predict(_features(image)).reshape(image.shape[1:])
        return found

    def recovery(self, images: Floats, labels: NDArray[Any], rng: np.random.Generator) -> LabelRecovery:
        """Compare what is recognised in images (n, C, H, W) with their true labels (n, H, W)."""
        kinds = len(self.class_names)
        counts = np.zeros((len(images), 2, kinds))  # intersection, union
        for place, (image, picture) in enumerate(zip(images, labels, strict=True)):
            found, known = self(image), picture >= 0
            for kind in range(kinds):
                own, true = (found == kind) & known, picture == kind
                counts[place, :, kind] = (own & true).sum(), (own | true).sum()
        present = [kind for kind in range(kinds) if np.any(labels == kind)]
        overlap = _overlap(counts)
        again = [
            float(np.nanmean(_overlap(counts[rng.integers(len(counts), size=len(counts))])[present]))
            for _ in range(200)
        ]
        return LabelRecovery(
            float(np.mean(overlap[present])),
            {self.class_names[kind]: float(overlap[kind]) for kind in present},
            *percentile_interval(again),
        )


def _drawn(labels: NDArray[Any], rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield some pixels of each class of one picture."""
    for kind in np.unique(labels[labels >= 0]):
        yield rng.permutation(np.flatnonzero(labels == kind))[:_PER_CLASS_AND_PICTURE]


def _features(image: Floats) -> Floats:
    """Describe every pixel: logarithm of its level and its spectrum over its level, at each scale; shape (pixels, features)."""
    from scipy.ndimage import gaussian_filter

    found = []
    for scale in _SCALES:
        smooth = gaussian_filter(image, (0, scale, scale)) if scale else image
        level = np.maximum(smooth.mean(axis=0), _SMALLEST)
        found.append(np.concatenate([np.log(level)[None], smooth[:: max(1, len(image) // 5)] / level]))
    flat: Floats = np.concatenate(found).reshape(sum(map(len, found)), -1).T.astype(np.float32)
    return flat


def _overlap(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    both, either = counts.sum(axis=0)
    return np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)
