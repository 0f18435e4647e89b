"""Maps of the Trust dock over all pictures that are compared: which cube is judged for each, one scale, what has none."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton
from transfer_samples import make_cube, make_model

from napari_udt.errors import TransferCancelled, TransferError
from napari_udt.viewer.context import context_of
from napari_udt.viewer.state.jobs import ignore_progress
from napari_udt.viewer.state.session import PixelRef
from napari_udt.viewer.trust.maps import Pane, panes, trust_maps
from napari_udt.viewer.trust.numbers import subject_of
from napari_udt.viewer.trust.rows import ROW_OF
from napari_udt.viewer.trust.widgets.dock import TrustDock

ROW = ROW_OF["source"]


@pytest.fixture
def context():
    model = make_model("HSI", 12)
    viewer = ViewerModel()
    context = context_of(viewer)
    context.chosen._models = lambda: [model.spec]
    context.probes._load = lambda name: model
    context.keeps_alive = viewer
    return context


@pytest.fixture
def three(context):
    """A simulated cube, its transfer, and one of the target domain, the last of another size."""
    simulated = make_cube(4, 6, 12, name="s")
    moved = make_cube(
        4, 6, 12, name="t", domain="transferred", provenance={"source": {"key": "s", "name": "s"}}
    )
    target = make_cube(5, 7, 12, name="r", domain="second")
    return [context.session.add(cube) for cube in (simulated, moved, target)]


def test_a_transferred_picture_shows_the_numbers_of_its_source(context, three):
    simulated, moved, target = (entry.cube for entry in three)
    context.session.set_cursor(PixelRef("s", 1, 1))
    subject = subject_of(context.session)
    assert panes(context.session, (simulated, moved, target), subject) == (
        Pane(simulated, simulated),
        Pane(moved, simulated),
        Pane(target, target),
    )
    assert panes(context.session, (target,), subject) == (Pane(simulated, simulated),)
    assert panes(context.session, (target,), None) == ()


def test_all_maps_have_one_scale(context, three):
    cubes = [entry.cube for entry in three]
    assert context.trust.work([cubes[0], cubes[2]], "network")(ignore_progress) == ()
    places = (Pane(cubes[0], cubes[0]), Pane(cubes[1], cubes[0]), Pane(cubes[2], cubes[2]))
    found = trust_maps(context.trust, places, ROW)
    assert [cube.name for cube, _ in found.maps] == ["s", "t", "r"]
    assert len({one.limits for _, one in found.maps}) == 1
    own = [context.trust.map_of(cube, ROW).limits for cube in (cubes[0], cubes[2])]
    assert found.maps[0][1].limits == (min(low for low, _ in own), max(high for _, high in own))
    np.testing.assert_array_equal(found.maps[0][1].values, found.maps[1][1].values)
    assert found.maps[2][1].values.shape == (5, 7)
    assert found.remarks == ("A transferred picture shows the numbers of its source.",)
    assert trust_maps(context.trust, places[::2], ROW).remarks == ()


def test_a_cube_that_cannot_be_judged_is_named_and_the_others_are_judged(context, three):
    odd = context.session.add(make_cube(4, 6, 5, name="odd", wavelengths_nm=np.linspace(600, 700, 5))).cube
    remarks = context.trust.work([odd, three[0].cube], "network")(ignore_progress)
    assert len(remarks) == 1
    assert "odd" in remarks[0]
    assert len(remarks[0]) < 200
    assert context.trust.is_judged(three[0].cube, "network")
    with pytest.raises((TransferError, ValueError), match="odd"):
        context.trust.work([odd], "network")(ignore_progress)


def test_cancelling_keeps_the_cubes_that_are_done(context, three):
    def stop(done, total):
        if done > total // 2:
            raise TransferCancelled("stop")

    with pytest.raises(TransferCancelled):
        context.trust.work([three[0].cube, three[2].cube], "network")(stop)
    assert context.trust.is_judged(three[0].cube, "network")
    assert not context.trust.is_judged(three[2].cube, "network")


def test_side_by_side_one_click_maps_every_picture(qtbot, context, three):
    dock = TrustDock(context.session, context.trust, context.maps)
    qtbot.addWidget(dock)
    dock.show()
    context.side_by_side.set_active(True)
    context.session.set_cursor(PixelRef("s", 1, 2))
    dock.refresh()
    qtbot.mouseClick(dock.findChild(QToolButton, "source map"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.running, timeout=20000)
    shown = [context.adapter[key].map for key in ("s", "t", "r")]
    assert all(layer is not None and layer.visible for layer in shown)
    assert len({tuple(layer.contrast_limits) for layer in shown}) == 1
    assert dock._message.text().startswith("Log-likelihood before (hsi_test) of 3 pictures, one scale: ")
    context.session.add(make_cube(4, 6, 12, name="new", domain="second"))
    qtbot.mouseClick(dock.findChild(QToolButton, "source map"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.running, timeout=20000)
    assert context.adapter["new"].map is not None


def test_trainings_of_one_configuration_are_compared_where_there_are_several(context, three, qtbot):
    trained = [
        make_model("HSI", 12, name=f"m{seed}", training={"config": {"name": "mine", "seed": seed}})
        for seed in (1, 2)
    ]
    context.chosen._models = lambda: [model.spec for model in trained]
    context.probes._load = lambda name: next(model for model in trained if model.spec.name == name)
    cube = three[0].cube
    assert [spec.name for spec in context.trust.other_trainings(cube)] == ["m2"]
    context.trust.work([cube], "trainings")(ignore_progress)
    context.session.set_cursor(PixelRef("s", 1, 1))
    subject = subject_of(context.session)
    qtbot.waitUntil(lambda: context.trust.probe_of(subject) is not None, timeout=10_000)
    assert context.trust.of_pixel(subject)["trainings"] == pytest.approx(
        0, abs=1e-4
    )  # alike but for the seed
    assert context.trust.map_of(cube, ROW_OF["trainings"]).unit == "%"
