"""Colour of reflectances in daylight, against the CIE's published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from napari_udt.spectral import colour

HSI_NM = np.linspace(500, 1000, 100)
VISIBLE_NM = np.arange(380.0, 781.0, 5.0)


@pytest.mark.parametrize(
    ("nm", "xyz"),  # CIE 1931 2 degree observer, from the standard's table
    [
        (450, (0.3362, 0.0380, 1.77211)),
        (500, (0.0049, 0.3230, 0.2720)),
        (550, (0.4334, 0.9950, 0.0087)),
        (600, (1.0622, 0.6310, 0.0008)),
        (650, (0.2835, 0.1070, 0.0)),
    ],
)
def test_the_fit_follows_the_standards_table(nm, xyz):
    np.testing.assert_allclose(colour.colour_matching(nm), xyz, atol=0.03)


@pytest.mark.parametrize(
    ("nm", "xy"),  # the spectral locus
    [(480, (0.0913, 0.1327)), (520, (0.0743, 0.8338)), (550, (0.3016, 0.6923)), (600, (0.6270, 0.3725))],
)
def test_single_wavelengths_lie_on_the_spectral_locus(nm, xy):
    np.testing.assert_allclose(colour.chromaticity(colour.colour_matching(nm)), xy, atol=0.02)


def test_equal_energy_is_a_third_of_each():
    white = colour.colour_matching(np.arange(380.0, 781.0)).sum(axis=0)
    np.testing.assert_allclose(colour.chromaticity(white), (1 / 3, 1 / 3), atol=0.002)


def test_daylight_has_the_chromaticity_of_d65():
    steps = np.arange(380.0, 781.0)
    white = colour.illuminant_d65(steps) @ colour.colour_matching(steps)
    np.testing.assert_allclose(colour.chromaticity(white), (0.3127, 0.3290), atol=0.002)
    np.testing.assert_allclose(colour.chromaticity(colour.D65_XYZ), (0.3127, 0.3290), atol=1e-4)
    np.testing.assert_array_equal(colour.illuminant_d65([300.0, 560.0, 900.0]), [0.0, 100.0, 0.0])


@pytest.mark.parametrize("grid", [VISIBLE_NM, HSI_NM, np.array([500.0, 650.0])])
@pytest.mark.parametrize("grey", [0.1, 0.5, 1.0])
def test_greys_stay_grey_whatever_range_was_measured(grid, grey):
    xyz = np.full(len(grid), grey) @ colour.xyz_weights(grid)
    np.testing.assert_allclose(xyz, grey * colour.D65_XYZ, rtol=1e-9)
    red, green, blue = colour.xyz_to_srgb(xyz)
    assert red == pytest.approx(green, abs=1e-4) == pytest.approx(blue, abs=1e-4)


def test_srgb_has_its_published_values():
    np.testing.assert_allclose(colour.xyz_to_srgb(colour.D65_XYZ), 1.0, atol=1e-6)
    np.testing.assert_allclose(colour.xyz_to_srgb(0.2140 * colour.D65_XYZ), 0.5, atol=1e-3)  # mid grey
    np.testing.assert_allclose(colour.xyz_to_srgb([0.4124, 0.2126, 0.0193]), (1, 0, 0), atol=1e-2)
    np.testing.assert_allclose(colour.xyz_to_srgb([0.0, 0.0, 0.0]), 0.0)


def test_what_a_range_covers_of_white():
    np.testing.assert_allclose(colour.visible_share(VISIBLE_NM), 1.0)
    x, y, z = colour.visible_share(HSI_NM)
    assert 0.7 < x < 0.9
    assert 0.88 < y < 0.96
    assert z < 0.08  # blue is what the range lacks
    np.testing.assert_allclose(colour.visible_share(np.arange(800.0, 901.0)), 0.0)


def test_a_red_surface_is_red_and_a_laser_is_outside_srgb():
    red = (HSI_NM > 600).astype(float) @ colour.xyz_weights(HSI_NM)
    r, g, b = colour.xyz_to_srgb(red)
    assert r > 0.9
    assert max(g, b) < 0.4
    laser = colour.colour_matching([520.0, 560.0])
    assert colour.outside_srgb(laser).all()
    assert not colour.outside_srgb(0.5 * colour.D65_XYZ)
    assert np.all((colour.xyz_to_srgb(laser) >= 0) & (colour.xyz_to_srgb(laser) <= 1))


def test_a_spectrum_seen_on_two_grids_has_one_colour():
    smooth = lambda nm: 0.5 + 0.3 * np.tanh((nm - 590.0) / 30.0)  # noqa: E731
    fine, coarse = np.arange(400.0, 721.0), np.arange(400.0, 721.0, 5.0)
    seen = [smooth(nm) @ colour.xyz_weights(nm) for nm in (fine, coarse)]
    np.testing.assert_allclose(*seen, atol=1e-3)


def test_pictures_keep_their_shape():
    cube = np.random.default_rng(1).random((4, 5, 100))
    assert colour.xyz_to_srgb(cube @ colour.xyz_weights(HSI_NM)).shape == (4, 5, 3)


def test_false_colours_stretch_each_plane_on_its_own():
    plane = np.linspace(0, 1, 101).reshape(1, -1)
    picture = colour.stretched([plane, 10 * plane + 5, np.full_like(plane, np.nan)])
    np.testing.assert_allclose(picture[..., 0], picture[..., 1], atol=1e-6)
    assert picture[0, 0, 0] == 0
    assert picture[0, -1, 0] == 1
    assert not picture[..., 2].any()


def test_no_wavelengths_give_no_colour():
    with pytest.raises(ValueError, match="at least one"):
        colour.xyz_weights([])
