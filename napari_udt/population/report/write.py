"""Writing the report of a population."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.plain import plain, software_versions
from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.groups import Group, Population
from napari_udt.population.measures import MeasureTable, measure
from napari_udt.population.pictures import measure_pictures
from napari_udt.population.report.document import Document, Section
from napari_udt.population.report.drawing import Palette, require_matplotlib
from napari_udt.population.report.html import as_html
from napari_udt.population.report.options import ReportOptions
from napari_udt.population.report.sections import makers, pictures_drawing
from napari_udt.population.report.summary_page import summary_page
from napari_udt.population.summary import grid_text

if TYPE_CHECKING:
    from napari_udt.population.downstream import DownstreamResult

Progress = Callable[[int, int], None]

SUFFIXES = (".html", ".htm")
# Shares of the whole: the bootstrap takes longest.
_STEPS, _MEASURED, _SECTIONS = 100, 60, 70


def write_report(
    population: Population,
    path: Path | str,
    options: ReportOptions | None = None,
    downstream: DownstreamResult | None = None,
    progress: Progress | None = None,
) -> None:
    """Write figures and numbers of a population into one file, whole or not at all.

    Parameters
    ----------
    population : Population
    path : path
        Ends with .html: one file, figures inside.
    options : ReportOptions, optional
    downstream : DownstreamResult, optional
        Its table and confusion matrices, beside the paper's table.
    progress : callable (done, total), optional
        An exception from it ends the work; nothing is written then.

    Raises
    ------
    EvaluationError
        When matplotlib is missing, or the file's name has another ending.
    OSError
        When the file cannot be written.
    """
    path, options = Path(path), options or ReportOptions()
    require_writable(path)
    tell = progress or (lambda done, total: None)
    document = make_document(population, options, downstream, tell)
    drawings = sum(len(section.drawings) for section in document.sections)
    drawn = iter(range(1, drawings + 1))

    def one_more() -> None:
        tell(_SECTIONS + (_STEPS - _SECTIONS) * next(drawn) // max(drawings, 1), _STEPS)

    with whole_or_nothing(path) as temporary:
        temporary.write_text(as_html(document, one_more), encoding="utf-8")
    tell(_STEPS, _STEPS)


def require_writable(path: Path) -> None:
    """Refuse what would fail after the work: another ending of the name, or no matplotlib.

    Raises
    ------
    EvaluationError
    """
    if path.suffix.casefold() not in SUFFIXES:
        raise EvaluationError(
            f"{path}: a report is one .html file; write that and print it to PDF from a browser."
        )
    require_matplotlib()


def make_document(
    population: Population, options: ReportOptions, downstream: DownstreamResult | None, progress: Progress
) -> Document:
    """Compute everything that the report shows; figures are drawn later."""
    palette = Palette(population)
    table = options.table or _measured(population, options, progress)
    progress(_MEASURED, _STEPS)
    pictures = measure_pictures(population, options.wavelength_nm)
    shown = pictures_drawing(population, palette, options)
    made: list[Section | None] = [
        summary_page(population, palette, table, shown, _unfinished(options, downstream))
    ]
    steps = makers(population, palette, options, (table, pictures, downstream))
    for number, maker in enumerate(steps, start=1):
        made.append(maker())
        progress(_MEASURED + (_SECTIONS - _MEASURED) * number // len(steps), _STEPS)
    return Document(
        options.title,
        _lines(population),
        palette.keys(population),
        (*filter(None, made), *options.sections),
        json.dumps(_provenance(population, table), indent=1, ensure_ascii=False),
    )


def _measured(population: Population, options: ReportOptions, progress: Progress) -> MeasureTable | None:
    """All measures; None where there is nothing to compare."""
    if population.reference is None or not population.compared:
        return None
    return measure(
        population,
        options.measures,
        lambda done, total: progress(_MEASURED * done // max(total, 1), _STEPS),
    )


def _unfinished(options: ReportOptions, downstream: DownstreamResult | None) -> tuple[str, ...]:
    """Return what the report lacks; an evaluation brings a downstream test of its own."""
    if downstream is not None or options.sections:
        return ()
    return ("Not in this report: the downstream test, which had not been run.",)


def _lines(population: Population) -> tuple[str, ...]:
    reference = population.reference
    against = (
        f"Reference: {reference.name} ({reference.origin})."
        if reference
        else "There is no reference to compare others with."
    )
    versions = software_versions()
    return (
        f"{population.modality}, {grid_text(population.wavelengths_nm)}. {against}",
        f"Made on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with napari-udt {versions['napari-udt']}.",
        *population.notes,
    )


def _provenance(population: Population, table: MeasureTable | None) -> dict[str, Any]:
    measured = replace(table, rows=()).as_document() if table else {}
    measured.pop("measures", None)
    measured.pop("rows", None)
    return {
        "software": software_versions(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "groups": [_group(group) for group in population.groups],
        "measures": measured,
    }


def _group(group: Group) -> dict[str, Any]:
    cube = group.cube
    return {
        "name": group.name,
        "part": group.part,
        "origin": group.origin,
        "model": group.model,
        "source": group.source,
        "spectra": len(group),
        "of": group.total,
        **({} if cube is None else {"cube": _cube(cube)}),
    }


def _cube(cube: Any) -> dict[str, Any]:
    found = {"name": cube.name, "quantity": cube.quantity, "shape": list(cube.shape)}
    return found | {"provenance": plain(dict(cube.provenance)), "metadata": plain(dict(cube.metadata))}
