"""The tab "Structures": Fig. 6, mean and band of every structure in all groups, with a zoom above 900 nm."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from qtpy.QtWidgets import QWidget

from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.bands import ZOOM_FROM_NM, Band, Bands, bands, occurring
from napari_udt.population.groups import Population
from napari_udt.spectral.labels import is_background
from napari_udt.spectral.spectra import Normalisation
from napari_udt.viewer.population.widgets.figures.panel_grid import Panel, PanelCurve, PanelGrid
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.qt.fields import fill

QUANTITIES: dict[Normalisation, str] = {
    "none": "Value",
    "l1": "Value / L1 norm",
    "l2": "Value / L2 norm",
    "max": "Value / maximum",
}


class PanelTab(FigureTab):
    """Tab with a grid of small plots."""

    def make_grid(self, name: str, body: QWidget) -> PanelGrid:
        """Make the grid."""
        self.grid = PanelGrid(name, parent=body)
        self.grid.message.connect(self.message)
        self.figure_view = self.grid.canvas
        return self.grid

    @property
    def busy(self) -> bool:
        """Whether spectra are being averaged, or drawn."""
        return super().busy or self.grid.busy


class StructuresTab(PanelTab):
    """Small plots, one per structure."""

    NAME = "structures"
    TITLE = "Structures"
    TIP = "Mean spectrum and standard deviation of every structure in all domains, with the near infrared (Fig. 6)."

    def make(self, body: QWidget) -> None:
        """Make a grid of small plots."""
        fill(body, self.make_grid("Mean spectra of structures", body))

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Bands]]:
        """Return the work that computes the bands of all structures but background; of all spectra without labels."""
        names, normalisation = population.class_names, self.choices.normalised("l1")
        labels: list[int | None] = [
            label for label in occurring(population) if not is_background(names[label])
        ]
        labels = labels or [None]
        return normalisation, partial(bands, population, labels, normalisation)

    def draw(self, figure: Bands) -> None:
        """Draw every structure."""
        group_appearances, hidden = self.group_appearances, self.choices.hidden
        panels = [
            Panel(
                s.structure.replace("_", " "),
                tuple(
                    _curve(b, figure, group_appearances[b.group.name])
                    for b in s.bands
                    if b.group.name not in hidden
                ),
            )
            for s in figure.structures
        ]
        zoom = ZOOM_FROM_NM if figure.has_zoom else None
        self.grid.show_panels(panels, self.theme, QUANTITIES[figure.normalisation], zoom)


def _curve(band: Band, figure: Bands, appearance: GroupAppearance) -> PanelCurve:
    return PanelCurve(
        appearance.short,
        appearance.style,
        figure.wavelengths_nm,
        band.mean,
        band.mean - band.std,
        band.mean + band.std,
    )
