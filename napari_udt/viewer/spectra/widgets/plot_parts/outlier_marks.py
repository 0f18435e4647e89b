"""Marks at the edge of the plot for values beyond it, with the wavelengths and the values as text."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg

from napari_udt.viewer.spectra.value_range import Outlier
from napari_udt.viewer.style import LineStyle, Theme, readable

_NAMED = 3  # outliers; more texts would lie on each other
_MOST = 200  # marks
_UP, _DOWN = "t1", "t"  # pyqtgraph's names of triangles


class OutlierMarks:
    """Triangles where values leave the plot; made once, then reused."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._marks = pg.ScatterPlotItem(size=11)
        self._texts = [pg.TextItem(anchor=(0.5, 0)) for _ in range(_NAMED)]
        for item in (self._marks, *self._texts):
            item.setZValue(15)
            plot.addItem(item, ignoreBounds=True)
        self._shown: tuple[object, ...] = ()
        self.show((), (), (0.0, 1.0), None)

    def show(
        self,
        found: Sequence[Outlier],
        styles: Sequence[LineStyle],
        limits: tuple[float, float],
        theme: Theme | None,
    ) -> None:
        """Mark these outliers; ``styles`` are those of the lines that they are on."""
        wanted = (tuple(found), tuple(styles), limits, theme)
        if wanted == self._shown:
            return
        self._shown = wanted
        self._marks.setVisible(bool(found))
        for text in self._texts[len(found) :]:
            text.setVisible(False)
        if theme is None or not found:
            return
        shown = found[:_MOST]
        self._marks.setData(
            [outlier.wavelength_nm for outlier in shown],
            [limits[outlier.is_above] for outlier in shown],
            symbol=[_UP if outlier.is_above else _DOWN for outlier in shown],
            brush=[readable(styles[outlier.line].colour, theme.background) for outlier in shown],
            pen=theme.background,
        )
        named = {
            outlier.wavelength_nm: outlier for outlier in reversed(found)
        }  # the farthest at each wavelength
        chosen = sorted(named.values(), key=found.index)[:_NAMED]
        for text, outlier in zip(self._texts, chosen, strict=False):
            text.setText(f"{outlier.wavelength_nm:.0f} nm: {outlier.value:.3g}")
            text.setColor(readable(styles[outlier.line].colour, theme.background))
            text.setAnchor((0.5, 0.0) if outlier.is_above else (0.5, 1.0))
            text.setPos(outlier.wavelength_nm, limits[outlier.is_above])
            text.setVisible(True)
        for text in self._texts[len(chosen) :]:
            text.setVisible(False)
