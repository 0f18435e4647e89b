"""Curves over time or depth, computed in the background, with a legend that says the values of the present picture."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QProgressBar, QScrollArea, QWidget

from napari_udt.errors import CubeError
from napari_udt.files.writing import whole_or_nothing
from napari_udt.series import Axis
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.series.curves import SeriesCurves, SeriesLine, Wanted, csv_text
from napari_udt.viewer.series.pictures import PICTURE_WORDS, series_of
from napari_udt.viewer.series.widgets.series_plot import SeriesPlot
from napari_udt.viewer.spectra.curves import CurveSet
from napari_udt.viewer.spectra.widgets.curve_items import title
from napari_udt.viewer.state.comparable_cubes import focus_of
from napari_udt.viewer.state.display_options import DisplayOptions, Over
from napari_udt.viewer.state.jobs import Report, error_text
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import readable, theme

_REST_MS = 150  # after which the mouse, or the slider of wavelengths, is taken to rest
_LEGEND_LINES = 5
_NOTHING = "Pin pixels, tick structures or draw regions of a cube with a series to follow them."


class SeriesPage(QWidget):
    """What the Spectra dock shows in the place of curves over wavelength.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._curves, self._over = CurveSet(), session.options.over
        self._store = SeriesCurves(session)
        self._lines: tuple[SeriesLine, ...] = ()
        self._cancelled: set[object] = set()  # what the user does not want to wait for
        self._theme = "dark"
        self._run = JobRunner(self)
        self.plot = SeriesPlot(parent=self)
        self._legend = QLabel(self)
        self._legend.setObjectName("series legend")
        self._legend.setWordWrap(True)
        area = QScrollArea(self)
        area.setWidget(self._legend)
        area.setWidgetResizable(True)
        area.setFixedHeight(_LEGEND_LINES * self.fontMetrics().lineSpacing())
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName("Progress of the curves over time or depth")
        self._cancel = push_button("Cancel", "Stop following these curves; those that are drawn stay.", self)
        self._work = QWidget(self)
        row_of(self._bar, self._cancel, equal=False, parent=self._work).setStretch(0, 1)
        fill(self, self.plot, self._work, area, stretched=self.plot)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._start)
        self._cancel.clicked.connect(self._on_cancel)
        self._run.progressed.connect(self._on_progressed)
        self._run.failed.connect(self._on_failed)
        self.plot.position_dragged.connect(self._on_dragged)
        self.plot.step_requested.connect(self._on_step)
        session.position_changed.connect(self._on_position)
        session.wavelength_changed.connect(self._on_wavelength)
        self._show_work()

    @property
    def axis(self) -> Axis | None:
        """Of the series of the cube that is looked at, else of the newest; None where there is no series."""
        entries = (focus_of(self._session), *reversed(list(self._session)))
        found = (series_of(entry.cube) for entry in entries if entry is not None)
        return next((series.axis for series in found if series is not None), None)

    @property
    def busy(self) -> bool:
        """Whether curves are being computed, or are about to be."""
        return self._run.running or self._rest.isActive()

    @property
    def lines(self) -> tuple[SeriesLine, ...]:
        """The curves that are drawn."""
        return self._lines

    @property
    def curves(self) -> CurveSet:
        """The curves that are drawn, as such: where they lie in s or mm stands in the place of wavelengths."""
        options = DisplayOptions(normalisation="none", spread="quartiles")
        return CurveSet(tuple(line.curve for line in self._lines), options=options)

    def follow(self, curves: CurveSet, over: Over) -> None:
        """Follow these curves along their series; what is not known yet is computed and drawn then."""
        self._curves, self._over = curves, over
        wanted = self._store.wanted(curves, over)
        self._lines = self._store.lines(wanted)
        self.plot.show_lines(self._lines)
        self._on_position(self._session.position)
        if self._missing():
            self._rest.start(_REST_MS)

    def set_theme(self, name: str) -> None:
        """Take the colours of one of napari's themes ("dark", "light")."""
        self._theme = name
        self.plot.set_theme(name)
        self._write_legend()

    def csv_text(self) -> str:
        """Return the curves as CSV."""
        return csv_text(self._lines, self._curves)

    def save(self, path: Path) -> None:
        """Write the curves as .csv, the plot as .png, .svg or .pdf; whole or not at all.

        Raises
        ------
        CubeError
            When the file's name asks for another kind.
        OSError
            When the file cannot be written.
        """
        if path.suffix.casefold() in (".png", ".svg", ".pdf"):
            self.plot.save(path)
            return
        if path.suffix.casefold() != ".csv":
            raise CubeError(
                f"{path.name}: curves over time or depth are saved as .csv, .png, .svg or .pdf; choose one of these."
            )
        with whole_or_nothing(path) as temporary:
            temporary.write_text(self.csv_text(), encoding="utf-8", newline="")

    def _missing(self) -> tuple[Wanted, ...]:
        """Return what is to be computed: first what was chosen, then what is under the mouse."""
        wanted = self._store.missing(self._store.wanted(self._curves, self._over))
        chosen = tuple(each for each in wanted if each.curve.subject != (None, None, None))
        wanted = chosen or tuple(each for each in wanted if self._store.is_quick(each))
        return tuple(each for each in wanted if (each.series, each.key) not in self._cancelled)

    def _start(self) -> None:
        missing = self._missing()
        if missing and not self._run.running:
            self._run.start(partial(self._computed, missing), self._on_computed)
            self._bar.setRange(0, 0)
            self._show_work()

    def _computed(self, wanted: Sequence[Wanted], report: Report) -> None:
        self._store.compute(wanted, report)

    def _on_computed(self, _nothing: None) -> None:
        self._show_work()
        self.follow(self._curves, self._over)

    def _on_progressed(self, done: int, total: int) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setFormat(f"picture {done} of {total}")

    def _on_cancel(self) -> None:
        self._cancelled |= {(each.series, each.key) for each in self._missing()}
        self._run.drop()
        self._show_work()

    def _on_failed(self, error: Exception) -> None:
        self._cancelled |= {(each.series, each.key) for each in self._missing()}
        self._show_work()
        self._legend.setText(html.escape(error_text(error)))

    def _show_work(self) -> None:
        self._work.setVisible(self._run.running)

    def _on_position(self, position: float | None) -> None:
        if isalive(self):
            self.plot.set_position(position)
            self._write_legend()

    def _on_wavelength(self, _wavelength_nm: float) -> None:
        if isalive(self) and self._over == "value":
            self.follow(self._curves, "value")

    def _on_dragged(self, position: float) -> None:
        self._go(position, 0)

    def _on_step(self, step: int) -> None:
        if self._session.position is not None:
            self._go(self._session.position, step)

    def _go(self, position: float, step: int) -> None:
        """Go to the picture nearest to a position, some pictures on, of the series whose curve is drawn first."""
        cube = self._lines[0].curve.entry.cube if self._lines else None
        series = None if cube is None else series_of(cube)
        if series is not None:
            index = min(max(series.nearest(position) + step, 0), len(series) - 1)
            self._session.set_position(float(series.coordinates[index]))

    def _write_legend(self) -> None:
        """Write what each line is, and its median and quartiles in the present picture."""
        position, colours = self._session.position, theme(self._theme)
        rows = []
        for line in self._lines:
            style = line.curve.style
            stroke = "╌╌" if style.dash else "━━"
            sample = f'<span style="color:{readable(style.colour, colours.background)}">{stroke}</span>'
            mark = line.curve.mark
            dot = "" if mark is None else f'<span style="color:{mark.colour}">●</span> '
            numbers = "" if position is None else f": <b>{_numbers(*line.value_at(position))}</b>"
            rows.append(f"{sample} {dot}{html.escape(title(line.curve))}{numbers}")
        rows += map(html.escape, self._store.remarks(self._store.wanted(self._curves, self._over)))
        if self._lines:
            rows.append(f"Median, quartiles in brackets, in this {PICTURE_WORDS[self._lines[0].axis]}.")
        self._legend.setText("<br>".join(rows) or _NOTHING)


def _numbers(median: float, lower: float, upper: float) -> str:
    if median != median:  # no pixel has a value
        return "–"
    return f"{median:.4g}" if lower != lower else f"{median:.4g} ({lower:.4g} to {upper:.4g})"
