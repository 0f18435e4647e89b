"""An evaluation and its report from Python."""

from pathlib import Path

import pytest

import napari_udt
from napari_udt.errors import EvaluationError
from napari_udt.evaluation import evaluate, load_data, save_results
from napari_udt.population.measures import MeasureOptions
from napari_udt.population.report import ReportOptions, evaluation_markdown, write_evaluation_report

pytestmark = pytest.mark.usefixtures("few_trees")


def test_an_evaluation_needs_no_command_line(three_files, tmp_path):
    data, begun = load_data(*three_files()), []
    found = evaluate(data, (), ("moments",), seeds=(3,), per_class=15, progress=begun.append)
    assert (
        begun
        == [row.name for row in found.rows]
        == ["Target: digital device", "Simulated", "Matched moments"]
    )
    assert found.provenance["settings"] == {"seeds": [3], "per_class": 15, "bootstrap_seed": 0}
    text = evaluation_markdown(found)
    assert "## Gain over Simulated, relative" in text
    assert "seeds 3 " in text
    save_results(found, tmp_path / "e.json")
    options = ReportOptions(measures=MeasureOptions(resamples=0, measures=("mae",)), structures=("liver",))
    write_evaluation_report(found, data, (), tmp_path / "e.html", ("moments",), options)
    page = (tmp_path / "e.html").read_text("utf-8")
    assert "Labels kept: trained on the target domain" in page
    assert "matched to the target, no network" in page


def test_overlapping_data_are_refused_there_too(data_file):
    second = data_file(domain="second")
    data = load_data(data_file(), second, second)
    with pytest.raises(EvaluationError, match="share their file"):
        evaluate(data)


def test_arguments_of_the_command_line_end_there():
    package = Path(napari_udt.__file__).parent
    areas = ("evaluation", "population", "spectral")
    sources = [path for area in areas for path in (package / area).rglob("*.py")]
    assert len(sources) > 50
    assert not [path.name for path in sources if "argparse" in path.read_text("utf-8")]
