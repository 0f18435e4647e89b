"""The numbers of the Trust dock: one row each, for a pixel and for the cube; a click copies, a button makes a map."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget
from superqt import QElidingLabel

from napari_udt.viewer.trust.normal_ranges import COLOURS, MARKS, NormalRange
from napari_udt.viewer.trust.rows import (
    ROW_OF,
    ROWS,
    WHOLE_PICTURE_ONLY,
    TrustRow,
    clipboard_text,
    number_text,
)

_COLUMNS = ("pixel", "cube")
_HEADINGS = (
    ("Pixel", "The spectrum under the mouse, else that of the newest pin."),
    ("Median", "Of all spectra of the cube, once it was judged."),
)
_NUMBERS, _MARK, _UNIT, _NORMAL, _MAP = 1, 3, 4, 5, 6  # columns of the grid
_NORMAL_HEADING = (
    "Normal",
    "What 95 % of held-out simulated spectra do not go beyond, for hyperspectral models.",
)
_LONGEST = "-00.00"  # what numbers keep room for: they must not push each other while the mouse moves


class TrustTable(QWidget):
    """Rows of title, two numbers, their unit and a button."""

    copy_wanted = Signal(str)  # text for the clipboard
    map_wanted = Signal(str)  # key of the row

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: dict[str, Mapping[str, float]] = {column: {} for column in _COLUMNS}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(0, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # rows are not squeezed
        for place, texts in enumerate(_HEADINGS, start=_NUMBERS):
            self._grid.addWidget(self._heading(*texts), 0, place)
            self._grid.setColumnMinimumWidth(place, self.fontMetrics().horizontalAdvance(_LONGEST))
        self._numbers: dict[tuple[str, str], QToolButton] = {}
        self._maps: dict[str, QToolButton] = {}
        self._ranges: dict[str, tuple[QLabel, QLabel]] = {}
        self._grid.addWidget(self._heading(*_NORMAL_HEADING), 0, _NORMAL)
        for line, row in enumerate(ROWS, start=1):
            self._add_row(line, row)

    def set_numbers(
        self, pixel: Mapping[str, float], cube: Mapping[str, float], normal: Mapping[str, NormalRange]
    ) -> None:
        """Show what is known, and whether the pixel's numbers (without a pixel: the cube's) are normal."""
        self._values = {"pixel": pixel, "cube": cube}
        for (key, column), button in self._numbers.items():
            value = self._values[column].get(key)
            button.setText(number_text(ROW_OF[key], value))
            button.setEnabled(bool(clipboard_text(ROW_OF[key], value)))
        for row in ROWS:
            self._show_range(row, normal.get(row.key), pixel.get(row.key, cube.get(row.key)))

    def set_possible(self, mappable: Collection[str], *, busy: bool) -> None:
        """Offer maps of these rows; none while one is being made."""
        for key, button in self._maps.items():
            button.setEnabled(key in mappable and not busy)
            words = (
                "Show it as a map over the topmost picture, side by side over all of them on one scale; what is missing is computed "
                "first. A transferred picture shows the number of its source."
            )
            button.setToolTip(f"<qt>{words if key in mappable else f'No map: {WHOLE_PICTURE_ONLY}.'}</qt>")

    def _show_range(self, row: TrustRow, normal: NormalRange | None, value: float | None) -> None:
        mark, bound = self._ranges[row.key]
        judgement = "" if normal is None else normal.judgement(value)
        mark.setText(f'<span style="color:{COLOURS[judgement]}">{MARKS[judgement]}</span>')
        bound.setText("" if normal is None else normal.text(row))
        words = "" if normal is None else normal.explanation
        for label in (mark, bound):
            label.setToolTip(f"<qt>{words}</qt>" if words else "")
            label.setAccessibleName(f"{row.title}: {judgement or 'not judged'}")

    def _heading(self, text: str, tooltip: str) -> QLabel:
        label = QLabel(text, self)
        label.setToolTip(tooltip)
        label.setAlignment(Qt.AlignmentFlag.AlignRight)
        return label

    def _add_row(self, line: int, row: TrustRow) -> None:
        title, unit = QElidingLabel(row.title, self), QLabel(row.unit, self)
        title.setElideMode(Qt.TextElideMode.ElideMiddle)  # "after" and "before" stand at the end
        for place, label in ((0, title), (_UNIT, unit)):
            label.setToolTip(f"<qt>{row.tooltip}</qt>")  # rich text wraps
            self._grid.addWidget(label, line, place)
        for place, column in enumerate(_COLUMNS, start=_NUMBERS):
            button = self._button(f"{row.key} {column}", f"<qt>{row.tooltip}<br><i>Click to copy.</i></qt>")
            button.setAccessibleName(f"{row.title} in {row.unit}, {column}")
            button.clicked.connect(self._on_copy)
            self._numbers[row.key, column] = button
            self._grid.addWidget(button, line, place, Qt.AlignmentFlag.AlignRight)
        self._ranges[row.key] = mark, bound = QLabel(self), QLabel(self)
        mark.setTextFormat(Qt.TextFormat.RichText)
        mark.setMinimumWidth(self.fontMetrics().horizontalAdvance("✗ "))
        bound.setObjectName(f"{row.key} normal")
        self._grid.addWidget(mark, line, _MARK)
        self._grid.addWidget(bound, line, _NORMAL, Qt.AlignmentFlag.AlignRight)
        button = self._button(f"{row.key} map", "")
        button.setText("Map")
        button.setAccessibleName(f"Map of {row.title}")
        button.clicked.connect(self._on_map)
        self._maps[row.key] = button
        self._grid.addWidget(button, line, _MAP)

    def _button(self, name: str, tooltip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setToolTip(tooltip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setMinimumHeight(self.fontMetrics().height() + 6)
        return button

    def _on_copy(self) -> None:
        key, column = _parts(self.sender())
        self.copy_wanted.emit(clipboard_text(ROW_OF[key], self._values[column].get(key)))

    def _on_map(self) -> None:
        self.map_wanted.emit(_parts(self.sender())[0])


def _parts(button: QObject | None) -> list[str]:
    return ["", ""] if button is None else button.objectName().rsplit(" ", 1)
