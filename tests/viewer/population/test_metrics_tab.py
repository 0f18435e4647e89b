"""The tab "Metrics": what is shown, in which order, and a real run in a thread."""

import math

import pytest
from population_toys import of_groups, toy_cube, toy_group
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from napari_udt.population.groups import population_of_cubes
from napari_udt.population.measures import CATALOGUE, MeasureOptions, measure
from napari_udt.population.pictures import measure_pictures
from napari_udt.population.selection import ALL
from napari_udt.viewer.population import measures as view
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.measures import Column, MeasureLine, Numbers
from napari_udt.viewer.population.widgets.metrics.tab import MetricsTab
from napari_udt.viewer.state.session import Session


@pytest.fixture(scope="module")
def population():
    return population_of_cubes(
        [
            ("s", "simulated", toy_cube(1, "simulated")),
            ("t", "transferred", toy_cube(3, "transferred")),
            ("r", "real", toy_cube(2)),
        ]
    )


@pytest.fixture(scope="module")
def numbers(population):
    options = MeasureOptions(measures=("mae", "bias", "classifier"), resamples=20)
    return Numbers(measure(population, options), measure_pictures(population))


@pytest.fixture
def lines(numbers, population):
    return view.lines_of(numbers, population)


@pytest.fixture
def tab(qtbot, population):
    tab = MetricsTab(Session())
    qtbot.addWidget(tab)
    tab.resize(500, 420)
    tab.show()
    tab.set_population(population, PopulationChoices(structure="liver"))
    return tab


def column(tab, which):
    return [tab.view.model().index(i, which).data() for i in range(len(tab.view.rows))]


def test_every_number_of_the_table_is_a_line(lines, numbers):
    spectra = [line for line in lines if line.structure != view.WHOLE_PICTURE]
    assert len(spectra) == len(numbers.measures.rows) == 3 * 2 * 3
    for line, row in zip(spectra, numbers.measures.rows, strict=True):
        assert (line.structure, line.group, line.measure) == (row.class_name, row.group, row.measure)
        assert (line.value, line.low) == pytest.approx((row.value, row.low), nan_ok=True)
    assert {line.group for line in lines if line.structure == view.WHOLE_PICTURE} == {"s", "t", "r"}


def test_filters_by_structure_measure_and_hidden_group(lines):
    one = view.shown(lines, "liver", "mae", ("t",))
    assert [(x.structure, x.group, x.measure.key) for x in one] == [("liver", "s", "mae")]
    assert {x.structure for x in view.shown(lines, "liver", "", ())} == {"liver", view.WHOLE_PICTURE}
    assert len(view.shown(lines, None, "", ())) == len(lines)


def test_intervals_are_sorted_by_their_width():
    line = MeasureLine("a", "g", "g", CATALOGUE["mae"], 2.0, 1.5, 3.0)
    assert (view.number(line, Column.VALUE), view.number(line, Column.INTERVAL)) == (2.0, 1.5)


def test_tooltips_say_what_a_number_means_and_where_it_comes_from(lines):
    for line in lines:
        reported = view.tip(line, Column.VALUE)
        assert line.measure.meaning in reported
        assert f"Source: {line.measure.source}" in reported
    assert "lower is better".capitalize() in view.tip(lines[0], Column.MEASURE)
    assert view.tip(lines[0], Column.GROUP).endswith(lines[0].origin)


def test_cells_carry_value_interval_and_unit():
    line = MeasureLine("small_bowel", "g", "cINN", CATALOGUE["bias"], 1.23456, 1.2, 1.3, "%", "n")
    shown = [view.cell(line, c) for c in Column]
    assert shown == ["small bowel", "cINN", "Bias →", "1.235", "1.2 … 1.3", "%", "n"]
    lost = MeasureLine("a", "g", "g", CATALOGUE["bias"], math.nan)
    assert (view.cell(lost, Column.VALUE), view.cell(lost, Column.INTERVAL)) == ("–", "")


def test_quick_measures_are_there_without_asking(tab):
    assert len(tab.view.rows) == 2 * len(view.QUICK)
    assert tab.view.isColumnHidden(Column.STRUCTURE)
    assert tab.view.isColumnHidden(Column.INTERVAL)
    assert tab.statement == "Against r (target domain (not measured)); quick measures without intervals."


def test_a_click_on_a_heading_sorts_and_a_second_one_turns_round(qtbot, tab):
    header = tab.view.horizontalHeader()
    x = header.sectionViewportPosition(Column.VALUE) + 20
    for ascending in (True, False):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=_at(x, header.height() // 2))
        values = [line.value for line in tab.view.rows]
        assert values == sorted(values, reverse=not ascending)


def test_boxes_filter_and_the_export_is_what_is_shown(qtbot, tab):
    tab.everywhere.click()
    assert len(tab.view.rows) == 3 * 2 * len(view.QUICK)
    tab.measure.setCurrentIndex(tab.measure.findData("rmse"))
    tab.measure.activated.emit(tab.measure.currentIndex())
    assert set(column(tab, Column.MEASURE)) == {"RMSE ↓"}
    assert len(tab.table().rows) == 6
    assert "Kynk" not in tab.table().csv_text()
    assert tab.settings() == {"measure": "rmse", "all_structures": True, "resamples": 200}


def test_the_docks_structure_and_hidden_groups_are_followed(tab, population):
    tab.set_population(population, PopulationChoices(structure=ALL, hidden=("t",)))
    assert {line.group for line in tab.view.rows} == {"s"}
    assert len({line.structure for line in tab.view.rows}) == 3


def test_ctrl_c_copies_the_selected_rows_exactly(qtbot, tab):
    tab.view.selectRow(1)
    qtbot.keyClick(tab.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, row = (line.split("\t") for line in QGuiApplication.clipboard().text().splitlines())
    assert float(row[head.index("value")]) == pytest.approx(tab.view.rows[1].value, rel=1e-8)


def test_all_measures_with_intervals_come_on_demand(qtbot, tab):
    tab.resamples.setValue(5)
    tab.everywhere.setChecked(True)
    qtbot.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    assert tab.busy
    qtbot.waitUntil(lambda: not tab.busy, timeout=120000)
    assert not tab.view.isColumnHidden(Column.INTERVAL)
    assert {"MMD² ↓", "Classifier score →", "SSIM, similarity to source"} <= set(column(tab, Column.MEASURE))
    assert "95 % intervals from 5 bootstrap resamples" in tab.statement


def test_cancelling_keeps_the_quick_ones(qtbot, tab):
    said = []
    tab.message.connect(said.append)
    tab.resamples.setValue(2000)
    qtbot.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    qtbot.wait(50)
    tab.stop()
    qtbot.waitUntil(lambda: not tab.busy, timeout=60000)
    assert said[-1] == "Cancelled; nothing was kept."
    assert tab.view.isColumnHidden(Column.INTERVAL)


def test_without_a_reference_it_says_what_is_missing(qtbot, tab):
    tab.set_population(of_groups(toy_group("s", "simulated", 1)), PopulationChoices())
    assert tab.figure is None
    assert "open a real" in tab._hint.text()
    assert tab.table() is None


def test_settings_come_back_and_damaged_ones_do_no_harm(tab):
    tab.set_settings({"measure": "mae", "all_structures": True, "resamples": 100})
    assert (tab.measure.currentData(), tab.everywhere.isChecked(), tab.resamples.value()) == (
        "mae",
        True,
        100,
    )
    tab.set_settings({"measure": 3, "all_structures": "x", "resamples": "y"})
    assert (tab.measure.currentData(), tab.everywhere.isChecked(), tab.resamples.value()) == ("", False, 100)


def _at(x, y):
    from qtpy.QtCore import QPoint

    return QPoint(x, y)
