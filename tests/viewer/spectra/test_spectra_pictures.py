"""Making maps by the buttons: the thread, cancelling, and what the dock says."""

import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_udt.errors import CubeError
from napari_udt.viewer.context import context_of
from napari_udt.viewer.spectra.widgets.picture_tools.maps_and_regions import NO_PICTURE, PictureTools


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def tools(qtbot, viewer, pat):
    context = context_of(viewer)
    context.session.add(pat())
    tools = PictureTools(context.session, context.regions, context.maps)
    qtbot.addWidget(tools)
    tools.resize(420, 40)
    tools.show()
    tools.said = []
    tools.message.connect(tools.said.append)
    return tools


def press(qtbot, tools, name):
    qtbot.mouseClick(tools.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def choose(qtbot, tools, title):
    """Choose a map by the keyboard."""
    box = tools.findChild(QComboBox, "map")
    box.setFocus()
    while box.currentText() != title:
        before = box.currentIndex()
        qtbot.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() > before
        qtbot.waitUntil(lambda: not tools.running, timeout=10000)
        box.setFocus()


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_maps_arrive_in_one_layer_of_the_cube(tools, viewer, qtbot):
    choose(qtbot, tools, "oxygen saturation (unmixed)")
    assert names(viewer) == ["forearm", "forearm · oxygen saturation (unmixed) [1]", "forearm · structures"]
    assert tools.said == ["Oxygen saturation (unmixed) of 1 picture, one scale: 0 to 1."]
    choose(qtbot, tools, "oxygen saturation (recorded)")
    layer = viewer.layers["forearm · oxygen saturation (recorded) [1]"]
    np.testing.assert_array_equal(layer.data, tools._session["forearm"].cube.oxygenation)
    assert len(viewer.layers) == 3
    qtbot.keyClick(tools.findChild(QComboBox, "map"), Qt.Key.Key_Home)
    assert not layer.visible


def test_maps_are_made_of_all_that_stands_side_by_side_on_one_scale(tools, viewer, qtbot, pat, transferred):
    session, side_by_side = tools._session, context_of(viewer).side_by_side
    session.add(transferred(session["forearm"].cube, factor=3.0))
    session.add(pat("real", domain="real", oxygenation=None))
    side_by_side.set_active(True)
    choose(qtbot, tools, "total haemoglobin (unmixed)")
    made = [layer for layer in viewer.layers if "haemoglobin" in layer.name]
    assert [layer.name.partition(" · ")[0] for layer in made] == ["forearm", "forearm → real", "real"]
    assert len({tuple(layer.contrast_limits) for layer in made}) == 1
    assert max(float(np.nanpercentile(layer.data, 99)) for layer in made) == pytest.approx(
        made[0].contrast_limits[1], rel=1e-5
    )
    assert tools.said[-1].startswith("Total haemoglobin (unmixed) of 3 pictures, one scale: 0 to ")
    choose(qtbot, tools, "oxygen saturation (recorded)")
    assert tools.said[-1] == (
        "Oxygen saturation (recorded) of 2 pictures, one scale: 0 to 1. real: its file records no oxygen saturation."
    )


def test_the_picture_of_the_range_needs_a_range(tools, viewer, qtbot):
    choose(qtbot, tools, "oxygen saturation (recorded)")
    qtbot.keyClick(tools.findChild(QComboBox, "map"), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: not tools.running, timeout=10000)
    assert tools.said[-1] == "No map was made: No range of wavelengths is chosen; tick “Range” first."
    assert tools.findChild(QComboBox, "map").currentText() == "no map"
    tools._session.set_options(band_nm=(720.0, 760.0))
    choose(qtbot, tools, "mean over the range")
    layer = viewer.layers["forearm · mean 720–760 nm [a.u.]"]
    cube = tools._session["forearm"].cube
    np.testing.assert_allclose(layer.data, cube.data[:, :, 2:7].mean(axis=-1), rtol=1e-6)


def test_a_cancelled_map_is_not_added(tools, viewer, qtbot):
    go, ended = threading.Event(), threading.Event()

    def compute(progress):
        try:
            while not go.wait(0.01):
                progress(1, 2)
            progress(2, 2)
        finally:
            ended.set()
        return ()

    tools.start(compute)
    cancel = tools.findChild(QPushButton, "Cancel")
    qtbot.waitUntil(lambda: cancel.text() == "Cancel (50 %)", timeout=5000)
    before = list(viewer.layers)
    press(qtbot, tools, "Cancel")
    go.set()
    assert ended.wait(5)
    assert not tools.running
    assert list(viewer.layers) == before
    assert tools.said == ["Cancelled: no map was added."]


def test_what_goes_wrong_is_reported(tools, qtbot):
    def compute(progress):
        raise CubeError("the file vanished.")

    tools.start(compute)
    qtbot.waitUntil(lambda: not tools.running, timeout=5000)
    assert tools.said == ["No map was made: the file vanished."]


def test_without_a_picture_the_tools_say_so(tools, qtbot):
    tools._session.remove("forearm")
    press(qtbot, tools, "Draw region")
    qtbot.keyClick(tools.findChild(QComboBox, "map"), Qt.Key.Key_Down)
    assert tools.said == [NO_PICTURE, NO_PICTURE]
