"""Series of pictures in a viewer without a window: slider, session and layers follow each other."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_udt.errors import CubeError
from napari_udt.viewer.context import context_of
from napari_udt.viewer.layers.stacks import SeriesStack
from napari_udt.viewer.series.pictures import place_text
from napari_udt.viewer.series.reader import PictureReader
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.state.session import PixelRef, Session


@pytest.fixture
def context():
    viewer = ViewerModel()
    context = context_of(viewer)
    context.viewer_of_test = viewer  # keeps it alive
    return context


def shown(context, key):
    """Return how many times the first picture's values napari shows."""
    cube = context.session[key].cube
    first = cube.series[0].data[..., cube.nearest_channel(context.session.wavelength_nm)]
    return float((np.asarray(context.adapter[key].image._data_view) / first).mean().round(3))


def test_opening_reads_one_picture_and_shows_it_at_its_time(context, scan):
    read = []
    series = scan(read=read.append)
    context.session.add(series[5])
    assert read == [5]
    dims = context.adapter.viewer.dims
    assert dims.point[0] == 1.25
    assert context.adapter["scan"].image.axis_labels[0] == "time [s]"
    assert context.adapter["scan"].image.data.shape == (12, 16, 40, 60)
    assert shown(context, "scan") == 6


def test_slider_and_session_follow_each_other(context, scan):
    session, dims = context.session, context.adapter.viewer.dims
    session.add(scan()[0])
    dims.set_point(0, 0.8)
    assert session.position == 0.75
    assert session["scan"].cube.place == 3
    assert shown(context, "scan") == 4
    session.set_position(2.0)
    assert dims.point[0] == 2.0
    assert session["scan"].cube.place == 8
    assert shown(context, "scan") == 9
    assert context.adapter["scan"].cube is session["scan"].cube
    assert "frame 9 of 12\n2.00 s" in context.adapter.viewer.canvas.overlays.text.text


def test_layers_stay_and_structures_move_with_the_pictures(context, scan):
    session = context.session
    session.add(scan()[0])
    layers = list(context.adapter.viewer.layers)
    context.adapter["scan"].image.contrast_limits = (0.1, 0.2)
    session.set_position(2.0)
    assert list(context.adapter.viewer.layers) == layers
    assert tuple(context.adapter["scan"].image.contrast_limits) == (0.1, 0.2)
    assert np.flatnonzero(context.adapter["scan"].labels.data[:, 6]).tolist() == list(range(13, 18))


def test_curves_of_pins_and_structures_are_those_of_the_picture(context, scan):
    session = context.session
    session.add(scan()[0])
    session.pin(PixelRef("scan", 3, 4))
    first = session["scan"].cube
    (before,) = resolve(session).curves
    session.set_position(0.75)
    (after,) = resolve(session).curves
    np.testing.assert_allclose(after.values, 4 * before.values, rtol=1e-6)
    session.set_options(mode="structure", structures=("vein",))
    (vein,) = (curve for curve in resolve(session).curves if curve.structure == "vein")
    np.testing.assert_allclose(vein.values, 4 * first.data[8:13, 5:20].mean(axis=(0, 1)), rtol=1e-4)
    assert [p.pixel for p in session.pins] == [PixelRef("scan", 3, 4)]


def test_moving_the_slider_is_no_step_to_undo(context, scan):
    session = context.session
    session.add(scan()[0])
    pin = session.pin(PixelRef("scan", 3, 4))
    session.set_position(2.0)
    assert session.history.undo() == "Pin 1"
    assert session["scan"].cube.place == 8
    session.history.redo()
    assert session.pins == (pin,)
    assert session["scan"].cube.place == 8


def test_series_of_other_lengths_show_their_nearest_picture(context, scan):
    session = context.session
    session.add(scan()[0])
    session.add(scan("long", count=50, step=0.1, domain="real")[0])
    context.adapter.viewer.dims.set_point(0, 4.9)
    assert (session["scan"].cube.place, session["long"].cube.place) == (11, 49)
    assert shown(context, "scan") == 12, "the last one stays in view"
    assert shown(context, "long") == 50
    session.remove("long")
    assert context.adapter["scan"].image.data.shape[0] == 12
    assert shown(context, "scan") == 12
    session.history.undo()
    assert shown(context, "long") == 50


def test_single_pictures_stay_visible_and_are_picked_beside_series(context, scan, pat):
    session = context.session
    flat = replace(pat(rows=40, columns=60), pixel_size_mm=(0.1, 0.1))
    session.add(flat)
    session.add(scan()[0])
    session.set_position(2.0)
    viewer = context.adapter.viewer
    assert viewer.dims.ndim == 4
    for key in ("forearm", "scan"):
        for layer in viewer.layers:
            layer.visible = layer.name.startswith(key)
        assert context.adapter.pixel_at((2.0, 800.0, 1.0, 2.3)) == PixelRef(key, 10, 23)
    np.testing.assert_array_equal(context.adapter["forearm"].image._data_view, flat.image(800))
    session.remove("scan")
    assert viewer.dims.ndim == 3
    assert session.position is None


def test_pairs_compare_the_pictures_at_hand(context, scan, transferred):
    session = context.session
    series = scan()
    moved = series.derived(
        lambda index, cube: replace(transferred(cube, "moved", 0.5), series=moved, place=index)
    )
    session.add(series[0])
    session.add(moved[0])
    for mode in ("difference", "swipe", "blink"):
        assert context.pair_view.show(mode, "moved", "scan") == ""
        session.set_position(0.0)
        session.set_position(0.75)
        if mode == "difference":
            layer = next(layer for layer in context.adapter.viewer.layers if "−" in layer.name)
            np.testing.assert_allclose(layer._data_view, -0.5 * series[3].image(800), rtol=1e-6)
        context.pair_view.stop()
    context.side_by_side.set_active(True)
    session.set_position(1.0)
    assert (shown(context, "scan"), shown(context, "moved")) == (5, 5)


def test_renaming_a_structure_holds_for_the_whole_series(context, scan):
    session = context.session
    session.add(scan()[0])
    cube = session["scan"].cube
    session.change_cubes("Name", {"scan": cube.with_structures_named({"vein": "artery"})})
    session.set_position(2.0)
    assert session["scan"].cube.label_names[1] == "artery"
    assert context.adapter["scan"].labels.features["structure"].tolist() == ["coupling medium", "artery"]
    assert shown(context, "scan") == 9
    session.history.undo()
    assert session["scan"].cube.label_names[1] == "vein"
    assert session["scan"].cube.place == 8
    assert len(session.history._done) == 0


def test_uneven_positions_get_a_grid_on_which_every_picture_has_a_place(scan):
    series = scan()
    series.positions = np.sort(np.random.default_rng(0).random(12))
    stack = SeriesStack(series, series[0])
    assert set(stack.pictures) == set(range(12))
    assert stack.start == series.positions[0]


def test_volumes_without_positions_count_slices(context, scan):
    context.session.add(scan(axis="depth", positions=False)[4])
    assert context.adapter.viewer.dims.point[0] == 4
    assert context.adapter["scan"].image.axis_labels[0] == "slice"
    assert place_text(context.session["scan"].cube) == "slice 5 of 12"


def test_a_slow_picture_keeps_the_former_one_until_it_is_there(scan):
    gate, started = threading.Event(), threading.Event()

    def slow(index):
        if index == 7:
            started.set()
            assert gate.wait(5)

    session, series, arrived = Session(), scan(read=slow), threading.Event()
    reader = PictureReader(session, lambda work: threading.Thread(target=work).start(), lambda call: call())
    session.add(series[0])
    session.pictures_changed.connect(lambda _: arrived.set())
    session.set_position(1.75)
    assert started.wait(5)
    assert session["scan"].cube.place == 0
    assert reader.waited_for(session["scan"].cube) == 7
    gate.set()
    assert arrived.wait(5)
    assert session["scan"].cube.place == 7
    assert not reader.busy


def test_a_picture_that_cannot_be_read_is_named_once(scan):
    def read(index):
        if index == 2:
            raise CubeError("scan.h5: frame 3 is damaged; leave it out.")

    session, said = Session(), []
    reader = PictureReader(session)
    reader.failed.connect(said.append)
    session.add(scan(read=read)[0])
    session.set_position(0.5)
    session.set_position(0.51)
    assert said == ["scan.h5: frame 3 is damaged; leave it out."]
    assert session["scan"].cube.place == 0
    session.set_position(0.75)
    assert session["scan"].cube.place == 3
