"""Regions from files and into files, as structures and back, by the menu."""

import numpy as np
import pytest
from napari.components import ViewerModel
from pa_scenes import write_patato
from qtpy.QtWidgets import QFileDialog

from napari_udt.io import open_cube
from napari_udt.io.outlines import NamedOutline, read_outlines, write_outlines
from napari_udt.viewer.context import context_of
from napari_udt.viewer.files.session_file import open_session, save_session
from napari_udt.viewer.spectra.widgets.picture_tools.region_menu import NO_PICTURE, RegionMenu
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.statistics import region_mask

VEIN = NamedOutline("vein", "polygon", ((2.0, 3.0), (2.0, 9.0), (8.0, 9.0), (8.0, 3.0)))
OVAL = NamedOutline("artery", "ellipse", ((9.5, 9.5), (9.5, 19.5), (15.5, 19.5), (15.5, 9.5)))


@pytest.fixture
def context(pat):
    viewer = ViewerModel()
    context = context_of(viewer)
    context.session.add(pat())
    context.keep = viewer  # a context holds its viewer weakly
    return context


@pytest.fixture
def menu(qtbot, context):
    menu = RegionMenu(context.session, context.regions)
    qtbot.addWidget(menu)
    menu.said = []
    menu.message.connect(menu.said.append)
    return menu


def choose(menu, text):
    next(action for action in menu.menu().actions() if action.text() == text).trigger()


def test_regions_of_a_file_are_drawn_with_their_names_beside_those_that_are_there(
    context, menu, monkeypatch, tmp_path
):
    context.regions.draw()
    context.adapter["forearm"].regions.add_rectangles(np.array([[12, 1], [15, 4]]))
    write_outlines([VEIN, OVAL], tmp_path / "x.zip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(tmp_path / "x.zip"), ""))
    choose(menu, "Open regions...")
    found = context.session.regions
    assert [(region.number, region.name) for region in found] == [(1, ""), (2, "vein"), (3, "artery")]
    assert found[1].vertices == VEIN.vertices
    assert found[2].outline == "ellipse"
    assert menu.said == ["2 regions of x.zip on forearm."]
    context.adapter["forearm"].regions.add_rectangles(np.array([[1, 1], [3, 3]]))
    assert [(r.number, r.name) for r in context.session.regions][3:] == [(4, "")]


def test_regions_are_saved_and_come_back_with_the_session(context, menu, monkeypatch, tmp_path):
    context.regions.add("forearm", [VEIN, OVAL])
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "y.geojson"), "GeoJSON (*.geojson)")
    )
    choose(menu, "Save regions...")
    assert [outline.name for outline in read_outlines(tmp_path / "y.geojson")] == ["vein", "artery"]
    saved = save_session(context.session, tmp_path / "s")
    other = Session()
    open_session(other, saved)
    assert [region.name for region in other.regions] == ["vein", "artery"]


def test_regions_become_structures_and_structures_regions(context, menu):
    before = context.session["forearm"].cube
    context.regions.add("forearm", [VEIN, OVAL])
    choose(menu, "Make structures of the regions")
    cube = context.session["forearm"].cube
    assert cube.label_names == {0: "unlabelled", 1: "vein", 2: "artery"}
    assert cube.labels[5, 5] == 1
    assert cube.labels[12, 14] == 2
    assert menu.said == ["2 structures of forearm: vein, artery."]
    context.session.history.undo()
    np.testing.assert_array_equal(context.session["forearm"].cube.labels, before.labels)
    choose(menu, "Draw the structures as regions")
    assert len(context.session.regions) > 2


def test_regions_of_a_patato_scan_are_drawn_on_its_cube_and_not_on_others(
    context, menu, monkeypatch, tmp_path
):
    square = np.array([[0, 0], [0.004, 0], [0.004, 0.004], [0, 0.004]])
    path = write_patato(
        tmp_path / "x.hdf5",
        recons={("BP", "0"): np.ones((1, 3, 1, 40, 41))},
        rois={("vein_", "0"): (square, {})},
    )
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    choose(menu, "Open regions...")
    assert "its regions are in lengths" in menu.said[-1]
    cube = open_cube(path)
    key = context.session.add(cube).key
    choose(menu, "Open regions...")
    assert menu.said[-1] == f"1 region of x.hdf5 on {key}."
    (region,) = context.session.regions
    np.testing.assert_array_equal(
        region_mask(region.outline, region.vertices, cube.shape[:2]), cube.labels == 1
    )


def test_what_is_not_possible_is_said(context, menu):
    choose(menu, "Save regions...")
    choose(menu, "Make structures of the regions")
    context.session.remove("forearm")
    choose(menu, "Open regions...")
    nothing = "forearm: no regions are drawn on it; draw some first."
    assert menu.said == [nothing, nothing, NO_PICTURE]
