"""Where the picture lies: the array on top, coordinates of the detectors, pixels of the wanted size."""

import numpy as np
import pytest

from napari_udt.errors import CubeError
from napari_udt.reconstruction import picture_plane


def arc(start, stop, radius=40.0, axes=(0, 1), centre=(0.0, 0.0)):
    angles = np.deg2rad(np.linspace(start, stop, 64))
    points = np.zeros((64, 3))
    points[:, axes[0]] = centre[0] + radius * np.cos(angles)
    points[:, axes[1]] = centre[1] + radius * np.sin(angles)
    return points


def line(count=32, pitch=0.2, axis=0):
    points = np.zeros((count, 3))
    points[:, axis] = np.arange(count) * pitch
    return points


@pytest.mark.parametrize("axes", [(0, 1), (0, 2), (1, 2)])
@pytest.mark.parametrize(("start", "stop", "up"), [(30, 150, 1), (210, 330, -1), (-45, 225, 1)])
def test_the_probe_is_on_top(axes, start, stop, up):
    plane = picture_plane(arc(start, stop, axes=axes), pixel_mm=0.5)
    assert (plane.axes, plane.up) == (axes, up)
    heights = plane.pixels_mm()[:, 0, axes[1]]
    assert np.all(np.diff(heights) * up < 0)
    np.testing.assert_allclose(plane.size_mm, (30, 30))


def test_columns_follow_the_horizontal_coordinate():
    pixels = picture_plane(arc(0, 360), pixel_mm=0.5, size_mm=(10, 6)).pixels_mm()
    assert pixels.shape == (12, 20, 3)
    np.testing.assert_allclose(pixels[0, :, 0], np.arange(-4.75, 5, 0.5))
    np.testing.assert_allclose(pixels[:, 0, 1], np.arange(2.75, -3, -0.5))


def test_all_around_the_caller_says_what_is_up():
    assert picture_plane(arc(0, 354.375), pixel_mm=0.5, up=-1).up == -1
    assert picture_plane(arc(0, 354.375), pixel_mm=0.5).up == 1


def test_under_a_straight_array_the_picture_begins_at_it():
    plane = picture_plane(line(), pixel_mm=0.1)
    assert (plane.axes, plane.up) == ((0, 2), -1)
    np.testing.assert_allclose(plane.pixels_mm()[0, :, 2], 0.05)
    np.testing.assert_allclose(plane.pixels_mm()[:, :, 0].mean(), line()[:, 0].mean())


def test_the_files_field_of_view_is_taken_with_its_place():
    bounds = np.array([[-5.0, 15.0], [0, 0], [10.0, 40.0]])
    plane = picture_plane(line(), pixel_mm=0.5, bounds_mm=bounds)
    assert (plane.shape, plane.up) == ((60, 40), -1)
    np.testing.assert_allclose(plane.lower_corner_mm, [-5, 0, 10])
    smaller = picture_plane(line(), pixel_mm=0.5, bounds_mm=bounds, size_mm=(10, 10))
    np.testing.assert_allclose(smaller.lower_corner_mm, [0, 0, 20])


def test_a_field_of_view_without_extent_is_ignored():
    plane = picture_plane(arc(30, 150), pixel_mm=0.5, bounds_mm=np.zeros((3, 2)))
    np.testing.assert_allclose(plane.size_mm, (30, 30))


def test_the_circle_need_not_lie_around_the_origin():
    plane = picture_plane(arc(30, 150, radius=20, centre=(7, -3)), pixel_mm=0.5)
    np.testing.assert_allclose(plane.centre_mm, (7, -3, 0), atol=1e-9)
    np.testing.assert_allclose(plane.size_mm, (15, 15))


@pytest.mark.parametrize(
    "points", [np.zeros((5, 3)), np.zeros((1, 3)), np.full((5, 3), np.nan), line(axis=2)]
)
def test_unusable_positions_are_refused(points):
    with pytest.raises(CubeError, match="expected"):
        picture_plane(points, pixel_mm=0.1)


def test_huge_pictures_are_refused():
    with pytest.raises(CubeError, match="more than 2000 pixels"):
        picture_plane(arc(0, 360), pixel_mm=0.001)


def grid(count=6, pitch=4.0, z=0.0):
    x, y = np.meshgrid(np.arange(count) * pitch, np.arange(count) * pitch)
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, z)])


def test_a_planar_array_is_shown_with_its_depth():
    plane = picture_plane(grid(), pixel_mm=0.5)
    assert (plane.axes, plane.up) == ((0, 2), -1)
    np.testing.assert_allclose(plane.centre_mm, (10, 10, 10))
    below = np.array([[0.0, 20.0], [4.0, 6.0], [-18.0, -6.0]])
    plane = picture_plane(grid(), pixel_mm=0.5, bounds_mm=below)
    assert (plane.axes, plane.up) == ((0, 2), 1)
    np.testing.assert_allclose(plane.centre_mm, (10, 5, -12))


def test_a_flat_ring_may_look_at_a_field_away_from_its_plane():
    away = np.array([[-5.0, 5.0], [-1.0, 1.0], [10.0, 30.0]])
    plane = picture_plane(arc(0, 354.375), pixel_mm=0.5, bounds_mm=away)
    assert plane.axes == (0, 2)
    np.testing.assert_allclose(plane.centre_mm, (0, 0, 20))


def test_a_cup_is_shown_through_its_centre():
    polar, around = (a.ravel() for a in np.meshgrid(np.linspace(0.1, 1.4, 9), np.linspace(0, 6.1, 20)))
    cup = 30 * np.column_stack(
        [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), -np.cos(polar)]
    )
    plane = picture_plane(cup + np.array([3, 4, 5]), pixel_mm=0.5)
    assert plane.axes[1] == 2
    np.testing.assert_allclose(plane.centre_mm, (3, 4, 5), atol=1e-6)
    np.testing.assert_allclose(plane.size_mm, (22.5, 22.5))
    assert plane.up == -1  # the cup lies at low z, which is on top


def test_up_stays_where_the_caller_knows_it():
    below = arc(30, 150, axes=(0, 2))
    assert picture_plane(below, pixel_mm=0.5, up=-1).up == 1
    assert picture_plane(below, pixel_mm=0.5, up=-1, turned=False).up == -1
