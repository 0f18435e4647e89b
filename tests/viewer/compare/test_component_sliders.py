"""Dimming skin, tissue and vessels of an open cube."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_udt.inference.components import Components
from napari_udt.viewer.compare.components import ComponentView
from napari_udt.viewer.compare.widgets.component_row import ComponentRow
from napari_udt.viewer.context import context_of


def thirds(cube):
    """Split into three equal parts."""
    shares = np.full((3, *cube.shape), 1 / 3, np.float32)
    return Components(cube, np.asarray(cube.data), shares, cube.wavelengths_nm, "")


@pytest.fixture
def opened(pat):
    viewer = ViewerModel()
    session = context_of(viewer).session
    session.add(pat())
    return viewer, session


def test_a_slider_changes_the_recomposed_picture_and_its_spectra(qtbot, opened, pat, hsi):
    viewer, session = opened
    row = ComponentRow(session, view=ComponentView(session, thirds))
    qtbot.addWidget(row)
    row.show()
    assert not row.button.isEnabled()
    row.set_key("forearm")
    assert row.button.isEnabled()
    assert not row.sliders["skin"].isEnabled()
    qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.view.ready)
    assert row.view.key == "recomposed · forearm"
    source, made = session["forearm"].cube, session[row.view.key].cube
    np.testing.assert_allclose(made.data, source.data, rtol=1e-5)
    row.sliders["skin"].setValue(0)
    row.sliders["vessels"].setValue(40)
    qtbot.waitUntil(lambda: session[row.view.key].cube.provenance["factors"]["vessels"] == 2)
    made = session[row.view.key].cube
    assert made.provenance["factors"] == {"skin": 0.0, "tissue": 1.0, "vessels": 2.0}
    layer = viewer.layers["recomposed · forearm"]
    np.testing.assert_allclose(layer.data[3], source.data[..., 3], rtol=1e-5)  # 0 + 1/3 + 2/3
    row.sliders["vessels"].setValue(20)
    qtbot.waitUntil(lambda: session[row.view.key].cube.provenance["factors"]["vessels"] == 1)
    np.testing.assert_allclose(
        viewer.layers["recomposed · forearm"].data[3], 2 / 3 * source.data[..., 3], rtol=1e-5
    )
    session.rename(row.view.key, "without skin")
    assert row.view.key == "without skin"
    session.remove("without skin")
    assert not row.view.ready
    assert not row.sliders["skin"].isEnabled()
    session.add(hsi())
    row.set_key("organs")
    assert not row.button.isEnabled()


def test_an_error_is_said(qtbot, opened):
    def broken(cube):
        raise ValueError("no")

    _, session = opened
    row = ComponentRow(session, view=ComponentView(session, broken))
    qtbot.addWidget(row)
    row.set_key("forearm")
    with qtbot.waitSignal(
        row.message, check_params_cb=lambda text: text.startswith("The picture could not be split")
    ):
        row.button.click()
    assert row.button.isEnabled()
