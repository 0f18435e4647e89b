"""The tabs of the Population dock, with a menu of all of them: not every title fits into a narrow dock."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QTabWidget, QToolButton, QWidget

from napari_udt.viewer.population.widgets.tab import PopulationTab


class PopulationPages(QTabWidget):
    """Shows one tab at a time; Ctrl+Tab and the arrow keys turn to the next."""

    def __init__(self, tabs: Sequence[PopulationTab], *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tabs = tuple(tabs)
        self.setUsesScrollButtons(True)
        self.setDocumentMode(True)
        menu = QMenu(self)
        for index, tab in enumerate(self.tabs):
            self.addTab(tab, tab.TITLE)
            self.setTabToolTip(index, tab.TIP)
            action = QAction(f"{tab.TITLE}: {tab.TIP}", menu)
            action.setData(index)
            menu.addAction(action)
        menu.triggered.connect(self._on_triggered)
        button = QToolButton(self)
        button.setObjectName("all figures")
        button.setText("☰")
        button.setToolTip("All figures")
        button.setAccessibleName("All figures")
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        self.setCornerWidget(button)

    @property
    def current(self) -> PopulationTab:
        """The tab that is shown."""
        return self.tabs[max(self.currentIndex(), 0)]

    def turn_to(self, name: str) -> None:
        """Turn to the tab of that name, if there is one."""
        names = [tab.NAME for tab in self.tabs]
        if name in names:
            self.setCurrentIndex(names.index(name))

    def _on_triggered(self, action: QAction) -> None:
        self.setCurrentIndex(int(action.data()))
