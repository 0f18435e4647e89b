"""Spin box with the time or depth on napari's slider, in place of the index of the picture."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtWidgets import QDoubleSpinBox, QWidget

from napari_udt.viewer.series.pictures import PICTURE_WORDS, CubeSeries, decimals, place_text, series_of
from napari_udt.viewer.state.session import CubesChange, Session


class PositionField(QDoubleSpinBox):
    """Spin box of the session's position along time or depth; it steps from picture to picture."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._series: CubeSeries | None = None
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.valueChanged.connect(self._typed)
        session.position_changed.connect(self._show)
        session.pictures_changed.connect(self._show)
        session.cubes_changed.connect(self._cubes_changed)
        self._fit()

    def stepBy(self, steps: int) -> None:  # noqa: N802 - Qt's name
        """Go to another picture (called by Qt for arrow keys and the wheel)."""
        position = self._session.position
        if self._series is not None and position is not None:
            index = min(max(self._series.nearest(position) + steps, 0), len(self._series) - 1)
            self._session.set_position(float(self._series.coordinates[index]))

    def _cubes_changed(self, change: CubesChange) -> None:
        if isalive(self) and (change.opened or change.closed):
            self._fit()

    def _fit(self) -> None:
        """Take range and unit of the open series."""
        found = [series for entry in self._session if (series := series_of(entry.cube)) is not None]
        self._series = found[-1] if found else None
        if self._series is None:
            return
        counted, what = self._series.positions is None, PICTURE_WORDS[self._series.axis]
        name = "Time" if self._series.axis == "time" else "Depth"
        self.blockSignals(True)
        self.setPrefix(f"{what} " if counted else "")
        self.setSuffix("" if counted else f" {self._series.unit}")
        self.setDecimals(max(map(decimals, found)))
        ends = [(float(s.coordinates[0]), float(s.coordinates[-1])) for s in found]
        self.setRange(
            *(end + counted for end in (min(low for low, _ in ends), max(high for _, high in ends)))
        )
        self.blockSignals(False)
        self.setAccessibleName(f"{name} of the picture")
        self._show()

    def _show(self, _change: object = None) -> None:
        position, series = self._session.position, self._series
        if not isalive(self) or position is None or series is None:
            return
        self.blockSignals(True)
        self.setValue(position + (series.positions is None))
        self.blockSignals(False)
        places = [f"{entry.key}: {text}" for entry in self._session if (text := place_text(entry.cube))]
        self.setToolTip(
            f"<qt>{'Time' if series.axis == 'time' else 'Depth'} of the picture; type one, and the nearest "
            f"{PICTURE_WORDS[series.axis]} is shown. Arrow keys step through them.<br>{'<br>'.join(places)}</qt>"
        )

    def _typed(self, value: float) -> None:
        series = self._series
        if series is not None:
            index = series.nearest(value - (series.positions is None))
            self._session.set_position(float(series.coordinates[index]))
            self._show()
