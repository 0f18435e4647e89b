"""The legend of the plot and the numbers beside the curves, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from qtpy.QtCore import QEvent, QModelIndex, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QIcon, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from napari_udt.viewer.qt import table as qt
from napari_udt.viewer.spectra import curve_numbers
from napari_udt.viewer.spectra.curve_numbers import TOOLTIPS, Column
from napari_udt.viewer.spectra.curves import Curve, CurveId, CurveSet
from napari_udt.viewer.spectra.widgets.curve_items import line_icon, title
from napari_udt.viewer.style import theme

_ICON_SIZE = QSize(28, 14)
_NUMBER_WIDTHS = {
    Column.VALUE: 66,
    Column.ANGLE: 62,
    Column.RMSE: 60,
    Column.RELATIVE: 56,
    Column.BAND: 84,
    Column.SATURATION: 60,
    Column.HAEMOGLOBIN: 84,
}
_LEAST_CURVE_WIDTH = 160
_LEAST_ROWS = 3


class CurveRow(NamedTuple):
    """A curve, and all that its numbers depend on: equal rows are not drawn again."""

    curve: Curve
    numbers: tuple[object, ...]


class CurveTable(qt.Table):
    """Legend with ticks, and numbers; a click on a number copies it, Ctrl+C copies the selected rows."""

    visibility_changed = Signal()
    subject_chosen = Signal(
        object
    )  # pixel, structure or region whose curve was clicked, or Return pressed on it

    def __init__(self, *, parent: QWidget | None = None) -> None:
        self.hidden: frozenset[CurveId] = frozenset()  # the curves that the user unticked
        self._curves = CurveSet()
        self._wavelength_nm: float | None = None
        self._theme = theme("dark")
        self._icons: dict[tuple[object, ...], QIcon] = {}
        super().__init__(self._columns(), key=lambda row: row.curve.id, parent=parent)
        self._titles: tuple[str, ...] = ()
        self._fold_soon = QTimer(self)  # after the layout has settled: a scroll bar makes the labels narrower
        self._fold_soon.setSingleShot(True)
        self._fold_soon.timeout.connect(self._fold)
        self._to_fold: set[int] = set()
        self._set_up()
        self.clicked.connect(self._on_clicked)
        self.activated.connect(self._on_activated)

    def set_curves(self, curves: CurveSet) -> None:
        """Show other curves."""
        self._curves = curves
        self._show_titles()
        common = (curves.options, curves.reference_ids)
        self.set_rows(CurveRow(c, (*common, curves.difference(c.id))) for c in curves.curves)
        self._fit_columns()
        titles = tuple(title(curve) for curve in curves.curves)
        known = dict(enumerate(self._titles))
        self._titles = titles
        self._fold_later({row for row, text in enumerate(titles) if known.get(row) != text})

    def set_wavelength(self, wavelength_nm: float | None) -> None:
        """Show the values at another wavelength."""
        if wavelength_nm != self._wavelength_nm:
            self._wavelength_nm = wavelength_nm
            self._show_titles()
            self.table_model.refresh_column(Column.VALUE)

    def set_theme(self, name: str) -> None:
        """Draw the line samples for one of napari's themes."""
        self._theme = theme(name)
        self._icons.clear()
        self.viewport().update()

    def copied_columns(self) -> Sequence[int]:
        """Return the columns that are copied: also those for which there is no room."""
        return [Column.CURVE, *curve_numbers.columns(self._curves.options)]

    def event(self, event: QEvent | None) -> bool:
        """Keep room for the headings and three whole curves, in the theme's letters."""
        handled = super().event(event)
        if event is not None and event.type() in (
            QEvent.Type.Polish,
            QEvent.Type.StyleChange,
            QEvent.Type.Show,
        ):
            lines = self.verticalHeader().defaultSectionSize() * _LEAST_ROWS
            self.setMinimumHeight(self.horizontalHeader().sizeHint().height() + lines + 2 * self.frameWidth())
        return handled

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show as many numbers as there is room for."""
        super().resizeEvent(event)
        self._fit_columns()

    # -- columns ----------------------------------------------------------------------------------

    def _columns(self) -> list[qt.Column]:
        legend = qt.Column(
            "",
            lambda row: title(row.curve),
            TOOLTIPS[Column.CURVE],
            cell_tooltip=partial(self._tooltip, Column.CURVE),
            decoration=self._icon,
            is_checked=lambda row: row.curve.id not in self.hidden,
            set_checked=self._set_checked,
        )
        numbers = [
            qt.Column(
                "",
                partial(self._number, column),
                TOOLTIPS[column],
                cell_tooltip=partial(self._tooltip, column),
                exact=partial(self._number, column, exact=True),
                is_number=True,
            )
            for column in _NUMBER_WIDTHS
        ]
        return [legend, *numbers]

    def _show_titles(self) -> None:
        self.table_model.set_titles(
            [curve_numbers.heading(c, self._curves, self._wavelength_nm) for c in Column]
        )

    def _number(self, column: Column, row: CurveRow, *, exact: bool = False) -> str:
        return curve_numbers.number(column, row.curve, self._curves, self._wavelength_nm, exact=exact)

    def _tooltip(self, column: Column, row: CurveRow) -> str:
        return curve_numbers.tooltip(column, row.curve, self._curves)

    def _icon(self, row: CurveRow) -> QIcon:
        key = (row.curve.style, row.curve.mark)
        if key not in self._icons:
            self._icons[key] = line_icon(row.curve, self._theme, _ICON_SIZE)
        return self._icons[key]

    def _set_checked(self, row: CurveRow, checked: bool) -> None:
        self.hidden = self.hidden - {row.curve.id} if checked else self.hidden | {row.curve.id}
        self.visibility_changed.emit()

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.CURVE:
            self.subject_chosen.emit(self.rows[index.row()].curve.subject)
        else:
            text = self._number(Column(index.column()), self.rows[index.row()], exact=True)
            self.copy_text(text, text)

    def _on_activated(self, index: QModelIndex) -> None:
        self.subject_chosen.emit(self.rows[index.row()].curve.subject)

    # -- layout -----------------------------------------------------------------------------------

    def _set_up(self) -> None:
        self.verticalHeader().setMinimumSectionSize(20)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.CURVE, QHeaderView.ResizeMode.Stretch)
        for column, width in _NUMBER_WIDTHS.items():
            header.resizeSection(column, width)
        header.sectionResized.connect(self._on_section_resized)
        self.setIconSize(_ICON_SIZE)
        self.setWordWrap(True)
        self.setShowGrid(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._show_titles()

    def _fit_columns(self) -> None:
        wanted = curve_numbers.columns(self._curves.options)
        shown = curve_numbers.fitting(wanted, _NUMBER_WIDTHS, self.viewport().width() - _LEAST_CURVE_WIDTH)
        for column in _NUMBER_WIDTHS:
            if self.isColumnHidden(column) != (column not in shown):
                self.setColumnHidden(column, column not in shown)

    def _on_section_resized(self, *_: int) -> None:
        self._fold_later(set(range(len(self.rows))))

    def _fold_later(self, rows: set[int]) -> None:
        """Give rows the height of their labels soon."""
        self._to_fold |= rows
        if rows:
            self._fold_soon.start()

    def _fold(self) -> None:
        rows, self._to_fold = self._to_fold, set()
        if len(rows) >= len(self.rows):
            self.resizeRowsToContents()
            return
        for row in rows:
            self.resizeRowToContents(row)  # Qt ignores rows that are gone
