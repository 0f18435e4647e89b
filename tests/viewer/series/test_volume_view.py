"""Volumes in 3-D: depth is drawn in the place of wavelength, with the structures of all slices; clicks find them."""

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_udt.errors import CubeError
from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.stacks import plane_of
from napari_udt.viewer.series.volume import Structures, VolumeReader
from napari_udt.viewer.state.session import PixelRef


@dataclass
class Press:
    """A press of the mouse, as napari tells of it."""

    position: tuple[float, ...]
    view_direction: tuple[float, ...] | None = None
    dims_displayed: tuple[int, ...] = (0, 2, 3)
    button: int = 1
    modifiers: tuple[str, ...] = ()
    handled: bool = False
    pos: tuple[int, int] = (10, 10)
    viewbox: tuple[int, int] | None = None
    type: str = field(default="mouse_press", init=False)


@pytest.fixture
def context(scan):
    viewer = ViewerModel()
    context = context_of(viewer)
    context.viewer_of_test = viewer  # keeps it alive
    context.session.add(scan("volume", axis="depth", count=12, step=0.5)[4])
    return context


def test_in_3d_depth_rows_and_columns_are_drawn(context):
    viewer, layers = context.adapter.viewer, context.adapter["volume"]
    series = context.session["volume"].cube.series
    assert viewer.dims.displayed == (2, 3)
    viewer.dims.ndisplay = 3
    assert viewer.dims.displayed == (0, 2, 3)
    channel = series[0].nearest_channel(context.session.wavelength_nm)
    expected = np.stack([picture.data[..., channel] for picture in series])
    np.testing.assert_allclose(np.asarray(layers.image._data_view), expected)
    np.testing.assert_array_equal(
        np.asarray(layers.labels._slice.image.raw), np.stack([picture.labels for picture in series])
    )
    assert layers.labels.scale.tolist() == layers.image.scale.tolist()
    assert [str(unit) for unit in layers.image.units] == ["millimeter", "pixel", "millimeter", "millimeter"]
    assert "12 slices\n800 nm" in viewer.canvas.overlays.text.text
    context.session.set_wavelength(700.0)
    np.testing.assert_allclose(
        np.asarray(layers.image._data_view), np.stack([picture.data[..., 0] for picture in series])
    )
    context.session.set_position(3.0)
    assert context.session["volume"].cube.place == 6
    viewer.dims.ndisplay = 2
    assert viewer.dims.displayed == (2, 3)
    assert context.session.position == 3.0
    assert layers.labels.blending == "translucent"
    np.testing.assert_array_equal(layers.labels.data, series[6].labels)
    assert layers.labels.contour == 1
    assert layers.labels.scale.tolist() == [0.1, 0.1]
    np.testing.assert_allclose(np.asarray(layers.image._data_view), series[6].data[..., 0])


def test_a_click_on_a_structure_in_3d_goes_to_its_slice_and_pins_the_pixel(context):
    viewer, session = context.adapter.viewer, context.session
    viewer.dims.ndisplay = 3
    # Along depth from behind the last slice: row 12 is vein in the slices 3 to 7.
    press = Press((9.0, 800.0, 1.2, 1.0), (-1.0, 0.0, 0.0, 0.0))
    for _ in context.pointer.pressed(viewer, press):
        press.type = "mouse_release"
    assert [pin.pixel for pin in session.pins] == [PixelRef("volume", 12, 10)]
    assert session.position == 3.5
    session.set_options(mode="structure")
    for _ in context.pointer.pressed(viewer, press):
        press.type = "mouse_release"
    assert session.options.structures == ("vein",)
    beside = Press((9.0, 800.0, 1.2, 4.0), (-1.0, 0.0, 0.0, 0.0))
    assert context.volumes.place_at(beside) is None


def test_a_click_across_slices_goes_to_the_slice_under_the_mouse(context):
    viewer, session = context.adapter.viewer, context.session
    viewer.dims.order = (1, 2, 0, 3)  # depth and columns, as napari's button rolls the axes
    context.adapter["volume"].image.refresh()
    channel = session["volume"].cube.nearest_channel(session.wavelength_nm)
    row = round(viewer.dims.point[2] / 0.1)
    expected = np.stack([picture.data[row, :, channel] for picture in session["volume"].cube.series])
    np.testing.assert_allclose(np.asarray(context.adapter["volume"].image._data_view), expected)
    press = Press((4.6, 800.0, 1.2, 1.0))
    context.pointer.moved(viewer, press)
    assert session.cursor is None, "its spectrum is not that of the slice at hand"
    for _ in context.pointer.pressed(viewer, press):
        press.type = "mouse_release"
    assert (session.pins[0].pixel, session.position) == (PixelRef("volume", 12, 10), 4.5)


def test_series_along_time_stay_as_they_were(context, scan):
    viewer, session = context.adapter.viewer, context.session
    session.add(scan("scan", count=5)[0])
    viewer.dims.ndisplay = 3
    assert viewer.dims.displayed == (1, 2, 3)
    session.remove("scan")
    assert viewer.dims.displayed == (0, 2, 3), "the volume is in front now"
    session.remove("volume")
    assert viewer.dims.ndim == 2


def test_ticked_structures_are_drawn_else_those_that_hide_nothing(context):
    labels = np.zeros((4, 10, 10), np.int32)
    labels[:, 5:], labels[1, 6, 6], labels[0, 0, 0] = 2, 3, 7
    found = Structures(labels, {0: "background", 2: "muscle", 3: "vein", 7: "nerve"})
    assert set(np.unique(found.shown(()))) == {0, 3, 7}
    assert set(np.unique(found.shown(("muscle", "bone")))) == {0, 2}
    assert found.first_along(found.shown(("vein",)), np.array([9.0, 6, 6]), np.array([-9.0, 6, 6])) == (
        1,
        6,
        6,
    )
    assert found.first_along(found.shown(("vein",)), np.array([9.0, 1, 1]), np.array([-9.0, 1, 1])) is None


def test_slices_come_as_they_are_read_and_another_wavelength_ends_that(scan):
    gate, threads, said = threading.Semaphore(0), [], []

    def read(index):
        if index:
            assert gate.acquire(timeout=5)

    def submit(work):
        threads.append(threading.Thread(target=work))
        threads[-1].start()

    series = scan(axis="depth", count=4, read=read)
    reader = VolumeReader(plane_of, submit)
    reader.changed.connect(said.append)
    values = reader.values(series, 3, (40, 60))
    gate.release()
    while reader.being_read(series) != 2:
        pass
    np.testing.assert_array_equal(values[0], series.at_hand(0).data[..., 3])
    assert not values[2:].any()
    assert reader.values(series, 3, (40, 60)) is values
    other = reader.values(series, 5, (40, 60))
    gate.release(5)
    for thread in threads:
        thread.join(5)
    assert not values[3].any(), "what is no longer wanted is not read to its end"
    np.testing.assert_array_equal(other[3], series[3].data[..., 5])
    assert reader.being_read(series) is None
    assert reader.structures(series).names == {0: "coupling medium", 1: "vein"}
    assert series in said


def test_a_slice_that_cannot_be_read_is_named(scan):
    def read(index):
        if index == 2:
            raise CubeError("volume.h5: the slice is damaged.")

    said, reader = [], VolumeReader(plane_of)
    reader.failed.connect(said.append)
    values = reader.values(scan(axis="depth", count=4, read=read), 0, (40, 60))
    assert said == ["volume.h5: the slice is damaged. (This is slice 2 of 4, counted from 0.)"]
    assert values[1].any()
    assert not values[2:].any()


def test_a_volume_that_is_too_large_is_refused_in_a_sentence(scan, monkeypatch):
    monkeypatch.setattr("napari_udt.viewer.series.volume.MOST_BYTES", 1000)
    said, reader = [], VolumeReader(plane_of)
    reader.failed.connect(said.append)
    for _ in range(2):
        assert not reader.values(scan(axis="depth", count=4), 0, (40, 60)).any()
    assert len(said) == 2  # two series, one sentence each
    assert "look at its slices" in said[0]
