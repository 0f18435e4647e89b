import csv
import json

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QColor, QGuiApplication, QMouseEvent
from qtpy.QtWidgets import QApplication, QCheckBox, QComboBox, QFileDialog, QLabel, QPushButton, QToolButton
from spectra_scene import MOVED, REAL, SIM, scene, simulated

from napari_udt.viewer.qt.export import with_suffix
from napari_udt.viewer.spectra.curve_numbers import Column
from napari_udt.viewer.spectra.curves import CurveId
from napari_udt.viewer.spectra.widgets import dock as spectra_dock
from napari_udt.viewer.spectra.widgets.dock import NO_CUBES, NO_PIN, NO_PIXEL, SpectraDock
from napari_udt.viewer.state.session import PixelRef, Session
from napari_udt.viewer.style import THEMES, readable


def shown(qtbot, session):
    dock = SpectraDock(session)
    qtbot.addWidget(dock)
    dock.resize(420, 700)
    dock.show()
    return dock


@pytest.fixture
def session():
    return scene()


@pytest.fixture
def dock(qtbot, session):
    """A dock that shows the liver: all three curves have arrived."""
    dock = shown(qtbot, session)
    session.set_cursor(PixelRef(SIM, 4, 2))
    qtbot.waitUntil(lambda: len(dock.curves.curves) == 3, timeout=5000)
    return dock


def text(dock, name):
    return dock.findChild(QLabel, name).text()


def button(dock, name):
    return dock.findChild(QPushButton, name)


def press(qtbot, widget):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(qtbot, dock, option, answer):
    """Choose as a keyboard user does: go to the box, step to the answer."""
    box = dock.findChild(QComboBox, option)
    step = Qt.Key.Key_Down if box.findText(answer) > box.currentIndex() else Qt.Key.Key_Up
    while box.currentText() != answer:
        qtbot.keyClick(box, step)


def cell(dock, row, column, role=Qt.ItemDataRole.DisplayRole):
    return dock._table.model().data(dock._table.model().index(row, column), role)


def test_it_says_what_to_do_first(qtbot):
    session = Session()
    dock = shown(qtbot, session)
    assert text(dock, "hint") == NO_CUBES
    assert dock.findChild(QLabel, "hint").isVisible()
    assert not button(dock, "Copy").isEnabled()
    session.add(simulated())
    qtbot.waitUntil(lambda: text(dock, "hint") == NO_PIXEL)


def test_only_a_divider_that_the_user_moved_is_remembered(dock, qtbot):
    assert dock.table_share is None
    dock.resize(420, 500)  # the plot gives way for now
    qtbot.wait(50)
    dock.resize(420, 900)
    qtbot.wait(50)
    assert dock.table_share is None
    handle = dock._splitter.handle(1)
    start = QPointF(handle.rect().center())
    above = start - QPointF(0, 150)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, place, button in (
        (QEvent.Type.MouseButtonPress, start, left),
        (QEvent.Type.MouseMove, above, none),
        (QEvent.Type.MouseButtonRelease, above, left),
    ):
        seen = QPointF(handle.mapToGlobal(place.toPoint()))
        QApplication.sendEvent(
            handle, QMouseEvent(kind, place, seen, button, left, Qt.KeyboardModifier.NoModifier)
        )
    plot, table = dock._splitter.sizes()
    assert dock.table_share == pytest.approx(table / (plot + table))
    assert table > dock._table.minimumHeight()


def test_the_table_keeps_three_whole_rows_however_the_height_is_divided(dock, qtbot):
    dock.resize(900, 900)
    dock._splitter.setSizes([2000, 0])
    qtbot.waitUntil(lambda: dock._splitter.sizes()[0] > dock._splitter.sizes()[1])
    table = dock._table
    third = table.model().index(2, 0)
    one_line = table.verticalHeader().defaultSectionSize()
    qtbot.waitUntil(lambda: 0 < table.visualRect(third).height() <= one_line)  # rows follow the width soon
    assert table.visualRect(third).bottom() < table.viewport().height()


def test_moving_the_cursor_shows_curves_statement_and_numbers(dock, session, qtbot):
    assert [curve.id.key for curve in dock.curves.curves] == [SIM, MOVED, REAL]
    assert text(dock, "statement") == f"{SIM}: row 4, column 2 · liver"
    assert not dock.findChild(QLabel, "hint").isVisible()
    assert cell(dock, 2, Column.CURVE) == "drawn from measured statistics: liver, mean of 27 pixels"
    assert cell(dock, 2, Column.ANGLE) == "ref."
    assert cell(dock, 0, Column.ANGLE) == f"{dock.curves.differences[0].angle_deg:.2f}"
    assert float(cell(dock, 0, Column.RMSE)) == pytest.approx(dock.curves.differences[0].rmse, rel=0.05)


def test_many_moves_in_one_frame_are_drawn_once_and_the_last_wins(dock, session, qtbot, monkeypatch):
    calls = []
    real_resolve = spectra_dock.resolve
    monkeypatch.setattr(spectra_dock, "resolve", lambda *a: calls.append(1) or real_resolve(*a))
    for row in range(12):
        for column in range(5):
            session.set_cursor(PixelRef(SIM, row, column))
    qtbot.waitUntil(lambda: "row 11, column 4" in text(dock, "statement"))
    assert len(calls) <= 2


def test_nothing_is_computed_while_nobody_can_see_it(dock, session, qtbot, monkeypatch):
    dock.hide()
    before = dock.curves
    session.set_cursor(PixelRef(SIM, 9, 3))
    qtbot.wait(60)
    assert dock.curves is before
    dock.show()
    qtbot.waitUntil(lambda: "row 9" in text(dock, "statement"))


@pytest.mark.parametrize(
    ("option", "answer", "value"),
    [
        ("mode", "Structure", "structure"),
        ("normalisation", "L1 norm", "l1"),
        ("normalisation", "Not normalised", "none"),
        ("window", "5 × 5", 5),
        ("centre", "Median", "median"),
        ("spread", "5–95 %", "quantiles"),
    ],
)
def test_choices_reach_the_session_and_the_curves(dock, session, qtbot, option, answer, value):
    choose(qtbot, dock, option, answer)
    assert getattr(session.options, option) == value
    qtbot.waitUntil(lambda: getattr(dock.curves.options, option) == value)


def test_choices_made_elsewhere_are_shown(dock, session):
    session.set_options(mode="structure", window=7, hover=False)
    assert dock.findChild(QComboBox, "mode").currentText() == "Structure"
    assert dock.findChild(QComboBox, "window").currentText() == "7 × 7"
    assert not dock.findChild(QComboBox, "window").isVisible()
    assert dock.findChild(QPushButton, "structures").isVisible()
    assert not dock.findChild(QCheckBox, "hover").isChecked()


def test_following_the_mouse_can_be_switched_off(dock, session, qtbot):
    box = dock.findChild(QCheckBox, "hover")
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() - box.rect().center() / 2)
    qtbot.waitUntil(lambda: not dock.curves.curves)
    assert text(dock, "hint") == NO_PIN
    session.pin(PixelRef(SIM, 0, 0))
    qtbot.waitUntil(lambda: {curve.id.pin for curve in dock.curves.curves} == {1})


def test_pins_are_cleared_by_the_button(dock, session, qtbot):
    assert not button(dock, "Clear pins").isEnabled()
    session.pin(PixelRef(SIM, 1, 1))
    qtbot.waitUntil(lambda: len(dock.curves.curves) == 6)
    assert cell(dock, 3, Column.CURVE).startswith("Pin 1 · simulated")
    press(qtbot, button(dock, "Clear pins"))
    assert session.pins == ()
    qtbot.waitUntil(lambda: len(dock.curves.curves) == 3)


def test_unticking_a_curve_hides_it_and_it_stays_hidden(dock, session, qtbot):
    index = dock._table.model().index(1, Column.CURVE)
    dock._table.setCurrentIndex(index)
    dock._table.setFocus()
    qtbot.keyClick(dock._table, Qt.Key.Key_Space)
    assert dock._table.hidden == {CurveId(MOVED)}
    assert cell(dock, 1, Column.CURVE, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked
    assert not dock._plot._items[1]._line.isVisible()
    session.set_cursor(PixelRef(SIM, 5, 3))
    qtbot.waitUntil(lambda: "row 5" in text(dock, "statement"))
    assert not dock._plot._items[1]._line.isVisible()
    assert dock._plot._items[0]._line.isVisible()
    qtbot.keyClick(dock._table, Qt.Key.Key_Space)
    assert dock._table.hidden == frozenset()
    assert dock._plot._items[1]._line.isVisible()


def test_a_tooltip_says_what_a_curve_is_and_what_it_is_compared_with(dock):
    tip = cell(dock, 1, Column.CURVE, Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("transferred by light: this pixel\nLayer: phantom moved (transferred)")
    tip = cell(dock, 1, Column.RMSE, Qt.ItemDataRole.ToolTipRole)
    assert "Compared with: drawn from measured statistics: liver, mean of 27 pixels" in tip
    assert "at 10 wavelengths" in tip


def test_the_value_column_follows_the_slider_and_the_mouse_over_the_plot(dock, session):
    rows = dock._table.model()
    assert rows.headerData(Column.VALUE, Qt.Orientation.Horizontal) == "Value"
    session.set_wavelength(700.0)
    assert rows.headerData(Column.VALUE, Qt.Orientation.Horizontal) == "700 nm"
    assert float(cell(dock, 0, Column.VALUE)) == pytest.approx(dock.curves.curves[0].value_at(700), rel=0.01)
    dock._plot.wavelength_hovered.emit(610.0)
    assert rows.headerData(Column.VALUE, Qt.Orientation.Horizontal) == "610 nm"
    dock._plot.wavelength_hovered.emit(None)
    assert rows.headerData(Column.VALUE, Qt.Orientation.Horizontal) == "700 nm"


def test_the_wavelength_line_and_the_slider_move_each_other(dock, session, qtbot):
    session.set_wavelength(700.0)
    assert dock._plot._line.value() == 700
    dock._plot.wavelength_dragged.emit(763.0)
    assert session.wavelength_nm == 750  # the nearest wavelength of the cube
    qtbot.keyClick(dock._plot, Qt.Key.Key_Right)
    assert session.wavelength_nm == dock._plot._line.value() == 800
    session.set_wavelength(950.0)
    qtbot.keyClick(dock._plot, Qt.Key.Key_Right)
    assert session.wavelength_nm == 950


def test_a_click_on_a_number_copies_it(dock, qtbot):
    place = dock._table.visualRect(dock._table.model().index(0, Column.ANGLE)).center()
    qtbot.mouseClick(dock._table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert float(QGuiApplication.clipboard().text()) == pytest.approx(dock.curves.differences[0].angle_deg)
    assert text(dock, "statement").startswith("Copied ")


def test_selected_rows_are_copied_with_headings(dock, qtbot):
    dock._table.selectAll()
    qtbot.keyClick(dock._table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == ["Curve", "Value", "Angle [°]", "RMSE", "Rel. [%]"]
    assert len(lines) == 4
    assert lines[1].split("\t")[0] == "simulated: this pixel"


def test_copy_puts_the_csv_on_the_clipboard(dock, qtbot):
    press(qtbot, button(dock, "Copy"))
    lines = [x for x in QGuiApplication.clipboard().text().splitlines() if not x.startswith("#")]
    rows = list(csv.DictReader(lines))
    np.testing.assert_array_equal([float(r["value"]) for r in rows[:10]], dock.curves.curves[0].values)


@pytest.mark.parametrize("name", ["spectra.csv", "spectra.json", "spectra.png", "spectra.svg", "bare"])
def test_export_writes_what_the_name_asks_for(dock, qtbot, tmp_path, monkeypatch, name):
    answer = (str(tmp_path / name), "JSON with provenance (*.json)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: answer)
    press(qtbot, button(dock, "Export..."))
    path = tmp_path / ("bare.json" if name == "bare" else name)
    assert text(dock, "statement") == f"Saved {path}"
    assert list(tmp_path.iterdir()) == [path]
    if path.suffix == ".json":
        assert len(json.loads(path.read_text())["curves"]) == 3


def test_a_failed_export_is_reported_in_one_sentence(dock, qtbot, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file, not a folder")
    target = str(tmp_path / "taken" / "spectra.csv")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (target, ""))
    press(qtbot, button(dock, "Export..."))
    assert text(dock, "statement").startswith("spectra.csv was not saved: ")


def test_a_file_that_nobody_agreed_to_replace_is_kept(dock, qtbot, tmp_path, monkeypatch):
    (tmp_path / "bare.csv").write_text("precious")
    answer = (str(tmp_path / "bare"), "Table with provenance (*.csv)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: answer)
    press(qtbot, button(dock, "Export..."))
    assert (tmp_path / "bare.csv").read_text() == "precious"
    assert text(dock, "statement").startswith("bare.csv exists already")


def test_hidden_curves_are_not_exported(dock, tmp_path):
    dock._table.model().setData(dock._table.model().index(0, Column.CURVE), 0, Qt.ItemDataRole.CheckStateRole)
    dock.save(tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_text())
    assert [curve["layer"] for curve in found["curves"]] == [MOVED, REAL]
    assert [d["curve"]["layer"] for d in found["differences"]] == [MOVED]


def test_a_cancelled_export_does_nothing(dock, qtbot, monkeypatch):
    before = text(dock, "statement")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: ("", ""))
    press(qtbot, button(dock, "Export..."))
    assert text(dock, "statement") == before


def test_with_suffix():
    assert with_suffix("a", "Picture (*.png)").name == "a.png"
    assert with_suffix("a.csv", "Picture (*.png)").name == "a.csv"
    assert with_suffix("a", "").name == "a"


def test_closing_a_cube_takes_its_curves_away(dock, session, qtbot):
    session.remove(MOVED)
    qtbot.waitUntil(lambda: [curve.id.key for curve in dock.curves.curves] == [SIM, REAL])
    session.remove(SIM)
    qtbot.waitUntil(lambda: not dock.curves.curves)
    assert dock.findChild(QLabel, "hint").isVisible()


def test_remarks_are_shown(dock, session, qtbot):
    session.set_cursor(PixelRef(SIM, 4, 15))
    qtbot.waitUntil(lambda: text(dock, "remarks") == "No open reference cube holds the structure 'skin'.")


def test_a_dock_that_is_gone_is_not_called_any_more(qtbot, session):
    dock = SpectraDock(session)
    dock.show()
    with qtbot.waitSignal(dock.destroyed):
        dock.deleteLater()
    session.set_cursor(PixelRef(SIM, 1, 1))
    session.set_options(window=3)
    session.set_wavelength(700.0)
    session.pin(PixelRef(SIM, 1, 1))
    session.remove(MOVED)


def test_every_control_says_what_it_does_and_the_keyboard_reaches_it(dock):
    buttons = dock._footer.findChildren(QPushButton)
    choices = [
        w
        for kind in (QComboBox, QCheckBox, QToolButton, QPushButton)
        for w in dock._controls.findChildren(kind)
    ]
    assert (len(buttons), len(choices)) == (4, 21)
    for control in (*buttons, *choices):
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


@pytest.mark.parametrize(("window", "name"), [("#23242b", "dark"), ("#ebe7e6", "light")])
def test_the_theme_of_the_window_reaches_plot_and_legend(dock, window, name):
    dock.setStyleSheet(f"QWidget {{ background-color: {window}; }}")
    assert dock._plot._view.backgroundBrush().color().name() == THEMES[name].background
    pixels = dock._table.model().data(
        dock._table.model().index(1, Column.CURVE), Qt.ItemDataRole.DecorationRole
    )
    sample = pixels.pixmap(28, 14).toImage()
    middle = sample.pixelColor(sample.width() // 2, sample.height() // 2).getRgb()
    expected = QColor(readable("#00CC96", THEMES[name].background)).getRgb()
    assert middle == pytest.approx(expected, abs=2)  # antialiasing rounds


def fold_open(dock):
    dock.findChild(QToolButton, "more").setChecked(True)


def test_the_rarely_used_choices_are_folded_away_and_reach_the_session(dock, session, qtbot):
    assert not dock.findChild(QComboBox, "derivative").isVisible()
    fold_open(dock)
    choose(qtbot, dock, "derivative", "First derivative")
    choose(qtbot, dock, "absorbance", "Absorbance −ln")
    choose(qtbot, dock, "comparison", "Difference to")
    options = session.options
    assert (options.derivative, options.absorbance, options.comparison) == (1, True, "difference")
    assert dock.findChild(QComboBox, "derivative_window").isEnabled()


def test_normalisation_at_a_wavelength_takes_the_lines(dock, session, qtbot):
    session.set_wavelength(700.0)
    qtbot.keyClick(dock.findChild(QComboBox, "normalisation"), Qt.Key.Key_End)
    assert session.options.normalisation_nm == 700
    assert dock.findChild(QComboBox, "normalisation").currentText() == "At 700 nm"


def test_a_shown_curve_is_chosen_as_the_reference(dock, session, qtbot):
    fold_open(dock)
    box = dock.findChild(QComboBox, "reference")
    assert [box.itemText(i) for i in range(box.count())][1] == "simulated: this pixel"
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert session.options.reference == CurveId(SIM)
    qtbot.waitUntil(lambda: {d.reference for d in dock.curves.differences} == {CurveId(SIM)})
    assert cell(dock, 0, Column.ANGLE) == "ref."


def test_structures_are_ticked_in_the_list(dock, session, qtbot):
    session.set_options(mode="structure", hover=False)
    qtbot.waitUntil(lambda: dock.findChild(QPushButton, "structures").isVisible())
    qtbot.waitUntil(lambda: dock._controls._structures._list.count() == 3)
    names = dock._controls._structures._list
    names.item(1).setCheckState(Qt.CheckState.Checked)
    names.item(0).setCheckState(Qt.CheckState.Checked)
    assert session.options.structures == ("small_bowel", "liver")
    assert dock.findChild(QPushButton, "structures").text() == "Structures (2)"
    qtbot.waitUntil(lambda: len(dock.curves.curves) == 6, timeout=5000)
    press(qtbot, button(dock, "Clear pins"))
    assert session.options.structures == ()
    assert names.item(0).checkState() == Qt.CheckState.Unchecked


def test_the_range_stands_in_plot_and_table_and_moves_by_keyboard(dock, session, qtbot):
    fold_open(dock)
    dock.findChild(QCheckBox, "band").setChecked(True)
    assert session.options.band_nm == (540, 580)
    assert dock._plot._band.isVisible()
    qtbot.keyClick(dock._plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(dock._plot, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert session.options.band_nm == (542.5, 587.5)
    assert tuple(dock._plot._band.getRegion()) == (542.5, 587.5)
    dock._plot._band.setRegion((600, 700))  # as a drag does
    qtbot.waitUntil(lambda: cell(dock, 0, Column.BAND) != "")
    expected = dock.curves.curves[0].band_mean(600, 700)
    qtbot.waitUntil(lambda: float(cell(dock, 0, Column.BAND)) == pytest.approx(expected, rel=0.01))
    dock.findChild(QCheckBox, "band").setChecked(False)
    assert session.options.band_nm is None
    assert not dock._plot._band.isVisible()


def test_chromophores_are_drawn_on_an_axis_of_their_own(dock, session):
    axis = dock._plot._view.getAxis("right")
    assert not axis.isVisible()
    session.set_options(chromophores=("HbO2", "water"))
    assert axis.isVisible()
    assert "Absorption [1/cm]" in axis.labelString()
    overlays = dock._plot._overlays
    assert {name for name, (line, _) in overlays._lines.items() if line.isVisible()} == {"HbO2", "water"}
    low, high = overlays._box.viewRange()[1]
    assert low < -3 < 2 < high  # powers of ten of water's least and haemoglobin's most
    session.set_options(chromophores=())
    assert not axis.isVisible()


def test_the_estimate_of_blood_gets_its_columns(dock, session, qtbot):
    assert dock._table.isColumnHidden(Column.SATURATION)
    session.set_options(blood=True)
    qtbot.waitUntil(lambda: not dock._table.isColumnHidden(Column.SATURATION))
    heading = dock._table.model().headerData(Column.HAEMOGLOBIN, Qt.Orientation.Horizontal)
    assert heading == "Hb [g/l·cm]"


def test_all_of_the_dock_fits_beside_the_transfer_dock(dock):
    fold_open(dock)
    assert dock.minimumSizeHint().height() <= 560


def test_the_verdict_stands_above_the_plot_and_follows_the_structure(qtbot, dock, session):
    """Of the structure under the mouse; of all where there is none."""
    qtbot.waitUntil(
        lambda: text(dock, "verdict").startswith("Mean of the structure: liver: shape "), timeout=5000
    )
    assert "level" in text(dock, "verdict")
    session.remove(REAL)
    qtbot.waitUntil(
        lambda: text(dock, "verdict").startswith("Open a real cube to compare with"), timeout=5000
    )
