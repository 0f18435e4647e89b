"""The legend of the plot and the numbers beside the curves, in one table."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QGuiApplication, QIcon, QKeyEvent, QKeySequence, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_udt.viewer.spectra import curve_numbers
from napari_udt.viewer.spectra.curve_numbers import TOOLTIPS, Column
from napari_udt.viewer.spectra.curves import Curve, CurveId, CurveSet
from napari_udt.viewer.spectra.widgets.curve_items import line_icon, title
from napari_udt.viewer.style import Theme, theme

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


class CurveTableModel(QAbstractTableModel):
    """Rows of curves; the numbers come from the resolver."""

    visibility_changed = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves = CurveSet()
        self.hidden: set[CurveId] = set()
        self._wavelength_nm: float | None = None
        self._theme = theme("dark")
        self._icons: dict[tuple[object, ...], QIcon] = {}

    def set_curves(self, curves: CurveSet) -> None:
        """Show other curves; rows stay where they are, so a selection survives."""
        changed, headings = _changed_rows(self.curves, curves), self._headings()
        before, now = len(self.curves.curves), len(curves.curves)
        if now > before:
            self.beginInsertRows(QModelIndex(), before, now - 1)
        elif now < before:
            self.beginRemoveRows(QModelIndex(), now, before - 1)
        self.curves = curves
        if now > before:
            self.endInsertRows()
        elif now < before:
            self.endRemoveRows()
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], Column.HAEMOGLOBIN))
        if headings != self._headings():  # upon this news Qt lays the table out anew
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.CURVE, Column.HAEMOGLOBIN)

    def set_wavelength(self, wavelength_nm: float | None) -> None:
        """Show the values at another wavelength."""
        if wavelength_nm == self._wavelength_nm:
            return
        self._wavelength_nm = wavelength_nm
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.VALUE, Column.VALUE)
        if self.curves.curves:
            self.dataChanged.emit(self.index(0, Column.VALUE), self.index(self.rowCount() - 1, Column.VALUE))

    def set_theme(self, colours: Theme) -> None:
        """Paint the line samples for another background."""
        self._theme = colours
        self._icons.clear()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """One row per curve."""
        return 0 if parent.isValid() else len(self.curves.curves)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """Curve, value, angle, RMSE, relative difference, band mean, saturation, haemoglobin."""
        return 0 if parent.isValid() else len(Column)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Curves can be ticked and selected."""
        shown = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return shown | Qt.ItemFlag.ItemIsUserCheckable if index.column() == Column.CURVE else shown

    def headerData(  # noqa: N802 - Qt's interface
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Names of the columns, with units."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return TOOLTIPS[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return curve_numbers.heading(Column(section), self.curves, self._wavelength_nm)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows, its alignment, tick, line sample and tooltip."""
        curve, column = self.curves.curves[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title(curve) if column == Column.CURVE else self.number(curve, column)
            case Qt.ItemDataRole.TextAlignmentRole if column != Column.CURVE:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.CheckStateRole if column == Column.CURVE:
                return Qt.CheckState.Unchecked if curve.id in self.hidden else Qt.CheckState.Checked
            case Qt.ItemDataRole.DecorationRole if column == Column.CURVE:
                return self._icon(curve)
            case Qt.ItemDataRole.ToolTipRole:
                return curve_numbers.tooltip(column, curve, self.curves)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Tick a curve to show it, untick it to hide it."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != Column.CURVE:
            return False
        curve = self.curves.curves[index.row()].id
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self.hidden.discard(curve)
        else:
            self.hidden.add(curve)
        self.dataChanged.emit(index, index)
        self.visibility_changed.emit()
        return True

    def number(self, curve: Curve, column: Column, *, exact: bool = False) -> str:
        """Return a number as text, short or exact."""
        return curve_numbers.number(column, curve, self.curves, self._wavelength_nm, exact=exact)

    def _headings(self) -> list[str]:
        return [curve_numbers.heading(column, self.curves, self._wavelength_nm) for column in Column]

    def _icon(self, curve: Curve) -> QIcon:
        key = (curve.style, curve.mark)
        if key not in self._icons:
            self._icons[key] = line_icon(curve, self._theme, _ICON_SIZE)
        return self._icons[key]


def _changed_rows(before: CurveSet, now: CurveSet) -> list[int]:
    """Return the rows that say something new: while the mouse moves, those of up to fifty pins do not."""
    if before.options != now.options or before.reference_ids != now.reference_ids:
        return list(range(len(now.curves)))
    old = [(curve, before.difference(curve.id)) for curve in before.curves]
    new = [(curve, now.difference(curve.id)) for curve in now.curves]
    return [row for row, said in enumerate(new) if row >= len(old) or said != old[row]]


class CurveTable(QTableView):
    """Legend with ticks, and numbers; a click on a number copies it, Ctrl+C copies the selected rows."""

    visibility_changed = Signal()
    copied = Signal(str)  # what went to the clipboard

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = CurveTableModel(parent=self)
        self.setModel(self.rows)
        self._titles: tuple[str, ...] = ()
        self._fold_soon = QTimer(self)  # after the layout has settled: a scroll bar makes the labels narrower
        self._fold_soon.setSingleShot(True)
        self._fold_soon.timeout.connect(self._fold)
        self._to_fold: set[int] = set()
        self._set_up_look()
        self.rows.visibility_changed.connect(self.visibility_changed)
        self.clicked.connect(self._on_clicked)

    @property
    def hidden(self) -> frozenset[CurveId]:
        """The curves that the user unticked."""
        return frozenset(self.rows.hidden)

    def set_curves(self, curves: CurveSet) -> None:
        """Show other curves."""
        self.rows.set_curves(curves)
        self._fit_columns()
        titles = tuple(title(curve) for curve in curves.curves)
        known = dict(enumerate(self._titles))
        self._titles = titles
        self._ask_to_fold({row for row, text in enumerate(titles) if known.get(row) != text})

    def set_wavelength(self, wavelength_nm: float | None) -> None:
        """Show the values at another wavelength."""
        self.rows.set_wavelength(wavelength_nm)

    def set_theme(self, name: str) -> None:
        """Paint the line samples for one of napari's themes."""
        self.rows.set_theme(theme(name))
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Copy the selected rows on Ctrl+C."""
        if event is not None and event.matches(QKeySequence.StandardKey.Copy):
            self._copy(self.selected_text())
        else:
            super().keyPressEvent(event)

    def selected_text(self) -> str:
        """Return the selected rows, tab-separated, with a line of headings."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        columns = curve_numbers.columns(self.rows.curves.options)
        heading = [self.rows.headerData(c, Qt.Orientation.Horizontal) for c in (Column.CURVE, *columns)]
        curves = [self.rows.curves.curves[row] for row in rows]
        lines = [[title(c), *(self.rows.number(c, column, exact=True) for column in columns)] for c in curves]
        return "\n".join("\t".join(line) for line in [heading, *lines])

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show as many numbers as there is room for."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        wanted = curve_numbers.columns(self.rows.curves.options)
        shown = curve_numbers.fitting(wanted, _NUMBER_WIDTHS, self.viewport().width() - _LEAST_CURVE_WIDTH)
        for column in _NUMBER_WIDTHS:
            if self.isColumnHidden(column) != (column not in shown):
                self.setColumnHidden(column, column not in shown)

    def _set_up_look(self) -> None:
        header, rows = self.horizontalHeader(), self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.CURVE, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        for column, width in _NUMBER_WIDTHS.items():
            header.resizeSection(column, width)
        header.sectionResized.connect(self._on_section_resized)
        self.setIconSize(_ICON_SIZE)
        self.setMinimumHeight(5 * self.fontMetrics().height() + 20)  # headings and three curves
        self.setWordWrap(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _on_section_resized(self, *_: int) -> None:
        self._ask_to_fold(set(range(self.rows.rowCount())))

    def _ask_to_fold(self, rows: set[int]) -> None:
        """Give rows the height of their labels soon."""
        self._to_fold |= rows
        if rows:
            self._fold_soon.start()

    def _fold(self) -> None:
        rows, self._to_fold = self._to_fold, set()
        if len(rows) >= self.rows.rowCount():
            self.resizeRowsToContents()
            return
        for row in rows:
            self.resizeRowToContents(row)  # Qt overlooks rows that are gone

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() != Column.CURVE:
            curve = self.rows.curves.curves[index.row()]
            self._copy(self.rows.number(curve, Column(index.column()), exact=True))

    def _copy(self, text: str) -> None:
        clipboard = QGuiApplication.clipboard()
        if text and clipboard is not None:
            clipboard.setText(text)
            self.copied.emit(text)
