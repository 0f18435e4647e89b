"""Laws of what a spectrum is compared with in a library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import ConvexHull

from napari_udt.errors import CubeError
from napari_udt.spectral.continuum import continuum_removed
from napari_udt.spectral.distances import spectral_information_divergence
from napari_udt.spectral.library import MEASURES, LibraryComparison, SpectralLibrary

GRID = np.linspace(500.0, 1000.0, 26)
SPECTRA = np.array([0.5 + 0.3 * np.sin(GRID / width) for width in (40.0, 70.0, 150.0)])
LIBRARY = SpectralLibrary("organs", ("liver", "skin", "spleen"), SPECTRA, GRID)


def rank(library, grid, spectrum, measure="angle"):
    return LibraryComparison.of(library, grid, measure).rank(spectrum)


positive = arrays(np.float64, 12, elements=st.floats(0.01, 10))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_spectrum_of_the_library_is_its_own_nearest(measure):
    for number, name in enumerate(LIBRARY.names):
        found = rank(LIBRARY, GRID, SPECTRA[number], measure)
        assert found[0].name == name
        assert found[0].value == pytest.approx(0, abs=1e-9)
        assert [each.value for each in found] == sorted(each.value for each in found)


@pytest.mark.parametrize("measure", MEASURES)
def test_level_does_not_count(measure):
    for factor in (0.2, 5.0):
        assert rank(LIBRARY, GRID, factor * SPECTRA[1], measure)[0].name == "skin"


def test_without_continuum_a_slope_hardly_counts():
    tilted = SPECTRA[0] * np.linspace(1, 2, len(GRID))
    by_angle = {match.name: match.value for match in rank(LIBRARY, GRID, tilted, "angle")}
    assert by_angle["liver"] > 5
    assert rank(LIBRARY, GRID, tilted, "continuum")[0].name == "liver"


@pytest.mark.parametrize("measure", MEASURES)
def test_many_spectra_get_what_one_gets(measure):
    spectra = np.abs(np.random.default_rng(0).normal(0.5, 0.1, (40, len(GRID))))
    spectra[3] = np.nan
    best, distance = LibraryComparison.of(LIBRARY, GRID, measure).nearest(spectra)
    assert best[3] == -1
    assert np.isnan(distance[3])
    for number in (0, 7, 39):
        first = rank(LIBRARY, GRID, spectra[number], measure)[0]
        assert LIBRARY.names[best[number]] == first.name
        assert distance[number] == pytest.approx(first.value)


def test_other_wavelengths_are_compared_where_the_library_covers_them():
    grid = np.linspace(400, 900, 41)
    spectrum = np.interp(grid, GRID, SPECTRA[2])
    spectrum[grid < 500] = 99.0
    assert rank(LIBRARY, grid, spectrum)[0].name == "spleen"
    with pytest.raises(CubeError, match="organs covers 500-1000 nm, the spectrum 1100-1300 nm"):
        rank(LIBRARY, np.array([1100.0, 1200.0, 1300.0]), np.ones(3))


def test_progress_may_cancel():
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LibraryComparison.of(LIBRARY, GRID).nearest(SPECTRA, stop)


@given(positive, positive)
def test_the_divergence_is_symmetric_and_not_negative(a, b):
    there, back = spectral_information_divergence(a, b), spectral_information_divergence(b, a)
    assert there == pytest.approx(back, abs=1e-12)
    assert there >= -1e-15
    assert spectral_information_divergence(a, 3 * a) == pytest.approx(0, abs=1e-12)


def test_the_divergence_of_two_known_distributions():
    a, b = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    expected = 0.25 * np.log(2) - 0.25 * np.log(0.5 / 0.75)
    assert spectral_information_divergence(a, b) == pytest.approx(expected)
    assert np.isnan(spectral_information_divergence(a, -b))


@given(positive)
def test_the_continuum_is_the_upper_hull_of_another_library(spectrum):
    grid = np.arange(12.0)
    removed = continuum_removed(grid, spectrum)
    assert removed.max() <= 1 + 1e-12
    assert removed[[0, -1]] == pytest.approx(1)
    foot = np.array([[0.0, -1.0], [11.0, -1.0]])  # below everything, so that the hull has an upper side
    points = np.vstack([np.column_stack([grid, spectrum]), foot])
    corners = sorted(v for v in ConvexHull(points).vertices if v < 12)
    np.testing.assert_allclose(
        removed, spectrum / np.interp(grid, grid[corners], spectrum[corners]), rtol=1e-6
    )


def test_a_continuum_leaves_gaps_as_they_are():
    spectrum = np.array([1.0, np.nan, 0.5, 1.0])
    np.testing.assert_allclose(continuum_removed(np.arange(4.0), spectrum), [1, np.nan, 0.5, 1])


def test_shapes_and_order_are_checked():
    with pytest.raises(CubeError, match="expected one row per name"):
        SpectralLibrary("x", ("a",), SPECTRA, GRID)
    with pytest.raises(CubeError, match="do not increase"):
        SpectralLibrary("x", LIBRARY.names, SPECTRA, GRID[::-1])
