"""Moments of many classes: the same numbers as class by class, in memory that follows from the spectra."""

import tracemalloc

import numpy as np

from napari_udt.spectral.moments import RunningMoments


def test_moments_of_hundreds_of_classes_are_those_of_each_by_itself():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 400, 5000)
    spectra = rng.normal(classes[:, None], 2, (5000, 6)).astype(np.float32)
    spectra[rng.random(spectra.shape) < 0.05] = np.nan
    running = RunningMoments.empty(400, 6)
    for part in np.array_split(np.arange(5000), 7):
        running.add(spectra[part], classes[part])
    for index in (0, 17, 399):
        found, own = running.moments(index), spectra[classes == index].astype(np.float64)
        np.testing.assert_allclose(found.mean, np.nanmean(own, axis=0), rtol=1e-5)
        np.testing.assert_allclose(found.std, np.nanstd(own, axis=0), rtol=1e-4)
        assert found.count == np.isfinite(own).any(axis=1).sum()


def test_tens_of_thousands_of_classes_need_no_table_of_all_against_all():
    classes = np.arange(30_000)
    spectra = np.ones((30_000, 4), np.float32)
    tracemalloc.start()
    running = RunningMoments.empty(30_000, 4)
    running.add(spectra, classes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
    assert running.spectra.sum() == 30_000
