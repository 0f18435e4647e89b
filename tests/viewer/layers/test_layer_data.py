"""How a cube becomes layer tuples; no napari is needed."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest

from napari_udt import SpectralCube, open_cube
from napari_udt.viewer.layers.layer_data import (
    CUBE_KEY,
    contrast_limits,
    cube_layers,
    default_wavelength,
    label_colours,
    structure_colour,
)
from napari_udt.viewer.layers.stacks import WavelengthStack, even_grid, stack


class CountingLazy:
    """A lazy array that remembers how many values were read from it."""

    def __init__(self, values):
        self.values, self.read = values, 0
        self.shape, self.dtype = values.shape, values.dtype

    def __getitem__(self, key):
        part = self.values[key]
        self.read += part.size
        return part


def test_even_cube_in_memory_is_a_view(pat):
    cube = pat()
    data, start, step = stack(cube)
    assert np.shares_memory(data, cube.data)
    assert data.shape == (16, 32, 64)
    assert (start, step) == (700.0, 10.0)


def test_uneven_wavelengths_get_an_even_grid_of_nearest_channels(pat):
    cube = pat(wavelengths=[700, 730, 750, 800, 850])
    data, start, step = stack(cube)
    for plane in range(len(data)):
        shown = start + plane * step
        np.testing.assert_array_equal(data[plane], cube.image(shown))
    assert start + (len(data) - 1) * step == pytest.approx(850)


@pytest.mark.parametrize("key", [3, slice(2, 9, 3), (3, slice(4, 8)), (slice(None), 5), (..., 7), ([1, 4],)])
def test_lazy_stack_indexes_like_numpy(pat, key):
    cube = pat()
    lazy = WavelengthStack(CountingLazy(cube.data), np.arange(16))
    np.testing.assert_array_equal(lazy[key], np.moveaxis(cube.data, -1, 0)[key])


def test_lazy_plane_reads_one_plane_only(pat):
    source = CountingLazy(pat().data)
    cube = pat().with_(data=source)
    data, _, _ = stack(cube)
    assert np.asarray(data[4]).shape == (32, 64)
    assert source.read == 32 * 64
    np.testing.assert_array_equal(np.asarray(data), np.moveaxis(source.values, -1, 0))


def test_one_wavelength_has_a_grid():
    start, step, channels = even_grid(np.array([800.0]))
    assert (start, step, list(channels)) == (800.0, 1.0, [0])


def test_close_wavelengths_do_not_make_a_huge_stack():
    _, _, channels = even_grid(np.array([500.0, 500.001, 1000.0]))
    assert len(channels) <= 2000


def test_contrast_limits_withstand_outliers_and_missing_values(pat):
    data = pat().data.copy()
    data[0, 0], data[1, 1] = 1e6, np.nan
    low, high = contrast_limits(pat().with_(data=data))
    assert 0 <= low < 0.05
    assert 0.95 < high < 1.0


def test_contrast_limits_of_a_constant_cube_are_a_range(pat):
    low, high = contrast_limits(pat().with_(data=np.full((4, 4, 16), 2.0), labels=None, oxygenation=None))
    assert low == 2.0
    assert high > low


def test_contrast_limits_of_a_lazy_cube_read_few_rows(pat):
    source = CountingLazy(pat(rows=1280).data)
    contrast_limits(pat(rows=1280).with_(data=source))
    assert source.read <= source.values.size / 8


def test_layers_of_a_full_cube(pat):
    cube = pat()
    image, labels = cube_layers(cube)
    assert [layer[2] for layer in (image, labels)] == ["image", "labels"]
    assert image[1]["scale"] == (10.0, 0.15625, 0.15625)
    assert image[1]["translate"] == (700.0, 0.0, 0.0)
    assert image[1]["units"] == ("pixel", "mm", "mm")
    assert list(labels[1]["features"]["structure"]) == ["coupling medium", "vein", "artery"]
    assert all(layer[1]["metadata"][CUBE_KEY] is cube for layer in (image, labels))


def test_cube_without_pixel_size_is_in_pixels(hsi):
    ((_, attributes, _),) = cube_layers(hsi())
    assert attributes["units"] == ("pixel", "pixel", "pixel")
    assert attributes["scale"][1:] == (1.0, 1.0)


def test_default_wavelength(pat, hsi):
    assert default_wavelength(pat()) == 800.0
    assert default_wavelength(pat(wavelengths=[500, 550, 600])) == 550.0


def test_zero_never_covers_the_picture():
    """Inside an outline napari draws the colour of 0."""
    colours = label_colours({0: "label 0", 1: "muscle"})
    assert colours[0][3] == 0
    assert colours[1] == structure_colour("muscle")


def test_structures_keep_their_colour_and_background_is_clear():
    colours = label_colours({0: "coupling medium", 5: "vein", 9: "something new"})
    assert colours[0][3] == 0
    assert colours[None][3] == 0
    assert colours[5] == structure_colour("Vein")
    assert colours[9] == structure_colour("something new")
    assert structure_colour("vein") != structure_colour("artery")


def test_layer_data_needs_neither_napari_nor_qt():
    code = (
        "import sys, napari_udt.viewer.layers.layer_data, napari_udt.viewer.contributions, napari_udt.viewer.transfer.job;"
        "sys.exit(any(m.split('.')[0] in ('napari', 'qtpy', 'PyQt6', 'torch') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_picture_in_one_piece_is_read_whole_however_long_it_takes(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_udt.io.layout.UNPACKED_PER_S", 1e3)
    values = np.random.default_rng(0).random((40, 30, 8), dtype=np.float32)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", data=values, chunks=(40, 30, 1), compression="gzip")
        file["wavelengths"] = np.linspace(500, 1000, 8)
    cube = open_cube(tmp_path / "x.h5", memory_limit_mb=0)
    np.testing.assert_array_equal(stack(cube)[0][3], values[:, :, 3])


@pytest.mark.parametrize("chunks", [None, (10, 10, 8)])
def test_a_picture_that_would_take_seconds_is_shown_coarsely(tmp_path, monkeypatch, chunks):
    monkeypatch.setattr("napari_udt.io.layout.READ_PER_S", 1e5)
    values = np.add.outer(np.arange(200.0), np.arange(120.0))[:, :, np.newaxis] + np.zeros(8)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", data=values.astype(np.float32), chunks=chunks)
        file["wavelengths"] = np.linspace(500, 1000, 8)
    cube = open_cube(tmp_path / "x.h5", memory_limit_mb=0)
    read, sizes = cube.data.source.read, []
    cube.data.source.read = lambda selection: sizes.append(read(selection).size) or read(selection)
    plane = stack(cube)[0][3]
    assert plane.shape == (200, 120)
    assert sum(sizes) < plane.size / 5
    assert np.abs(plane - values[:, :, 3]).max() < 60  # near, though not there
    assert np.corrcoef(plane.ravel(), values[:, :, 3].ravel())[0, 1] > 0.95
    np.testing.assert_array_equal(stack(cube)[0][3, 5:7, 8:9], values[5:7, 8:9, 3])


def test_napari_reads_no_more_of_a_lazy_cube_than_it_shows(pat):
    from napari.components import ViewerModel

    source = CountingLazy(pat(rows=128).data)
    data, start, step = stack(pat(rows=128).with_(data=source))
    viewer = ViewerModel()
    viewer.add_image(
        data, contrast_limits=(0, 1), scale=(step, 1, 1), translate=(start, 0, 0), multiscale=False
    )
    before = source.read
    viewer.dims.set_current_step(0, 3)
    assert source.read - before <= 2 * 128 * 64  # the picture, and perhaps the thumbnail's
    np.testing.assert_array_equal(data[3:5, 2:4, 1], np.moveaxis(source.values[2:4, 1, 3:5], -1, 0))
    assert data[3:3].shape == (0, 128, 64)


@pytest.mark.parametrize("numbers", [range(70_000), [0, 70_000]])
def test_labels_that_count_objects_are_shown_in_colours_that_repeat(numbers):
    """napari has no table for so many, or for so large numbers, and raises."""
    from napari.layers import Labels

    labels = np.resize(np.array(numbers, np.int32), (280, 260))
    cube = SpectralCube(np.ones((280, 260, 2), np.float32), [700.0, 800.0], "PAT", labels=labels)
    (_, (data, attributes, _)) = cube_layers(cube)
    layer = Labels(data, **attributes)
    assert len(layer.features) == len(numbers)
    assert layer.get_color(labels[-1, -1])[3] == 1
