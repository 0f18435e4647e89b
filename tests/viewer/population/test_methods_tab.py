"""The tab of methods: a comparison with a click, the picture behind a number, and results from files."""

import json

import pytest
from flipped_labels import cube, half_flipped
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_udt.evaluation.card_numbers import NUMBERS
from napari_udt.evaluation.results_file import FORMAT
from napari_udt.viewer.context import context_of
from napari_udt.viewer.population.open_population import NO_CUBES
from napari_udt.viewer.population.widgets.dock import PopulationDock


@pytest.fixture
def dock(qtbot):
    viewer = ViewerModel()
    context = context_of(viewer)
    for name, domain, seed, looks in (
        ("r", "real", 4, None),
        ("s", "simulated", 1, half_flipped),
        ("t", "transferred", 2, None),
        ("u", "transferred", 3, half_flipped),
    ):
        source = (
            {"source": {"name": "s"}, "model": {"name": f"model {name}"}} if domain == "transferred" else {}
        )
        context.session.add(cube(name, domain, seed, looks, provenance=source))
    dock = PopulationDock(context.session, context.brushed)
    qtbot.addWidget(dock)
    dock.resize(900, 800)
    dock.show()
    dock.pages.turn_to("methods")
    qtbot.waitUntil(lambda: dock.current.population is not None, timeout=20_000)
    yield dock
    assert viewer is not None


def column(tab, title):
    return next(i for i, c in enumerate(tab.rows.table_model.columns) if c.title == title)


def test_open_cubes_are_compared_and_a_number_opens_its_picture_and_its_figure(dock, qtbot, tmp_path):
    tab = dock.current
    assert tab.hint.isVisible()
    QTest.mouseClick(tab.task.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.matrix is not None, timeout=120_000)
    place = column(tab, "labels kept [%]")
    (good,) = [row for row in range(4) if "model t" in tab.rows.rows[row].name]
    index = tab.rows.table_model.index(good, place)
    assert index.data().startswith("★ ")
    assert "Higher is better" in index.data(Qt.ItemDataRole.ToolTipRole)
    tab.rows.scrollTo(index)
    where = tab.rows.visualRect(index).center()
    QTest.mouseClick(tab.rows.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert [line.name for line in tab.picture.lines if line.chosen] == [tab.rows.rows[good].name]
    assert {line.name for line in tab.picture.structures} == {"liver", "skin"}
    dock.save(tmp_path / "figure.png")
    dock.save(tmp_path / "numbers.csv")
    assert (tmp_path / "figure.png").stat().st_size > 1000
    assert "labels kept" in (tmp_path / "numbers.csv").read_text("utf-8")
    QTest.mouseDClick(tab.rows.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert dock.current.NAME == "labels"


def results(path):
    """Write results of an evaluation of a model and a baseline."""
    numbers = {
        spec.short: {"value": 0.5, "low": None, "high": None, "classes": {}} for spec in NUMBERS["HSI"]
    }
    rows = [
        {"name": name, "kind": kind, "numbers": numbers} for name, kind in (("a", "model"), ("b", "baseline"))
    ]
    path.write_text(json.dumps({"format": FORMAT, "modality": "HSI", "rows": rows}), "utf-8")
    return path


def test_results_of_an_evaluation_are_shown_or_refused_with_a_sentence(dock, qtbot, tmp_path, monkeypatch):
    good, bad = results(tmp_path / "good.json"), tmp_path / "bad.json"
    bad.write_text("[]", "utf-8")
    tab = dock.current
    for path in (bad, good):
        monkeypatch.setattr(
            "qtpy.QtWidgets.QFileDialog.getOpenFileNames", lambda *_, path=path: ([str(path)], "")
        )
        with qtbot.waitSignal(tab.task.ended, timeout=20_000) as ended:
            QTest.mouseClick(tab.open_button, Qt.MouseButton.LeftButton)
        assert ("no results of an evaluation" in ended.args[0]) == (path is bad)
    assert [method.name for method in tab.rows.rows] == ["b", "a"]
    assert "good.json" in tab.statement


def test_results_are_shown_where_no_cube_is_open(qtbot, tmp_path, monkeypatch):
    viewer = ViewerModel()
    context = context_of(viewer)
    dock = PopulationDock(context.session, context.brushed)
    qtbot.addWidget(dock)
    dock.resize(900, 800)
    dock.show()
    assert dock.results_button.isVisible()
    assert not dock.pages.isVisible()
    good = results(tmp_path / "good.json")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getOpenFileNames", lambda *_: ([str(good)], ""))
    QTest.mouseClick(dock.results_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dock.pages.isVisible, timeout=20_000)
    assert dock.current.NAME == "methods"
    assert [method.name for method in dock.current.rows.rows] == ["b", "a"]
    QTest.mouseClick(dock.current.task.button, Qt.MouseButton.LeftButton)
    assert dock.footer._message.text().startswith("Nothing to compare")
    dock.pages.turn_to("structures")
    assert dock.current._hint.text() == NO_CUBES
