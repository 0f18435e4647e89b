"""The tab "Reader study": real clicks and keys; nothing is revealed before the end."""

import json

import numpy as np
import pytest
from population_toys import of_groups, toy_cube, toy_group
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QLabel

from napari_udt.population.groups import population_of_cubes
from napari_udt.population.reader_study.reading import Reading
from napari_udt.population.reader_study.reading_file import load_answers, save_answers
from napari_udt.population.reader_study.stimuli import right_answer
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.reader_study import NOTHING, StudyForm, pair_titles
from napari_udt.viewer.population.widgets.reader_study.tab import ReaderStudyTab
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.settings import plain
from napari_udt.viewer.style import THEMES


@pytest.fixture
def population():
    return population_of_cubes(
        [
            ("t", "transferred", toy_cube(1, "transferred", columns=60, rows=60)),
            ("r", "real", toy_cube(2, columns=60, rows=60)),
        ]
    )


def made_tab(qtbot, population):
    tab = ReaderStudyTab(Session())
    qtbot.addWidget(tab)
    tab.set_population(population, PopulationChoices())
    tab.resize(520, 520)
    tab.show()
    return tab


@pytest.fixture
def tab(qtbot, population):
    return made_tab(qtbot, population)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def shown(qtbot, tab, page):
    qtbot.waitUntil(lambda: tab.pages.currentWidget() is page and not tab.busy)


def begin(qtbot, tab, **choices):
    tab.start.set_form(StudyForm(**{"count": 6, **choices}))
    click(qtbot, tab.task.button)
    shown(qtbot, tab, tab.page)


def press(qtbot, tab, keys):
    for key in keys:
        qtbot.keyClick(tab.page, getattr(Qt.Key, f"Key_{key}"))


def reveal(qtbot, tab):
    click(qtbot, tab.page.reveal)
    shown(qtbot, tab, tab.card)


def answers_of(tab):
    return tab.reading.state()["answers"]


def words(tab):
    """Everything that can be read on the tab."""
    labels = [label.text() for label in tab.findChildren(QLabel) if label.isVisible()]
    return " ".join([*labels, tab.statement])


def row(result, measure):
    return next(row for row in result.rows if row.measure == measure)


def test_without_a_pair_it_invites_and_choices_exclude_each_other(qtbot, tab, population):
    tab.set_population(of_groups(toy_group("r", "real", 1)), PopulationChoices())
    assert tab.start.explanation.text() == NOTHING
    assert not tab.task.button.isEnabled()
    tab.set_population(population, PopulationChoices())
    for box, value in ((tab.start.display, "pair"), (tab.start.task, "structure")):
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())
    assert (tab.start.form.task, tab.start.form.display) == ("structure", "one")
    tab.start._menu.actions()[0].trigger()
    assert tab.start.form.structures == ("skin", "spleen")
    assert tab.start.structures.text() == "skin, spleen"
    assert tab.start.form.design(population, None).classes == ("skin", "spleen")


def test_keys_and_buttons_judge_skip_and_take_back(qtbot, tab):
    begin(qtbot, tab)
    press(qtbot, tab, "RTS")
    assert answers_of(tab) == ["real", "transferred", "skipped"]
    press(qtbot, tab, "Z")
    qtbot.keyClick(tab.page, Qt.Key.Key_Backspace)
    qtbot.keyClick(tab.page, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)  # somebody else's shortcut
    assert answers_of(tab) == ["real"]
    click(qtbot, tab.page.buttons["transferred"])
    click(qtbot, tab.page.skip)
    click(qtbot, tab.page.undo)
    assert answers_of(tab) == ["real", "transferred"]
    qtbot.keyClick(tab.page.buttons["real"], Qt.Key.Key_T)  # a button passes letters on
    assert tab.reading.answered == 3


def test_what_is_drawn_is_what_is_asked(qtbot, tab, population):
    begin(qtbot, tab)
    left, right = tab.page.plots
    x, y = left.curve.getData()
    assert np.array_equal(y, tab.reading.question.values[0])
    assert np.array_equal(x, population.wavelengths_nm)
    assert tab.page.question.text().startswith("1 of 6")
    assert not left.image.isVisible()
    assert not right.isVisible()
    begun = tab.reading.study.design
    tab._on_again()
    tab.session.set_wavelength(700.0)
    begin(qtbot, tab, kind="pictures", display="pair")
    assert (begun.wavelength_nm, tab.reading.study.design.wavelength_nm) == (800, 700)
    for plot, values in zip(tab.page.plots, tab.reading.question.values, strict=True):
        assert plot.isVisible()
        assert np.array_equal(plot.image.image, values)
        assert not plot.ring.isVisible()
    assert tab.page.question.text() == "1 of 6   Which one is real?"
    press(qtbot, tab, ("Left", "Right"))
    assert answers_of(tab) == ["left", "right"]


def test_structures_and_ratings_have_a_button_and_a_number_each(qtbot, tab):
    begin(qtbot, tab, task="structure", kind="pictures")
    assert [b.text() for b in tab.page.buttons.values()] == ["1 liver", "2 skin", "3 spleen"]
    (ring,) = tab.page.plots[0].ring.data
    mark = tab.reading.question.mark
    assert (ring["y"], ring["x"]) == (mark[0] + 0.5, mark[1] + 0.5)
    press(qtbot, tab, "2")
    assert answers_of(tab) == ["skin"]
    tab._on_again()
    begin(qtbot, tab, task="realism")
    press(qtbot, tab, "152")
    assert answers_of(tab) == ["1", "5", "2"]
    assert "4" in tab.page.buttons
    assert "liver" not in tab.page.buttons


def test_the_truth_is_revealed_at_the_end_only(qtbot, tab):
    begin(qtbot, tab)
    for key in "RTRTRT":
        assert "right" not in words(tab)
        assert tab.table() is None
        assert tab.finding is None
        press(qtbot, tab, key)
    assert tab.page.reveal.isVisible()
    reveal(qtbot, tab)
    accuracy = row(tab.card.result, "accuracy")
    assert tab.table().rows[0][2] == accuracy.estimate.value
    assert "95 % intervals" in tab.statement
    assert tab.finding is tab.card.result
    assert tab.drawing() is tab.card.plot.canvas
    assert [axis.labelText for axis in (p.getAxis("bottom") for p in tab.card.plot.canvas.plots)] == ["Share"]
    tab.card.rows.selectRow(0)
    qtbot.keyClick(tab.card.rows, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().splitlines()[1].startswith("accuracy\treader 1\t")


def test_answers_are_saved_and_joined_with_other_readers(qtbot, tab, tmp_path, monkeypatch):
    target = tmp_path / "Ann.udt-reading.json"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(target), "Answers (*.udt-reading.json)")
    )
    begin(qtbot, tab, reader="Ann")
    study = tab.reading.study
    press(qtbot, tab, "RRRRRR")
    reveal(qtbot, tab)
    with qtbot.waitSignal(tab.message) as message:
        click(qtbot, tab.card.save_button)
    assert message.args == [f"Saved {target}"]
    assert load_answers(target).reader == "Ann"
    others = [tmp_path / f"{name}.udt-reading.json" for name in ("Ben", "Cy")]
    for path in others:
        reading = Reading(study, path.name[:-17])
        while reading.question is not None:
            reading.answer(right_answer(study.design, study.truths[reading.question.number - 1]))
        save_answers(reading.reveal(), path)
    names = [str(path) for path in (*others, target)]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (names, ""))
    with qtbot.waitSignal(tab.message) as message:
        click(qtbot, tab.card.join_button)
    assert message.args == [
        "Ann is left out: there are answers of this reader already; give each reader a name."
    ]
    result = tab.card.result
    assert [r.reader for r in result.readings] == ["Ann", "Ben", "Cy"]
    assert {r.reader for r in result.rows if r.measure == "kappa (Cohen)"} == {
        "Ann and Ben",
        "Ann and Cy",
        "Ben and Cy",
    }
    assert len(tab.card.plot.canvas.plots) == 2


def test_stopping_early_counts_what_was_judged_and_nothing_gives_no_result(qtbot, tab):
    begin(qtbot, tab)
    press(qtbot, tab, "RT")
    click(qtbot, tab.page.stop)
    reveal(qtbot, tab)
    assert row(tab.card.result, "accuracy").answers == 2
    click(qtbot, tab.card.again_button)
    begin(qtbot, tab)
    click(qtbot, tab.page.stop)
    with qtbot.waitSignal(tab.message) as message:
        click(qtbot, tab.page.reveal)
    assert message.args == ["Nothing was judged; there is no result."]
    assert tab.pages.currentWidget() is tab.start


def test_a_reading_goes_on_with_the_same_cubes_only(qtbot, tab, population):
    begin(qtbot, tab, reader="Ann")
    press(qtbot, tab, "RT")
    stored = json.loads(json.dumps(tab.settings()))
    assert "truth" not in json.dumps(stored)
    later = ReaderStudyTab(Session())
    qtbot.addWidget(later)
    later.set_settings(stored)
    later.set_population(population, PopulationChoices())
    later.show()
    click(qtbot, later.start.resume)
    shown(qtbot, later, later.page)
    assert later.reading.answered == 2
    assert later.reading.question.number == tab.reading.question.number
    cubes = [("t", "transferred", toy_cube(7, "transferred")), ("r", "real", toy_cube(8))]
    other = made_tab(qtbot, population_of_cubes(cubes))
    other.set_settings(stored)
    with qtbot.waitSignal(other.message) as message:
        click(qtbot, other.start.resume)
    assert "begun with other spectra" in message.args[0]


def test_a_study_is_answered_from_its_file_without_cubes(qtbot, tab, tmp_path, monkeypatch):
    file = str(tmp_path / "a.udt-study.npz")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (file, "Reader studies (*.udt-study.npz)"))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (file, ""))
    tab.start.set_form(StudyForm(count=6))
    with qtbot.waitSignal(tab.message, check_params_cb=lambda text: text == f"Saved {file}"):
        click(qtbot, tab.start.save_button)
    reader = made_tab(qtbot, None)
    click(qtbot, reader.start.open_button)
    shown(qtbot, reader, reader.page)
    press(qtbot, reader, "RT")
    later = made_tab(qtbot, None)
    later.set_settings(reader.settings())
    click(qtbot, later.start.resume)
    shown(qtbot, later, later.page)
    press(qtbot, later, "RRRR")
    reveal(qtbot, later)
    assert later.card.result.design.count == 6


def test_cubes_that_close_do_not_disturb_a_reading_and_too_many_questions_are_refused(qtbot, tab):
    begin(qtbot, tab)
    press(qtbot, tab, "R")
    tab.set_population(None, PopulationChoices())
    press(qtbot, tab, "TRTRT")
    reveal(qtbot, tab)
    assert row(tab.card.result, "accuracy").answers == 6
    click(qtbot, tab.card.again_button)
    few = of_groups(toy_group("t", "transferred", 1, n=9), toy_group("r", "real", 2))
    tab.set_population(few, PopulationChoices())
    tab.start.set_form(StudyForm())
    with qtbot.waitSignal(tab.message) as message:
        click(qtbot, tab.task.button)
    assert "t has 3 spectra of liver; 7 are needed" in message.args[0]
    assert tab.pages.currentWidget() is tab.start


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_curve_stands_out_in_both_themes(tab, name):
    tab.set_theme(THEMES[name])
    assert tab.page.plots[0].curve.opts["pen"].color().name() == THEMES[name].text


def test_damaged_choices_are_left_at_their_defaults(tab):
    tab.set_settings({"form": {"pair": 3, "kind": "x", "count": 10**9, "seed": -1}, "begun": 3})
    assert tab.start.form == StudyForm()
    assert not tab.start.resume.isVisible()
    form = StudyForm(("a", "b"), "realism", "pair", "pictures", 21, 5, ("x",), "Ann")
    tab.set_settings({"form": plain(form)})
    assert tab.start.form == form


def test_pairs_have_names_of_their_own():
    groups = [toy_group("t1", "transferred", 1), toy_group("t2", "transferred", 2), toy_group("r", "real", 3)]
    titles = pair_titles(of_groups(*groups))
    assert list(titles) == [("r", "t2"), ("r", "t1")]
    assert len(set(titles.values())) == 2
