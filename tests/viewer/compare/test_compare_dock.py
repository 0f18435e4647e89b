"""The Compare dock on a model of a viewer, and what it remembers."""

from __future__ import annotations

import json

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QSettings, Qt

from napari_udt.viewer.compare.settings import CompareSettings
from napari_udt.viewer.compare.widgets.dock import CompareDock
from napari_udt.viewer.context import context_of
from napari_udt.viewer.state.settings import plain, settings_from


@pytest.fixture
def make_dock(qtbot):
    viewers = []  # a context does not keep its viewer alive

    def make():
        viewers.append(ViewerModel())
        context = context_of(viewers[-1])
        dock = CompareDock(
            context.session, context.side_by_side, context.pair_view, context.colours, context.structures
        )
        qtbot.addWidget(dock)
        dock.show()
        return dock, context, viewers[-1]

    return make


@pytest.fixture
def opened(make_dock, pat, transferred):
    dock, context, viewer = make_dock()
    cube = pat()
    for each in (pat("second", domain="second"), cube, transferred(cube)):
        context.session.add(each)
    return dock, context, viewer


def press(qtbot, dock, mode):
    qtbot.mouseClick(dock.buttons[mode], Qt.MouseButton.LeftButton)


def pressed(dock):
    return [mode for mode, button in dock.buttons.items() if button.isChecked()]


def test_a_transferred_cube_and_its_source_are_chosen_by_themselves(make_dock, pat, transferred):
    dock, context, _ = make_dock()
    assert "Open a simulated" in dock.status.text()
    assert not dock.buttons["swipe"].isEnabled()
    cube = pat()
    for each in (cube, pat("second", domain="second"), transferred(cube)):
        context.session.add(each)
    assert (dock.first.currentText(), dock.second.currentText()) == ("forearm → real", "forearm")
    context.session.rename("forearm", "arm")
    assert dock.second.currentText() == "arm"


def test_one_button_at_a_time_shows_what_is_shown(qtbot, opened):
    dock, context, _ = opened
    for mode in ("difference", "swipe", "side by side", "blink"):
        press(qtbot, dock, mode)
        assert pressed(dock) == [mode]
    press(qtbot, dock, "blink")
    assert pressed(dock) == []
    context.side_by_side.set_active(True)  # another dock's button
    assert pressed(dock) == ["side by side"]
    assert dock.status.text().startswith("One scale for all")


def test_what_was_added_is_shown_for_the_newest_transfer_in_one_click(qtbot, opened):
    dock, context, viewer = opened
    dock.first.setCurrentText("second")  # whatever was chosen before
    press(qtbot, dock, "added")
    assert pressed(dock) == ["added"]
    assert context.pair_view.pair == ("forearm → real", "forearm")
    layer = next(layer for layer in viewer.layers if "−" in layer.name)
    assert (
        layer.name == "forearm → real − 0.9 × forearm [a.u.]"
    )  # the toy transfer is a gain, and adds nothing
    assert float(abs(layer.data[3]).max()) < 1e-5
    assert layer.contrast_limits[0] == -layer.contrast_limits[1]
    assert "was added, or taken away" in dock.status.text()
    assert dock.kind.currentData() == "added"
    press(qtbot, dock, "difference")
    assert pressed(dock) == ["difference"]
    assert dock.kind.currentData() == "absolute"


def test_a_refusal_is_said_and_the_button_comes_up_again(qtbot, opened):
    dock, context, _ = opened
    dock.second.setCurrentText("second")
    press(qtbot, dock, "difference")
    assert "do not show the same pixels" in dock.status.text()
    assert pressed(dock) == []
    assert context.pair_view.mode == "off"


def test_blink_starts_by_the_space_bar_changes_the_picture_and_stops_when_hidden(qtbot, opened):
    dock, context, _ = opened
    dock.rate.setValue(4.0)
    qtbot.keyClick(dock.buttons["blink"], Qt.Key.Key_Space)
    assert context.pair_view.mode == "blink"
    first = context.adapter.top_key()
    qtbot.waitUntil(lambda: context.adapter.top_key() != first, timeout=5000)
    dock.hide()
    assert context.pair_view.mode == "off"
    assert not dock._timer.isActive()


def test_the_divider_and_the_dragged_line_are_one(qtbot, opened):
    dock, context, _ = opened
    press(qtbot, dock, "swipe")
    dock.divider.setValue(50)
    assert context.pair_view.divider == pytest.approx(0.25)
    context.pair_view.put_divider(0.75)
    context.pair_view.changed.emit()
    assert dock.divider.value() == 150


def test_ticked_pictures_stand_side_by_side(qtbot, opened, pat):
    dock, context, _ = opened
    context.session.add(pat("another", rows=40, columns=30))
    dock.pictures.chosen.emit("pictures", ("second", "another"))
    press(qtbot, dock, "side by side")
    assert context.side_by_side.cells == ("another", "second")
    keys = ("another", "second", "forearm", "forearm → real")
    dock.pictures.chosen.emit("pictures", keys)
    assert sorted(context.side_by_side.cells) == sorted(keys)
    assert len(set(map(context.side_by_side.cell_of, keys))) == 4


def test_the_scale_can_be_switched_and_is_said(qtbot, opened):
    dock, context, viewer = opened
    press(qtbot, dock, "side by side")
    limits = lambda: {tuple(viewer.layers[key].contrast_limits) for key in context.side_by_side.cells}  # noqa: E731
    assert len(limits()) == 1
    dock.scale.setCurrentIndex(dock.scale.findData("own"))
    dock.scale.activated.emit(dock.scale.currentIndex())
    assert len(limits()) > 1
    assert dock.status.text() == "Each picture has its own scale"


def test_colours_are_computed_in_a_thread(qtbot, opened, hsi):
    dock, context, viewer = opened
    qtbot.mouseClick(dock.colours._daylight, Qt.MouseButton.LeftButton)
    assert "is PAT" in dock.status.text()
    context.session.add(hsi())
    qtbot.mouseClick(dock.colours._daylight, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.colours.running, timeout=10_000)
    assert viewer.layers["organs · colours"].data.shape == (24, 30, 3)
    assert "Below 500 nm" in dock.status.text()


def test_choices_are_remembered(make_dock):
    dock, _, _ = make_dock()
    dock.rate.setValue(3.5)
    dock.kind.setCurrentIndex(1)
    dock.kind.activated.emit(1)
    dock.colours._fields[0].setValue(700)
    again, context, _ = make_dock()
    assert again.rate.value() == 3.5
    assert again.kind.currentData() == "relative"
    assert context.pair_view.kind == "relative"
    assert again.colours.rgb_nm == (700.0, 550.0, 510.0)


def test_every_choice_says_what_it_is_for(make_dock):
    dock, _, _ = make_dock()
    choices = (
        *dock.buttons.values(),
        dock.first,
        dock.second,
        dock.scale,
        dock.kind,
        dock.rate,
        dock.divider,
    )
    for widget in (*choices, dock.pictures, dock.colours._daylight, *dock.colours._fields):
        assert widget.toolTip()
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_choices_of_earlier_versions_are_taken_over(make_dock, monkeypatch, tmp_path):
    stored = QSettings(str(tmp_path / "compare.ini"), QSettings.Format.IniFormat)
    stored.setValue("compare", '{"scale": "own", "rate_hz": 1.5}')
    monkeypatch.setattr("napari_udt.viewer.compare.widgets.dock.QSettings", lambda *_: stored)
    dock, _, _ = make_dock()
    assert (dock.scale.currentData(), dock.rate.value()) == ("own", 1.5)
    dock.rate.setValue(3.5)
    again, _, _ = make_dock()
    assert (again.scale.currentData(), again.rate.value()) == ("own", 3.5)


def test_settings_survive_json_and_damage():
    chosen = CompareSettings(scale="own", kind="relative", rate_hz=1.5, red_nm=900.0)
    assert settings_from(CompareSettings, plain(chosen)) == chosen
    for damaged in (None, [1], {"scale": "loud", "rate_hz": 99, "red_nm": True, "blue_nm": "x", "more": 1}):
        assert settings_from(CompareSettings, damaged) == CompareSettings()
    assert settings_from(CompareSettings, {"rate_hz": 3}).rate_hz == 3.0


def test_choices_and_the_arrangement_come_back_with_a_session(qtbot, opened, make_dock):
    dock, context, _ = opened
    dock.rate.setValue(3.0)
    dock.kind.setCurrentIndex(1)
    dock.kind.activated.emit(1)
    press(qtbot, dock, "swipe")
    dock.divider.setValue(50)
    context.pair_view.changed.emit()
    reported = json.loads(json.dumps(context.session.settings))
    context.pair_view.stop()
    context.pair_view.put_divider(0.5)
    dock.rate.setValue(1.0)
    context.session.settings.update(reported)
    context.session.settings_restored.emit()
    assert dock.rate.value() == 3.0
    assert dock.kind.currentData() == "relative" == context.pair_view.kind
    assert context.pair_view.mode == "swipe"
    assert context.pair_view.divider == pytest.approx(0.25)


@pytest.mark.parametrize("damaged", [{"pair": 3}, {"mode": "cube", "pair": [1, 2]}, {"pictures": "all"}, {}])
def test_a_damaged_arrangement_is_left_out(opened, damaged):
    _, context, _ = opened
    context.session.settings["layout"] = damaged
    context.session.settings["compare"] = {"scale": "none", "rate_hz": -1}
    context.session.settings_restored.emit()
    assert context.pair_view.mode == "off"
    assert not context.side_by_side.active
