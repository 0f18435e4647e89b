"""The tab "Blind test": real clicks and keys; nothing is revealed before the end."""

import json

import numpy as np
import pytest
from population_toys import of_groups, toy_cube, toy_group
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QLabel

from napari_udt.population.groups import population_of_cubes
from napari_udt.viewer.population.blind_test import NOTHING, BlindForm, form_from, pair_titles
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.widgets.blind_test.tab import BlindTab
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import THEMES


@pytest.fixture
def population():
    return population_of_cubes(
        [
            ("t", "transferred", toy_cube(1, "transferred", columns=60, rows=60)),
            ("r", "real", toy_cube(2, columns=60, rows=60)),
        ]
    )


@pytest.fixture
def tab(qtbot, population):
    tab = BlindTab(Session())
    qtbot.addWidget(tab)
    tab.set_population(population, PopulationChoices())
    tab.resize(480, 420)
    tab.show()
    return tab


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def begin(qtbot, tab, count=6):
    tab.start.count.setValue(count)
    click(qtbot, tab.start.start)


def press(qtbot, tab, keys):
    for key in keys:
        qtbot.keyClick(tab.page, getattr(Qt.Key, f"Key_{key}"))


def words(tab):
    """Everything that can be read on the tab."""
    labels = [label.text() for label in tab.findChildren(QLabel) if label.isVisible()]
    return " ".join([*labels, tab.statement])


def test_without_a_pair_it_invites(qtbot, tab):
    tab.set_population(of_groups(toy_group("r", "real", 1)), PopulationChoices())
    assert tab.start.explanation.text() == NOTHING
    assert not tab.start.start.isEnabled()


def test_keys_judge_skip_and_take_back(qtbot, tab):
    begin(qtbot, tab)
    press(qtbot, tab, "RTS")
    assert tab.test.state()["verdicts"] == ["real", "transferred", "skipped"]
    press(qtbot, tab, "Z")
    qtbot.keyClick(tab.page, Qt.Key.Key_Backspace)
    assert tab.test.state()["verdicts"] == ["real"]
    qtbot.keyClick(tab.page, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)  # somebody else's shortcut
    assert tab.test.answered == 1


def test_buttons_judge_and_the_keys_stay_at_hand(qtbot, tab):
    begin(qtbot, tab)
    click(qtbot, tab.page.buttons["transferred"])
    click(qtbot, tab.page.buttons["skipped"])
    click(qtbot, tab.page.undo)
    assert tab.test.state()["verdicts"] == ["transferred"]
    qtbot.keyClick(tab.page.buttons["real"], Qt.Key.Key_T)  # a button passes letters on
    assert tab.test.answered == 2


def test_what_is_drawn_is_the_stimulus(qtbot, tab, population):
    begin(qtbot, tab)
    x, y = tab.page._curve.getData()
    assert np.array_equal(y, tab.test.stimulus.values)
    assert np.array_equal(x, population.wavelengths_nm)
    assert tab.page.question.text().startswith("1 of 6")
    assert not tab.page._image.isVisible()


def test_pictures_are_shown_at_the_sliders_wavelength(qtbot, tab):
    tab.session.set_wavelength(700.0)
    tab.start.set_form(BlindForm(kind="pictures"))
    begin(qtbot, tab)
    assert tab.test.design.wavelength_nm == 700
    assert np.array_equal(tab.page._image.image, tab.test.stimulus.values)
    assert tab.page._image.isVisible()
    assert tab.page.question.text() == "1 of 6   Real or transferred?"


def test_the_truth_is_revealed_at_the_end_only(qtbot, tab):
    begin(qtbot, tab)
    for key in "RTRTRT":
        assert "right" not in words(tab)
        assert tab.table() is None
        press(qtbot, tab, key)
    assert tab.page.reveal.isVisible()
    click(qtbot, tab.page.reveal)
    assert tab.pages.currentWidget() is tab.card
    shown = tab.card.numbers.findChild(QLabel, "Accuracy").text()
    accuracy = tab.card.result.accuracy
    assert shown.startswith(f"{accuracy.value:.2f}  [{accuracy.low:.2f}, {accuracy.high:.2f}]")
    assert tab.table().rows[0][1:3] == (accuracy.right, 6)


def test_the_result_is_saved_with_what_the_user_says(qtbot, tab, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "blind"), "JSON (*.json)"))
    begin(qtbot, tab)
    press(qtbot, tab, "RRRRRR")
    click(qtbot, tab.page.reveal)
    qtbot.keyClicks(tab.card.observer, "A. Reader")
    with qtbot.waitSignal(tab.message) as message:
        click(qtbot, tab.card.save_button)
    assert message.args == [f"Saved {tmp_path / 'blind.json'}"]
    read = json.loads((tmp_path / "blind.json").read_text("utf-8"))
    assert (read["observer"], read["date"], read["specificity"]["value"]) == ("A. Reader", "", 1.0)


def test_stopping_early_counts_what_was_judged_and_nothing_gives_no_result(qtbot, tab):
    begin(qtbot, tab)
    press(qtbot, tab, "RT")
    click(qtbot, tab.page.stop)
    click(qtbot, tab.page.reveal)
    assert (tab.card.result.accuracy.judged, tab.card.result.skipped) == (2, 4)
    click(qtbot, tab.card.again_button)
    begin(qtbot, tab)
    click(qtbot, tab.page.stop)
    with qtbot.waitSignal(tab.message) as message:
        click(qtbot, tab.page.reveal)
    assert message.args == ["Nothing was judged; there is no result."]
    assert tab.pages.currentWidget() is tab.start


def test_a_test_that_was_begun_goes_on_in_another_session(qtbot, tab, population):
    begin(qtbot, tab)
    press(qtbot, tab, "RT")
    stored = json.loads(json.dumps(tab.settings()))
    later = BlindTab(Session())
    qtbot.addWidget(later)
    later.set_settings(stored)
    later.set_population(population, PopulationChoices())
    later.show()
    click(qtbot, later.start.resume)
    assert later.test.answered == 2
    assert np.array_equal(later.test.stimulus.values, tab.test.stimulus.values)


def test_a_test_of_other_cubes_does_not_go_on_and_says_why(qtbot, tab):
    begin(qtbot, tab)
    stored = tab.settings()
    later = BlindTab(Session())
    qtbot.addWidget(later)
    later.set_settings(stored)
    cubes = [("t", "transferred", toy_cube(7, "transferred")), ("r", "real", toy_cube(8))]
    later.set_population(population_of_cubes(cubes), PopulationChoices())
    later.show()
    with qtbot.waitSignal(later.message) as message:
        click(qtbot, later.start.resume)
    assert "begun with other spectra" in message.args[0]


def test_cubes_that_close_do_not_disturb_a_test_under_way(qtbot, tab):
    begin(qtbot, tab)
    press(qtbot, tab, "R")
    tab.set_population(None, PopulationChoices())
    press(qtbot, tab, "TRTRT")
    click(qtbot, tab.page.reveal)
    assert tab.card.result.accuracy.judged == 6


def test_too_many_questions_are_refused_in_a_sentence(qtbot, tab):
    tab.set_population(
        of_groups(toy_group("t", "transferred", 1, n=9), toy_group("r", "real", 2)), PopulationChoices()
    )
    with qtbot.waitSignal(tab.message) as message:
        begin(qtbot, tab, count=40)
    assert "t has 3 spectra of liver; 7 are needed" in message.args[0]
    assert tab.pages.currentWidget() is tab.start


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_curve_stands_out_in_both_themes(tab, name):
    tab.set_theme(THEMES[name])
    assert tab.page._curve.opts["pen"].color().name() == THEMES[name].text


def test_damaged_choices_are_left_at_their_defaults(tab):
    assert form_from({"pair": 3, "kind": "x", "count": 10**9, "seed": -1}) == BlindForm()
    assert form_from({"pair": ["a", "b"], "kind": "pictures", "count": 21, "seed": 5}) == BlindForm(
        ("a", "b"), "pictures", 20, 5
    )
    tab.set_settings({"form": [], "begun": 3})
    assert tab.start.form == BlindForm()
    assert not tab.start.resume.isVisible()


def test_pairs_have_names_of_their_own():
    groups = [toy_group("t1", "transferred", 1), toy_group("t2", "transferred", 2), toy_group("r", "real", 3)]
    titles = pair_titles(of_groups(*groups))
    assert list(titles) == [("r", "t2"), ("r", "t1")]
    assert len(set(titles.values())) == 2
