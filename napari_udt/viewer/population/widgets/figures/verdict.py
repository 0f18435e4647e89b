"""The tab "Verdict": did the transfer move each structure closer to the real one, before and after, worst first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

import pyqtgraph as pg
from qtpy.QtWidgets import QWidget

from napari_udt.population.groups import Population
from napari_udt.population.tables import Table
from napari_udt.population.verdict import Row, Verdict, verdict
from napari_udt.population.verdict_change import KINDS, Kind
from napari_udt.population.verdict_text import (
    RULE_NOTE,
    TITLES,
    change_text,
    reference_note,
    total_sentence,
    verdict_table,
)
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas
from napari_udt.viewer.population.widgets.figures.dumbbells import (
    KEY,
    Dumbbell,
    DumbbellItems,
    dumbbells,
    fit_height,
)
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.qt.fields import combo_box, fill, push_button, row_of
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import Theme


class VerdictTab(FigureTab):
    """A dumbbell per structure and model, from before to after the transfer, beside the reference's own spread."""

    NAME = "verdict"
    TITLE = "Verdict"
    TIP = "Whether the transfer moved each structure closer to the reference, in shape and in level; the worst first."

    def make(self, body: QWidget) -> None:
        """Make the choice of the distance, the key of the marks and the plot."""
        self.kind = combo_box(
            "distance",
            "Distance",
            "Shape alone, level alone, or both at once. All are of mean spectra, not normalised.",
            body,
            {kind: TITLES[kind] for kind in KINDS},
        )
        self.kind.activated.connect(self._on_kind)
        self.spectra = push_button(
            "Spectra", "Back to the spectra and the verdict on what is looked at.", body
        )
        self.spectra.clicked.connect(self._on_spectra)
        key = wrapping_label("key", body)
        key.setText(KEY)
        key.setToolTip(f"<qt>{RULE_NOTE}</qt>")
        self.canvas = self.figure_view = FigureCanvas("Verdict", scrolls=True, parent=body)
        self.canvas.hovered.connect(self._on_hovered)
        self.plot = self.canvas.make_plot("", " ", still=True)
        self.canvas.ci.addItem(self.plot, 0, 0)
        self._items = DumbbellItems(self.plot)
        self._lines: list[tuple[Row, Dumbbell]] = []
        area = VerticalScrollArea(self.canvas, body)
        head = row_of(self.kind, self.spectra, equal=False)
        head.setStretch(0, 1)
        fill(body, head, key, area, stretched=area)

    @property
    def chosen_kind(self) -> Kind:
        """The distance that is drawn."""
        return KINDS[max(self.kind.currentIndex(), 0)]

    @property
    def statement(self) -> str:
        """All structures in a sentence per model; what the numbers are."""
        figure: Verdict | None = self.figure
        if figure is None:
            return ""
        several = len(figure.totals) > 1
        names = self.group_appearances
        sentences = [
            total_sentence(figure, row, model=names[row.group.name].short if several else "")
            for row in figure.totals
        ]
        return "\n".join([*sentences, reference_note(figure), *figure.notes])

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Verdict]]:
        """Return the work that compares all structures."""
        return None, partial(verdict, population)

    def draw(self, figure: Verdict) -> None:
        """Draw all structures of the groups that are not hidden."""
        self.canvas.set_theme(self.theme)
        kind, names = self.chosen_kind, self.group_appearances
        rows = figure.worst_first(kind, self.choices.hidden)
        self._lines = list(zip(rows, dumbbells(rows, kind, names), strict=True))
        self._items.show([line for _, line in self._lines], kind, figure.quantity, self.theme)
        fit_height(self.canvas, len(rows))

    def set_theme(self, colours: Theme) -> None:
        """Draw in the colours of a theme."""
        super().set_theme(colours)
        self.canvas.set_theme(colours)

    def table(self) -> Table | None:
        """Return all numbers, of every distance."""
        return None if self.figure is None else verdict_table(self.figure, self.group_appearances)

    def settings(self) -> dict[str, Any]:
        """Return the distance that is drawn."""
        return {"distance": self.chosen_kind}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore the distance."""
        if settings.get("distance") in KINDS:
            self.kind.setCurrentIndex(KINDS.index(settings["distance"]))

    def _on_spectra(self) -> None:
        self.session.spectra_requested.emit()

    def _on_kind(self, _index: int) -> None:
        if self.figure is not None:
            self.draw(self.figure)
        self.changed.emit()

    def _on_hovered(self, plot: pg.PlotItem | None, _x: float, y: float) -> None:
        """Tell the whole verdict on the structure under the mouse."""
        place = round(y)
        if plot is None or not 0 <= place < len(self._lines):
            self.message.emit("")
            return
        row, line = self._lines[place]
        change = row.changes[self.chosen_kind]
        self.message.emit(f"{line.name}: {line.text}; {change_text(change)}")
