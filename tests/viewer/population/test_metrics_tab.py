"""The tab "Metrics": what is shown, in which order, and a real run in a thread."""

import math

import pytest
from population_toys import CENTRES, of_groups, toy_cube, toy_group
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from napari_udt.population.groups import population_of_cubes
from napari_udt.population.measures import CATALOGUE, MeasureOptions, measure, measure_halves
from napari_udt.population.pictures import measure_pictures
from napari_udt.population.selection import ALL
from napari_udt.viewer.population import measures as view
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.measures import GroupColumn, MeasureLine, Number, Numbers
from napari_udt.viewer.population.widgets.metrics.tab import MetricsTab
from napari_udt.viewer.population.widgets.metrics.table import FIRST_GROUP, MEASURE
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
    options = MeasureOptions(measures=("mae", "bias", "nearest_neighbour"), resamples=5)
    return Numbers(
        measure(population, options), measure_halves(population, options), measure_pictures(population)
    )


@pytest.fixture
def lines(numbers):
    return view.lines_of(numbers)


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


def titles(tab):
    model = tab.view.model()
    places = (i for i in range(model.columnCount()) if not tab.view.isColumnHidden(i))
    return [model.headerData(i, Qt.Orientation.Horizontal) for i in places]


def line_of(key="mae", **numbers):
    return MeasureLine("a", CATALOGUE[key], "%", {n: Number(*v) for n, v in numbers.items()})


S, T = (GroupColumn(name, name, part, part) for name, part in (("s", "simulated"), ("t", "transferred")))


def test_every_number_of_the_tables_is_in_a_line(lines, numbers):
    spectra = [line for line in lines if line.structure != view.WHOLE_PICTURE]
    assert len(spectra) == 3 * 3
    for row in numbers.measures.rows:
        line = next(x for x in spectra if x.key == (row.class_name, row.key))
        found = line.numbers[row.group]
        assert (found.value, found.low) == pytest.approx((row.value, row.low), nan_ok=True)
    for row in numbers.halves.rows:
        line = next(x for x in spectra if x.key == (row.class_name, row.key))
        assert line.itself.value == pytest.approx(row.value, nan_ok=True)


def test_the_picture_of_the_target_stands_in_the_column_of_the_target_itself(lines):
    pictures = [x for x in lines if x.structure == view.WHOLE_PICTURE]
    texture = next(x for x in pictures if x.measure.key == "skin_heterogeneity")
    assert set(texture.numbers) == {"s", "t"}
    assert math.isfinite(texture.itself.value)
    assert next(x for x in pictures if x.measure.key == "ssim").itself is None


def test_filters_by_structure_and_measure(lines):
    assert [x.key for x in view.shown(lines, "liver", "mae")] == [("liver", "mae")]
    assert {x.structure for x in view.shown(lines, "liver", "")} == {"liver", view.WHOLE_PICTURE}
    assert len(view.shown(lines, None, "")) == len(lines)


@pytest.mark.parametrize(
    ("key", "s", "t", "best"),
    [
        ("mae", (2.0,), (1.0,), ("t", view.BEST)),
        ("precision", (0.9,), (0.4,), ("s", view.BEST)),
        ("bias", (-3.0,), (4.0,), ("s", view.BEST)),
        ("classifier", (0.4,), (0.8,), ("s", view.BEST)),
        ("mae", (2.0, 1.5, 2.5), (1.0, 0.8, 1.6), ("t", view.NEARLY_BEST)),
        ("mae", (2.0, 1.7, 2.5), (1.0, 0.8, 1.6), ("t", view.BEST)),
        ("bias", (-3.0, -6.0, 0.5), (4.0, 3.5, 4.5), ("s", view.NEARLY_BEST)),
        ("mae", (1.0,), (1.0,), ("", "")),
        ("mae", (1.0,), (math.nan,), ("", "")),
        ("mmd_p", (0.1,), (0.2,), ("", "")),
    ],
)
def test_the_better_group_is_marked_by_the_direction_of_the_measure(key, s, t, best):
    assert view.best(line_of(key, s=s, t=t), (S, T)) == best


def test_other_real_groups_and_hidden_ones_do_not_compete():
    line = line_of(s=(2.0,), t=(3.0,), r=(1.0,))
    assert view.best(line, (S, T, GroupColumn("r", "r", "measured", "real")))[0] == "s"
    assert view.best(line, (S,)) == ("", "")


def test_tooltips_say_what_a_number_means_and_where_it_comes_from(lines):
    for line in lines:
        number = next(iter(line.numbers.values()))
        reported = view.number_tip(line, number, "s: simulated")
        assert reported.startswith("s: simulated")
        assert line.measure.meaning in reported
        assert f"Source: {line.measure.source}" in reported
    assert "Lower is better" in view.measure_tip(lines[0])


def test_cells_carry_mark_value_and_interval():
    assert view.number_text(Number(1.23456, 1.2, 1.3), view.BEST) == "★ 1.23 [1.2, 1.3]"
    assert view.number_text(Number(math.nan)) == "–"
    assert view.number_text(None) == ""
    assert view.title_of(line_of("bias")) == "Bias →"


def measured(tab):
    """Return the lines that are shown, but for functional indices."""
    return [line for line in tab.view.rows if line.measure.family != "functional"]


def test_quick_measures_are_there_without_asking_in_one_column_per_group(tab):
    assert len(measured(tab)) == len(view.QUICK)
    assert any(line.measure.key.startswith("index_") for line in tab.view.rows)
    assert titles(tab) == ["Measure", "Unit", "simulated", "transferred", "Target itself"]
    assert tab.statement.startswith(
        "Against r (target domain (not measured)); quick measures without intervals."
    )
    marks = [sum(view.BEST in column(tab, place)[i] for place in (3, 4)) for i in range(len(view.QUICK))]
    assert marks == [1] * len(view.QUICK)


def test_the_target_itself_is_nearer_than_any_group_that_is_elsewhere(qtbot):
    far = population_of_cubes(
        [("s", "simulated", toy_cube(1, "simulated", centres=CENTRES + 1)), ("r", "real", toy_cube(2))]
    )
    tab = MetricsTab(Session())
    qtbot.addWidget(tab)
    tab.set_population(far, PopulationChoices(structure="liver", normalisation="none"))
    line = next(x for x in tab.view.rows if x.measure.key == "mae")
    assert line.itself.value < 0.2 * line.numbers["s"].value


def test_a_click_on_a_heading_sorts_and_a_second_one_turns_round(qtbot, tab):
    header = tab.view.horizontalHeader()
    x = header.sectionViewportPosition(FIRST_GROUP) + 20
    for ascending in (True, False):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=_at(x, header.height() // 2))
        values = [line.numbers["s"].value for line in tab.view.rows]
        assert values == sorted(values, reverse=not ascending)


def test_boxes_filter_and_the_export_is_what_is_shown(qtbot, tab):
    tab.everywhere.click()
    assert len(measured(tab)) == 3 * len(view.QUICK)
    tab.measure.setCurrentIndex(tab.measure.findData("rmse"))
    tab.measure.activated.emit(tab.measure.currentIndex())
    assert set(column(tab, MEASURE)) == {"RMSE ↓"}
    assert len(tab.table().rows) == 3
    assert "Kynk" not in tab.table().csv_text()
    assert tab.settings() == {"measure": "rmse", "all_structures": True, "resamples": 200}


def test_the_docks_structure_and_hidden_groups_are_followed(tab, population):
    tab.set_population(population, PopulationChoices(structure=ALL, hidden=("t",)))
    assert titles(tab) == ["Structure", "Measure", "Unit", "simulated", "Target itself"]
    assert not any(view.BEST in text for text in column(tab, FIRST_GROUP))
    assert len({line.structure for line in tab.view.rows}) == 3


def test_ctrl_c_copies_the_selected_rows_exactly(qtbot, tab):
    tab.view.selectRow(1)
    qtbot.keyClick(tab.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    head, row = (line.split("\t") for line in QGuiApplication.clipboard().text().splitlines())
    line = tab.view.rows[1]
    assert float(row[head.index("s (simulated)")]) == pytest.approx(line.numbers["s"].value, rel=1e-8)
    assert float(row[head.index("target itself")]) == pytest.approx(line.itself.value, rel=1e-8)
    assert row[head.index("best")] in ("s", "t")


def test_all_measures_with_intervals_come_on_demand(qtbot, tab):
    tab.resamples.setValue(5)
    tab.everywhere.setChecked(True)
    qtbot.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    assert tab.busy
    qtbot.waitUntil(lambda: not tab.busy, timeout=120000)
    assert "[" in column(tab, FIRST_GROUP)[0]
    assert {"MMD² ↓", "Classifier score →", "SSIM, similarity to source"} <= set(column(tab, MEASURE))
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
    assert "[" not in column(tab, FIRST_GROUP)[0]


def test_without_a_reference_it_says_what_is_missing(qtbot, tab):
    tab.set_population(of_groups(toy_group("s", "simulated", 1)), PopulationChoices())
    assert tab.figure is None
    assert "open a reference" in tab._hint.text()
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
