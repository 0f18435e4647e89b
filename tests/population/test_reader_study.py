"""Reader studies: what is drawn, what stays hidden, what is counted, and that kappas are those of others."""

import json
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from population_toys import of_groups, toy_cube, toy_group, toy_population
from scipy.stats import binom

from napari_udt.errors import EvaluationError
from napari_udt.population.groups import population_of_cubes
from napari_udt.population.reader_study.design import Design
from napari_udt.population.reader_study.evaluate import evaluate_readings, preferred, units_of
from napari_udt.population.reader_study.reading import Reading, order_of, resumed
from napari_udt.population.reader_study.reading_file import load_answers, load_readings, save_answers
from napari_udt.population.reader_study.resampling import wilson
from napari_udt.population.reader_study.stimuli import (
    common_structures,
    draw_study,
    group_pairs,
    right_answer,
    tissues,
    usual_structures,
)
from napari_udt.population.reader_study.study_file import load_study, save_study

DESIGN = Design("r", "t", count=12)
PAIRS = replace(DESIGN, display="pair")
STRUCTURES = replace(DESIGN, task="structure", classes=("liver", "skin", "spleen"))
REALISM = replace(DESIGN, task="realism")


def two_groups(seed=1, **changes):
    return of_groups(
        toy_group("t", "transferred", seed, **changes), toy_group("r", "real", seed + 1, **changes)
    )


def of_images(count=8, n=90):
    """Both groups with so many images, in a shuffled order."""
    images = np.random.default_rng(0).permutation(np.arange(n) % count)
    return two_groups(n=n, images=images)


def oracle(reading):
    """Knows what a person cannot."""
    number = reading.question.number - 1
    return right_answer(reading.study.design, reading.study.truths[number])


def finish(study, answer=oracle, reader=""):
    reading = Reading(study, reader)
    while reading.question is not None:
        reading.answer(answer(reading))
    return reading.reveal()


def result_of(study, *answers):
    named = [finish(study, answer, f"reader {n}") for n, answer in enumerate(answers, 1)]
    return evaluate_readings(named)


def row(result, measure, reader="reader 1"):
    return next(row for row in result.rows if (row.measure, row.reader) == (measure, reader))


def guessing(seed):
    rng = np.random.default_rng(seed)
    return lambda reading: str(rng.choice(reading.study.design.answers))


def cubes(**changes):
    return population_of_cubes(
        [
            ("t", "transferred", toy_cube(1, "transferred", **changes)),
            ("r", "real", toy_cube(2, **changes)),
        ]
    )


# -- what is drawn -----------------------------------------------------------------------------------


def test_halves_are_equal_and_every_structure_is_shown_as_often_in_both():
    study = draw_study(two_groups(), DESIGN)
    shown = sorted((truth.shown[0], truth.structure) for truth in study.truths)
    assert shown == sorted(
        (origin, name) for origin in ("real", "transferred") for name in ("liver", "skin", "spleen") * 2
    )
    assert [question.number for question in study.questions] == list(range(1, 13))


def test_pairs_hold_one_of_each_of_the_same_structure_on_sides_by_chance():
    study = draw_study(two_groups(), replace(PAIRS, count=30))
    unit = {g.part: g.spectra / np.linalg.norm(g.spectra, axis=1, keepdims=True) for g in two_groups().groups}
    for question, truth in zip(study.questions, study.truths, strict=True):
        assert sorted(truth.shown) == ["real", "transferred"]
        for origin, values in zip(truth.shown, question.values, strict=True):
            nearest = int(np.abs(unit[origin] - values).sum(axis=1).argmin())
            assert unit[origin][nearest] == pytest.approx(values, abs=1e-6)
            assert ("liver", "skin", "spleen")[nearest % 3] == truth.structure == question.structure
    assert 5 < sum(truth.shown[0] == "real" for truth in study.truths) < 25


def test_the_order_is_the_seeds_and_each_reader_has_an_own_one():
    first, again = (draw_study(two_groups(), DESIGN) for _ in range(2))
    assert first.fingerprint == again.fingerprint
    assert len({draw_study(two_groups(), replace(DESIGN, seed=s)).fingerprint for s in range(5)}) == 5
    assert order_of(first, "") == list(range(12))
    assert order_of(first, "Ann") == order_of(again, "ann") != order_of(first, "Ben")
    assert sorted(order_of(first, "Ann")) == list(range(12))


def test_brightness_gives_nothing_away_and_no_question_says_its_answer():
    brighter = two_groups()
    brighter.groups[1].spectra[:] *= 50
    for question in draw_study(brighter, DESIGN).questions:
        assert np.linalg.norm(question.values[0]) == pytest.approx(1, abs=1e-5)
        assert set(vars(question)) == {"number", "structure", "values", "mark"}
    assert {q.structure for q in draw_study(brighter, STRUCTURES).questions} == {""}


def test_images_take_turns():
    study = draw_study(of_images(count=3), replace(DESIGN, count=36))
    for origin in ("real", "transferred"):
        own = [(t.structure, t.image) for t in study.truths if t.shown == (origin,)]
        assert all(own.count(pair) == 2 for pair in own)


def test_cut_outs_are_of_their_picture_and_around_the_structure_that_is_asked_for():
    design = Design("r", "t", kind="pictures", count=8, side=6)
    for question in draw_study(cubes(), design).questions:
        (values,) = question.values
        assert values.shape == (6, 6)
        assert (values.min(), values.max()) == (0, 1)
        assert question.structure == ""
    # A cube whose values are its structures: the marked pixel says which one it is, at the picture's edge too.
    stepped = cubes(noise=0, centres=np.repeat([[1.0], [2.0], [3.0]], 6, axis=1), rows=36)
    study = draw_study(stepped, replace(STRUCTURES, kind="pictures", count=12, side=36))
    levels = {"liver": 0.0, "skin": 0.5, "spleen": 1.0}
    for question, truth in zip(study.questions, study.truths, strict=True):
        assert question.values[0][question.mark] == pytest.approx(levels[truth.structure])


# -- answering -----------------------------------------------------------------------------------------


def test_nothing_is_revealed_before_the_end_and_nothing_changed_after_it():
    reading = Reading(draw_study(two_groups(), DESIGN), "Ann")
    assert not reading.undo()
    first = reading.question
    for _ in range(11):
        reading.answer("real")
        with pytest.raises(EvaluationError, match="still to be judged"):
            reading.reveal()
    reading.answer("real")
    assert reading.finished
    assert reading.undo()  # the truth is not revealed yet
    reading.answer("transferred")
    reading.reveal()
    assert not reading.undo()
    reading.answer("real")
    assert reading.answered == reading.total == 12
    with pytest.raises(ValueError, match="unknown"):
        reading.answer("left")
    assert Reading(reading.study, "Ann").question is first


def test_a_reading_goes_on_where_it_was_left_and_its_state_hides_the_truth():
    study = draw_study(two_groups(), DESIGN)
    reading = Reading(study, "Ann")
    for _ in range(5):
        reading.answer("real")
    state = json.loads(json.dumps(reading.state()))
    assert "truth" not in json.dumps(state)
    again = resumed(draw_study(two_groups(), DESIGN), state)
    assert (again.answered, again.question.number) == (5, reading.question.number)
    for change, words in (
        ({"study_sha256": "0"}, "other spectra"),
        ({"format": "x"}, "cannot go on"),
        ({"answers": ["maybe"]}, "cannot go on"),
        ({"reader": None, "answers": None}, "cannot go on"),
    ):
        with pytest.raises(EvaluationError, match=words):
            resumed(study, state | change)


# -- counting --------------------------------------------------------------------------------------------


def test_a_perfect_reader_a_wrong_one_and_one_who_always_says_the_same():
    study = draw_study(two_groups(), DESIGN)
    right = result_of(study, oracle)
    accuracy = row(right, "accuracy")
    assert (accuracy.estimate.value, accuracy.answers) == (1, 12)
    assert f"p = {2 * 0.5**12:.2g}" in accuracy.note
    assert right.sentence.startswith("Distinguished: 12 of 12")
    other = {"real": "transferred", "transferred": "real"}
    assert result_of(study, lambda r: other[oracle(r)]).sentence.startswith("Mistaken for each other")
    lazy = result_of(study, lambda r: "transferred")
    found = [row(lazy, m).estimate.value for m in ("sensitivity", "specificity", "accuracy")]
    assert found == [1, 0, 0.5]
    assert lazy.sentence == (
        "Not distinguished: 6 of 12 right; guessing (0.5) lies within the interval. From 10 of 12 on they would have been."
    )
    assert sum(r.answers for r in lazy.rows if r.measure.startswith("accuracy, ")) == 12


def test_skipped_ones_count_nowhere():
    study = draw_study(two_groups(), DESIGN)
    reading = Reading(study)
    reading.answer(oracle(reading))
    reading.answer("skipped")
    reading.answer(oracle(reading))
    reading.stop()
    found = evaluate_readings([reading.reveal()])
    assert row(found, "accuracy", "the reader").answers == 2
    assert found.sentence == "Too few judgements to tell: 2 of 2 right."
    assert "skipped: the reader 10" in " ".join(found.table().notes)
    with pytest.raises(EvaluationError, match="Nothing was judged"):
        finish(study, lambda r: "skipped")


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
    found = wilson(right, judged)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    z = 1.959963984540054
    for end in (found.low, found.high):
        if 0 < end < 1:
            assert abs(found.value - end) == pytest.approx(z * sqrt(end * (1 - end) / judged), abs=1e-9)


def test_the_p_value_is_the_exact_binomial_one():
    study = draw_study(two_groups(), DESIGN)
    found = result_of(study, lambda r: oracle(r) if r.answered < 9 else "skipped")
    assert f"p = {binom.cdf(0, 9, 0.5) + binom.sf(8, 9, 0.5):.2g} against" in row(found, "accuracy").note


def test_structures_are_recognised_in_either_origin():
    study = draw_study(two_groups(), replace(STRUCTURES, count=30))

    def blurred(reading):
        truth = study.truths[reading.question.number - 1]
        return truth.structure if truth.shown[0] == "real" else "liver"

    found = result_of(study, blurred)
    assert row(found, "recognised, real").estimate.value == 1
    assert row(found, "recognised, transferred").estimate.value == pytest.approx(1 / 3)
    assert row(found, "skin recognised, transferred").estimate.value == 0
    change = row(found, "transferred − real").estimate
    assert change.value == pytest.approx(-2 / 3)
    assert change.low < change.value < change.high < 0
    assert found.sentence.startswith("Harder to recognise after the transfer: 33%")


def test_ratings_are_compared_as_the_roc_curve_does():
    from sklearn.metrics import roc_auc_score

    study = draw_study(two_groups(), replace(REALISM, count=60))
    rng = np.random.default_rng(3)

    def rated(reading):
        real = study.truths[reading.question.number - 1].shown[0] == "real"
        return str(rng.integers(3, 6) if real else rng.integers(1, 5))

    answers = finish(study, rated, "reader 1")
    found = evaluate_readings([answers])
    ratings = np.array([int(t.answer) for t in answers.trials])
    transferred = np.array([t.truth.shown[0] == "transferred" for t in answers.trials])
    assert row(found, "transferred preferred").estimate.value == pytest.approx(
        roc_auc_score(transferred, ratings)
    )
    real, other = ratings[~transferred].mean(), ratings[transferred].mean()
    assert row(found, "mean rating, real").estimate.value == pytest.approx(real)
    assert row(found, "transferred − real").estimate.value == pytest.approx(other - real)
    assert found.sentence.startswith("Transferred ones look less realistic")
    assert preferred(np.array([0, 0, 3, 0, 0, 0, 0, 7, 0, 0.0])) == 0.5


def test_pairs_are_turned_to_the_transferred_side():
    study = draw_study(two_groups(), replace(PAIRS, task="realism", count=20))

    def prefers_transferred(reading):
        left = study.truths[reading.question.number - 1].shown[0] == "transferred"
        return "1" if left else "5"

    found = result_of(study, prefers_transferred, prefers_transferred, lambda r: "3")
    assert row(found, "preference for the transferred").estimate.value == 2
    assert row(found, "preference for the transferred", "reader 3").estimate.value == 0
    right = result_of(draw_study(two_groups(), PAIRS), oracle, lambda r: "left")
    assert row(right, "accuracy").estimate.value == 1
    assert row(right, "left chosen", "reader 2").estimate.value == 1


# -- agreement ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("design", "weights"), [(DESIGN, None), (REALISM, "quadratic"), (STRUCTURES, None)])
def test_kappas_of_two_are_scikit_learns(design, weights):
    from sklearn.metrics import cohen_kappa_score

    study = draw_study(two_groups(), replace(design, count=60))

    def answers_of(guess, name):
        return finish(study, lambda r: guess(r) if r.answered % 7 else "skipped", name)

    a, b = answers_of(guessing(1), "r1"), answers_of(guessing(2), "r2")
    both = [
        (x.answer, y.answer)
        for x, y in zip(a.trials, b.trials, strict=True)
        if "skipped" not in (x.answer, y.answer)
    ]
    found = next(r for r in evaluate_readings([a, b]).rows if r.scale == "kappa")
    wanted = cohen_kappa_score(*zip(*both, strict=True), labels=design.answers, weights=weights)
    assert found.estimate.value == pytest.approx(wanted)
    assert found.answers == 2 * len(both)
    assert found.estimate.low < found.estimate.value < found.estimate.high


def test_fleiss_kappa_is_that_of_the_example_that_is_worked_out_everywhere():
    # Fleiss 1971's statistic for 14 raters, 10 subjects, 5 categories: P = 0.378, P_e = 0.213, kappa = 0.210.
    from napari_udt.population.reader_study.agreement import kappa_of_all
    from napari_udt.population.reader_study.resampling import Units

    counts = np.array(
        [
            *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
            *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
        ]
    )
    answers = np.array([np.repeat(np.arange(5), row) for row in counts]).T
    units = Units(np.arange(10), np.zeros(10, int), "questions")
    found = kappa_of_all(answers, 5, units, ordinal=False)
    assert found.value == pytest.approx(0.210, abs=5e-4)
    # The interval is that of the same statistic over subjects that are drawn again.
    rng, drawn = np.random.default_rng(5), []
    for _ in range(1000):
        n = counts[rng.integers(0, 10, 10)]
        agreeing, by_chance = ((n**2).sum(1) - 14).mean() / (14 * 13), ((n.sum(0) / 140) ** 2).sum()
        drawn.append((agreeing - by_chance) / (1 - by_chance))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)


def test_readers_who_agree_have_kappa_one_and_guessers_none():
    study = draw_study(two_groups(n=300), replace(DESIGN, count=120))
    same = result_of(study, oracle, oracle, oracle)
    assert {r.estimate.value for r in same.rows if r.scale == "kappa"} == {1.0}
    guesses = result_of(study, *map(guessing, range(4, 8)))
    fleiss = row(guesses, "kappa (Fleiss)", "all readers").estimate
    assert fleiss.low < 0 < fleiss.high
    assert len([r for r in guesses.rows if r.measure == "kappa (Cohen)"]) == 6
    rated = result_of(draw_study(two_groups(), REALISM), *map(guessing, range(3)))
    pairs = [r.estimate.value for r in rated.rows if r.measure == "kappa (Cohen, quadratic weights)"]
    mean = row(rated, "kappa (mean of pairs, quadratic weights)", "all readers").estimate.value
    assert mean == pytest.approx(np.mean(pairs))


def test_whole_images_are_drawn_again_where_there_are_enough():
    study = draw_study(of_images(8), replace(DESIGN, count=60))
    units = units_of(study.truths)
    assert (units.name, len(units.strata)) == ("images", 16)
    assert (units.weights[:, units.strata == 0].sum(axis=1) == 8).all()
    assert units_of(draw_study(of_images(4), DESIGN).truths).name == "questions"

    def by_image(reading):
        truth = study.truths[reading.question.number - 1]
        right = int(truth.image.split()[-1]) % 2
        return truth.shown[0] if right else {"real": "transferred", "transferred": "real"}[truth.shown[0]]

    # All answers to an image are alike: 16 images say as much as 16 questions, not as 60.
    found = row(result_of(study, by_image), "accuracy").estimate
    alone = wilson(30, 60)
    assert found.interval == "bootstrap"
    assert found.high - found.low > 1.5 * (alone.high - alone.low)
    assert "whole images are drawn again (16)" in result_of(study, by_image).method


# -- files -------------------------------------------------------------------------------------------------


def test_a_study_travels_in_a_file(tmp_path):
    study = draw_study(cubes(), replace(PAIRS, kind="pictures", side=6))
    save_study(study, tmp_path / "s.udt-study.npz")
    read = load_study(tmp_path / "s.udt-study.npz")
    assert read.fingerprint == study.fingerprint
    assert finish(read, reader="Ann") == finish(study, reader="Ann")
    (tmp_path / "bad.udt-study.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(EvaluationError, match="is no reader study"):
        load_study(tmp_path / "bad.udt-study.npz")


def test_files_of_readers_join_and_one_bad_file_costs_one_reader(tmp_path):
    study, other = draw_study(two_groups(), DESIGN), draw_study(two_groups(7), DESIGN)
    paths = [tmp_path / f"{n}.udt-reading.json" for n in range(6)]
    save_answers(finish(study, reader="Ann"), paths[0])
    save_answers(finish(study), paths[1])
    save_answers(finish(study, reader="Ann"), paths[2])
    save_answers(finish(other, reader="Ben"), paths[3])
    paths[4].write_text("{}")
    save_answers(finish(study, reader="Eve"), paths[5])
    forged = json.loads(paths[5].read_text("utf-8"))
    forged["trials"][0]["structure"] = "bone"
    paths[5].write_text(json.dumps(forged))
    readings, problems = load_readings(paths)
    assert [reading.reader for reading in readings] == ["Ann", "1"]
    assert [
        word
        for word in ("Ann is", "Ben is", "no answers", "has no answers", "Eve is")
        if word in " ".join(problems)
    ]
    assert len(problems) == 4
    assert load_answers(paths[0]) == readings[0]
    with pytest.raises(EvaluationError, match="has no answers"):
        load_readings(paths[4:5])


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (Design("r", "x"), "no group 'x'"),
        (Design("r", "t", count=7), "even number"),
        (Design("r", "t", count=400), "has 30 spectra of liver; 67 are needed"),
        (Design("r", "t", classes=("bone",)), "0 spectra of bone"),
        (Design("r", "t", kind="pictures"), "comes from a data set"),
        (Design("r", "t", task="structure", classes=("liver",)), "2 to 9 structures; found 1"),
        (Design("r", "t", task="structure", display="pair", classes=("liver", "skin")), "one by one"),
    ],
)
def test_what_cannot_be_shown_is_refused(design, words):
    with pytest.raises(EvaluationError, match=words):
        draw_study(two_groups(), design)


def test_pictures_that_are_too_small_or_lack_a_structure_are_refused():
    with pytest.raises(EvaluationError, match="do not fit"):
        draw_study(cubes(), Design("r", "t", kind="pictures", side=30))
    few = cubes(rows=12, columns=12)  # 48 pixels of each
    with pytest.raises(EvaluationError, match="has 48 pixels of liver to show; 2 more"):
        draw_study(few, replace(STRUCTURES, kind="pictures", side=6, count=300))


def test_pairs_and_structures_to_choose_from():
    assert group_pairs(toy_population()) == []
    both = two_groups()
    assert group_pairs(both) == [("r", "t")]
    assert common_structures(both, ("r", "t")) == tissues(both, ("r", "t")) == ("liver", "skin", "spleen")
    assert usual_structures(("skin", "Artery", "vein"), "structure") == ("vein", "Artery")
    assert usual_structures(("skin", "vein"), "origin") == ("skin", "vein")


def test_a_report_shows_the_study():
    from napari_udt.population.report.draw_study import study_section

    result = result_of(draw_study(two_groups(), DESIGN), oracle, guessing(1))
    section = study_section(result)
    assert section.text == (result.sentence,)
    assert len(section.sheets[0].rows) == len(result.rows)
    assert "they are of few images" in result.method
