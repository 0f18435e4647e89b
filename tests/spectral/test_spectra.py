import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.spectra import (
    NORMALISATIONS,
    group_statistics,
    normalise,
    resample,
    structure_moments,
    structure_spectra,
    window_spectra,
)

SPECTRA = arrays(np.float64, (4, 6), elements=st.floats(-100, 100).map(lambda x: round(x, 3)))


class LazyRows:
    """Stands for a file: counts how much of it is read at once."""

    def __init__(self, data):
        self.data, self.shape, self.dtype = data, data.shape, data.dtype
        self.largest = 0

    def __getitem__(self, key):
        part = self.data[key]
        self.largest = max(self.largest, part.size)
        return part


def cube_with_labels(rng, rows=40, columns=50, channels=7, classes=4, **changes):
    data = rng.random((rows, columns, channels), dtype=np.float32) + 0.1
    labels = rng.integers(0, classes, (rows, columns)) * 3 - 3  # neither consecutive nor positive
    fields = {
        "data": data,
        "wavelengths_nm": np.linspace(500, 1000, channels),
        "modality": "HSI",
        "labels": labels,
    }
    return SpectralCube(**{**fields, **changes})


@pytest.mark.parametrize(
    ("normalisation", "size"),
    [
        ("l1", lambda x: np.abs(x).sum(-1)),
        ("l2", lambda x: np.linalg.norm(x, axis=-1)),
        ("max", lambda x: np.abs(x).max(-1)),
    ],
)
@given(spectra=SPECTRA)
def test_a_normalised_spectrum_has_size_one_and_zeros_stay(normalisation, size, spectra):
    result = size(normalise(spectra, normalisation))
    np.testing.assert_allclose(result, (np.abs(spectra).max(-1) > 0).astype(float), rtol=1e-9)


@pytest.mark.parametrize("normalisation", ["l1", "l2", "max"])
def test_normalisation_is_blind_to_scale_and_to_missing_values(normalisation):
    spectrum = np.array([1.0, -2.0, 3.0, np.nan])
    np.testing.assert_allclose(normalise(7 * spectrum, normalisation), normalise(spectrum, normalisation))
    np.testing.assert_allclose(normalise(spectrum, normalisation)[:3], normalise(spectrum[:3], normalisation))


def test_an_unknown_normalisation_is_named():
    with pytest.raises(ValueError, match="'area'"):
        normalise(np.ones(3), "area")


def test_the_window_is_the_square_around_the_pixel_and_ends_at_the_edge():
    cube = cube_with_labels(np.random.default_rng(0))
    np.testing.assert_array_equal(
        window_spectra(cube, 10, 20, 3), np.asarray(cube.data)[9:12, 19:22].reshape(9, 7)
    )
    np.testing.assert_array_equal(
        window_spectra(cube, 0, 49, 5), np.asarray(cube.data)[:3, 47:].reshape(9, 7)
    )
    np.testing.assert_array_equal(window_spectra(cube, 4, 5), np.asarray(cube.data)[4:5, 5])


@pytest.mark.parametrize("side", [1, 3])
def test_a_window_around_nothing_is_refused(side):
    with pytest.raises(CubeError, match=r"\(40, 0\)"):
        window_spectra(cube_with_labels(np.random.default_rng(0)), 40, 0, side)


@pytest.mark.parametrize("centre", ["mean", "median"])
@pytest.mark.parametrize("spread", ["std", "quantiles", "none"])
@pytest.mark.parametrize("missing", [False, True])
def test_group_statistics_are_numpys(centre, spread, missing):
    spectra = np.random.default_rng(1).normal(5, 2, (3001, 6))
    if missing:
        spectra[::7, 2] = np.nan
        spectra[5] = np.nan
        spectra[6, 1] = np.inf
    known = np.where(np.isfinite(spectra), spectra, np.nan)
    middle = np.nanmean(known, axis=0) if centre == "mean" else np.nanmedian(known, axis=0)
    lower, upper = {
        "std": (middle - np.nanstd(known, axis=0), middle + np.nanstd(known, axis=0)),
        "quantiles": np.nanquantile(known, (0.05, 0.95), axis=0),
        "none": (middle, middle),
    }[spread]
    found = group_statistics(spectra, centre, spread)
    np.testing.assert_allclose(found.centre, middle, rtol=1e-5)
    np.testing.assert_allclose(found.lower, lower, rtol=1e-5)
    np.testing.assert_allclose(found.upper, upper, rtol=1e-5)
    assert found.count == 3001 - missing


def test_a_wavelength_without_values_is_nan_and_one_spectrum_stands_for_itself():
    spectra = np.array([[1.0, np.nan], [3.0, np.nan]])
    for spread in ("std", "quantiles"):
        found = group_statistics(spectra, "median", spread)
        assert found.centre[0] == pytest.approx(2)
        assert np.isnan([found.centre[1], found.lower[1], found.upper[1]]).all()
    np.testing.assert_array_equal(group_statistics(spectra[:1]).upper, [1, np.nan])


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
@pytest.mark.parametrize("missing", [False, True])
def test_moments_of_all_structures_are_numpys(normalisation, missing):
    rng = np.random.default_rng(2)
    cube = cube_with_labels(rng, rows=120, columns=90)
    if missing:
        cube.data[rng.random(cube.shape) < 0.02] = np.nan
        cube.data[3, 4] = np.nan
    found = structure_moments(cube, normalisation)
    assert set(found) == {-3, 0, 3, 6}
    for label, moments in found.items():
        spectra = normalise(np.asarray(cube.data)[cube.labels == label].astype(np.float64), normalisation)
        np.testing.assert_allclose(moments.mean, np.nanmean(spectra, axis=0), rtol=1e-5)
        np.testing.assert_allclose(moments.std, np.nanstd(spectra, axis=0), rtol=1e-4)
        assert moments.count == np.sum(~np.isnan(spectra).all(axis=1))


def test_small_spreads_around_large_means_survive_single_precision():
    rng = np.random.default_rng(3)
    data = (1000 + 0.05 * rng.standard_normal((100, 100, 5))).astype(np.float32)
    cube = cube_with_labels(rng, data=data, wavelengths_nm=np.arange(1.0, 6), labels=np.ones((100, 100), int))
    expected = data.reshape(-1, 5).astype(np.float64).std(axis=0)
    np.testing.assert_allclose(structure_moments(cube)[1].std, expected, rtol=0.01)
    constant = cube.with_(data=np.full((100, 100, 5), 0.1, np.float32))
    np.testing.assert_allclose(structure_moments(constant)[1].std, 0, atol=1e-7)


def test_a_lazy_cube_gives_the_same_and_is_never_read_whole():
    cube = cube_with_labels(np.random.default_rng(4), rows=200, columns=100)
    lazy = LazyRows(np.asarray(cube.data))
    found = structure_moments(cube.with_(data=lazy), "l2")
    np.testing.assert_array_equal(found[3].mean, structure_moments(cube, "l2")[3].mean)
    assert lazy.largest <= 2048 * 7


def test_structure_spectra_reads_only_the_rows_that_hold_the_structure():
    cube = cube_with_labels(np.random.default_rng(5))
    labels = np.zeros((40, 50), int)
    labels[10:12, 3:9] = labels[20, 5] = 1
    lazy = LazyRows(np.asarray(cube.data))
    found = structure_spectra(cube.with_(data=lazy, labels=labels), 1)
    np.testing.assert_array_equal(found, np.asarray(cube.data)[labels == 1])
    assert lazy.largest == 2 * 50 * 7
    assert structure_spectra(cube, 99).shape == (0, 7)


def test_statistics_without_labels_are_refused_with_the_cubes_name():
    cube = cube_with_labels(np.random.default_rng(6), labels=None, name="scan")
    with pytest.raises(CubeError, match="scan"):
        structure_moments(cube)


def test_resampling_is_exact_on_straight_lines_and_nan_outside():
    found = resample(
        np.array([500.0, 600, 900]), np.array([5.0, 6, 9]), np.array([450.0, 500, 733, 900, 901])
    )
    np.testing.assert_allclose(found, [np.nan, 5, 7.33, 9, np.nan])
