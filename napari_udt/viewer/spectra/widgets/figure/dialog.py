"""The dialog of a figure for a paper: size, letters, lines, which curves, with a preview."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_udt.errors import CubeError
from napari_udt.viewer.files.saving import saved
from napari_udt.viewer.qt.export import ask_save_path
from napari_udt.viewer.qt.fields import check_box, double_spin_box
from napari_udt.viewer.spectra.curves import CurveSet
from napari_udt.viewer.spectra.figure_curves import band_title, figure_curves, figure_title
from napari_udt.viewer.spectra.paper_figure import FigureOptions, figure_svg
from napari_udt.viewer.spectra.widgets.figure.files import picture, save_drawing
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.settings import plain, settings_from

FILTERS = "PDF in vectors (*.pdf);;Drawing (*.svg);;Picture of 600 dots per inch (*.png)"
SETTINGS = "figure"  # in the session's settings
_PREVIEW_DPI = 130
_PREVIEW_SIZE = (460, 400)
_FIELDS = (  # name, title, explanation, limits, step, decimals, unit
    (
        "width_mm",
        "Width",
        "of the figure; 85 mm is one column of most journals.",
        (30.0, 400.0),
        5.0,
        0,
        "mm",
    ),
    ("height_mm", "Height", "of the figure, its legend included.", (20.0, 400.0), 5.0, 0, "mm"),
    ("font_pt", "Letters", "size of all letters.", (4.0, 24.0), 0.5, 1, "pt"),
    ("line_pt", "Lines", "width of the curves.", (0.2, 6.0), 0.2, 1, "pt"),
)


class FigureDialog(QDialog):
    """Makes a white figure of curves, of a size in millimetres, and saves it as PDF, SVG or PNG.

    Parameters
    ----------
    session : Session
        Remembers how the last figure looked.
    curves : CurveSet
        To choose from, each once; all are chosen at first.
    message : callable
        Takes a sentence on what was saved.
    over : str, optional
        Title of the axis along which the curves go, where that is not wavelength.
    parent : QWidget, optional
    """

    def __init__(
        self,
        session: Session,
        curves: CurveSet,
        message: Callable[[str], object],
        *,
        over: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._curves, self._message = session, curves, message
        self._offered, self._over = figure_curves(curves), over
        self._svg = ""
        self.setWindowTitle("Figure for a paper")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_widgets()
        self._lay_out()
        self._draw()

    @property
    def options(self) -> FigureOptions:
        """How the figure looks."""
        values = {name: box.value() for name, box in self.boxes.items()}
        return FigureOptions(**values, legend=self.legend.isChecked())

    def save(self, path: Path) -> None:
        """Write the figure that is shown as .pdf, .svg or .png.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        options = self.options
        save_drawing(self._svg, (options.width_mm, options.height_mm), path)

    def _make_widgets(self) -> None:
        before = settings_from(FigureOptions, self._session.settings.get(SETTINGS))
        self.boxes: dict[str, QDoubleSpinBox] = {}
        for name, heading, explanation, limits, step, decimals, unit in _FIELDS:
            box = double_spin_box(name, heading, explanation, self, limits, step, decimals, unit)
            box.setValue(getattr(before, name))
            box.valueChanged.connect(self._draw)
            self.boxes[name] = box
        self.legend: QCheckBox = check_box(
            "Legend", "Name the curves below the plot.", self, checked=before.legend
        )
        self.legend.toggled.connect(self._draw)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Curves in the figure")
        self.list.setToolTip("Untick a curve to leave it out of the figure.")
        for curve in self._offered:
            item = QListWidgetItem(figure_title(curve), self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.list.itemChanged.connect(self._draw)
        self.preview = QLabel(self)
        self.preview.setMinimumSize(*_PREVIEW_SIZE)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setWordWrap(True)
        self.buttons = QDialogButtonBox(self)
        self.save_button = self.buttons.addButton("Save…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self._on_save)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        form = QFormLayout()
        for name, heading, *_ in _FIELDS:
            form.addRow(heading, self.boxes[name])
        form.addRow(self.legend)
        left = QVBoxLayout()
        left.addLayout(form)
        left.addWidget(self.list, stretch=1)
        columns = QHBoxLayout()
        columns.addLayout(left)
        columns.addWidget(self.preview, stretch=1)
        whole = QVBoxLayout(self)
        whole.addLayout(columns)
        whole.addWidget(self.buttons)

    def _draw(self, _change: object = None) -> None:
        chosen = [
            curve
            for row, curve in enumerate(self._offered)
            if self.list.item(row).checkState() == Qt.CheckState.Checked
        ]
        options = self.options
        try:
            names = [figure_title(curve) for curve in chosen]
            quantity, words = self._curves.quantity, band_title(self._curves)
            axis = {"across": self._over} if self._over else {}
            self._svg = figure_svg(chosen, names, quantity, options, words, **axis)
        except CubeError as error:
            self._svg = ""
            self.preview.setText(str(error))
        else:
            image = picture(self._svg, (options.width_mm, options.height_mm), _PREVIEW_DPI)
            size = self.preview.size().boundedTo(image.size())
            shown = image.scaled(
                size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            self.preview.setPixmap(QPixmap.fromImage(shown))
        self.save_button.setEnabled(bool(self._svg))

    def _on_save(self) -> None:
        name = self._over.partition(" [")[0]
        offered = f"over_{name.lower()}.pdf" if name else "spectra.pdf"
        target = ask_save_path(self, "Save figure", offered, FILTERS, self._message)
        if target is None:
            return
        self._session.settings[SETTINGS] = plain(self.options)
        self._message(saved(self.save, target))
        self.accept()
