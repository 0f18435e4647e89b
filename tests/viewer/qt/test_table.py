"""The shared table: sorting, editing, copying, and a selection that follows the rows."""

from __future__ import annotations

import math

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from napari_udt.viewer.qt.table import Column, Table, TableModel

ROWS = [("b", 2.0), ("a", math.nan), ("C", -1.0), ("d", 10.0)]


def columns(**more):
    return (
        Column("Name", lambda row: row[0], **more),
        Column(
            "Number",
            lambda row: f"{row[1]:.0f}",
            exact=lambda row: f"{row[1]:.3f}",
            sort_key=lambda row: row[1],
            is_number=True,
        ),
    )


@pytest.fixture
def table(qtbot):
    table = Table(columns(), key=lambda row: row[0], sorts=True)
    qtbot.addWidget(table)
    table.set_rows(ROWS)
    return table


def click_heading(qtbot, table, column):
    header = table.horizontalHeader()
    table.show()
    at = header.rect().center()
    at.setX(header.sectionViewportPosition(column) + 10)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)


def names(table):
    return "".join(row[0] for row in table.rows)


def test_a_click_sorts_and_rows_without_a_number_come_last_in_both_directions(qtbot, table):
    click_heading(qtbot, table, 1)
    assert names(table) == "Cbda"
    click_heading(qtbot, table, 1)
    assert names(table) == "dbCa"
    table.set_rows([*ROWS, ("e", 5.0)])
    assert names(table) == "debCa"


def test_texts_are_sorted_without_regard_to_case(table):
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert names(table) == "abCd"


def test_the_selection_follows_its_row(qtbot, table):
    table.selectRow(0)
    heard = []
    table.selection_changed.connect(lambda: heard.append(table.selected_keys()))
    click_heading(qtbot, table, 1)
    assert table.selected_keys() == ["b"]
    table.set_rows([("x", 1.0), ("b", 99.0)])
    assert table.selected_rows() == [("b", 99.0)]
    assert heard in ([], [["b"]])
    table.set_rows([("x", 1.0)])
    assert (table.selected_keys(), heard[-1]) == ([], [])


def test_views_hear_only_of_rows_that_differ(qtbot, table):
    heard = []
    table.model().dataChanged.connect(lambda first, last: heard.append((first.row(), last.row())))
    table.set_rows(ROWS)
    assert heard == []
    table.set_rows([ROWS[0], ROWS[1], ("C", 7.0)])
    assert heard == [(2, 2)]
    assert table.model().rowCount() == 3


def test_ctrl_c_copies_exact_numbers_of_the_selected_rows_else_of_all(qtbot, table):
    said = []
    table.copied.connect(said.append)
    for selected, expected in ((False, 5), (True, 2)):
        if selected:
            table.selectRow(3)
        qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        lines = QGuiApplication.clipboard().text().splitlines()
        assert len(lines) == expected
        assert (lines[0], lines[-1]) == ("Name\tNumber", "d\t10.000")
    assert said == ["Copied 4 rows", "Copied 1 row"]
    table.setColumnHidden(1, True)
    assert table.text_of(table.rows[:1]) == "Name\nb"
    assert table.text_of([("=1\t+2", -1.0)]) == "Name\n'=1 +2"


def test_cells_are_edited_and_checked():
    typed, checked = [], []
    more = {
        "edit": lambda row, text: typed.append((row[0], text)),
        "is_checked": lambda row: row[0] == "b",
        "set_checked": lambda row, on: checked.append((row[0], on)),
    }
    model = TableModel(columns(**more))
    model.set_rows(ROWS)
    assert model.setData(model.index(0, 0), "new")
    assert model.setData(model.index(1, 0), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert not model.setData(model.index(0, 1), "5")
    assert (typed, checked) == ([("b", "new")], [("a", True)])
    state = Qt.ItemDataRole.CheckStateRole
    assert model.data(model.index(0, 0), state) == Qt.CheckState.Checked
    assert not model.flags(model.index(0, 1)) & Qt.ItemFlag.ItemIsEditable


def test_other_columns_come_unsorted_and_bars_are_drawn(qtbot, table):
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    bars = (Column("Share", lambda row: row[0], bar=lambda row: (1.0, "#ff0000") if row[0] == "b" else None),)
    table.set_columns(bars, ROWS)
    assert names(table) == "baCd"
    table.show()
    assert table.horizontalHeader().sortIndicatorSection() == -1
    drawn = table.viewport().grab().toImage()
    colours = []
    for row in (0, 1):
        box = table.visualRect(table.model().index(row, 0))
        colours.append(drawn.pixelColor(box.right() - 4, box.center().y()))
    assert colours[0].red() > colours[0].blue() + 60
    assert colours[1].red() == pytest.approx(colours[1].blue(), abs=10)


def test_delete_is_announced(qtbot, table):
    with qtbot.waitSignal(table.delete_pressed):
        qtbot.keyClick(table, Qt.Key.Key_Delete)


def test_tool_tips_show_markup_in_names_as_it_is(qtbot):
    """Qt takes a tool tip that holds a tag for HTML, and opens the pictures that it names."""
    model = TableModel(columns(tooltip="<img src='/dev/zero'>"))
    model.set_rows([("<img src='/dev/zero'>", 1.0)])
    tips = [
        model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole),
        model.headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole),
    ]
    assert tips == ["‹img src='/dev/zero'>"] * 2
