"""The plot as a file: a picture or a drawing, with the legend below, so that honest labels travel along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QBuffer, QByteArray, QMarginsF, QPointF, QRect, QRectF, QSize, QSizeF
from qtpy.QtGui import QColor, QImage, QPageSize, QPainter, QPdfWriter
from qtpy.QtSvg import QSvgGenerator, QSvgRenderer
from qtpy.QtWidgets import QGraphicsItem, QGraphicsView

from napari_udt.files.writing import whole_or_nothing
from napari_udt.viewer.spectra.curves import Curve
from napari_udt.viewer.spectra.flat_svg import flat_svg
from napari_udt.viewer.spectra.widgets.curve_items import draw_line, draw_sample, title
from napari_udt.viewer.style import LineStyle, Theme

_SCALE = 2  # pixels of a picture per pixel on the screen
_LINE_HEIGHT, _MARGIN, _SAMPLE_WIDTH = 20, 8, 30
_UNCACHED = QGraphicsItem.CacheMode.NoCache


@dataclass(frozen=True)
class LegendLine:
    """A line of the legend: a sample of the style, if it has one, and a text."""

    style: LineStyle | None
    text: str


def save_plot(view: QGraphicsView, legend: Sequence[Curve | LegendLine], colours: Theme, path: Path) -> None:
    """Write a plot and its legend as .svg, .pdf or, with any other suffix, as PNG; whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    size = QSize(view.width(), view.height() + _LINE_HEIGHT * len(legend) + _MARGIN)
    with whole_or_nothing(path) as temporary:
        if path.suffix.casefold() == ".pdf":
            _paint(_page(size, view.logicalDpiX(), temporary), view, legend, colours)
            return
        buffer = QBuffer()
        _paint(_drawing(size, view.logicalDpiX(), buffer), view, legend, colours)
        svg = flat_svg(buffer.data().data().decode())
        if path.suffix.casefold() == ".svg":
            temporary.write_text(svg, "utf-8")
        elif not _picture(svg, size).save(str(temporary), "PNG"):
            raise OSError(f"{path.name}: the picture could not be written")


def _picture(svg: str, size: QSize) -> QImage:
    """Return a drawing as a picture; painted at once, pens of a pixel would be half as wide as on the screen."""
    image = QImage(size * _SCALE, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(image.rect()))
    painter.end()
    return image


def _drawing(size: QSize, dots_per_inch: int, buffer: QBuffer) -> QSvgGenerator:
    drawing = QSvgGenerator()
    drawing.setOutputDevice(buffer)
    drawing.setSize(size)
    drawing.setViewBox(QRect(0, 0, size.width(), size.height()))
    drawing.setResolution(dots_per_inch)  # the screen's: pyqtgraph keeps its axes as recordings made for it
    drawing.setTitle("Spectra")
    return drawing


def _page(size: QSize, dots_per_inch: int, path: Path) -> QPdfWriter:
    page = QPdfWriter(str(path))
    inches = QSizeF(size) / dots_per_inch
    page.setPageSize(QPageSize(inches, QPageSize.Unit.Inch))
    page.setPageMargins(QMarginsF())
    page.setResolution(dots_per_inch)  # a pen of one pixel is as wide as on the screen
    page.setTitle("Spectra")
    return page


@contextmanager
def _drawn_anew(view: QGraphicsView) -> Iterator[None]:
    """Let no item put the picture that it keeps for the screen in the place of its lines and letters."""
    cached = {item: item.cacheMode() for item in view.items() if item.cacheMode() != _UNCACHED}
    try:
        for item in cached:
            item.setCacheMode(_UNCACHED)
        yield
    finally:
        for item, mode in cached.items():
            item.setCacheMode(mode)


def _paint(
    device: QSvgGenerator | QPdfWriter,
    view: QGraphicsView,
    legend: Sequence[Curve | LegendLine],
    colours: Theme,
) -> None:
    painter = QPainter(device)
    painter.setFont(view.font())
    height = view.height() + _LINE_HEIGHT * len(legend) + _MARGIN
    painter.fillRect(QRectF(0, 0, view.width(), height), QColor(colours.background))
    with _drawn_anew(view):
        view.render(painter, QRectF(view.rect()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for index, line in enumerate(legend):
        left = QPointF(_MARGIN, view.height() + _LINE_HEIGHT * (index + 0.5))
        if not isinstance(line, LegendLine):
            draw_sample(painter, line, colours, left, _SAMPLE_WIDTH)
        elif line.style is not None:
            draw_line(painter, line.style, colours, left, _SAMPLE_WIDTH)
        indent = 0 if isinstance(line, LegendLine) and line.style is None else _MARGIN + _SAMPLE_WIDTH
        painter.setPen(QColor(colours.text))
        text = line.text if isinstance(line, LegendLine) else title(line)
        painter.drawText(left + QPointF(indent, 4), text)
    painter.end()
