"""The tab "Depth": mean spectra of one structure in bins of depth (photoacoustics)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtWidgets import QDoubleSpinBox, QGraphicsView, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_udt.population.depth import BIN_MM, Depths, DepthSpectra, depths
from napari_udt.viewer.population.choices import label_of
from napari_udt.viewer.population.look import GroupAppearance
from napari_udt.viewer.population.widgets.figures.panel_grid import Panel, PanelCurve, PanelGrid
from napari_udt.viewer.population.widgets.figures.structures import QUANTITIES
from napari_udt.viewer.population.widgets.tab import FigureTab


class DepthTab(FigureTab):
    """Small plots, one per bin of depth."""

    NAME = "depth"
    TITLE = "Depth"
    TIP = (
        "Mean spectra of the structure by depth: how the light on its way down colours them (photoacoustics)."
    )

    def make(self, body: QWidget) -> None:
        """Make the field for the width of a bin, and a grid of small plots."""
        self.bin = QDoubleSpinBox(body)
        self.bin.setObjectName("depth bin")
        self.bin.setAccessibleName("Width of a bin of depth")
        self.bin.setToolTip("Depths below the top of the picture are gathered in bins of this width.")
        self.bin.setRange(0.25, 50.0)
        self.bin.setSingleStep(0.5)
        self.bin.setSuffix(" mm")
        self.bin.setValue(BIN_MM)
        self.bin.setKeyboardTracking(False)
        self.bin.valueChanged.connect(self._on_bin)
        self.grid = PanelGrid("Mean spectra by depth", parent=body)
        self.grid.message.connect(self.message)
        row = QHBoxLayout()
        row.addWidget(QLabel("Bins of", body))
        row.addWidget(self.bin)
        row.addStretch()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.grid)

    def settings(self) -> dict[str, Any]:
        """Return the width of a bin."""
        return {"bin_mm": self.bin.value()}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore the width of a bin."""
        width = settings.get("bin_mm")
        if isinstance(width, int | float):
            self.bin.setValue(float(width))

    def request(self) -> tuple[Hashable, Callable[[], Depths]] | None:
        """Return the work that computes the mean spectra by depth."""
        if self.population is None:
            return None
        label, normalisation = label_of(self.population, self.choices), self.choices.normalised("l2")
        width = self.bin.value()
        return (label, normalisation, width), partial(depths, self.population, label, normalisation, width)

    @property
    def busy(self) -> bool:
        """Whether spectra are being averaged, or drawn."""
        return super().busy or self.grid.busy

    def draw(self, figure: Depths) -> None:
        """Draw the bins that hold enough spectra."""
        looks = self.looks
        shown = [g for g in figure.groups if g.group.name not in self.choices.hidden]
        panels = [
            Panel(
                figure.bin_titles[i],
                tuple(
                    _curve(g, i, figure, looks[g.group.name]) for g in shown if np.isfinite(g.mean[i]).any()
                ),
            )
            for i in figure.filled
        ]
        self.grid.show_panels(panels, self.theme, QUANTITIES[figure.normalisation])

    def drawing(self) -> QGraphicsView | None:
        """Return the grid, all of it."""
        return None if self.figure is None else self.grid.canvas

    def _on_bin(self, _width: float) -> None:
        self.update_figure()
        self.changed.emit()


def _curve(group: DepthSpectra, i: int, figure: Depths, look: GroupAppearance) -> PanelCurve:
    mean, std = group.mean[i], group.std[i]
    name = f"{look.short} ({group.counts[i]:,} spectra)"
    return PanelCurve(name, look.style, figure.wavelengths_nm, mean, mean - std, mean + std)
