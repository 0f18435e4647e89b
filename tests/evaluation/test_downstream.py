import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.downstream import (
    LabelledSpectra,
    Scores,
    SeededScores,
    auroc,
    fit_classifier,
    fit_per_seed,
    judge,
)


def blobs(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return LabelledSpectra(np.eye(3)[labels] + shift + 0.1 * rng.standard_normal((n, 3)), labels)


def test_what_is_distinguished_easily_scores_one_and_other_spectra_do_not():
    right = judge(fit_per_seed(blobs(60, 0), [0], 20), blobs(60, 1))
    assert right.mean == Scores(1, 1, 1)
    turned = LabelledSpectra(blobs(60, 0).spectra[:, ::-1], blobs(60, 0).labels)
    wrong = judge(fit_per_seed(turned, [0], 20), blobs(60, 1))
    assert wrong.mean.balanced_accuracy == pytest.approx(1 / 3, abs=0.05)
    assert wrong.mean.auroc < 0.6


def test_the_same_seed_gives_the_same_scores_and_another_one_another_draw():
    training = LabelledSpectra(np.random.default_rng(0).random((90, 4)), np.arange(90) % 3)
    test = LabelledSpectra(np.random.default_rng(1).random((90, 4)), np.arange(90) % 3)
    first, again = (judge(fit_per_seed(training, [0, 1], 10), test) for _ in range(2))
    assert first == again
    assert first.per_seed[0] != first.per_seed[1]


def test_areas_are_sklearns():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    probabilities = rng.dirichlet(np.ones(3), 60)
    expected = roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert auroc(probabilities, np.arange(3), labels) == pytest.approx(expected)
    two = labels > 0
    share = probabilities[:, 0]
    assert auroc(np.stack([1 - share, share], 1), np.array([5, 6]), np.where(two, 6, 5)) == pytest.approx(
        roc_auc_score(two, share)
    )


def test_a_class_that_the_classifier_never_saw_is_guessed_and_one_class_has_no_curve():
    labels = np.array([0, 0, 1, 1, 2, 2])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.5, 0.5], [0.5, 0.5]])
    assert auroc(probabilities, np.array([0, 1]), labels) == pytest.approx((1 + 1 + 0.5) / 3)
    assert np.isnan(auroc(probabilities[:2], np.array([0, 1]), labels[:2]))


def test_spread_over_seeds_is_the_samples_standard_deviation():
    scores = SeededScores((Scores(0.1, 0.2, 0.3), Scores(0.3, 0.2, 0.9)))
    assert scores.mean.f1 == pytest.approx(0.6)
    assert scores.std.balanced_accuracy == pytest.approx(np.std([0.1, 0.3], ddof=1))
    assert np.isnan(SeededScores((Scores(0.1, 0.2, 0.3),)).std.f1)


def test_a_draw_is_balanced_without_repeats_and_takes_what_there_is():
    labels = np.repeat([0, 1], [30, 4])
    drawn = LabelledSpectra(np.arange(34)[:, None], labels).draw(6, np.random.default_rng(0))
    assert np.bincount(drawn.labels).tolist() == [6, 4]
    assert len(np.unique(drawn.spectra)) == 10


@pytest.mark.parametrize("labels", [np.zeros(20, int), np.repeat([0, 1], [20, 3])])
def test_too_few_classes_or_spectra_are_refused(labels):
    with pytest.raises(EvaluationError, match="two classes with 5 spectra"):
        fit_classifier(LabelledSpectra(np.ones((len(labels), 2)), labels), 0)
