"""The tab "Depth": mean spectra of one structure in bins of depth (photoacoustics)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtWidgets import QLabel, QWidget

from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.depth import BIN_MM, Depths, DepthSpectra, depths
from napari_udt.population.groups import Population
from napari_udt.viewer.population.choices import label_of
from napari_udt.viewer.population.widgets.figures.panel_grid import Panel, PanelCurve
from napari_udt.viewer.population.widgets.figures.structures import QUANTITIES, PanelTab
from napari_udt.viewer.qt.fields import double_spin_box, fill, row_of
from napari_udt.viewer.state.settings import number_within


class DepthTab(PanelTab):
    """Small plots, one per bin of depth."""

    NAME = "depth"
    TITLE = "Depth"
    TIP = (
        "Mean spectra of the structure by depth: how the light on its way down colours them (photoacoustics)."
    )

    def make(self, body: QWidget) -> None:
        """Make the field for the width of a bin, and a grid of small plots."""
        self.bin = double_spin_box(
            "depth bin",
            "Width of a bin of depth",
            "Depths below the top of the picture are gathered in bins of this width.",
            body,
            (0.25, 50.0),
            step=0.5,
            decimals=2,
            unit="mm",
        )
        self.bin.setValue(BIN_MM)
        self.bin.setKeyboardTracking(False)
        self.bin.valueChanged.connect(self._on_bin)
        row = row_of(QLabel("Bins of", body), self.bin, equal=False)
        row.addStretch()
        fill(body, row, self.make_grid("Mean spectra by depth", body))

    def settings(self) -> dict[str, Any]:
        """Return the width of a bin."""
        return {"bin_mm": self.bin.value()}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore the width of a bin."""
        box = self.bin
        if (width := number_within(settings.get("bin_mm"), box.minimum(), box.maximum())) is not None:
            box.setValue(width)

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Depths]]:
        """Return the work that computes the mean spectra by depth."""
        label, normalisation = label_of(population, self.choices), self.choices.normalised("l2")
        width = self.bin.value()
        return (label, normalisation, width), partial(depths, population, label, normalisation, width)

    def draw(self, figure: Depths) -> None:
        """Draw the bins that hold enough spectra."""
        group_appearances = self.group_appearances
        shown = self.shown(figure.groups)
        panels = [
            Panel(
                figure.bin_titles[i],
                tuple(
                    _curve(g, i, figure, group_appearances[g.group.name])
                    for g in shown
                    if np.isfinite(g.mean[i]).any()
                ),
            )
            for i in figure.filled
        ]
        self.grid.show_panels(panels, self.theme, QUANTITIES[figure.normalisation])

    def _on_bin(self, _width: float) -> None:
        self.update_figure()
        self.changed.emit()


def _curve(group: DepthSpectra, i: int, figure: Depths, appearance: GroupAppearance) -> PanelCurve:
    mean, std = group.mean[i], group.std[i]
    name = f"{appearance.short} ({group.counts[i]:,} spectra)"
    return PanelCurve(name, appearance.style, figure.wavelengths_nm, mean, mean - std, mean + std)
