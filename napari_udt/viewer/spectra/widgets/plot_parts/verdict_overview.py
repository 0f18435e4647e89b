"""What stands in the place of the curves while there are none: the verdict on all structures, and an invitation."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.verdict import Verdict
from napari_udt.population.verdict_text import RULE_NOTE
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas
from napari_udt.viewer.population.widgets.figures.dumbbells import (
    KEY,
    DumbbellItems,
    dumbbells,
    fit_height,
)
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import theme


class VerdictOverview(QWidget):
    """A dumbbell per structure, by the spectral angle; below it a sentence that says how to get curves."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme("dark")
        self._shown: tuple[Verdict | None, Mapping[str, GroupAppearance]] = (None, {})
        self._canvas = FigureCanvas("Verdict on all structures", scrolls=True, parent=self)
        self._canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot = self._canvas.make_plot("", " ", still=True)
        self._canvas.ci.addItem(plot, 0, 0)
        self._items = DumbbellItems(plot)
        self._area = VerticalScrollArea(self._canvas, self)
        self._key, self._hint = wrapping_label("key", self), wrapping_label("hint", self)
        self._key.setText(KEY)
        self._key.setToolTip(f"<qt>{RULE_NOTE}</qt>")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        fill(self, self._key, self._area, self._hint).setStretch(1, 1)
        self._show()

    def invite(self, sentence: str) -> None:
        """Show a sentence below the chart, or alone where there is none."""
        self._hint.setText(sentence)

    def show_verdict(self, found: Verdict | None, appearances: Mapping[str, GroupAppearance]) -> None:
        """Show this verdict; None shows the sentence alone."""
        if found is not self._shown[0]:
            self._shown = (found, appearances)
            self._show()

    def set_theme(self, name: str) -> None:
        """Take the colours of one of napari's themes."""
        self._theme = theme(name)
        self._canvas.set_theme(self._theme)
        self._show()

    def _show(self) -> None:
        found, appearances = self._shown
        for widget in (self._key, self._area):
            widget.setVisible(found is not None)
        if found is not None:
            rows = found.worst_first("angle")
            fit_height(self._canvas, len(rows))
            self._items.show(dumbbells(rows, "angle", appearances), "angle", found.quantity, self._theme)
