"""Names of structures: what a model makes of them, and giving them others, in the window and in files."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QWidget

from napari_udt.cube import NAMED
from napari_udt.inference.provenance import describe_source
from napari_udt.io import open_cube, save_cube
from napari_udt.viewer.context import context_of
from napari_udt.viewer.files.session_file import open_session, save_session
from napari_udt.viewer.session.script import transfer_script
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer.structures import (
    name_choices,
    name_structures,
    proxy_text,
    references_of,
    structure_rows,
)
from napari_udt.viewer.transfer.widgets.dock import TransferDock
from napari_udt.viewer.transfer.widgets.structure_dialog import StructureDialog

NAMES = {0: "coupling medium", 5: "blood", 6: "bone"}


@pytest.fixture
def arm(pat):
    return pat("arm", label_names=NAMES)


def test_a_structure_gets_another_name_and_what_it_was_called_is_kept(arm):
    named = arm.with_structures_named({"blood": "artery", "absent": "fat", "bone": "bone"})
    assert named.present_labels == {0: "coupling medium", 5: "artery", 6: "bone"}
    assert named.metadata[NAMED] == {"blood": "artery"}
    assert arm.present_labels[5] == "blood"
    again = named.with_structures_named({"artery": "vein"})
    assert again.metadata[NAMED] == {"blood": "vein"}
    back = again.with_structures_named({"vein": "blood"})
    assert (back.present_labels, back.metadata[NAMED]) == (NAMES, {})
    assert arm.with_structures_named({"blood": " "}) is arm


def test_two_structures_of_one_name_become_one(pat):
    cube = pat()  # vein and artery
    named = cube.with_structures_named({"artery": "vein"})
    assert named.present_labels == {0: "coupling medium", 5: "vein"}
    np.testing.assert_array_equal(named.labels == 5, cube.labels > 0)


def test_what_a_model_makes_of_structures_is_said_before_the_run(arm, make_spec):
    spec, share = make_spec(), 16 / 2048
    text = proxy_text(arm, spec, "labels")
    coupled = 1 - (4 * 10 + 4 * 10) / 2048
    assert text == (
        f"Unknown to the model, so proxy ({100 * (coupled + 40 / 2048):.0f} % of the pixels): coupling medium, bone. "
        "blood counts as vein or artery."
    ), share
    assert proxy_text(arm, spec, "proxy") == proxy_text(None, spec, "labels") == ""
    rows = structure_rows(arm, spec, [arm.with_structures_named({"blood": "Artery"})])
    assert [(row.name, row.pixels, row.condition, row.in_reference) for row in rows] == [
        ("coupling medium", 1968, "proxy", True),
        ("blood", 40, "vein or artery", False),
        ("bone", 40, "proxy", True),
    ]
    choices = name_choices(rows[1], spec, [arm.with_structures_named({"blood": "Artery"})])
    assert [name for _, name in choices] == ["blood", "vein", "artery", "fat", "bone", "blood (proxy)"]
    named = arm.with_structures_named({"blood": "blood (proxy)"})
    assert structure_rows(named, spec, ())[1].condition == "proxy"


def test_the_results_of_a_cube_are_named_too_and_it_can_be_undone(arm, transferred, pat):
    session = Session()
    session.add(arm)
    session.add(transferred(arm, name="moved"), role="transferred")
    session.add(pat("real", domain="real"))
    assert [cube.name for cube in references_of(session, "arm")] == ["real"]
    name_structures(session, "arm", {"blood": "artery"})
    assert [entry.cube.label_names[5] for entry in session] == ["artery", "artery", "vein"]
    assert [entry.role for entry in session] == ["simulated", "transferred", "real"]
    session.history.undo()
    assert [entry.cube.label_names[5] for entry in session] == ["blood", "blood", "vein"]


def test_layers_follow_without_being_made_anew(arm):
    context = context_of(viewer := ViewerModel())
    context.session.add(arm)
    before, camera = list(viewer.layers), viewer.scene.camera.zoom
    name_structures(context.session, "arm", {"blood": "bone"})
    assert list(viewer.layers) == before
    assert viewer.scene.camera.zoom == camera
    labels = context.adapter["arm"].labels
    assert list(labels.features["structure"]) == ["coupling medium", "bone"]
    assert set(np.unique(labels.data)) == {0, 6}
    assert context.adapter.key_showing(context.session["arm"].cube) == "arm"


def test_names_are_remembered_with_the_session_and_stand_in_provenance_and_script(arm, tmp_path):
    save_cube(arm, tmp_path / "arm.udt.h5")
    session = Session()
    session.add(open_cube(tmp_path / "arm.udt.h5"))
    name_structures(session, "arm", {"blood": "artery"})
    path = save_session(session, tmp_path / "s")
    again = Session()
    assert open_session(again, path) == []
    cube = again["arm"].cube
    assert (cube.label_names[5], dict(cube.metadata[NAMED])) == ("artery", {"blood": "artery"})
    source = describe_source(cube)
    assert source[NAMED] == {"blood": "artery"}
    model = {"name": "pat_cinn_dy", "kind": "cinn"}
    made = cube.with_(name="moved", domain="transferred", provenance={"source": source, "model": model})
    assert "cube = cube.with_structures_named({'blood': 'artery'})\n" in transfer_script(made)


def test_the_dock_shows_the_structures_and_the_dialog_renames_them(qtbot, arm, make_spec, slow_transfer):
    session, window = Session(), QWidget()
    session.add(arm)
    dock = TransferDock(
        session, transfer=slow_transfer, models=lambda: [make_spec()], devices=list, parent=window
    )
    qtbot.addWidget(window)
    window.show()
    assert dock.structure_note.text() == proxy_text(arm, make_spec(), "labels")
    qtbot.mouseClick(dock.names_button.native, Qt.MouseButton.LeftButton)
    (dialog,) = dock.findChildren(StructureDialog)
    box = dialog.findChild(QComboBox, "blood")
    box.setFocus()
    qtbot.keyClicks(box, "artery")
    assert box.currentText() == "artery"
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert session["arm"].cube.label_names[5] == "artery"
    assert "counts as" not in dock.structure_note.text()
    assert "coupling medium, bone" in dock.structure_note.text()
