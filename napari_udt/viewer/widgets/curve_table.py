"""The legend of the plot and the numbers beside the curves, in one table."""

from __future__ import annotations

import math
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QGuiApplication, QIcon, QKeyEvent, QKeySequence, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_udt.unmixing import HAEMOGLOBIN_UNITS
from napari_udt.viewer.curves import Curve, CurveId, CurveSet
from napari_udt.viewer.style import Theme, theme
from napari_udt.viewer.widgets.curve_items import line_icon, title

CURVE, VALUE, ANGLE, RMSE, RELATIVE, BAND, SATURATION, HAEMOGLOBIN = range(8)
_ICON_SIZE = QSize(28, 14)
_NUMBER_WIDTHS = {
    VALUE: 58,
    ANGLE: 62,
    RMSE: 60,
    RELATIVE: 56,
    BAND: 84,
    SATURATION: 62,
    HAEMOGLOBIN: 62,
}
_GIVING_WAY = (RELATIVE, RMSE, ANGLE)  # where there is no room; the tooltip and the clipboard have them still
_LEAST_CURVE_WIDTH = 165

_TOOLTIPS = {
    CURVE: "Untick a curve to hide it.",
    VALUE: "Value of the curve at this wavelength: that of the mouse, else that of the wavelength line.",
    ANGLE: "Spectral angle to the reference curve, in degrees: compares shapes, blind to scale.",
    RMSE: "Root mean square error against the reference curve, in the unit of the curves.",
    RELATIVE: "Root mean square error as a percentage of the reference curve's root mean square.",
    BAND: "Mean of the curve over the wavelengths within the range.",
    SATURATION: "Oxygen saturation of the haemoglobin, estimated by linear unmixing of the curve's own spectrum.",
    HAEMOGLOBIN: "Total haemoglobin by linear unmixing. Reflectance: concentration times path of light, g/l·cm. "
    "Photoacoustics: arbitrary unit.",
}


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
        if now:
            self.dataChanged.emit(self.index(0, 0), self.index(now - 1, HAEMOGLOBIN))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, BAND, BAND)

    def set_wavelength(self, wavelength_nm: float | None) -> None:
        """Show the values at another wavelength."""
        if wavelength_nm == self._wavelength_nm:
            return
        self._wavelength_nm = wavelength_nm
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, VALUE, VALUE)
        if self.curves.curves:
            self.dataChanged.emit(self.index(0, VALUE), self.index(self.rowCount() - 1, VALUE))

    def set_theme(self, colours: Theme) -> None:
        """Paint the line samples for another background."""
        self._theme = colours
        self._icons.clear()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """One row per curve."""
        return 0 if parent.isValid() else len(self.curves.curves)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """Curve, value, angle, RMSE, relative difference, band mean, saturation, haemoglobin."""
        return 0 if parent.isValid() else HAEMOGLOBIN + 1

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Curves can be ticked and selected."""
        shown = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return shown | Qt.ItemFlag.ItemIsUserCheckable if index.column() == CURVE else shown

    def headerData(  # noqa: N802 - Qt's interface
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Names of the columns, with units."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TOOLTIPS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._heading(section)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows, its alignment, tick, line sample and tooltip."""
        curve, column = self.curves.curves[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title(curve) if column == CURVE else self.number(curve, column)
            case Qt.ItemDataRole.TextAlignmentRole if column != CURVE:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.CheckStateRole if column == CURVE:
                return Qt.CheckState.Unchecked if curve.id in self.hidden else Qt.CheckState.Checked
            case Qt.ItemDataRole.DecorationRole if column == CURVE:
                return self._icon(curve)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tooltip(curve, column)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Tick a curve to show it, untick it to hide it."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != CURVE:
            return False
        curve = self.curves.curves[index.row()].id
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self.hidden.discard(curve)
        else:
            self.hidden.add(curve)
        self.dataChanged.emit(index, index)
        self.visibility_changed.emit()
        return True

    def number(self, curve: Curve, column: int, *, exact: bool = False) -> str:
        """Return a number as text, short or exact; "ref." for the curve that the others are compared with."""
        value, form = self._value(curve, column)
        if value is not None:
            return _text(value, ".7g" if exact else form)
        is_reference = any(d.reference == curve.id for d in self.curves.differences)
        return "ref." if is_reference and column == ANGLE else ""

    def _value(self, curve: Curve, column: int) -> tuple[float | None, str]:
        """Return a number, None where there is none, and how it is written in short."""
        found, band, unmixed = self.curves.difference(curve.id), self.curves.options.band_nm, curve.unmixed
        match column:
            case _ if column == VALUE:
                at = self._wavelength_nm
                return None if at is None else curve.value_at(at), "#.3g"
            case _ if column == BAND:
                return None if band is None else curve.band_mean(*band), "#.3g"
            case _ if column in (SATURATION, HAEMOGLOBIN):
                if unmixed is None:
                    return None, ""
                percent = 100 * float(unmixed.oxygenation)
                return (percent, ".0f") if column == SATURATION else (float(unmixed.haemoglobin), "#.3g")
        if found is None:
            return None, ""
        numbers = {ANGLE: (found.angle_deg, ".2f"), RMSE: (found.rmse, "#.2g"), RELATIVE: (100 * found.relative, ".1f")}
        return numbers.get(column, (None, ""))

    def _heading(self, column: int) -> str:
        band = self.curves.options.band_nm
        match column:
            case _ if column == VALUE:
                return "Value" if self._wavelength_nm is None else f"{self._wavelength_nm:.0f} nm"
            case _ if column == BAND and band is not None:
                return f"{band[0]:.0f}–{band[1]:.0f} nm"
            case _ if column == HAEMOGLOBIN:
                units = {HAEMOGLOBIN_UNITS[c.entry.cube.modality] for c in self.curves.curves}
                return f"Hb [{units.pop()}]" if len(units) == 1 else "Hb"
        return {CURVE: "Curve", ANGLE: "Angle [°]", RMSE: "RMSE", RELATIVE: "Rel. [%]", SATURATION: "sO₂ [%]"}.get(
            column, "Range"
        )

    def _tooltip(self, curve: Curve, column: int) -> str:
        found = self.curves.difference(curve.id)
        entry = curve.entry
        if column in (SATURATION, HAEMOGLOBIN) and curve.unmixed is not None:
            missed = 100 * float(curve.unmixed.residual)
            return f"{_TOOLTIPS[column]}\nNot explained: {missed:.3g} % of the fitted spectrum (rms)."
        if column in (VALUE, BAND):
            return f"{_TOOLTIPS[column]}\nClick to copy it."
        if column == CURVE or found is None:
            return f"{curve.label}\nLayer: {entry.key} ({entry.cube.origin})\n{_TOOLTIPS[CURVE]}"
        reference = next(c.label for c in self.curves.curves if c.id == found.reference)
        return (
            f"Compared with: {reference}\nSpectral angle {found.angle_deg:.4g}°, RMSE {found.rmse:.4g}, "
            f"relative rms difference {100 * found.relative:.3g} %, at {found.channels} wavelengths.\n"
            "Click a number to copy it."
        )

    def _icon(self, curve: Curve) -> QIcon:
        key = (curve.style, curve.mark)
        if key not in self._icons:
            self._icons[key] = line_icon(curve, self._theme, _ICON_SIZE)
        return self._icons[key]


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
        self._fold_soon.timeout.connect(self.resizeRowsToContents)
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
        if titles != self._titles:
            self._titles = titles
            self._fold_soon.start()

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
        columns = [VALUE, ANGLE, RMSE, RELATIVE, *self._optional()]
        heading = [self.rows.headerData(c, Qt.Orientation.Horizontal) for c in (CURVE, *columns)]
        curves = [self.rows.curves.curves[row] for row in rows]
        lines = [
            [title(c), *(self.rows.number(c, column, exact=True) for column in columns)]
            for c in curves
        ]
        return "\n".join("\t".join(line) for line in [heading, *lines])

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show as many numbers as there is room for."""
        super().resizeEvent(event)
        self._fit_columns()

    def _optional(self) -> list[int]:
        """Return the columns that the options ask for."""
        options = self.rows.curves.options
        return [BAND] * (options.band_nm is not None) + [SATURATION, HAEMOGLOBIN] * options.blood

    def _fit_columns(self) -> None:
        shown = [VALUE, ANGLE, RMSE, RELATIVE, *self._optional()]
        for column in _GIVING_WAY:
            if self.viewport().width() - sum(_NUMBER_WIDTHS[c] for c in shown) < _LEAST_CURVE_WIDTH:
                shown.remove(column)
        for column in _NUMBER_WIDTHS:
            if self.isColumnHidden(column) != (column not in shown):
                self.setColumnHidden(column, column not in shown)

    def _set_up_look(self) -> None:
        header, rows = self.horizontalHeader(), self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(CURVE, QHeaderView.ResizeMode.Stretch)
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
        self._fold_soon.start()

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() != CURVE:
            self._copy(self.rows.number(self.rows.curves.curves[index.row()], index.column(), exact=True))

    def _copy(self, text: str) -> None:
        clipboard = QGuiApplication.clipboard()
        if text and clipboard is not None:
            clipboard.setText(text)
            self.copied.emit(text)


def _text(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)
