"""Drawings of mean spectra: Fig. 6, spectra by depth, and the class balance of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_udt.population.bands import ZOOM_FROM_NM, Band, Bands
from napari_udt.population.depth import FEWEST, Depths
from napari_udt.population.groups import Population
from napari_udt.population.report.document import Drawing, slug
from napari_udt.population.report.drawing import LINE, Palette, grid_shape, panels
from napari_udt.population.summary import Summary

_COLUMNS = 5
_WIDTH = 11.0
_PANEL_HEIGHT = 2.15
_DEPTH_COLUMNS = 3


def bands_drawing(data: Bands, palette: Palette, *, zoom: bool = False) -> Drawing:
    """Fig. 6: one panel per structure; with ``zoom`` the wavelengths above 900 nm only."""
    rows, _ = grid_shape(len(data.structures), _COLUMNS)

    def draw(canvas: Any) -> None:
        axes = panels(canvas, len(data.structures), _COLUMNS, sharex=True)
        for axis, structure in zip(axes, data.structures, strict=True):
            for band in structure.bands:
                _draw_band(axis, data, band, palette, zoom)
            axis.set_title(structure.structure)
            axis.tick_params(labelsize=7.5)
            axis.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)
        canvas.supxlabel("Wavelength [nm]", fontsize=9)
        groups = {band.group.name: band.group for s in data.structures for band in s.bands}
        palette.legend(canvas, list(groups.values()))

    caption = (
        f"Fig. 6 of the paper{', above 900 nm' if zoom else ''}. {' '.join([data.statement, *data.notes])}"
    )
    return Drawing("bands-zoom" if zoom else "bands", caption, (_WIDTH, 0.7 + rows * _PANEL_HEIGHT), draw)


def _draw_band(axis: Any, data: Bands, band: Band, palette: Palette, zoom: bool) -> None:
    shown = data.wavelengths_nm >= (ZOOM_FROM_NM if zoom else 0)
    nm, mean, std = data.wavelengths_nm[shown], band.mean[shown], band.std[shown]
    axis.fill_between(nm, mean - std, mean + std, color=palette.colour(band.group), alpha=0.15, linewidth=0)
    axis.plot(nm, mean, **palette.line(band.group))


def depth_drawing(data: Depths, palette: Palette) -> Drawing:
    """Mean spectra of one structure by depth, one panel per group on a common scale."""
    from matplotlib import colormaps

    filled = data.filled
    colours = [colormaps["viridis"](place) for place in np.linspace(0, 0.9, max(len(filled), 1))]

    def draw(canvas: Any) -> None:
        from matplotlib.lines import Line2D

        axes = panels(canvas, len(data.groups), _DEPTH_COLUMNS, sharex=True, sharey=True)
        for axis, found in zip(axes, data.groups, strict=True):
            for colour, place in zip(colours, filled, strict=False):
                if found.counts[place] >= FEWEST:
                    axis.plot(data.wavelengths_nm, found.mean[place], color=colour, linewidth=LINE)
            axis.set_title(palette.short(found.group))
        handles = [
            Line2D([], [], color=colour, linewidth=LINE, label=data.bin_titles[place])
            for colour, place in zip(colours, filled, strict=False)
        ]
        canvas.legend(handles=handles, loc="outside right upper", title=data.structure)
        canvas.supxlabel("Wavelength [nm]", fontsize=9)

    rows, _ = grid_shape(len(data.groups), _DEPTH_COLUMNS)
    caption = " ".join([data.statement, *data.notes])
    return Drawing(f"depth-{slug(data.structure)}", caption, (_WIDTH, 0.6 + 2.3 * rows), draw)


def balance_drawing(population: Population, data: Summary, palette: Palette) -> Drawing:
    """Spectra of each class in each group, as bars."""

    def draw(canvas: Any) -> None:
        axis = canvas.subplots()
        width = 0.8 / len(data.groups)
        places = np.arange(len(data.class_names))
        for number, (group, found) in enumerate(zip(population.groups, data.groups, strict=True)):
            axis.bar(
                places + (number - (len(data.groups) - 1) / 2) * width,
                found.counts,
                width * 0.9,
                color=palette.colour(group),
            )
        axis.set_xticks(places, data.class_names, rotation=25, ha="right", rotation_mode="anchor")
        axis.set_ylabel("Spectra")
        axis.grid(axis="x", visible=False)
        palette.legend(canvas, population.groups)

    return Drawing("balance", "Spectra per structure and group, as they are compared.", (_WIDTH, 2.9), draw)
