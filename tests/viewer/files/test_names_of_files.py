"""A file opens under its own name, in the window and in napari's list of layers."""

from __future__ import annotations

import napari
import pytest
from qtpy.QtWidgets import QStyleOptionViewItem

from napari_udt import save_cube
from napari_udt.io import save_cubes
from napari_udt.viewer.files.opening import open_files
from napari_udt.viewer.files.widgets.layer_names import fitting, keep_names_apart
from napari_udt.viewer.state.session import Session


def keys(session):
    return [entry.key for entry in session]


def test_the_name_is_the_file_s_and_not_what_the_file_calls_its_cube(tmp_path, pat):
    save_cube(pat(), tmp_path / "subject_07.udt.h5")
    session = Session()
    assert open_files(session, [tmp_path / "subject_07.udt.h5"]) == []
    assert keys(session) == ["subject_07"]
    assert session["subject_07"].cube.name == "forearm"  # what provenances may name


def test_several_cubes_of_a_file_and_files_of_one_name_are_told_apart(tmp_path, pat):
    cube = pat()
    save_cubes([cube.with_(name="left"), cube.with_(name="right")], tmp_path / "both.udt.h5")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        save_cube(cube, tmp_path / folder / "scan.udt.h5")
    session = Session()
    open_files(session, [tmp_path / "both.udt.h5", tmp_path / "a/scan.udt.h5", tmp_path / "b/scan.udt.h5"])
    assert keys(session) == ["both · left", "both · right", "scan", "scan (b)"]
    open_files(session, [tmp_path / "a/scan.udt.h5"])
    assert keys(session)[4:] == ["scan [1]"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_in_napari_too(tmp_path, pat, make_napari_viewer):
    save_cube(pat(), tmp_path / "subject_07.udt.h5")
    viewer = make_napari_viewer()
    viewer.open(tmp_path / "subject_07.udt.h5", plugin="napari-udt")
    assert [layer.name for layer in viewer.layers] == ["subject_07", "subject_07 · structures"]


def test_a_name_that_does_not_fit_loses_the_kind_of_its_layer_and_nothing_else():
    assert fitting("forearm_a · structures", 100, len) == "forearm_a · structures"
    assert fitting("forearm_a · structures", 15, len) == "forearm_a"
    assert fitting("forearm_a of a long name", 15, len) == "forearm_a of a long name"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_in_a_narrow_list_the_names_of_cubes_stay_whole(make_napari_viewer, pat):
    from napari_udt.viewer.context import context_of

    viewer = make_napari_viewer(show=True)
    keep_names_apart(viewer)
    view = napari.qt.QtViewer.layers.fget(viewer.window._qt_viewer)
    context_of(viewer).session.add(pat(), key="forearm_simulated")
    delegate, index = view.itemDelegate(), view.model().index(0, 0)
    for width, text in ((900, "forearm_simulated · structures"), (230, "forearm_simulated")):
        option = QStyleOptionViewItem()
        view.initViewItemOption(option)
        option.rect = type(option.rect)(0, 0, width, 30)
        delegate.initStyleOption(option, index)
        assert option.text == text
