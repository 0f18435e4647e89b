"""Lazy stacks of pictures: differences over common wavelengths."""

from __future__ import annotations

import numpy as np
import pytest

from napari_udt.errors import CubeError
from napari_udt.viewer.layers.planes import beyond, difference

NAMES = ("moved", "source")


def test_a_difference_is_computed_plane_by_plane(pat, transferred):
    cube = pat()
    found = difference(transferred(cube), cube, "absolute", NAMES)
    wanted = np.moveaxis(-0.1 * cube.data, -1, 0)
    assert found.data.shape == wanted.shape
    np.testing.assert_allclose(np.asarray(found.data), wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.data[3, 2:9, ::2], wanted[3, 2:9, ::2], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.data[1:4], wanted[1:4], rtol=1e-4, atol=1e-6)
    assert (found.start_nm, found.step_nm, found.unit) == (700.0, 10.0, "a.u.")
    assert found.limit == pytest.approx(np.percentile(np.abs(wanted), 99), rel=0.05)


def test_other_wavelengths_are_interpolated_within_the_common_range(pat):
    ramp = np.broadcast_to(np.arange(700.0, 851.0, 10.0, dtype=np.float32), (8, 9, 16))
    source = pat(rows=8, columns=9, labels=None, oxygenation=None, label_names={}).with_(data=ramp.copy())
    nm = np.arange(695.0, 806.0, 10.0)
    data = np.broadcast_to(nm.astype(np.float32) + 2, (8, 9, len(nm)))
    moved = source.with_(data=data.copy(), wavelengths_nm=nm)
    found = difference(moved, source, "absolute", NAMES)
    assert (found.start_nm, found.step_nm, len(found.data)) == (705.0, 10.0, 11)
    np.testing.assert_allclose(np.asarray(found.data), 2.0, atol=1e-3)


def test_percentages_are_unknown_where_there_is_almost_nothing(pat):
    cube = pat()
    data = cube.data + np.float32(0.5)
    data[:4] = 1e-6
    source = cube.with_(data=data)
    found = difference(source.with_(data=data * np.float32(1.2)), source, "relative", NAMES)
    picture = found.data[5]
    assert np.isnan(picture[:4]).all()
    np.testing.assert_allclose(picture[4:], 20.0, atol=0.01)
    assert found.unit == "% of source"


def test_equal_cubes_have_a_colour_bar_all_the_same(pat):
    found = difference(pat(), pat(), "absolute", NAMES)
    assert found.limit == 1.0
    assert not np.asarray(found.data).any()


def test_what_cannot_be_subtracted_is_said(pat):
    with pytest.raises(CubeError, match="differ in size"):
        difference(pat(), pat(rows=40), "absolute", NAMES)
    far = pat(wavelengths=np.arange(900.0, 1051.0, 10.0))
    with pytest.raises(CubeError, match="share no wavelength"):
        difference(pat(), far, "absolute", NAMES)


def test_the_columns_beyond_a_divider_are_read_when_looked_at(pat):
    planes = np.moveaxis(pat().data, -1, 0)
    right = beyond(planes, 20)
    assert right.shape == (16, 32, 44)
    np.testing.assert_array_equal(right[2], planes[2, :, 20:])
    np.testing.assert_array_equal(right[2, 3:5, 1:3], planes[2, 3:5, 21:23])


def test_what_was_added_is_what_one_gain_cannot_explain(pat):
    source = pat(rows=8, columns=9, labels=None, oxygenation=None, label_names={})
    change = np.random.default_rng(0).standard_normal(source.shape).astype(np.float32)
    change -= (
        source.data * (change * source.data).sum() / np.square(source.data).sum()
    )  # nothing that a gain would do
    moved = source.with_(data=np.float32(3.5) * source.data + change)
    found = difference(moved, source, "added", NAMES)
    assert found.gain == pytest.approx(3.5, rel=0.1)  # from a few planes
    wanted = np.moveaxis(moved.data - np.float32(found.gain) * source.data, -1, 0)
    np.testing.assert_allclose(np.asarray(found.data), wanted, atol=1e-5)
    assert found.unit == "a.u."
    scaled = difference(source.with_(data=3 * source.data[:]), source, "added", NAMES)
    assert scaled.gain == pytest.approx(3)
    assert np.abs(np.asarray(scaled.data)).max() < 1e-5
    dark = source.with_(data=np.zeros(source.shape, np.float32))
    assert difference(moved, dark, "added", NAMES).gain == 1
