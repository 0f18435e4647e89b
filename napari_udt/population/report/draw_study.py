"""The picture of a reader study: a mark and its interval for each number, one panel for each scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.reader_study.result import ALL, TITLES, Row, Scale, StudyResult, limits_of
from napari_udt.population.report.document import Drawing, Section, sheet_of
from napari_udt.population.report.drawing import INK, LINE, report_style, require_matplotlib

_ALL_COLOUR = "#0072b2"
_WIDTH, _ROW_HEIGHT, _PANEL_HEIGHT = 7.0, 0.22, 0.7  # inches
_DPI = 200


def study_section(result: StudyResult) -> Section:
    """Return a reader study as a chapter of a report."""
    caption = "Mark and 95 % interval; dashed: readers who guess, or see no difference."
    drawing = Drawing(
        "reader-study", caption, study_size(result), lambda canvas: draw_study_result(canvas, result)
    )
    return Section("Reader study", (result.sentence,), (drawing,), (sheet_of(result.table()),))


def study_size(result: StudyResult) -> tuple[float, float]:
    """Return width and height in inches that the picture needs."""
    rows = sum(len(rows) for _, rows in result.panels)
    return _WIDTH, _ROW_HEIGHT * rows + _PANEL_HEIGHT * len(result.panels)


def draw_study_result(canvas: Any, result: StudyResult) -> None:
    """Draw into a matplotlib Figure or SubFigure."""
    panels = result.panels
    heights = [len(rows) + 1 for _, rows in panels]
    axes = canvas.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (scale, rows) in zip(axes, panels, strict=True):
        _draw_panel(axis, result, scale, rows)


def _draw_panel(axis: Any, result: StudyResult, scale: Scale, rows: tuple[Row, ...]) -> None:
    for place, row in enumerate(rows):
        own = row.reader == ALL or len(result.readings) == 1
        colour, found = _ALL_COLOUR if own else INK, row.estimate
        axis.plot([found.low, found.high], [place, place], color=colour, linewidth=LINE)
        axis.plot([found.value], [place], "o", color=colour, markersize=5)
        if np.isfinite(row.indifferent):
            axis.plot([row.indifferent] * 2, [place - 0.5, place + 0.5], "--", color=INK, linewidth=0.8)
    axis.set_yticks(range(len(rows)), [result.label(row) for row in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(*limits_of(scale, rows))
    axis.set_xlabel(TITLES[scale])
    axis.grid(visible=False, axis="y")


def save_study_picture(result: StudyResult, path: Path) -> None:
    """Write the picture as PNG, SVG or PDF, by the ending of the name, whole or not at all.

    Raises
    ------
    EvaluationError
        When matplotlib is missing.
    OSError
        When the file cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    with report_style():
        figure = Figure(figsize=study_size(result), layout="constrained")
        draw_study_result(figure, result)
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:].lower(), dpi=_DPI, facecolor="white")
