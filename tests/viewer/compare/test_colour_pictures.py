"""Colour pictures of cubes, and the layers that show them."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_udt.errors import CubeError
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.viewer.compare.colour_pictures import (
    daylight_obstacle,
    daylight_picture,
    fitting_rgb_nm,
    wavelengths_picture,
)
from napari_udt.viewer.context import context_of


def silent(_done, _total):
    """Progress that nobody looks at."""


def flat(hsi, level):
    cube = hsi()
    return cube.with_(data=np.full(cube.shape, level, dtype=np.float32))


def test_a_grey_cube_is_grey_and_says_what_is_missing(hsi):
    cube = flat(hsi, 0.4)
    cube.data[0] *= 0.5
    found = daylight_picture(cube, silent)
    assert found.values.shape == (24, 30, 3)
    assert found.values.dtype == np.uint8
    assert np.ptp(found.values.astype(int), axis=2).max() <= 1
    assert found.values[5, 5].max() == 255
    assert found.values[0, 0, 0] == pytest.approx(188, abs=1)  # half the light, in sRGB
    assert "Below 500 nm nothing was measured (96 % of Z, blue)" in found.remark


def test_a_cube_that_reflects_only_red_is_red(hsi):
    cube = flat(hsi, 0.01)
    cube.data[:, :15, cube.wavelengths_nm > 610] = 0.8
    picture = daylight_picture(cube, silent).values.astype(int)
    assert picture[0, 0, 0] > 2 * picture[0, 0, 1:].max()


def test_a_lazy_cube_gives_the_same_picture(hsi):
    cube = hsi()
    lazy = cube.with_(data=LazyCube(ArraySource(cube.data), (0, 1, 2)))
    assert lazy.is_lazy
    pictures = [daylight_picture(each, silent).values for each in (lazy, cube)]
    np.testing.assert_array_equal(*pictures)


def test_progress_is_reported_and_may_cancel(hsi):
    reported = []
    daylight_picture(hsi(), lambda done, total: reported.append((done, total)))
    assert reported[-1] == (24, 24)

    def cancel(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        daylight_picture(hsi(), cancel)


def test_what_has_no_colour_in_daylight_says_so(hsi, pat):
    assert "is PAT" in daylight_obstacle(pat())
    infrared = hsi().with_(wavelengths_nm=np.linspace(700, 1000, 100))
    assert "covers 700-1000 nm" in daylight_obstacle(infrared)
    assert daylight_obstacle(hsi()) == ""
    with pytest.raises(CubeError, match="choose three wavelengths"):
        daylight_picture(infrared, silent)


def test_false_colours_take_the_nearest_wavelengths(hsi):
    cube = flat(hsi, 0.0)
    cube.data[:12, :, cube.nearest_channel(900.0)] = 1.0
    found = wavelengths_picture(cube, (900.0, 640.0, 550.0), silent)
    assert found.title == "red 899, green 641, blue 551 nm"
    np.testing.assert_array_equal(found.values[0, 0], (255, 0, 0))
    np.testing.assert_array_equal(found.values[-1, 0], (0, 0, 0))
    with pytest.raises(CubeError, match="not 450 nm"):
        wavelengths_picture(cube, (640.0, 550.0, 450.0), silent)


def test_wavelengths_that_a_cube_lacks_are_replaced_by_three_of_its_range(hsi, pat):
    wanted = (640.0, 550.0, 510.0)
    assert fitting_rgb_nm(hsi(), wanted) == wanted
    assert fitting_rgb_nm(pat(), wanted) == (835.0, 775.0, 715.0)


def test_colours_lie_between_picture_and_outlines_and_go_with_the_cube(hsi):
    context = context_of(viewer := ViewerModel())
    labels = np.ones((24, 30), int)
    cube = hsi(labels=labels, label_names={1: "liver"})
    context.session.add(cube)
    assert context.colours.visible_cubes() == (cube,)
    first = context.colours.show(cube, daylight_picture(cube, silent))
    assert [layer.name for layer in viewer.layers] == ["organs", "organs · colours", "organs · structures"]
    again = context.colours.show(cube, wavelengths_picture(cube, (640.0, 550.0, 510.0), silent))
    assert again is first
    assert first.metadata["udt_colours"].startswith("red 641")
    viewer.layers["organs"].name = "mine"
    assert first.name == "mine · colours"
    context.session.remove("mine")
    assert not len(viewer.layers)
    assert context.colours.show(cube, daylight_picture(cube, silent)) is None


def test_side_by_side_each_cell_shows_its_colours(hsi, transferred):
    context = context_of(viewer := ViewerModel())
    cube = hsi()
    context.session.add(cube)
    context.session.add(transferred(cube, "organs → real"))
    context.side_by_side.set_active(True)
    for seen in context.colours.visible_cubes():
        context.colours.show(seen, daylight_picture(seen, silent))
    cells = [
        [viewer.layers[i].name for i in inside if viewer.layers[i].visible]
        for _, inside in viewer.canvas.grid.iter_viewboxes(viewer.layers)
    ]
    assert cells == [["organs", "organs · colours"], ["organs → real", "organs → real · colours"]]
