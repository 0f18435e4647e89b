"""The Population dock: the paper's figures of the open cubes, live; it connects the tabs to the session."""

from __future__ import annotations

import textwrap
from functools import partial
from pathlib import Path

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QSize, QTimer
from qtpy.QtGui import QGuiApplication, QShowEvent
from qtpy.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget
from superqt.utils import ensure_main_thread

from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.appearance import appearances
from napari_udt.population.groups import Population
from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.files.saving import saved
from napari_udt.viewer.layers.overlays.brushed import BrushedLayers
from napari_udt.viewer.population.choices import label_of, structures_of
from napari_udt.viewer.population.open_population import OpenPopulation
from napari_udt.viewer.population.widgets.controls import PopulationControls
from napari_udt.viewer.population.widgets.figures.verdict import VerdictTab
from napari_udt.viewer.population.widgets.footer import PopulationFooter
from napari_udt.viewer.population.widgets.given_row import GivenRow
from napari_udt.viewer.population.widgets.legend import GroupLegend
from napari_udt.viewer.population.widgets.methods.tab import MethodsTab
from napari_udt.viewer.population.widgets.pages import PopulationPages
from napari_udt.viewer.population.widgets.report_row import ReportRow
from napari_udt.viewer.population.widgets.tab import PopulationTab
from napari_udt.viewer.population.widgets.tabs import TABS
from napari_udt.viewer.qt.fields import fill, push_button
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.qt.visibility import VisibilityTracker, bring_to_front
from napari_udt.viewer.spectra.widgets.plot_picture import LegendLine, save_plot
from napari_udt.viewer.state.jobs import WorkerThread
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import LineStyle, theme, theme_on
from napari_udt.wording import counted

READING = "Reading the spectra ..."

_REST_MS = 400


class PopulationDock(QWidget):
    """Figures, numbers and tests of the spectra of all open cubes.

    Parameters
    ----------
    session : Session
    brushed : BrushedLayers, optional
        Layers that show brushed pixels.
    collection : OpenCollection, optional
        Hands its cubes over, to be shown in the place of the open ones.
    parent : QWidget, optional
    """

    _made = False  # Qt sends events to widgets under construction

    def __init__(
        self,
        session: Session,
        brushed: BrushedLayers | None = None,
        collection: OpenCollection | None = None,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self._worker = WorkerThread()
        self.destroyed.connect(self._worker.stop)
        self.open_population = OpenPopulation(session, self._worker.submit)
        self._stale: set[PopulationTab] = set()
        self._shown: Population | None = None
        self._visibility = VisibilityTracker(self)
        self._visibility.skip_while_hidden()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._make_widgets(brushed)
        self._arrange()
        self._connect()
        if collection is not None:
            collection.compared.connect(self._on_compared)
        self._restore_tabs()
        self._made = True
        self._follow_palette()
        self._refresh()

    @property
    def current(self) -> PopulationTab:
        """The tab that is shown."""
        return self.pages.current

    @property
    def busy(self) -> bool:
        """Whether what is shown will still change."""
        return (
            self._timer.isActive()
            or self.open_population.busy
            or self._shown is not self.open_population.population
            or self.current.busy
        )

    def save(self, path: str | Path) -> None:
        """Write what is shown: numbers as .csv, the figure as .png, .svg or .pdf; whole or not at all.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        target, table, drawing = Path(path), self.current.table(), self.current.drawing()
        if target.suffix.casefold() in (".png", ".svg", ".pdf"):
            if drawing is not None:
                save_plot(drawing, self._legend_lines(drawing.width()), self._theme, target)
        elif table is not None:
            with whole_or_nothing(target) as temporary:
                temporary.write_text(table.csv_text(), encoding="utf-8", newline="")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size that figures need."""
        return QSize(460, 680)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme: napari's style sheet reaches widgets as a change of palette."""
        super().changeEvent(event)
        if self._made and event is not None and event.type() == QEvent.Type.PaletteChange:
            self._follow_palette()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Watch the window for its closing."""
        super().showEvent(event)
        self.window().installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Stop what is running when the window closes."""
        if event is not None and event.type() == QEvent.Type.Close:
            for tab in self.pages.tabs:
                tab.stop()
            self.report.stop()
        return False

    # -- building ---------------------------------------------------------------------------------

    def _make_widgets(self, brushed: BrushedLayers | None) -> None:
        self.given = GivenRow(parent=self)
        self.controls = PopulationControls(parent=self)
        self.legend = GroupLegend(parent=self)
        tabs = [tab(self.session, self._worker.submit, brushed, parent=self) for tab in TABS]
        self.pages = PopulationPages(tabs, parent=self)
        self._hint = wrapping_label("hint", self)
        self.results_button = push_button(
            "Open results of evaluations...",
            "Compare methods by files that napari-udt evaluate wrote; no cube is needed.",
            self,
        )
        self.report = ReportRow(self.session, self._shown_population, self._findings, parent=self)
        self.footer = PopulationFooter(self.report, parent=self)

    def _arrange(self) -> None:
        self._stack = QStackedWidget(self)
        without_cubes = QWidget(self)
        fill(without_cubes, self._hint, self.results_button, stretched=self._hint)
        self._stack.addWidget(without_cubes)
        self._stack.addWidget(self.pages)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.given)
        layout.addWidget(self.controls)
        layout.addWidget(self.legend)
        layout.addWidget(self._stack, stretch=1)
        layout.addWidget(self.footer)

    def _connect(self) -> None:
        self.session.cubes_changed.connect(self._on_cubes_changed)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._on_cubes_changed)
        self.session.pictures_changed.connect(self._on_pictures_changed)
        self.session.settings_restored.connect(self._restore_tabs)
        self.session.verdict_requested.connect(self._on_verdict_requested)
        self.open_population.changed.connect(self._on_population_changed)
        self._visibility.shown.connect(self._timer.start)
        self._timer.timeout.connect(self.open_population.refresh)
        self.controls.chosen.connect(self._on_chosen)
        self.given.dismissed.connect(partial(self.open_population.show, None))
        self.legend.hidden_changed.connect(self._on_hidden)
        self.pages.currentChanged.connect(self._on_turned)
        self.results_button.clicked.connect(self._on_results_wanted)
        self.footer.copy_requested.connect(self._on_copy)
        self.footer.export_requested.connect(self._on_export)
        for tab in self.pages.tabs:
            tab.changed.connect(self._on_tab_changed)
            tab.message.connect(self.footer.show_message)
            tab.figure_wanted.connect(self.pages.turn_to)
        self.report.message.connect(self.footer.show_message)

    # -- what is shown ----------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Show population and choices, in the other tabs when they are turned to."""
        population, choices = self.open_population.population, self.open_population.choices
        self._shown = population
        self.given.show_title(self.open_population.title)
        self._show_pages()
        self._hint.setText(self.open_population.message or READING)
        self.controls.set_modalities(
            self.open_population.modalities, population.modality if population else ""
        )
        self.controls.set_normalisation(choices.normalisation)
        group_appearances = {} if population is None else appearances(population)
        self.legend.set_groups(group_appearances, choices.hidden, self._theme)
        if population is not None:
            label = label_of(population, choices)
            structures = structures_of(population)
            self.controls.set_structures(
                structures, structures[-1] if label is None else population.class_names[label]
            )
        self._stale = set(self.pages.tabs)
        self._update_current()

    def _show_pages(self) -> None:
        """Show the tabs, or why there is nothing in them; results of files need no cubes."""
        without_cubes = any(tab.shows_without_cubes for tab in self.pages.tabs)
        self._stack.setCurrentIndex(0 if self.open_population.population is None and not without_cubes else 1)

    def _shown_population(self) -> Population | None:
        return self.open_population.population

    def _findings(self) -> list[object]:
        """Return what the tabs computed of the population that is shown."""
        return [tab.finding for tab in self.pages.tabs if tab.population is self.open_population.population]

    def _update_current(self) -> None:
        tab = self.current
        if tab in self._stale:
            self._stale.discard(tab)
            tab.set_population(self.open_population.population, self.open_population.choices)
        self._show_statement()

    def _show_statement(self) -> None:
        population, tab = self.open_population.population, self.current
        notes = () if population is None else population.notes
        self.footer.show_statement("\n".join(line for line in (tab.statement, *notes) if line))
        self.report.set_possible(population is not None)
        self.footer.set_possible(numbers=tab.table() is not None, picture=tab.drawing() is not None)

    def _legend_lines(self, width: int) -> list[LegendLine]:
        """Return the legend and the statement of a saved figure, in lines that fit into its width."""
        group_appearances = (
            {} if self.open_population.population is None else appearances(self.open_population.population)
        )
        hidden = self.open_population.choices.hidden
        shown = [look for name, look in group_appearances.items() if name not in hidden]
        texts: list[tuple[LineStyle | None, str]] = [(look.style, look.title) for look in shown]
        texts += [(None, line) for line in self.current.statement.splitlines()]
        letters = max(width // self.fontMetrics().averageCharWidth() - 8, 20)
        return [
            LegendLine(None if i else style, part)
            for style, text in texts
            for i, part in enumerate(textwrap.wrap(text, letters))
        ]

    def _follow_palette(self) -> None:
        self._theme = theme(theme_on(self.palette().window().color().name()))
        for tab in self.pages.tabs:
            tab.set_theme(self._theme)
        if self.open_population.population is not None:
            self.legend.set_groups(
                appearances(self.open_population.population), self.open_population.choices.hidden, self._theme
            )

    # -- what happens -----------------------------------------------------------------------------

    def _on_pictures_changed(self) -> None:
        """Gather the pictures of series once the slider along time or depth rests."""
        if isalive(self):
            self._rest.start(_REST_MS)

    def _on_cubes_changed(self) -> None:
        if isalive(self):
            if self._visibility.skip_while_hidden():
                self.open_population.forget()
            else:
                self.open_population.refresh()

    @ensure_main_thread
    def _on_population_changed(self) -> None:
        if isalive(self):
            self._refresh()

    def _on_compared(self, population: Population) -> None:
        if isalive(self):
            cubes = sum(1 if g.images is None else len(np.unique(g.images)) for g in population.groups)
            self.open_population.show(population, f"The collection: {counted(cubes, 'cube')}")
            bring_to_front(self)

    def _on_chosen(self, option: str, value: str) -> None:
        self.open_population.choose(**{option: value})

    def _on_hidden(self, names: tuple[str, ...]) -> None:
        self.open_population.choose(hidden=names)

    def _on_turned(self, _index: int) -> None:
        if self._made:
            self.open_population.keep("dock", {"tab": self.current.NAME})
            self._update_current()

    def _on_results_wanted(self) -> None:
        """Turn to the methods and ask for files."""
        self.pages.turn_to(MethodsTab.NAME)
        if isinstance(self.current, MethodsTab):
            self.current.open_button.click()

    def _on_tab_changed(self) -> None:
        self._show_pages()
        tab = self.sender()
        if self._made and isinstance(tab, PopulationTab):
            self.open_population.keep(tab.NAME, tab.settings())
            if tab is self.current:
                self._show_statement()

    def _restore_tabs(self) -> None:
        if isalive(self):
            self.pages.turn_to(str(self.open_population.settings_of("dock").get("tab", "")))
            for tab in self.pages.tabs:
                tab.set_settings(self.open_population.settings_of(tab.NAME))

    def _on_verdict_requested(self, modality: str) -> None:
        if isalive(self):
            self.pages.turn_to(VerdictTab.NAME)
            bring_to_front(self)
            if len(self.open_population.modalities) > 1:
                self.open_population.choose(modality=modality)

    def _on_copy(self) -> None:
        clipboard, table = QGuiApplication.clipboard(), self.current.table()
        if clipboard is not None and table is not None:
            clipboard.setText(table.csv_text())
            self.footer.show_message(f"Copied {len(table.rows):,} rows as CSV")

    def _on_export(self, target: Path) -> None:
        self.footer.show_message(saved(self.save, target))
