"""How the docks of the window share its room: the spectra get most of it, what the user sets is kept between sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QDockWidget, QMainWindow

from napari_udt.viewer.state.settings import plain, read_user_settings, settings_from, write_user_settings

if TYPE_CHECKING:
    from napari_udt.viewer.spectra.widgets.dock import SpectraDock
    from napari_udt.viewer.transfer.widgets.dock import TransferDock

_NAME = "layout"  # in the user's settings
PLOT_LARGE_KEY = "F9"
_LEAST_CANVAS = 120  # pixels that the picture keeps while the plot is large
_LEAST_UPPER_HEIGHT = 200  # pixels of the upper docks, when they are shown again
_TITLE_AND_TABS = 50  # pixels of a dock beside its contents
Share = Annotated[float, Field(ge=0.05, le=0.95)]


@dataclass(frozen=True)
class LayoutSettings:
    """How the window is divided.

    Parameters
    ----------
    dock_share : float
        Width of the docks at the right as a share of the window's.
    upper_height : int
        Of Transfer, Compare, Trust and Session, in pixels.
    table_share : float, optional
        Of the height of plot and table that the table takes; by default its least.
    transfer_folded : bool, optional
        Whether Transfer shows one line only; None as long as the user has not said so: then it folds after use.
    """

    dock_share: Share = 0.525
    upper_height: Annotated[int, Field(ge=0, le=4000)] = 372
    table_share: Share | None = None
    transfer_folded: bool | None = None


class WindowLayout(QObject):
    """Divides a window between picture and docks, folds Transfer after use, and shows the plot large at a key.

    Parameters
    ----------
    main : QMainWindow
    transfer, spectra : TransferDock, SpectraDock
    upper, lower : sequence of QDockWidget
        Tabs of each other at the right; the first of the upper ones holds Transfer, the first of the lower ones Spectra.
    """

    def __init__(
        self,
        main: QMainWindow,
        transfer: TransferDock,
        spectra: SpectraDock,
        *,
        upper: Sequence[QDockWidget],
        lower: Sequence[QDockWidget],
    ) -> None:
        super().__init__(main)
        self._main, self._transfer, self._spectra = main, transfer, spectra
        self._upper, self._lower = tuple(upper), tuple(lower)
        self.settings = settings_from(LayoutSettings, read_user_settings().get(_NAME))
        self._folds_by_itself = False
        self._hidden: list[QDockWidget] = []  # while the plot is large
        self._front = self._upper[0]  # of the upper docks
        self._later = QTimer(self)  # Qt lays docks out after the event
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._divide_height)
        self._shortcut = QShortcut(QKeySequence(PLOT_LARGE_KEY), main)
        self._shortcut.activated.connect(self.toggle_plot_large)
        if self.settings.transfer_folded:
            self._fold(True)
        if self.settings.table_share is not None:
            spectra.set_table_share(self.settings.table_share)
        self._divide_width(self.settings.dock_share)
        self._divide_height()
        transfer.fold_changed.connect(self._on_fold_changed)
        transfer.succeeded.connect(self._on_succeeded)
        spectra.offer_large(PLOT_LARGE_KEY).connect(self.toggle_plot_large)
        for dock in self._upper:
            dock.visibilityChanged.connect(self._on_turned)
        main.installEventFilter(self)

    @property
    def plot_is_large(self) -> bool:
        """Whether everything but the spectra gives way."""
        return bool(self._hidden)

    def toggle_plot_large(self) -> None:
        """Give the spectra nearly the whole window, or restore what was there before."""
        if self.plot_is_large:
            hidden, self._hidden = self._hidden, []
            for dock in hidden:
                if isalive(dock):
                    dock.show()
            self._upper[0].raise_()
            self._divide_width(self.settings.dock_share)
            self._later.start(0)
            return
        self._remember_sizes()
        kept = {*self._lower}
        self._hidden = [d for d in self._main.findChildren(QDockWidget) if d not in kept and not d.isHidden()]
        for dock in self._hidden:
            dock.hide()
        self._lower[0].show()
        self._lower[0].raise_()
        self._divide_width(1 - _LEAST_CANVAS / max(self._main.width(), 1))

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Keep the layout when the window closes; filter nothing."""
        if event is not None and event.type() == QEvent.Type.Close:
            self.remember()
        return False

    def remember(self) -> None:
        """Keep divider, layout and folded state for the next session."""
        if not self.plot_is_large:
            self._remember_sizes()
        write_user_settings(**{_NAME: plain(self.settings)})

    def _remember_sizes(self) -> None:
        """Note the sizes that the docks have now, as far as they can be seen."""
        shown = next((dock for dock in self._lower if dock.isVisible() and not dock.isFloating()), None)
        if shown is not None and self._main.width():
            share = min(max(shown.width() / self._main.width(), 0.05), 0.95)
            self.settings = replace(self.settings, dock_share=share)
        upper = self._front
        if (
            isalive(upper)
            and upper.isVisible()
            and not upper.isFloating()
            and not self._is_folded_line(upper)
        ):
            self.settings = replace(self.settings, upper_height=upper.height())
        self.settings = replace(self.settings, table_share=self._spectra.table_share)

    def _is_folded_line(self, dock: QDockWidget) -> bool:
        return dock is self._upper[0] and self._transfer.folded

    def _divide_width(self, share: float) -> None:
        docks = [dock for dock in self._lower if not dock.isHidden() and not dock.isFloating()]
        self._main.resizeDocks(docks[:1], [round(share * self._main.width())], Qt.Orientation.Horizontal)

    def _divide_height(self) -> None:
        """Give the upper docks the height of what they show, and the rest to the spectra."""
        upper = self._front
        if not isalive(upper) or self.plot_is_large:
            return
        contents, folded = self._transfer.minimumSizeHint().height(), self._is_folded_line(upper)
        for dock in self._upper:  # the lowest that tabs of each other can be is the highest of their minima
            if isalive(dock) and (widget := dock.widget()) is not None:
                widget.setMinimumHeight(contents if folded else 0)
        height = contents + _TITLE_AND_TABS if folded else self.settings.upper_height
        canvas = self._main.centralWidget()
        whole = (
            self._main.height() if canvas is None else canvas.height()
        )  # sizes that do not add up are scaled
        self._main.resizeDocks(
            [upper, self._lower[0]], [height, max(whole - height, 1)], Qt.Orientation.Vertical
        )

    def _on_turned(self, visible: bool) -> None:
        """Another of the upper docks is in front: it may need another height than a folded line."""
        dock = self.sender()
        if visible and isinstance(dock, QDockWidget):
            self._front = dock
            if isalive(self._transfer) and self._transfer.folded:
                self._later.start(0)

    def _on_succeeded(self) -> None:
        if self.settings.transfer_folded is None:
            self._fold(True)

    def _fold(self, folded: bool) -> None:
        """Fold without taking it for the user's wish."""
        self._folds_by_itself = True
        self._transfer.set_folded(folded)
        self._folds_by_itself = False

    def _on_fold_changed(self, folded: bool) -> None:
        front = self._front
        if folded and front is self._upper[0] and front.isVisible() and not front.isFloating():
            self.settings = replace(self.settings, upper_height=max(front.height(), _LEAST_UPPER_HEIGHT))
        if not self._folds_by_itself:
            self.settings = replace(self.settings, transfer_folded=folded)
        self._later.start(0)
