import json
from math import sqrt

import numpy as np
import pytest
from population_toys import of_groups, toy_cube, toy_group, toy_population
from scipy.stats import binom

from napari_udt.errors import EvaluationError
from napari_udt.population.blind_result import document, rate, save_blind_test
from napari_udt.population.blind_stimuli import Design, common_structures, draw_deck, pairs
from napari_udt.population.blind_test import BlindTest, resumed
from napari_udt.population.groups import population_of_cubes

DESIGN = Design("r", "t", count=12)


def two_groups(seed=1):
    return of_groups(toy_group("t", "transferred", seed), toy_group("r", "real", seed + 1))


def finish(test, answer):
    while test.stimulus is not None:
        test.judge(answer(test))
    return test.reveal()


def oracle(test):
    """Knows what a person cannot."""
    return test._deck.truths[test.answered]


def cubes(**changes):
    return population_of_cubes(
        [
            ("t", "transferred", toy_cube(1, "transferred", **changes)),
            ("r", "real", toy_cube(2, **changes)),
        ]
    )


def test_halves_are_equal_and_every_structure_is_shown_as_often_in_both():
    deck = draw_deck(two_groups(), DESIGN)
    shown = sorted(zip(deck.truths, (s.structure for s in deck.stimuli), strict=True))
    assert shown == sorted(
        (truth, name) for truth in ("real", "transferred") for name in ("liver", "skin", "spleen") * 2
    )
    assert [stimulus.number for stimulus in deck.stimuli] == list(range(1, 13))


def test_the_order_is_the_seeds_and_not_sorted():
    first, again = (draw_deck(two_groups(), DESIGN) for _ in range(2))
    orders = {draw_deck(two_groups(), Design("r", "t", count=12, seed=seed)).truths for seed in range(8)}
    assert first.truths == again.truths
    assert all(np.array_equal(a.values, b.values) for a, b in zip(first.stimuli, again.stimuli, strict=True))
    assert len(orders) == 8


def test_brightness_gives_nothing_away_and_no_stimulus_names_its_source():
    population = two_groups()
    brighter = of_groups(population.groups[0], toy_group("r", "real", 2))
    brighter.groups[1].spectra[:] *= 50
    for stimulus in draw_deck(brighter, DESIGN).stimuli:
        assert np.linalg.norm(stimulus.values) == pytest.approx(1, abs=1e-5)
        assert set(vars(stimulus)) == {"number", "structure", "values"}


def test_each_spectrum_is_one_of_its_groups_and_shown_once():
    population = two_groups()
    deck = draw_deck(population, Design("r", "t", count=60))
    unit = {
        group.part: group.spectra / np.linalg.norm(group.spectra, axis=1, keepdims=True)
        for group in population.groups
    }
    found = [
        (truth, int(np.argmin(np.abs(unit[truth] - stimulus.values).sum(axis=1))))
        for stimulus, truth in zip(deck.stimuli, deck.truths, strict=True)
    ]
    assert len(set(found)) == 60
    for (truth, index), stimulus in zip(found, deck.stimuli, strict=True):
        assert unit[truth][index] == pytest.approx(stimulus.values, abs=1e-6)


def test_cut_outs_are_of_their_picture_and_stretched():
    population = cubes()
    deck = draw_deck(population, Design("r", "t", "pictures", count=8, side=6, wavelength_nm=800))
    for stimulus in deck.stimuli:
        assert stimulus.values.shape == (6, 6)
        assert (stimulus.values.min(), stimulus.values.max()) == (0, 1)
        assert stimulus.structure == ""
    assert sorted(deck.truths) == ["real"] * 4 + ["transferred"] * 4


def test_nothing_is_revealed_before_the_end_and_nothing_changed_after_it():
    test = BlindTest(two_groups(), DESIGN)
    for _ in range(11):
        test.judge("real")
        with pytest.raises(EvaluationError, match="still to be judged"):
            test.reveal()
    test.judge("real")
    assert test.finished
    assert test.undo()  # the truth is not revealed yet
    test.judge("transferred")
    test.reveal()
    assert not test.undo()
    test.judge("real")
    assert test.answered == test.total == 12


def test_undo_shows_the_same_again_and_skipping_goes_on():
    test = BlindTest(two_groups(), DESIGN)
    first = test.stimulus
    assert not test.undo()
    test.judge("skipped")
    assert test.stimulus.number == 2
    assert test.undo()
    assert test.stimulus is first


def test_a_perfect_judge_a_wrong_one_and_one_who_always_says_the_same():
    right = finish(BlindTest(two_groups(), DESIGN), oracle)
    assert (right.accuracy.right, right.accuracy.judged, right.distinguished) == (12, 12, True)
    assert right.p_value == pytest.approx(2 * 0.5**12)
    wrong = finish(
        BlindTest(two_groups(), DESIGN), lambda t: "real" if oracle(t) == "transferred" else "transferred"
    )
    assert wrong.accuracy.value == 0
    assert wrong.sentence.startswith("Mistaken for each other")
    lazy = finish(BlindTest(two_groups(), DESIGN), lambda t: "transferred")
    assert (lazy.sensitivity.value, lazy.specificity.value, lazy.accuracy.value) == (1, 0, 0.5)
    assert lazy.p_value == pytest.approx(1)
    assert lazy.sentence == (
        "Not distinguished: 6 of 12 right; guessing (0.5) lies within the interval. From 10 of 12 on they would have been."
    )


def test_skipped_ones_count_nowhere():
    test = BlindTest(two_groups(), DESIGN)
    test.judge(oracle(test))
    test.judge("skipped")
    test.judge(oracle(test))
    test.stop()
    found = test.reveal()
    assert (found.accuracy.right, found.accuracy.judged, found.skipped) == (2, 2, 10)
    assert found.sentence == "Too few judgements to tell: 2 of 2 right."
    nothing = BlindTest(two_groups(), DESIGN)
    nothing.stop()
    with pytest.raises(EvaluationError, match="Nothing was judged"):
        nothing.reveal()


def test_structures_add_up_to_the_whole():
    found = finish(BlindTest(two_groups(), DESIGN), lambda t: "real" if t.answered % 2 else "transferred")
    assert sum(r.right for r in found.by_structure.values()) == found.accuracy.right
    assert sum(r.judged for r in found.by_structure.values()) == 12
    assert set(found.by_structure) == {"liver", "skin", "spleen"}


# Newcombe 1998, "Two-sided confidence intervals for the single proportion", Table I, method 3.
@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_wilsons(right, judged, low, high):
    found = rate(right, judged)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("judged", [1, 7, 40])
def test_intervals_solve_wilsons_equation(judged):
    z = 1.959963984540054
    for right in range(judged + 1):
        found = rate(right, judged)
        for end in (found.low, found.high):
            if 0 < end < 1:
                assert abs(found.value - end) == pytest.approx(z * sqrt(end * (1 - end) / judged), abs=1e-9)


def test_the_p_value_is_the_exact_binomial_one():
    found = finish(BlindTest(two_groups(), DESIGN), lambda t: oracle(t) if t.answered < 9 else "skipped")
    assert found.p_value == pytest.approx(binom.cdf(0, 9, 0.5) + binom.sf(8, 9, 0.5))


def test_a_test_goes_on_where_it_was_left_and_its_state_hides_the_truth():
    test = BlindTest(two_groups(), DESIGN)
    for _ in range(5):
        test.judge("real")
    state = json.loads(json.dumps(test.state()))
    assert "truth" not in json.dumps(state)
    again = resumed(two_groups(), state)
    assert again.answered == 5
    assert np.array_equal(again.stimulus.values, test.stimulus.values)
    assert finish(again, oracle).accuracy == finish(test, oracle).accuracy
    assert not resumed(two_groups(), again.state()).undo()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data_sha256": "0"}, "other spectra"),
        ({"format": "x"}, "cannot go on"),
        ({"verdicts": ["maybe"]}, "cannot go on"),
        ({"design": {}}, "cannot go on"),
    ],
)
def test_a_state_of_other_data_or_of_nothing_is_refused(change, words):
    state = BlindTest(two_groups(), DESIGN).state() | change
    with pytest.raises(EvaluationError, match=words):
        resumed(two_groups(), state)


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (Design("r", "x"), "no group 'x'"),
        (Design("r", "t", count=7), "even number"),
        (Design("r", "t", count=400), "has 30 spectra of liver; 67 are needed"),
        (Design("r", "t", classes=("bone",)), "0 spectra of bone"),
        (Design("r", "t", "pictures"), "comes from a data set"),
    ],
)
def test_what_cannot_be_shown_is_refused(design, words):
    with pytest.raises(EvaluationError, match=words):
        draw_deck(two_groups(), design)
    with pytest.raises(EvaluationError, match="do not fit"):
        draw_deck(cubes(), Design("r", "t", "pictures", side=30))


def test_the_file_leaves_who_and_when_to_the_user(tmp_path):
    found = finish(BlindTest(two_groups(), DESIGN), oracle)
    save_blind_test(found, tmp_path / "blind.json", observer="A. Reader")
    read = json.loads((tmp_path / "blind.json").read_text("utf-8"))
    assert (read["observer"], read["date"]) == ("A. Reader", "")
    assert len(read["trials"]) == 12
    assert {trial["truth"] == trial["verdict"] for trial in read["trials"]} == {True}
    assert read["accuracy"] | {"low": 0} == {"right": 12, "judged": 12, "value": 1.0, "low": 0, "high": 1.0}
    half = finish(BlindTest(two_groups(), DESIGN), lambda t: oracle(t) if oracle(t) == "real" else "skipped")
    assert document(half)["sensitivity"]["value"] is None


def test_pairs_and_structures_to_choose_from():
    population = toy_population()
    assert pairs(population) == []
    both = two_groups()
    assert pairs(both) == [("r", "t")]
    assert common_structures(both, ("r", "t")) == ("liver", "skin", "spleen")
