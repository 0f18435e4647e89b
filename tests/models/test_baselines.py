"""Baselines give each class the reference's statistics and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from napari_udt.errors import ModelError
from napari_udt.models.baselines import match_histograms, match_moments


@pytest.fixture
def domains():
    """Three classes whose means and spreads differ between the domains, with unequal counts."""
    rng = np.random.default_rng(0)
    labels, reference_labels = rng.integers(0, 3, 400), rng.integers(0, 3, 700)
    means, reference_means = rng.normal(size=(2, 3, 5))
    source = means[labels] + rng.normal(size=(400, 5))
    reference = reference_means[reference_labels] + 3 * rng.normal(size=(700, 5))
    return source, labels, reference, reference_labels


def test_moments_become_those_of_the_reference(domains):
    _, labels, reference, reference_labels = domains
    result = match_moments(*domains)
    for label in range(3):
        wanted = reference[reference_labels == label]
        np.testing.assert_allclose(result[labels == label].mean(axis=0), wanted.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(result[labels == label].std(axis=0), wanted.std(axis=0), rtol=1e-4)


def test_histograms_become_those_of_the_reference(domains):
    _, labels, reference, reference_labels = domains
    result = match_histograms(*domains)
    shares = np.linspace(0.05, 0.95, 19)
    for label in range(3):
        found = np.quantile(result[labels == label], shares, axis=0)
        np.testing.assert_allclose(
            found, np.quantile(reference[reference_labels == label], shares, axis=0), atol=0.3
        )


@pytest.mark.parametrize("match", [match_moments, match_histograms])
def test_the_order_of_values_is_kept(domains, match):
    source, labels, _, _ = domains
    result = match(*domains)
    own = labels == 1
    np.testing.assert_array_equal(source[own, 2].argsort(), result[own, 2].argsort())


@pytest.mark.parametrize("match", [match_moments, match_histograms])
def test_matching_to_oneself_changes_nothing(domains, match):
    source, labels, _, _ = domains
    np.testing.assert_allclose(match(source, labels, source, labels), source, atol=1e-5)


def test_an_unknown_class_is_matched_to_everything(domains):
    source, _, reference, reference_labels = domains
    for label in (-1, 7):
        result = match_moments(source, np.full(400, label), reference, reference_labels)
        np.testing.assert_allclose(result.mean(axis=0), reference.mean(axis=0), atol=1e-4)


def test_a_constant_channel_stays_finite(domains):
    source, labels, reference, reference_labels = domains
    source[:, 3] = 1
    assert np.isfinite(match_moments(source, labels, reference, reference_labels)).all()


def test_shapes_that_do_not_belong_together_are_refused(domains):
    source, labels, reference, reference_labels = domains
    with pytest.raises(ModelError, match="expected equal wavelengths"):
        match_moments(source[:, :4], labels, reference, reference_labels)
    with pytest.raises(ModelError, match="reference has shape"):
        match_moments(source, labels, reference, reference_labels[:3])
    with pytest.raises(ModelError, match="at least one reference"):
        match_moments(source, labels, reference[:0], reference_labels[:0])
