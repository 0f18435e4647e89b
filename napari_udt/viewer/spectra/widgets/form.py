"""The widgets of the Spectra dock, laid out; what they show is decided in ``dock``."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, SignalInstance
from qtpy.QtWidgets import QSizePolicy, QSplitter, QStackedWidget, QWidget

from napari_udt.viewer.qt.fields import check_box, fill, push_button, row_of
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.qt.stable_label import StableLabel
from napari_udt.viewer.spectra.widgets.choice_box import OptionBox
from napari_udt.viewer.spectra.widgets.controls import SpectraControls
from napari_udt.viewer.spectra.widgets.curve_table import CurveTable
from napari_udt.viewer.spectra.widgets.footer import SpectraFooter
from napari_udt.viewer.spectra.widgets.plot import SpectraPlot
from napari_udt.viewer.spectra.widgets.plot_parts.verdict_overview import VerdictOverview
from napari_udt.viewer.state.session import DisplayOptions

NO_CUBES = "Open a cube and move the mouse over it: its spectra appear here."
NO_PIXEL = "Move the mouse over a cube to see its spectra; click to pin them."
NO_PIN = "Click on a cube to pin the spectra of a pixel."
NO_POPULATION = "Open Plugins > Domain transfer of spectra > Population first: the chart is there."
VERDICT_TIP = (
    "Every structure: Population > Verdict. Oxygen saturation before and after the transfer, by linear unmixing, with what was "
    "simulated: Population > sO₂."
)
OXYGENATION = "oxygen saturation (estimate)"
_VERDICT_LINES = 2  # in a dock of the usual width
_LEAST_LINES = 20  # of text: what the dock keeps of its height in a low window
_LEAST_WIDTH = 300  # pixels of the plot: in a small window the picture needs room as well


class SpectraForm(QWidget):
    """Choices and the verdict above, plot and table between, which share the height as the user likes, statement and buttons below.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._divided = False
        self._followed: QWidget | None = None  # in the place of plot and table
        self._wanted_share: float | None = None  # of the table
        self._make_widgets()
        self._arrange()

    def invite(self, sentence: str) -> None:
        """Show a sentence, and the verdict on all structures, in place of plot and table; an empty one shows these."""
        self._overview.invite(sentence)
        self._pages.setCurrentWidget(self._overview if sentence else self._followed or self._splitter)
        self._give_plot_room()

    def _on_volume_toggled(self, checked: bool) -> None:
        self._over.chosen.emit("volume", checked)

    def show_axis(self, options: DisplayOptions) -> None:
        """Show what is chosen about series; no signal is emitted."""
        self._over.set_value(options.over)
        self._volume.blockSignals(True)
        self._volume.setChecked(options.volume)
        self._volume.blockSignals(False)

    def offer_axis(self, axis: str | None) -> None:
        """Offer to follow curves over "time" or "depth" in the place of wavelength; None where there is no series."""
        self._axis_row.setVisible(axis is not None)
        self._volume.setVisible(axis == "depth")
        for value, text in (("value", "value at the picture's wavelength"), ("oxygenation", OXYGENATION)):
            self._over.name(value, f"Over {axis}: {text}")

    def offer_large(self, key: str) -> SignalInstance:
        """Show a button that shows the plot large, as this key does, and return the signal of its press."""
        return self._controls.offer_large(key)

    def show_verdict(self, sentences: Sequence[str]) -> None:
        """Show whether the transfers moved what is looked at closer to the reference, one line per model."""
        self._verdict.setText("\n".join(sentences))
        self._chart.setVisible(bool(sentences))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for room: curves are what the window is for."""
        return QSize(420, 680)

    def _make_widgets(self) -> None:
        self._controls = SpectraControls(parent=self)
        self._over = OptionBox("over", parent=self)
        self._volume = check_box(
            "Whole volume",
            "Mean and standard deviation of structures over all slices of a volume, in the place of those of the slice that is "
            "shown.",
            self,
        )
        self._volume.toggled.connect(self._on_volume_toggled)
        self._axis_row = QWidget(self)
        row_of(self._over, self._volume, equal=False, parent=self._axis_row).setStretch(0, 1)
        self._axis_row.hide()
        self._plot = SpectraPlot(parent=self)
        self._plot.setMinimumWidth(_LEAST_WIDTH)
        self._table = CurveTable(parent=self)
        self._verdict = StableLabel("verdict", self, lines=_VERDICT_LINES)
        self._verdict.setToolTip(VERDICT_TIP)
        self._chart = push_button(
            "Chart",
            "The verdict on every structure, as a chart and in numbers: Population > Verdict.",
            self,
        )
        self._chart.hide()
        self._overview = VerdictOverview(parent=self)
        self._footer = SpectraFooter(parent=self)

    def _arrange(self) -> None:
        self._splitter = splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._plot)
        splitter.addWidget(self._table)
        splitter.setStretchFactor(0, 1)
        splitter.splitterMoved.connect(self._on_divider_moved)
        self._pages = QStackedWidget(self)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._pages.addWidget(self._overview)
        self._pages.addWidget(splitter)
        contents = QWidget(self)
        line = row_of(self._verdict, self._chart, equal=False)
        line.setStretch(0, 1)
        line.setAlignment(self._chart, Qt.AlignmentFlag.AlignTop)
        layout = fill(
            contents, self._controls, self._axis_row, line, self._pages, self._footer, stretched=self._pages
        )
        layout.setContentsMargins(6, 6, 6, 6)
        fill(
            self, VerticalScrollArea(contents, self, least_lines=_LEAST_LINES)
        )  # scrolls in the lowest of windows

    @property
    def table_share(self) -> float | None:
        """Share of the height that the user gave the table beside the plot; None while the divider was not moved.

        What unfolded options or a low window leave to the plot for a while is no wish of the user's.
        """
        return self._wanted_share

    def set_table_share(self, share: float) -> None:
        """Divide the height between plot and table; the table keeps three curves at least."""
        self._wanted_share, self._divided = share, False
        self._give_plot_room()

    def _on_divider_moved(self) -> None:
        plot, table = self._splitter.sizes()
        if plot + table:
            self._wanted_share = table / (plot + table)

    def _give_plot_room(self) -> None:
        """Divide the height between plot and table once it is known; afterwards it is the user's."""
        if not self._divided and self._splitter.isVisible():
            height = self._splitter.height()
            least = self._table.minimumHeight()
            table = least if self._wanted_share is None else max(least, int(self._wanted_share * height))
            self._splitter.setSizes([height - table, table])
            self._divided = True
