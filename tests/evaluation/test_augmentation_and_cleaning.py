"""Added spectra, and spectra that are dropped, on toy problems with known answers."""

import numpy as np
import pytest

from napari_udt.errors import EvaluationError
from napari_udt.evaluation import downstream
from napari_udt.evaluation.augmentation import ratio_curve
from napari_udt.evaluation.cleaning import Cleaner
from napari_udt.evaluation.downstream import LabelledSpectra


@pytest.fixture(autouse=True)
def _small_forests(monkeypatch):
    monkeypatch.setattr(downstream, "TREES", 25)


def _spectra(count, seed, swapped=False, spread=1.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    values = spread * rng.normal(size=(count, 6)) + 1.2 * labels[:, None]
    return LabelledSpectra(values, 1 - labels if swapped else labels, np.arange(count) // 10)


def test_more_spectra_of_the_same_kind_help_and_wrong_ones_hurt():
    real, test = _spectra(400, 0), _spectra(600, 1)
    alone, many = ratio_curve(real, _spectra(400, 2), test, real_per_class=6, ratios=(0, 20))
    assert (alone.added, many.added) == (0, 120)
    assert many.scores.mean.balanced_accuracy > alone.scores.mean.balanced_accuracy
    assert many.scores.low < many.scores.mean.balanced_accuracy < many.scores.high
    _, wrong = ratio_curve(real, _spectra(400, 2, swapped=True), test, real_per_class=6, ratios=(0, 20))
    assert wrong.scores.mean.balanced_accuracy < 0.3


def test_nothing_added_is_the_same_whatever_would_be():
    real, test = _spectra(200, 0), _spectra(200, 1)
    first, other = (
        ratio_curve(real, _spectra(200, seed), test, real_per_class=8, ratios=(0,))[0] for seed in (2, 3)
    )
    assert first.scores == other.scores


def test_a_negative_ratio_is_refused():
    with pytest.raises(EvaluationError, match="cannot be negative"):
        ratio_curve(_spectra(40, 0), _spectra(40, 1), _spectra(40, 2), ratios=(-1,))


def test_the_targets_own_spectra_are_mostly_kept_and_others_dropped():
    # Well apart, so that a wrong label is seen.
    def apart(count, seed, **how):
        found = _spectra(count, seed, **how)
        return LabelledSpectra(found.spectra + 4 * (found.spectra.mean(axis=1) > 0.6)[:, None], found.labels)

    cleaner = Cleaner(apart(600, 0, spread=0.3), apart(400, 1, spread=0.3))
    assert cleaner.keeps(apart(400, 2, spread=0.3)).mean() > 0.85
    assert cleaner.keeps(apart(400, 2, spread=0.3, swapped=True)).mean() < 0.02  # wrong labels
    far = apart(400, 3, spread=0.3)
    far.spectra[:, ::2] += 6
    far.spectra[:, 1::2] -= 6
    assert cleaner.keeps(far).mean() < 0.02
    judged = cleaner.judge(LabelledSpectra(far.spectra, np.full(400, 7)))
    assert np.isinf(judged.distance).all()  # a class that the target lacks
    assert ((judged.entropy >= 0) & (judged.entropy <= 1)).all()
