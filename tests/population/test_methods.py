"""Methods side by side: of open cubes whose quality is known, and of the results of evaluations."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from flipped_labels import cube, half_flipped

from napari_udt.errors import CubeError, EvaluationError
from napari_udt.evaluation.card_numbers import NUMBERS
from napari_udt.evaluation.results_file import FORMAT
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.methods.matrix import Cell, Entry, Method, MethodMatrix, Quality
from napari_udt.population.methods.of_cubes import methods_of
from napari_udt.population.methods.of_results import matrix_of_files


def moved(name, seed, model, looks=None):
    provenance = {"source": {"name": "s"}, "model": {"name": model}, "direction": "simulated to real"}
    return (name, "transferred", cube(name, "transferred", seed, looks, provenance=provenance))


@pytest.fixture
def of_cubes(few_trees):
    swapped = cube("s", "simulated", 1, lambda labels: 3 - labels)
    population = population_of_cubes(
        [
            ("s", "simulated", swapped),
            moved("good", 2, "m1"),
            moved("bad", 3, "m2", half_flipped),
            moved("plain", 5, "baseline: moments", half_flipped),
            ("r", "real", cube("r", "real", 4)),
        ]
    )
    steps = []
    return methods_of(population, lambda done, total: steps.append(done / total)), steps


def of_name(matrix, name):
    return next(method for method in matrix.methods if name in method.name)


def test_the_transfer_that_looks_like_the_reference_is_the_best_and_the_other_the_worst(of_cubes):
    matrix, steps = of_cubes
    good, bad = of_name(matrix, "m1"), of_name(matrix, "m2")
    found = {quality.key: quality for quality in matrix.qualities}
    assert {"shape", "auc", "labels", "downstream", "detail"} <= set(found)
    for key in ("shape", "auc", "labels"):
        assert matrix.best(found[key]) == {good.name}
        assert good.name not in matrix.worst(found[key])
    assert good.cell(found["labels"]).value > 97
    assert bad.cell(found["labels"]).classes["liver"] == pytest.approx(50, abs=3)
    assert [method.kind for method in matrix.methods] == ["target", "simulated", "baseline", "model", "model"]
    assert "learns nothing" in matrix.statement
    assert steps == sorted(steps)
    assert steps[-1] == 1
    assert any("from the very reference" in note for note in matrix.notes)
    text = matrix.table().csv_text()
    assert (
        text.count("\n") == len(matrix.methods) + len(matrix.notes) + 3
    )  # title, statement, names of columns
    assert "baseline" in text


def test_nothing_to_compare_with_is_a_sentence():
    with pytest.raises((CubeError, EvaluationError), match="reference"):
        methods_of(population_of_cubes([("s", "simulated", cube("s", "simulated", 1)), moved("t", 2, "m")]))


def test_work_ends_where_progress_says_so():
    class EnoughError(Exception):
        pass

    def stop(_done, _total):
        raise EnoughError

    with pytest.raises(EnoughError):
        methods_of(population_of_cubes([moved("t", 2, "m"), ("r", "real", cube("r", "real", 4))]), stop)


LOWER, HIGHER = Quality("a", "error", "error", "lower"), Quality("b", "score", "score", "higher", ".1f", "%")


def matrix(**values):
    methods = tuple(
        Method(
            name, "baseline" if name == "plain" else "model", {"a": Cell((Entry(a),)), "b": Cell((Entry(b),))}
        )
        for name, (a, b) in values.items()
    )
    return MethodMatrix("HSI", (LOWER, HIGHER), methods)


def test_best_and_worst_follow_the_direction_and_ties_are_nobodys():
    found = matrix(plain=(1.0, 90.0), net=(2.0, 95.0), third=(3.0, 95.0))
    assert found.best(LOWER) == {"plain"}
    assert found.worst(LOWER) == {"third"}
    assert found.best(HIGHER) == {"net", "third"}
    assert found.worst(HIGHER) == {"plain"}
    assert "best of 1 of 2 columns" in found.statement
    alike = matrix(plain=(1.0, 90.0), net=(1.0, math.nan))
    assert not alike.best(LOWER) | alike.best(HIGHER) | alike.worst(LOWER)
    assert LOWER.heading == "error"
    assert HIGHER.heading == "score [%]"


def results(path, seed, models, *, value=0.5, modality="HSI", configuration="hsi_x"):
    numbers = {
        spec.short: {"value": value + i / 10, "low": 0.1, "high": 0.9, "classes": {"liver": 0.4}}
        for i, spec in enumerate(NUMBERS[modality])
    }

    def row(name, kind, shift=0.0):
        own = {key: n | {"value": n["value"] + shift} for key, n in numbers.items()}
        cost = {"seconds": 1e-4, "memory_bytes": 2**21}
        return {"name": name, "kind": kind, "numbers": own, "cost": cost}

    document = {
        "format": FORMAT,
        "modality": modality,
        "data": {
            "simulated": {"samples": 10, "seed": seed},
            "second_test": {"samples": 20, "seed": seed, "origin": "drawn from measured statistics"},
        },
        "models": [
            {"name": name, "configuration": configuration, "seed": i} for i, name in enumerate(models)
        ],
        "rows": [
            row("Target", "second"),
            row("Simulated", "simulated"),
            row("Matched moments", "baseline"),
            *(row(name, "model", 0.1 * i) for i, name in enumerate(models)),
        ],
    }
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_trainings_of_one_configuration_are_one_row_with_their_range(tmp_path):
    files = [results(tmp_path / f"{seed}.json", seed, ["x_1", "x_2"]) for seed in (101, 102)]
    found = matrix_of_files(files)
    assert [m.name for m in found.methods] == ["Target", "Simulated", "Matched moments", "hsi_x"]
    own = found.methods[-1]
    auc = found.qualities[0]
    assert own.trainings == 2
    assert len(own.cell(auc).entries) == 4
    assert own.cell(auc).value == pytest.approx(0.55)
    assert own.cell(auc).range == pytest.approx((0.5, 0.6))
    assert {e.of for e in own.cell(auc).entries} == {
        f"x_{i} on {seed}.json, test seed {seed}" for i in (1, 2) for seed in (101, 102)
    }
    assert own.cell(auc).classes == {"liver": 0.4}
    costs = {q.key: own.cell(q).value for q in found.qualities if q.key in ("processor time", "memory")}
    assert costs == pytest.approx({"processor time": 10.0, "memory": 2.0})  # 100,000 spectra; MB


def test_what_learns_nothing_counts_once_where_several_files_have_the_same_data(tmp_path):
    files = [results(tmp_path / f"{name}.json", 101, ["x_1", "x_2"]) for name in ("first", "second")]
    found = matrix_of_files(files)
    alone = matrix_of_files(files[:1])
    auc = found.qualities[0]
    for method, same in zip(found.methods[:3], alone.methods[:3], strict=True):
        assert len(method.cell(auc).entries) == 1
        np.testing.assert_equal(method.cell(auc).range, same.cell(auc).range)
    assert len(found.methods[-1].cell(auc).entries) == 4


def test_models_of_other_configurations_keep_their_names(tmp_path):
    first = results(tmp_path / "a.json", 1, ["own"])
    second = results(tmp_path / "b.json", 1, ["other"], configuration="hsi_y")
    assert [m.name for m in matrix_of_files([first, second]).methods][3:] == ["own", "other"]
    (single,) = [m for m in matrix_of_files([first]).methods if m.kind == "model"]
    assert single.trainings == 1
    assert single.cell(matrix_of_files([first]).qualities[0]).range == (0.1, 0.9)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"format": "other"}', "no results of an evaluation"),
        (json.dumps({"format": FORMAT, "modality": "HSI", "rows": [{"name": "x"}]}), "earlier versions"),
    ],
)
def test_other_files_get_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "found.json"
    path.write_text(text, "utf-8")
    with pytest.raises(EvaluationError, match=rf"found\.json: .*{sentence}"):
        matrix_of_files([path])


def test_results_of_two_modalities_are_not_mixed(tmp_path):
    files = [results(tmp_path / "h.json", 1, ["m"]), results(tmp_path / "p.json", 1, ["m"], modality="PAT")]
    with pytest.raises(EvaluationError, match="of HSI and of PAT"):
        matrix_of_files(files)


def test_damaged_numbers_are_missing(tmp_path):
    path = results(tmp_path / "r.json", 1, ["m"])
    document = json.loads(path.read_text("utf-8"))
    for number, damaged in zip(document["rows"][3]["numbers"].values(), (None, "x", [1], True), strict=False):
        number["value"] = damaged
    path.write_text(json.dumps(document), "utf-8")
    found = matrix_of_files([path])
    assert np.isnan([found.methods[3].cell(q).value for q in found.qualities[:4]]).all()
    assert math.isfinite(found.methods[3].cell(found.qualities[4]).value)
    assert replace(found, methods=()).statement.startswith("Two methods")
