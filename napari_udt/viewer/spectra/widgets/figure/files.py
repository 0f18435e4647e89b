"""A drawing in SVG as a file: SVG as it is, PDF in vectors, PNG at a printer's resolution."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QByteArray, QMarginsF, QRectF, QSizeF, Qt
from qtpy.QtGui import QImage, QPageSize, QPainter, QPdfWriter
from qtpy.QtSvg import QSvgRenderer

from napari_udt.files.writing import whole_or_nothing

PRINT_DPI = 600
_MM_PER_INCH = 25.4


def save_drawing(svg: str, size_mm: tuple[float, float], path: Path) -> None:
    """Write a drawing as .svg, .pdf or .png; whole or not at all.

    Parameters
    ----------
    svg : str
    size_mm : (float, float)
        Its width and height.
    path : Path

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    suffix = path.suffix.casefold()
    with whole_or_nothing(path) as temporary:
        if suffix == ".svg":
            temporary.write_text(svg, "utf-8")
        elif suffix == ".pdf":
            _write_pdf(svg, size_mm, temporary)
        elif not picture(svg, size_mm).save(str(temporary), "PNG"):
            raise OSError(f"{path.name}: the picture could not be written")


def _write_pdf(svg: str, size_mm: tuple[float, float], path: Path) -> None:
    page = QPdfWriter(str(path))
    page.setPageSize(
        QPageSize(QSizeF(*size_mm), QPageSize.Unit.Millimeter, "figure", QPageSize.SizeMatchPolicy.ExactMatch)
    )
    page.setPageMargins(QMarginsF())
    page.setResolution(PRINT_DPI)
    painter = QPainter(page)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, page.width(), page.height()))
    painter.end()


def picture(svg: str, size_mm: tuple[float, float], dots_per_inch: int = PRINT_DPI) -> QImage:
    """Return a drawing on white as a picture."""
    width, height = (round(side / _MM_PER_INCH * dots_per_inch) for side in size_mm)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.setDotsPerMeterX(round(dots_per_inch / _MM_PER_INCH * 1000))
    image.setDotsPerMeterY(round(dots_per_inch / _MM_PER_INCH * 1000))
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, width, height))
    painter.end()
    return image
