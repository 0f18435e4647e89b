"""Baselines that learn nothing but statistics."""

import numpy as np
import pytest

from napari_udt.dataset import load_dataset
from napari_udt.evaluation.untrained import BASELINES, default_baselines, pasted_texture, rescaled, spectra_of


def _pair(data_file, modality, n):
    return [load_dataset(data_file(modality, domain, 4, n)) for domain in ("simulated", "second")]


@pytest.mark.parametrize(("modality", "n"), [("HSI", 90), ("PAT", 6)])
def test_every_baseline_gives_samples_of_the_sources_shape(data_file, modality, n):
    source, target = _pair(data_file, modality, n)
    names = default_baselines(modality)
    assert set(BASELINES) - set(names) == ({"texture"} if modality == "HSI" else {"class_transport"})
    for name in names:
        moved = BASELINES[name].make(source, target)
        assert moved.shape == source.samples.shape, name
        assert np.isfinite(moved).all(), name


def test_rescaling_meets_mean_and_spread_of_all_classes_together(data_file):
    source, target = _pair(data_file, "HSI", 300)
    moved, wanted = rescaled(source, target), spectra_of(target.samples)
    np.testing.assert_allclose(moved.mean(axis=0), wanted.mean(axis=0), rtol=1e-3)
    np.testing.assert_allclose(moved.std(axis=0), wanted.std(axis=0), rtol=1e-3)


def test_transport_per_class_meets_means_of_classes_and_that_without_only_the_whole(data_file):
    source, target = _pair(data_file, "HSI", 300)
    wanted = spectra_of(target.samples)
    by_class, at_once = (BASELINES[name].make(source, target) for name in ("gaussian", "gaussian_all"))
    for label in range(3):
        own, theirs = source.labels == label, target.labels == label
        np.testing.assert_allclose(by_class[own].mean(axis=0), wanted[theirs].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(at_once.mean(axis=0), wanted.mean(axis=0), atol=1e-3)


def test_pasted_texture_brings_levels_and_speckle_of_the_target(data_file):
    source, target = _pair(data_file, "PAT", 8)
    rng = np.random.default_rng(0)
    speckle = np.exp(0.5 * rng.normal(size=target.labels.shape))
    target.samples[:] *= speckle[:, None].astype(np.float32)
    moved = pasted_texture(source, target)
    label = source.labels == 0
    before, after, wanted = (np.log(x.mean(axis=1)[label]) for x in (source.samples, moved, target.samples))
    assert np.median(after) == pytest.approx(np.median(wanted), abs=0.1)
    assert before.std() < 0.2 < 0.35 < after.std()
    np.testing.assert_array_equal(moved, pasted_texture(source, target))  # the same draw each time


def test_the_class_transport_meets_the_logarithms_means_of_classes_and_gives_the_same_again(data_file):
    source, target = _pair(data_file, "HSI", 600)
    wanted, make = spectra_of(target.samples), BASELINES["class_transport"].make
    moved = make(source, target)
    for label in np.unique(source.labels):
        own, theirs = source.labels == label, target.labels == label
        np.testing.assert_allclose(
            np.log(moved[own]).mean(axis=0), np.log(wanted[theirs]).mean(axis=0), atol=0.01
        )
    np.testing.assert_array_equal(moved, make(source, target))
