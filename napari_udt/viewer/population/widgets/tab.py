"""Base classes of the tabs of the Population dock; a new tab derives from one and is listed in ``tabs``."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGraphicsView, QStackedWidget, QWidget
from superqt.utils import ensure_main_thread

from napari_udt.population.appearance import GroupAppearance, appearances
from napari_udt.population.groups import Group, Population
from napari_udt.population.tables import Table
from napari_udt.viewer.layers.overlays.brushed import BrushedLayers
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.open_population import NO_CUBES
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.state.jobs import LatestJob, Submit
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.style import Theme, theme


class OfGroup(Protocol):
    """A part of a figure that belongs to one group."""

    @property
    def group(self) -> Group:
        """The group."""


Part = TypeVar("Part", bound=OfGroup)

COMPUTING = "computing ..."


class PopulationTab(QWidget):
    """A tab of the Population dock; it gets the population only while it is shown.

    Parameters
    ----------
    session : Session
    submit : callable, optional
        Runs a function in the dock's thread, one after the other; without it everything is computed at once.
    brushed : BrushedLayers, optional
        Layers that show brushed pixels.
    parent : QWidget, optional
    """

    NAME: ClassVar[str] = ""  # of its settings and as a Qt object: lower case, never changed
    TITLE: ClassVar[str] = ""  # on the tab: one short word
    TIP: ClassVar[str] = ""  # what it shows, and which figure of the paper that is

    changed = Signal()  # statement, settings, or what can be exported
    message = Signal(str)  # one sentence of news
    figure_wanted = Signal(str)  # name of the tab to turn to

    def __init__(
        self,
        session: Session,
        submit: Submit | None = None,
        brushed: BrushedLayers | None = None,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(self.NAME)
        self.session, self._submit, self._brushed = session, submit, brushed
        self.population: Population | None = None
        self.choices = PopulationChoices()
        self.theme: Theme = theme("dark")

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Show a population; called again whenever it or a choice changes."""
        self.population, self.choices = population, choices

    def set_theme(self, colours: Theme) -> None:
        """Use the colours of a theme."""
        self.theme = colours

    def settings(self) -> dict[str, Any]:
        """Return what is stored with the session, as plain JSON."""
        return {}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore settings; damaged or unknown parts keep their defaults."""

    @property
    def statement(self) -> str:
        """Text below the tab: what is shown, with its notes."""
        return ""

    @property
    def busy(self) -> bool:
        """Whether what is shown will still change."""
        return False

    @property
    def shows_without_cubes(self) -> bool:
        """Whether there is something to see although no cubes are open."""
        return False

    def table(self) -> Table | None:
        """Return the numbers of what is shown, for CSV and clipboard; None where there are none."""
        return None

    def drawing(self) -> QGraphicsView | None:
        """Return the view that is saved as PNG or SVG; None where there is none."""
        return None

    @property
    def finding(self) -> object | None:
        """Result that the user had computed of what is shown, for the report."""
        return None

    def stop(self) -> None:
        """Cancel what is running: the window closes."""


class FigureTab(PopulationTab):
    """A tab with one figure, computed in the dock's thread; late results never overwrite newer ones."""

    figure_view: QGraphicsView | None = None  # saved as PNG or SVG

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._job: LatestJob[tuple[Population, Any]] = LatestJob(self._submit)
        self._computed_of: Hashable = None
        self._drawn: tuple[int, str] = (id(None), "")  # of the figure, and the error
        self._job.done.connect(self._on_done)
        self._hint = wrapping_label("hint", self)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._body = QWidget(self)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._hint)
        self._pages.addWidget(self._body)
        fill(self, self._pages).setContentsMargins(0, 4, 0, 0)
        self.make(self._body)

    # -- implemented by derived tabs ------------------------------------------------------------------

    def make(self, body: QWidget) -> None:
        """Make the widgets of the figure inside ``body``."""
        raise NotImplementedError

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Any]]:
        """Return what the figure depends on, and the function that computes it in another thread."""
        raise NotImplementedError

    def draw(self, figure: Any) -> None:
        """Draw the figure; called again for another theme and when groups are hidden."""
        raise NotImplementedError

    # -- interface of tabs ----------------------------------------------------------------------

    @property
    def figure(self) -> Any:
        """The newest figure; None while there is none."""
        return None if self._job.result is None else self._job.result[1]

    @property
    def source(self) -> Population | None:
        """The population that the figure is of: an older one than ``population`` while a newer figure is computed."""
        return None if self._job.result is None else self._job.result[0]

    @property
    def group_appearances(self) -> dict[str, GroupAppearance]:
        """Appearance of the groups of the figure, by their names."""
        return {} if self.source is None else appearances(self.source)

    @property
    def busy(self) -> bool:
        """Whether a figure is being computed."""
        return self._job.busy or self._drawn != (id(self.figure), self._job.error)

    @property
    def statement(self) -> str:
        """The statement of the figure, and its notes."""
        figure = self.figure
        return "" if figure is None else "\n".join((figure.statement, *figure.notes))

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Compute the figure of a population, unless it is known."""
        super().set_population(population, choices)
        self.update_figure()

    def set_theme(self, colours: Theme) -> None:
        """Draw in the colours of a theme."""
        super().set_theme(colours)
        if self.figure is not None:
            self.draw(self.figure)

    def update_figure(self) -> None:
        """Compute the figure if what it depends on has changed; else draw it again."""
        if self.population is None:
            self._computed_of = None
            self._job.drop()
            self._show()
            return
        choices, work = self.request(self.population)
        key = (id(self.population), choices)
        if key != self._computed_of:
            self._computed_of = key
            if self.figure is None:
                self._pages.setCurrentIndex(0)
                self._hint.setText(COMPUTING)
            self._job.start(partial(_computed, self.population, work))
        elif not self.busy:
            self._show()

    def table(self) -> Table | None:
        """Return the figure's own table."""
        return None if self.figure is None else self.figure.table()

    def drawing(self) -> QGraphicsView | None:
        """Return the view, once there is a figure."""
        return None if self.figure is None else self.figure_view

    def shown(self, parts: Iterable[Part]) -> list[Part]:
        """Return the parts of a figure whose groups are not hidden."""
        return [part for part in parts if part.group.name not in self.choices.hidden]

    @ensure_main_thread
    def _on_done(self) -> None:
        if isalive(self):
            self._show()

    def _show(self) -> None:
        figure = self.figure
        self._drawn = (id(figure), self._job.error)
        self._pages.setCurrentIndex(0 if figure is None else 1)
        self._hint.setText(NO_CUBES if self.population is None else self._job.error)
        if figure is not None:
            self.draw(figure)
        self.changed.emit()


def _computed(population: Population, work: Callable[[], Any]) -> tuple[Population, Any]:
    return population, work()
