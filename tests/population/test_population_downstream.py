import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from population_toys import CENTRES, of_groups, toy_cube, toy_group, toy_population

from napari_udt.errors import EvaluationError, TransferCancelled
from napari_udt.evaluation.downstream import LabelledSpectra, fit_per_seed, judge
from napari_udt.evaluation.paper import TABLE_1
from napari_udt.population.downstream import run_downstream
from napari_udt.population.downstream_choices import Choices, possible_classes, usual_classes
from napari_udt.population.downstream_files import document, save_downstream, table
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.splits import TEST, TRAIN, split

QUICK = Choices(seeds=(0,), per_class=20)


@pytest.fixture(scope="module")
def result():
    return run_downstream(toy_population(), Choices(seeds=(0, 1), per_class=15))


def test_classes_that_differ_are_distinguished_and_equal_ones_are_guessed(result):
    assert [row.paper_row for row in result.rows] == ["Real", "Simulated"]
    for row in result.rows:
        assert row.scores.mean.balanced_accuracy > 0.95
        assert row.scores.mean.auroc > 0.99
    alike = run_downstream(toy_population(centres=np.ones((3, 6), np.float32)), QUICK)
    for row in alike.rows:
        assert row.scores.mean.balanced_accuracy == pytest.approx(1 / 3, abs=0.1)
        assert row.scores.mean.auroc == pytest.approx(0.5, abs=0.1)


def test_training_spectra_that_mislead_score_worse_than_real_ones():
    turned = population_of_cubes(
        [
            ("simulated", "simulated", toy_cube(1, "simulated", centres=CENTRES[[1, 2, 0]])),
            ("second", "real", toy_cube(2)),
        ]
    )
    real, simulated = run_downstream(turned, QUICK).rows
    assert simulated.scores.mean.balanced_accuracy < 0.2 < 0.95 < real.scores.mean.balanced_accuracy


def test_the_numbers_are_those_of_the_evaluation_on_the_same_division(result):
    population = toy_population()
    simulated, real = population.groups
    sides = split([real], (0, 1, 2)).sides[0]

    def unit(group, own):
        spectra = group.spectra[own]
        return LabelledSpectra(
            spectra / np.linalg.norm(spectra, axis=1, keepdims=True), group.labels[own].astype(int)
        )

    test = unit(real, sides == TEST)
    for row, training in zip(
        result.rows, (unit(real, sides == TRAIN), unit(simulated, slice(None))), strict=True
    ):
        expected = judge(fit_per_seed(training, (0, 1), 15), test)
        for metric in ("balanced_accuracy", "auroc", "f1"):
            found = [getattr(scores, metric) for scores in row.scores.per_seed]
            assert found == pytest.approx([getattr(s, metric) for s in expected.per_seed], abs=1e-6)


def test_confusions_count_every_tested_spectrum_and_hold_the_balanced_accuracy(result):
    for row in result.rows:
        assert row.confusions.shape == (2, 3, 3)
        assert np.array_equal(row.confusions.sum(axis=2), [result.tested, result.tested])
        assert np.trace(row.shares) / 3 == pytest.approx(row.scores.mean.balanced_accuracy)
        assert row.shares.sum(axis=1) == pytest.approx(1)


def test_the_same_seeds_give_the_same_numbers_and_others_another_draw():
    noisy = toy_population(noise=3.0)
    first, again = (run_downstream(noisy, QUICK).rows[1].scores for _ in range(2))
    other = run_downstream(noisy, replace(QUICK, seeds=(7,))).rows[1].scores
    assert first == again
    assert first != other


def test_progress_counts_forests_and_what_it_raises_ends_the_run_between_two():
    reported = []

    def cancel(done, total):
        reported.append((done, total))
        if done == 1:
            raise TransferCancelled("enough")

    with pytest.raises(TransferCancelled):
        run_downstream(toy_population(), Choices(seeds=(0, 1), per_class=10), cancel)
    assert reported == [(0, 4), (1, 4)]


def test_only_the_chosen_rows_and_classes_are_run():
    found = run_downstream(toy_population(), replace(QUICK, rows=("simulated",), classes=("skin", "spleen")))
    assert [row.name for row in found.rows] == ["simulated"]
    assert found.rows[0].confusions.shape == (1, 2, 2)
    assert found.classes == ("skin", "spleen")


def test_a_row_that_lacks_a_class_is_left_out_and_the_notes_say_so():
    poor = toy_group("poor", "transferred", 3)
    poor = poor.take(poor.labels != 2)
    found = run_downstream(of_groups(toy_group("s", "simulated", 1), poor, toy_group("r", "real", 2)), QUICK)
    assert [row.name for row in found.rows] == ["r", "s"]
    assert "poor is left out: it has fewer than 5 spectra of spleen." in found.notes


def test_spectra_made_of_the_tested_ones_are_left_out_or_named():
    backwards = toy_cube(4, "transferred", provenance={"direction": "real2sim"})
    matched = toy_cube(
        5,
        "transferred",
        provenance={"direction": "simulated to second", "model": {"reference": {"name": "second 2"}}},
    )
    population = population_of_cubes(
        [
            ("simulated", "simulated", toy_cube(1, "simulated")),
            ("backwards", "transferred", backwards),
            ("matched", "transferred", matched),
            ("second", "real", toy_cube(2)),
        ]
    )
    found = run_downstream(population, QUICK)
    assert [row.name for row in found.rows] == ["second", "simulated", "matched"]
    assert "backwards is left out: it was made of real spectra." in found.notes
    assert "matched was matched to all of second 2, the tested spectra included." in found.notes


def test_a_cube_that_is_open_twice_is_taken_once():
    cubes = [("a", "real", toy_cube(2)), ("b", "real", toy_cube(2))]
    found = run_downstream(population_of_cubes([("s", "simulated", toy_cube(1, "simulated")), *cubes]), QUICK)
    assert found.rows[0].name == "a"
    assert "b is left out: it holds the same spectra as a." in found.notes


def test_several_real_groups_train_together_under_both_names():
    groups = [toy_group("a", "real", 2), toy_group("b", "real", 3), toy_group("c", "real", 4)]
    found = run_downstream(of_groups(toy_group("s", "simulated", 1), *groups), QUICK)
    assert found.rows[0].name == "a + b + c"
    assert sum(found.rows[0].available) + sum(found.tested) == 270


def test_classes_of_the_paper_are_chosen_unless_there_are_fewer_than_two():
    drape = toy_population(label_names={0: "background drape", 1: "skin", 2: "Spleen"})
    assert usual_classes(drape) == ("skin", "Spleen")
    assert possible_classes(drape) == ("background drape", "skin", "Spleen")
    odd = toy_population(label_names={0: "x", 1: "y", 2: "skin"})
    assert usual_classes(odd) == ("x", "y", "skin")


@pytest.mark.parametrize(
    ("groups", "choices", "words"),
    [
        ([toy_group("s", "simulated", 1)], QUICK, "reference spectra to test on"),
        ([toy_group("s", "simulated", 1), toy_group("r", "real", 2)], Choices(("liver",)), "found 1"),
        (
            [toy_group("s", "simulated", 1), toy_group("r", "real", 2)],
            Choices(("liver", "bone")),
            "bone cannot",
        ),
        ([toy_group("s", "simulated", 1), toy_group("r", "real", 2)], Choices(seeds=()), "needs a seed"),
        ([toy_group("s", "simulated", 1), toy_group("r", "real", 2)], Choices(rows=("x",)), "Choose a row"),
    ],
)
def test_what_cannot_be_tested_is_refused_with_the_way_out(groups, choices, words):
    with pytest.raises(EvaluationError, match=words):
        run_downstream(of_groups(*groups), choices)


def test_files_keep_the_papers_values_apart(result, tmp_path):
    save_downstream(result, tmp_path / "test.json")
    read = json.loads((tmp_path / "test.json").read_text("utf-8"))
    assert read["paper_table_1"]["Real"] == {"balanced_accuracy": 0.40, "auroc": 0.81, "f1": 0.44}
    assert {row["name"] for row in read["rows"]} == {"second", "simulated"}
    assert read["rows"][0]["confusions"] == result.rows[0].confusions.tolist()
    assert read["split"] == result.split == document(result)["split"]
    save_downstream(result, tmp_path / "test.csv")
    text = (tmp_path / "test.csv").read_text("utf-8")
    assert text == table(result).csv_text()
    lines = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    values = {(line["row"], line["metric"]): line for line in lines}
    assert values["simulated", "f1"]["values"] == "computed here"
    assert float(values["simulated", "f1"]["mean"]) == pytest.approx(result.rows[1].scores.mean.f1, rel=1e-5)
    assert values["cINN_DY", "f1"] | {"std": "", "seeds": ""} == {
        "row": "cINN_DY", "part": "", "origin": "", "values": "paper's value", "metric": "f1",
        "mean": str(TABLE_1["HSI"]["cINN_DY"].f1), "std": "", "seeds": "",
    }  # fmt: skip
