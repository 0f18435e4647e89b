"""Layers of other plugins that state their wavelengths, and what our own layers tell other plugins."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.stated_cubes import stated_cube

PICTURES = np.random.default_rng(0).random((5, 8, 9)).astype(np.float32)
NM = [500, 600, 700, 800, 900]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_axis_is_the_one_with_as_many_entries(axis):
    cube = stated_cube("x", np.moveaxis(PICTURES, 0, axis), {"wavelengths_nm": NM})
    np.testing.assert_array_equal(cube.data, np.moveaxis(PICTURES, 0, 2))
    np.testing.assert_array_equal(cube.wavelengths_nm, NM)


def test_units_and_order_are_put_right():
    metadata = {"wavelengths": [0.9, 0.8, 0.7, 0.6, 0.5], "wavelength_unit": "um", "modality": "PAT"}
    cube = stated_cube("x", PICTURES, metadata)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    np.testing.assert_array_equal(cube.data[..., 0], PICTURES[4])
    assert cube.modality == "PAT"


@pytest.mark.parametrize(
    ("data", "metadata"),
    [
        (PICTURES, {}),
        (PICTURES, {"wavelengths_nm": NM[:4]}),
        (PICTURES, {"wavelengths_nm": "red"}),
        (PICTURES, {"wavelengths": NM, "wavelength_unit": "um"}),
        (PICTURES[0], {"wavelengths_nm": NM}),
        (np.broadcast_to(np.float32(0), (5, 30_000, 30_000)), {"wavelengths_nm": NM}),
    ],
    ids=["nothing", "too few", "no numbers", "implausible", "flat", "large"],
)
def test_what_does_not_fit_is_no_cube(data, metadata):
    assert stated_cube("x", data, metadata) is None


def test_invalid_extras_do_not_close_the_cube():
    cube = stated_cube("x", PICTURES, {"wavelengths_nm": NM, "modality": "MRI", "pixel_size_mm": "small"})
    assert cube.modality == "HSI"
    assert cube.pixel_size_mm is None


def test_a_layer_of_another_plugin_opens_as_a_cube_and_stays_hidden(qtbot):
    viewer = ViewerModel()
    session = context_of(viewer).session
    theirs = Image(PICTURES, name="theirs", metadata={"wavelengths_nm": NM})
    viewer.add_layer(theirs)
    qtbot.waitUntil(lambda: len(session) == 1, timeout=5000)
    (entry,) = session
    np.testing.assert_array_equal(entry.cube.spectrum(3, 4), PICTURES[:, 3, 4])
    assert theirs in viewer.layers
    assert not theirs.visible
    assert viewer.layers[entry.key] is not theirs


def test_our_layers_say_their_wavelengths_in_plain_numbers(pat):
    viewer = ViewerModel()
    entry = context_of(viewer).session.add(pat())
    metadata = viewer.layers[entry.key].metadata
    assert metadata["wavelengths_nm"] == entry.cube.wavelengths_nm.tolist()
    assert metadata["quantity"] == entry.cube.quantity
    assert metadata["pixel_size_mm"] == list(entry.cube.pixel_size_mm)
