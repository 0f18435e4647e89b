"""The list of structures to tick, where there are very many."""

from qtpy.QtCore import Qt

from napari_udt.viewer.spectra.widgets.controls import SpectraControls


def test_of_very_many_structures_the_first_and_the_ticked_are_listed(qtbot):
    controls = SpectraControls()
    qtbot.addWidget(controls)
    button, chosen = controls._structures, []
    controls.chosen.connect(lambda option, value: chosen.append((option, value)))
    names = [f"cell {number}" for number in range(70_000)]
    button.set_ticked(["cell 60000"])
    controls.set_structures(names)
    rows = [button._list.item(row) for row in range(button._list.count())]
    assert [row.text() for row in rows[498:]] == [
        "cell 498", "cell 499", "cell 60000", "69,499 more: click them in the picture",
    ]  # fmt: skip
    assert rows[500].checkState() == Qt.CheckState.Checked
    assert rows[501].flags() == Qt.ItemFlag.NoItemFlags
    rows[3].setCheckState(Qt.CheckState.Checked)
    assert chosen == [("structures", ("cell 60000", "cell 3"))]
    controls.set_structures(names[:7])
    assert button._list.count() == 7
