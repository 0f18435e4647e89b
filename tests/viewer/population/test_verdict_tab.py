"""The tab "Verdict": rows from the worst to the best, marks that differ, numbers that can be copied."""

from __future__ import annotations

import numpy as np
import pytest
from population_window import choose, clipboard_rows, settle, turn
from qtpy.QtCore import QPointF
from qtpy.QtWidgets import QPushButton

from napari_udt.population.groups import population_of_cubes
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.widgets.figures.verdict import VerdictTab
from napari_udt.viewer.population.widgets.tab import COMPUTING
from napari_udt.viewer.population.widgets.tabs import TABS

RISE, TILT = np.linspace(1, 2, 16), np.linspace(-1, 1, 16)


@pytest.fixture
def moved(context, pat, transferred):
    """The vein comes closer in shape, the artery moves away; the level of both doubles."""

    def shaped(cube, vein, artery):
        noise = np.random.default_rng(len(cube.name)).normal(0, 0.01, cube.shape)
        centres = {0: np.ones(16), 5: vein, 6: artery}
        data = np.stack([centres[int(n)] for n in cube.labels.reshape(-1)]).reshape(cube.shape)
        return cube.with_(data=(data + noise).astype(np.float32))

    simulated = shaped(pat(), RISE + 0.4 * TILT, RISE)
    real = shaped(pat("second", domain="second", origin="digital device"), RISE, RISE)
    result = shaped(transferred(simulated), 2 * RISE, 2 * (RISE + 0.3 * TILT))
    for cube in (simulated, result, real):
        context.session.add(cube)
    return context.session


def names(tab):
    return [line.name for _, line in tab._lines]


def test_it_says_that_it_computes_until_there_is_something_to_see(qtbot, moved):
    waiting = []
    tab = VerdictTab(moved, waiting.append)
    qtbot.addWidget(tab)
    tab.show()
    population = population_of_cubes([(e.key, e.role, e.cube) for e in moved])
    tab.set_population(population, PopulationChoices())
    assert tab._hint.isVisible()
    assert tab._hint.text() == COMPUTING
    waiting.pop()()
    qtbot.waitUntil(lambda: not tab._hint.isVisible())
    assert names(tab) == ["artery", "vein"]


def test_it_is_the_first_tab():
    assert TABS[0] is VerdictTab


def test_the_worst_comes_first_with_its_numbers_and_a_word(qtbot, dock, moved):
    settle(qtbot, dock)
    tab = turn(qtbot, dock, "verdict")
    assert names(tab) == ["artery", "vein"]
    assert tab._lines[0][1].text.endswith("✗ further away")
    assert tab._lines[1][1].text.endswith("✓ closer")
    assert "shape 1 closer, 1 further away (artery)" in tab.statement
    assert "Reference: second (digital device)" in tab.statement
    symbols = tab._items._after.data["symbol"]
    assert len(set(symbols)) == 2, "the direction is a mark, not only a colour"
    assert tab.plot.getAxis("bottom").labelText == "Spectral angle to the reference [°]"


def test_shape_level_and_both_are_chosen_and_remembered(qtbot, dock, moved):
    settle(qtbot, dock)
    tab = turn(qtbot, dock, "verdict")
    choose(tab.kind, "level")
    assert tab._lines[0][1].text.endswith("✗ further away")
    assert tab.plot.getAxis("bottom").labelText == "Level [× reference]"
    assert dock.open_population.settings_of("verdict") == {"distance": "level"}
    choose(tab.kind, "rmse")
    assert tab.plot.getAxis("bottom").labelText == "RMSE to the reference [a.u.]"
    tab.set_settings({"distance": "nonsense"})
    assert tab.chosen_kind == "rmse"


def test_the_mouse_over_a_row_tells_its_interval(qtbot, dock, moved):
    settle(qtbot, dock)
    tab = turn(qtbot, dock, "verdict")
    messages = []
    tab.message.connect(messages.append)
    tab.canvas.hovered.emit(tab.plot, 1.0, 0.2)
    assert messages[-1].startswith("artery: ")
    assert "change +6.5° [+6.4°" in messages[-1]
    tab.canvas.hovered.emit(None, 0.0, 0.0)
    assert messages[-1] == ""
    box = tab.plot.getViewBox()
    for place, tip in ((0.2, "artery: change +6.5° [+6.4°, "), (9.0, "")):
        tab.canvas.scene().sigMouseMoved.emit(box.mapViewToScene(QPointF(1.0, place)))
        assert tab.plot.toolTip().startswith(tip)
        assert bool(tab.plot.toolTip()) == bool(tip)


def test_all_numbers_are_copied(qtbot, dock, moved):
    settle(qtbot, dock)
    turn(qtbot, dock, "verdict")
    dock.findChild(QPushButton, "Copy numbers").click()
    rows = clipboard_rows()
    assert {row["distance"] for row in rows} == {"spectral angle", "level", "RMSE"}
    assert {row["structure"] for row in rows} == {"vein", "artery", "all structures"}


def test_a_hidden_group_has_no_row_and_several_models_are_named(qtbot, dock, moved, transferred):
    moved.add(transferred(moved["forearm"].cube, "other"))
    settle(qtbot, dock)
    tab = turn(qtbot, dock, "verdict")
    assert len(names(tab)) == 4
    assert len({name.partition(" · ")[2] for name in names(tab)}) == 2, "each model by its name"
    dock.open_population.choose(hidden=("other",))
    settle(qtbot, dock)
    assert names(tab) == ["artery", "vein"]


def test_without_a_real_cube_it_says_what_to_open(qtbot, dock, context, pat):
    context.session.add(pat())
    settle(qtbot, dock)
    tab = turn(qtbot, dock, "verdict")
    assert tab._hint.text().startswith("Open a real cube to compare with")
