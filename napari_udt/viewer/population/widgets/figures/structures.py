"""The tab "Structures": Fig. 6, mean and band of every structure in all groups, with a zoom above 900 nm."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from qtpy.QtWidgets import QGraphicsView, QVBoxLayout, QWidget

from napari_udt.population.bands import ZOOM_FROM_NM, Band, Bands, bands, occurring
from napari_udt.spectral.spectra import Normalisation
from napari_udt.viewer.layers.layer_data import is_background
from napari_udt.viewer.population.look import GroupAppearance
from napari_udt.viewer.population.widgets.figures.panel_grid import Panel, PanelCurve, PanelGrid
from napari_udt.viewer.population.widgets.tab import FigureTab

QUANTITIES: dict[Normalisation, str] = {
    "none": "Value",
    "l1": "Value / L1 norm",
    "l2": "Value / L2 norm",
    "max": "Value / maximum",
}


class StructuresTab(FigureTab):
    """Small plots, one per structure."""

    NAME = "structures"
    TITLE = "Structures"
    TIP = "Mean spectrum and standard deviation of every structure in all domains, with the near infrared (Fig. 6)."

    def make(self, body: QWidget) -> None:
        """Make a grid of small plots."""
        self.grid = PanelGrid("Mean spectra of structures", parent=body)
        self.grid.message.connect(self.message)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid)

    def request(self) -> tuple[Hashable, Callable[[], Bands]] | None:
        """Return the work that computes the bands of all structures but background; of all spectra without labels."""
        if self.population is None:
            return None
        names, normalisation = self.population.class_names, self.choices.normalised("l1")
        labels: list[int | None] = [
            label for label in occurring(self.population) if not is_background(names[label])
        ]
        labels = labels or [None]
        return normalisation, partial(bands, self.population, labels, normalisation)

    @property
    def busy(self) -> bool:
        """Whether spectra are being averaged, or drawn."""
        return super().busy or self.grid.busy

    def draw(self, figure: Bands) -> None:
        """Draw every structure."""
        looks, hidden = self.looks, self.choices.hidden
        panels = [
            Panel(
                s.structure.replace("_", " "),
                tuple(_curve(b, figure, looks[b.group.name]) for b in s.bands if b.group.name not in hidden),
            )
            for s in figure.structures
        ]
        zoom = ZOOM_FROM_NM if figure.has_zoom else None
        self.grid.show_panels(panels, self.theme, QUANTITIES[figure.normalisation], zoom)

    def drawing(self) -> QGraphicsView | None:
        """Return the grid, all of it."""
        return None if self.figure is None else self.grid.canvas


def _curve(band: Band, figure: Bands, look: GroupAppearance) -> PanelCurve:
    return PanelCurve(
        look.short,
        look.style,
        figure.wavelengths_nm,
        band.mean,
        band.mean - band.std,
        band.mean + band.std,
    )
