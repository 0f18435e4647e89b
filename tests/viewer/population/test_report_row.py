"""The button "Report...": a real report in a thread, cancelled, refused."""

import pytest
from population_toys import toy_population
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_udt.population.downstream import run_downstream
from napari_udt.population.downstream_choices import Choices
from napari_udt.population.measures import MeasureOptions, measure
from napari_udt.viewer.population.widgets.report_row import ReportRow
from napari_udt.viewer.state.session import Session

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def findings():
    population = toy_population(rows=12, columns=30)
    table = measure(population, MeasureOptions(measures=("mae", "rmse"), resamples=5))
    return population, [None, table, run_downstream(population, Choices(seeds=(0,), per_class=10))]


@pytest.fixture
def row(qtbot, findings):
    row = ReportRow(Session(), lambda: findings[0], lambda: findings[1])
    row.said = []
    row.message.connect(row.said.append)
    qtbot.addWidget(row)
    row.show()
    return row


def done(row):
    return lambda: not row.task.running


def test_one_press_writes_a_web_page_with_what_was_found(qtbot, row, tmp_path, monkeypatch):
    wanted = str(tmp_path / "all")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (wanted, "Web page in one file (*.html)"))
    qtbot.mouseClick(row.task.button, Qt.MouseButton.LeftButton)
    assert row.task.running
    qtbot.waitUntil(done(row), timeout=120000)
    assert row.said[-1] == f"Saved {tmp_path / 'all.html'}"
    text = (tmp_path / "all.html").read_text("utf-8")
    assert "Downstream test" in text
    assert "Split by blocks of" in text


def test_cancelling_writes_nothing(qtbot, row, tmp_path):
    row.start(tmp_path / "all.html")
    row.stop()
    qtbot.waitUntil(done(row), timeout=120000)
    assert row.said[-1] == "Cancelled; nothing was kept."
    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_refused_in_a_sentence(qtbot, row, tmp_path):
    row.start(tmp_path / "all.docx")
    qtbot.waitUntil(done(row), timeout=60000)
    assert "one .html file" in row.said[-1]
