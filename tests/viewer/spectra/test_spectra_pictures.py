"""Making maps by the buttons: the thread, cancelling, and what the dock says."""

import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_udt.errors import CubeError
from napari_udt.viewer.context import context_of
from napari_udt.viewer.spectra.widgets.pictures import NO_PICTURE, PictureTools


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


def test_oxygenation_maps_arrive_as_layers(tools, viewer, qtbot):
    press(qtbot, tools, "Oxygenation maps")
    qtbot.waitUntil(lambda: not tools.running, timeout=10000)
    names = [layer.name for layer in viewer.layers]
    assert "forearm · oxygen saturation (unmixed) [1]" in names
    assert "forearm · total haemoglobin (unmixed) [a.u.]" in names
    assert tools.said[-1].startswith("Added forearm · total haemoglobin")


def test_the_picture_of_the_range_needs_a_range(tools, viewer, qtbot):
    button = tools.findChild(QPushButton, "Range picture")
    assert not button.isEnabled()
    tools._session.set_options(band_nm=(720.0, 760.0))
    press(qtbot, tools, "Range picture")
    qtbot.waitUntil(lambda: not tools.running, timeout=10000)
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

    tools.start(tools._session["forearm"].cube, compute)
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

    tools.start(tools._session["forearm"].cube, compute)
    qtbot.waitUntil(lambda: not tools.running, timeout=5000)
    assert tools.said == ["No map was made: the file vanished."]


def test_without_a_picture_the_buttons_say_so(tools, qtbot):
    tools._session.remove("forearm")
    for name in ("Draw region", "Oxygenation maps"):
        press(qtbot, tools, name)
    assert tools.said == [NO_PICTURE, NO_PICTURE]
