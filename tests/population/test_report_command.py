"""``napari-udt evaluate --cubes``: from files of cubes to a report, without data sets."""

import csv
import json

import pytest

import napari_udt
from napari_udt.cli import main


@pytest.fixture
def files(make_cubes, tmp_path):
    simulated, moved, second = make_cubes("HSI")
    paths = {}
    for name, cube in (("simulated", simulated), ("moved", moved), ("second", second)):
        paths[name] = tmp_path / f"{name}.udt.h5"
        napari_udt.save_cube(cube.with_(name=name), paths[name])
    return paths


def evaluate(*words):
    return main(["evaluate", "--resamples", "0", *map(str, words)])


def test_cubes_are_transferred_and_compared_in_one_file(files, tmp_path, capsys):
    report, table = tmp_path / "r.html", tmp_path / "t.csv"
    words = "--cubes", files["simulated"], files["second"], "--model", "baseline:moments"
    assert evaluate(*words, "--report", report, "-o", table) == 0
    printed = capsys.readouterr().out
    assert "Wasserstein-1" in printed
    assert f"{report}: written." in printed
    page = report.read_text("utf-8")
    assert "simulated → baseline: moments" in page
    assert "Fig. 6 of the paper" in page
    with open(table, encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    groups = {row["group"] for row in rows}
    assert groups == {"simulated", "simulated → baseline: moments"}
    distance = {
        g: float(
            next(r["value"] for r in rows if (r["group"], r["measure"], r["class"]) == (g, "mae", "liver"))
        )
        for g in groups
    }
    assert distance["simulated → baseline: moments"] < distance["simulated"]


def test_cubes_that_are_transferred_already_need_no_model(files, tmp_path):
    table = tmp_path / "t.json"
    assert evaluate("--cubes", *files.values(), "-o", table) == 0
    document = json.loads(table.read_text("utf-8"))
    assert {row["group"] for row in document["rows"]} == {"simulated", "moved"}
    assert document["options"]["resamples"] == 0


def test_the_downstream_test_comes_with_the_papers_table(files, tmp_path, few_trees):
    report = tmp_path / "r.html"
    words = ("--downstream", "--seeds", "1", "--per-class", "20")
    assert evaluate("--cubes", *files.values(), "--report", report, *words) == 0
    page = report.read_text("utf-8")
    assert "Computed here" in page
    assert "Confusion matrices" in page


@pytest.mark.parametrize(
    ("chosen", "words", "message"),
    [
        (["simulated"], ["--report", "r.html"], "needs a reference"),
        (["second"], ["--report", "r.html"], "another one"),
        (["simulated", "second"], [], "Nothing would be written"),
        (["simulated", "second"], ["--report", "r.txt"], "print it to PDF"),
        (["simulated", "second"], ["--report", "r.html", "--simulated", "x.h5"], "leave --simulated out"),
        (["moved", "second"], ["--report", "r.html", "--model", "baseline:moments"], "no simulated cube"),
    ],
)
def test_what_cannot_be_has_one_sentence(files, tmp_path, monkeypatch, capsys, chosen, words, message):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert evaluate("--cubes", *(files[name] for name in chosen), *words) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_an_existing_report_is_kept(files, tmp_path, capsys):
    report = tmp_path / "r.html"
    report.write_text("mine")
    words = "--cubes", files["moved"], files["second"], "--report", report
    assert evaluate(*words) == 2
    assert report.read_text() == "mine"
    assert evaluate(*words, "--overwrite") == 0
    assert report.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_neither_cubes_nor_data_sets(capsys):
    assert main(["evaluate"]) == 2
    assert "--cubes FILE..." in capsys.readouterr().err
