"""Sections of the report of a population."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from napari_udt.errors import CubeError
from napari_udt.population.bands import bands
from napari_udt.population.components import components
from napari_udt.population.depth import depths
from napari_udt.population.differences import differences
from napari_udt.population.functional import functional
from napari_udt.population.groups import Population
from napari_udt.population.label_audit import LabelAudit
from napari_udt.population.measures import MeasureTable
from napari_udt.population.oxygenation import oxygenations
from napari_udt.population.pictures import PictureMeasures
from napari_udt.population.report.document import Drawing, Section, Sheet, is_tissue, sheet_of
from napari_udt.population.report.draw_audit import audit_drawings
from napari_udt.population.report.draw_distributions import oxygenation_drawing, structure_drawing
from napari_udt.population.report.draw_indices import indices_drawing
from napari_udt.population.report.draw_pictures import confusion_drawing, scenes_drawing
from napari_udt.population.report.draw_spectra import balance_drawing, bands_drawing, depth_drawing
from napari_udt.population.report.drawing import Palette
from napari_udt.population.report.options import ReportOptions
from napari_udt.population.report.sheets import downstream_sheets, measure_sheets, picture_sheet
from napari_udt.population.scenes import scenes
from napari_udt.population.summary import summary

if TYPE_CHECKING:
    from napari_udt.population.downstream import DownstreamResult

_BLOOD = ("vein", "artery")
_Found = TypeVar("_Found")

# A section, or None where the data have nothing to show.
Maker = Callable[[], Section | None]


def makers(
    population: Population,
    palette: Palette,
    options: ReportOptions,
    results: tuple[MeasureTable | None, PictureMeasures, DownstreamResult | None],
) -> tuple[Maker, ...]:
    """Return what makes the sections, in their order."""
    table, pictures, downstream = results
    labels = structures(population, options)
    return (
        lambda: _data(population, palette),
        lambda: _pictures(population, options, pictures),
        lambda: _structures(population, palette, labels),
        lambda: _bands(population, palette, labels),
        lambda: _measures(table),
        lambda: _downstream(downstream),
        lambda: _depth(population, palette, labels),
        lambda: _oxygenation(population, palette, labels),
        lambda: _functional(population),
    )


def structures(population: Population, options: ReportOptions) -> tuple[int | None, ...]:
    """Return the classes that get figures: those chosen, else all tissues; None (all spectra) where there is none."""
    names = population.class_names
    present = sorted({label for group in population.groups for label in population.classes_in(group)})
    chosen = options.structures or [name for name in names if is_tissue(name)]
    return tuple(label for label in present if names[label] in chosen) or (None,)


def _data(population: Population, palette: Palette) -> Section:
    found = summary(population)
    drop = (
        *found.class_names,
        "class unknown",
        "part",
        *([] if any(g.subjects for g in found.groups) else ["subjects"]),
    )
    sheet = sheet_of(found.table(), drop=drop)
    drawings = (balance_drawing(population, found, palette),) if found.class_names else ()
    return Section("Data", (), drawings, (sheet,))


def pictures_drawing(population: Population, palette: Palette, options: ReportOptions) -> Drawing | None:
    """Return the pictures of all groups, for the first page; None where no group has one."""
    found = scenes(population, options.wavelength_nm)
    return scenes_drawing(found, palette, options.call_outs) if found.pictures else None


def _pictures(population: Population, options: ReportOptions, measured: PictureMeasures) -> Section | None:
    sheets: tuple[Sheet, ...] = (picture_sheet(measured),) if measured.rows else ()
    if options.call_outs:
        sheets += (sheet_of(scenes(population, options.wavelength_nm).table(options.call_outs)),)
    return Section("Pictures", ("The pictures stand in the first section.",), (), sheets) if sheets else None


def _structures(population: Population, palette: Palette, labels: tuple[int | None, ...]) -> Section | None:
    drawings, missing = [], []
    for label in labels:
        first, problem = _attempt(lambda label=label: components(population, label))  # type: ignore[misc]
        second, other = _attempt(lambda label=label: differences(population, label))  # type: ignore[misc]
        missing += [text for text in (problem, other) if text]
        if first or second:
            drawings.append(structure_drawing(first, second, palette))
    return Section("Structures", tuple(missing), tuple(drawings)) if drawings else None


def _bands(population: Population, palette: Palette, labels: tuple[int | None, ...]) -> Section:
    found = bands(population, labels)
    drawings = [bands_drawing(found, palette)]
    if found.has_zoom:
        drawings.append(bands_drawing(found, palette, zoom=True))
    return Section("Mean spectra", (), tuple(drawings))


def _measures(table: MeasureTable | None) -> Section:
    if table is None:
        return Section("Measures", ("There is no reference to compare others with.",))
    return Section("Measures", (), (), measure_sheets(table))


def _downstream(result: DownstreamResult | None) -> Section | None:
    if result is None:
        return None
    text = (
        "A calibrated random forest of 100 trees, trained on each row's spectra and tested on reference ones that "
        "were held out: Table 1 of the paper.",
    )
    return Section("Downstream test", text, (confusion_drawing(result),), downstream_sheets(result))


def _depth(population: Population, palette: Palette, labels: tuple[int | None, ...]) -> Section | None:
    if population.modality != "PAT":
        return None
    attempts = (_attempt(lambda label=label: depths(population, label))[0] for label in labels)  # type: ignore[misc]
    drawings = tuple(depth_drawing(found, palette) for found in attempts if found)
    return Section("Spectra by depth", (), drawings) if drawings else None


def _oxygenation(population: Population, palette: Palette, labels: tuple[int | None, ...]) -> Section | None:
    """Of vessels where there are some, else of every tissue."""
    names = population.class_names
    vessels = tuple(label for label in labels if label is not None and names[label] in _BLOOD)
    attempts = [_attempt(lambda label=label: oxygenations(population, label)) for label in vessels or labels]  # type: ignore[misc]
    found = [data for data, _ in attempts if data]
    if not found:
        return None
    sheets = tuple(sheet_of(data.table(), folded=True) for data in found)
    several = len(population.part("transferred")) > 1
    moves = tuple(
        move.sentence(model=palette.short(move.group) if several else "")
        for data in found
        for move in data.moves
    )
    return Section("Oxygen saturation", moves, (oxygenation_drawing(found, palette),), sheets)


def audit_section(audit: LabelAudit) -> Section:
    """Return what a classifier of the reference takes transferred pixels for."""
    return Section("Audit of labels", (), audit_drawings(audit), (sheet_of(audit.table()),))


def _functional(population: Population) -> Section | None:
    found = functional(population)
    if not found.rows:
        return None
    drawing = indices_drawing(found)
    return Section(
        "Functional indices", (), () if drawing is None else (drawing,), (sheet_of(found.table()),)
    )


def _attempt(work: Callable[[], _Found]) -> tuple[_Found | None, str]:
    """Return the result, or why there is none."""
    try:
        return work(), ""
    except CubeError as error:
        return None, str(error)
