"""The tab "Downstream": real clicks, real threads, small forests."""

import json
from functools import partial

import numpy as np
import pytest
from population_toys import of_groups, toy_group, toy_population
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QFileDialog

from napari_udt.population import downstream
from napari_udt.population.downstream import run_downstream
from napari_udt.population.downstream_choices import Choices
from napari_udt.viewer.population import downstream as view
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.widgets.downstream.tab import DownstreamTab
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import THEMES


@pytest.fixture(scope="module")
def result():
    return run_downstream(toy_population(), Choices(seeds=(0, 1), per_class=10))


@pytest.fixture
def make_tab(qtbot):
    def make(population):
        tab = DownstreamTab(Session())
        qtbot.addWidget(tab)
        tab.set_population(population, PopulationChoices())
        tab.resize(480, 700)
        tab.show()
        return tab

    return make


@pytest.fixture
def tab(make_tab):
    return make_tab(toy_population(rows=12, columns=30))


def run(qtbot, tab):
    qtbot.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    assert tab.busy
    qtbot.waitUntil(lambda: not tab.busy, timeout=60000)


def texts(tab):
    return [
        [tab.scores.model().index(r, c).data() for c in range(tab.scores.model().columnCount())]
        for r in range(len(tab.scores.rows))
    ]


def test_without_two_domains_it_says_what_is_missing(make_tab):
    tab = make_tab(of_groups(toy_group("s", "simulated", 1)))
    assert tab._hint.text().startswith("The downstream test needs a reference cube")
    assert tab.table() is tab.drawing() is None


def test_one_press_fills_the_table_with_the_papers_values_beside(qtbot, tab):
    tab.controls.seeds.setValue(1)
    run(qtbot, tab)
    rows = {row[0]: row[1:] for row in texts(tab)}
    mean = tab.result.rows[1].scores.mean
    assert rows["Simulated"] == [f"{mean.balanced_accuracy:.2f}", f"{mean.auroc:.2f}", f"{mean.f1:.2f}",
                                 "0.24", "0.75", "0.18"]  # fmt: skip
    assert rows["UNIT_Y"] == ["–", "–", "–", "0.24", "0.74", "0.25"]
    header = partial(tab.scores.model().headerData, 4, Qt.Orientation.Horizontal)
    assert header() == "paper's\nBA"
    assert "Not computed here" in header(Qt.ItemDataRole.ToolTipRole)
    assert "Split by blocks of" in tab.statement
    assert "Target: target domain (not measured)." in tab.statement


def test_the_selected_row_has_its_matrix(qtbot, tab):
    tab.controls.seeds.setValue(1)
    run(qtbot, tab)
    for place, row in enumerate(tab.result.rows):
        tab.scores.selectRow(place)
        assert np.array_equal(tab.matrix._image.image, row.shares)
        assert tab.matrix.cell_texts == [[f"{100 * v:.0f}" for v in line] for line in row.shares]
    before = tab.matrix._image.image
    tab.scores.selectRow(len(tab.result.rows))  # a row of the paper has none
    assert tab.matrix._image.image is before


def test_a_second_press_cancels_and_nothing_is_kept(qtbot, tab, monkeypatch):
    tab.controls.seeds.setValue(20)
    said = []
    tab.message.connect(said.append)
    qtbot.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.task.bar.value() > 0, timeout=30000)
    qtbot.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not tab.busy, timeout=30000)
    assert said[-1] == "Cancelled; nothing was kept."
    assert tab.result is None
    assert tab.task.button.text() == "Train and test"


def test_a_failure_is_reported_and_the_tab_lives(qtbot, tab, monkeypatch):
    def broken(*_):
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(downstream, "fit_classifier", broken)
        said = []
        tab.message.connect(said.append)
        run(qtbot, tab)
        assert "OSError: the disk is gone" in said[-1]
    tab.controls.seeds.setValue(1)
    run(qtbot, tab)
    assert tab.result is not None


def test_choices_that_cannot_be_tested_are_reported(qtbot, tab):
    tab.controls.set_form(view.DownstreamForm(rule="subjects"))
    said = []
    tab.message.connect(said.append)
    run(qtbot, tab)
    assert "needs two subjects" in said[-1]


def test_ticks_numbers_and_rule_make_the_choices(qtbot, tab):
    controls = tab.controls
    assert controls.classes.text() == "Structures (3)"
    assert controls.rows.text() == "Train on (2)"
    assert controls.rule.currentText() == "Split: automatic (blocks)"
    menu_list = controls.classes._list
    menu_list.item(0).setCheckState(Qt.CheckState.Unchecked)
    controls.division.setValue(4)
    controls.rule.setCurrentIndex(3)
    controls.rule.activated.emit(3)
    assert controls.form.choices(tab.population) == Choices(
        ("skin", "spleen"), ("simulated", "second"), "spectra", (0, 1, 2), split_seed=4
    )


def test_a_result_stays_when_cubes_change_and_says_that_it_is_old(qtbot, tab):
    tab.controls.seeds.setValue(1)
    run(qtbot, tab)
    assert "have changed" not in tab.statement
    tab.set_population(toy_population(rows=12, columns=30), PopulationChoices())
    assert "The cubes have changed since this test" in tab.statement
    tab.set_population(None, PopulationChoices())
    assert tab.table() is not None


def test_closing_while_it_runs_leaves_no_thread_waiting(qtbot, make_tab):
    tab = make_tab(toy_population(rows=12, columns=30))
    tab.controls.seeds.setValue(20)
    qtbot.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    pool = QThreadPool.globalInstance()
    qtbot.waitUntil(lambda: pool.activeThreadCount() == 1, timeout=5000)
    tab.stop()
    tab.close()
    tab.deleteLater()
    qtbot.waitUntil(lambda: pool.activeThreadCount() == 0, timeout=30000)


def test_everything_is_saved(qtbot, tab, tmp_path, monkeypatch):
    tab.controls.seeds.setValue(1)
    run(qtbot, tab)
    assert "paper's value" in tab.table().csv_text()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "t"), "JSON (*.json)"))
    with qtbot.waitSignal(tab.message) as message:
        qtbot.mouseClick(tab.save_button, Qt.MouseButton.LeftButton)
    assert message.args == [f"Saved {tmp_path / 't.json'}"]
    assert json.loads((tmp_path / "t.json").read_text("utf-8"))["classes"] == ["liver", "skin", "spleen"]
    nowhere = str(tmp_path / "t.json" / "t.json")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (nowhere, "JSON (*.json)"))
    with qtbot.waitSignal(tab.message) as message:
        qtbot.mouseClick(tab.save_button, Qt.MouseButton.LeftButton)
    assert message.args[0].startswith("t.json was not saved")


def test_settings_go_there_and_back_and_damaged_ones_do_no_harm(tab):
    form = view.DownstreamForm(("skin", "liver"), ("second",), "blocks", 5, 7)
    tab.set_settings(json.loads(json.dumps(form.plain())))
    assert tab.settings() == form.plain()
    assert (tab.controls.seeds.value(), tab.controls.division.value()) == (5, 7)
    damaged = {"classes": [1], "rows": "x", "rule": "luck", "seeds": 0, "division": "1"}
    tab.set_settings(damaged)
    assert tab.controls.form == view.DownstreamForm()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_numbers_in_cells_can_be_read_in_both_themes(qtbot, make_tab, result, name):
    from napari_udt.viewer.style import contrast_ratio

    tab = make_tab(toy_population())
    tab.set_theme(THEMES[name])
    tab.matrix.show_matrix(np.array([[0.0, 1.0], [0.5, 0.5]]), ("a", "b"), "t")
    lookup = tab.matrix._colours()
    for share, text in zip((0, 1, 0.5, 0.5), tab.matrix._texts[:4], strict=True):
        behind = "#" + "".join(f"{v:02x}" for v in lookup[round(255 * share)])
        assert contrast_ratio(text.color.name(), behind) > 4.5


def test_table_and_matrix_take_turns_where_there_is_no_room_for_both(qtbot, tab):
    tab.controls.seeds.setValue(1)
    run(qtbot, tab)
    tab.resize(480, 800)
    qtbot.waitUntil(lambda: tab.scores.isVisible() and tab.matrix.isVisible())
    tab.resize(480, 380)
    qtbot.waitUntil(lambda: not tab.matrix.isVisible())
    switch = tab.findChild(type(tab.save_button), "Confusion")
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert tab.matrix.isVisible()
    assert not tab.scores.isVisible()


def test_rows_of_one_model_keep_names_of_their_own(result):
    from dataclasses import replace

    row = replace(result.rows[1], part="transferred", model="m")
    twice = replace(result, rows=(result.rows[0], row, replace(row, name="other")))
    assert view.row_titles(twice) == ("Target", "m: simulated", "m: other")


def test_a_measured_cube_is_called_real(result):
    from dataclasses import replace

    real = replace(result, rows=(replace(result.rows[0], origin="measured"),))
    assert view.row_titles(real) == ("Real",)
    assert "not measured" not in view.statement(real, outdated=False)


# -- data set files ----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """One data set of each domain, on the grid of the open cubes."""
    from population_toys import CENTRES, CLASSES, WAVELENGTHS_NM

    from napari_udt.dataset import Dataset, save_dataset

    rng = np.random.default_rng(0)
    labels = (np.arange(90) % 3).astype(np.int16)
    paths = []
    for domain in ("simulated", "second"):
        samples = (CENTRES[labels] + 0.3 * rng.standard_normal((90, 6))).astype(np.float32)
        paths.append(tmp_path / f"{domain}.h5")
        save_dataset(
            Dataset(samples, labels, WAVELENGTHS_NM, CLASSES, "HSI", domain, "toy", seed=1), paths[-1]
        )
    return paths


def add(qtbot, tab, files, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path) for path in files], ""))
    tab.controls.data_sets.add.trigger()
    qtbot.waitUntil(lambda: not tab.busy, timeout=60000)


def test_data_sets_join_the_test_as_subjects_and_go_again(qtbot, tab, files, monkeypatch):
    add(qtbot, tab, files, monkeypatch)
    assert tab.controls.data_sets.text() == "Data sets (2)"
    assert tab.controls.rule.currentText() == "Split: automatic (subject)"
    tab.controls.seeds.setValue(1)
    run(qtbot, tab)
    assert [row.name for row in tab.result.rows] == ["second + second.h5", "simulated", "simulated.h5"]
    assert "1 of 2 cubes or files, each taken for one subject, is held out" in tab.statement
    tab.controls.data_sets.clear.trigger()
    assert tab.controls.data_sets.text() == "Data sets"
    assert "The cubes have changed since this test" in tab.statement


def test_a_model_moves_the_simulated_files(qtbot, tab, files, monkeypatch):
    from test_population_datasets import Tilting

    from napari_udt import models
    from napari_udt.dataset import load_dataset

    network = Tilting(load_dataset(files[0]))
    monkeypatch.setattr(models, "list_models", lambda: [network.spec])
    monkeypatch.setattr(models, "load_model", lambda name: network)
    add(qtbot, tab, files, monkeypatch)
    (action,) = tab.controls.data_sets.models.actions()
    action.trigger()
    qtbot.waitUntil(lambda: not tab.busy, timeout=60000)
    assert tab.controls.data_sets.text() == "Data sets (3)"
    assert tab.controls.rows.text() == "Train on (5)"
    assert "simulated.h5 → tilt" in [group.name for group in tab._material.groups]


def test_files_that_do_not_fit_are_refused_and_nothing_changes(qtbot, tab, files, monkeypatch, tmp_path):
    said = []
    tab.message.connect(said.append)
    (tmp_path / "text.h5").write_text("no data set")
    add(qtbot, tab, [tmp_path / "text.h5"], monkeypatch)
    assert "not a napari-udt data set" in said[-1]
    tab.set_population(toy_population(label_names={0: "a", 1: "b", 2: "c"}), PopulationChoices())
    assert tab.controls.data_sets.text() == "Data sets"
