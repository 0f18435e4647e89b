"""The tab "Blind test": whether a person can distinguish transferred from real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtWidgets import QStackedWidget

from napari_udt.errors import UdtError
from napari_udt.population.blind_test import BlindTest, resumed
from napari_udt.population.groups import Population
from napari_udt.population.tables import Table
from napari_udt.viewer.population.blind_test import form_from, result_table
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.widgets.blind_test.question import BlindPage
from napari_udt.viewer.population.widgets.blind_test.result import BlindCard
from napari_udt.viewer.population.widgets.blind_test.start import BlindStart
from napari_udt.viewer.population.widgets.tab import PopulationTab
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.style import Theme


class BlindTab(PopulationTab):
    """Questions, then the result; a test that was begun is kept with the session."""

    NAME = "blind"
    TITLE = "Blind test"
    TIP = "Real or transferred? You judge; accuracy with an interval comes out."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.test: BlindTest | None = None
        self._shown_of: Population | None = None  # what the test under way was drawn from
        self._state: dict[str, Any] | None = None  # of a test that was begun
        self.start, self.page = BlindStart(parent=self), BlindPage(parent=self)
        self.card = BlindCard(parent=self)
        self.pages = QStackedWidget(self)
        for page in (self.start, self.page, self.card):
            self.pages.addWidget(page)
        fill(self, self.pages).setContentsMargins(0, 4, 0, 0)
        self.start.changed.connect(self.changed)
        self.start.start_wanted.connect(self._on_start)
        self.start.resume_wanted.connect(self._on_resume)
        self.page.answered.connect(self._on_answer)
        self.page.undo_wanted.connect(self._on_undo)
        self.page.stop_wanted.connect(self._on_stop)
        self.page.reveal_wanted.connect(self._on_reveal)
        self.card.message.connect(self.message)
        self.card.again_wanted.connect(self._on_again)

    # -- interface of tabs -----------------------------------------------------------------------

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Offer what can be judged; a test under way goes on with what it was drawn from."""
        super().set_population(population, choices)
        self.start.set_population(population)
        self._offer_resuming()

    def set_theme(self, colours: Theme) -> None:
        """Draw in other colours."""
        super().set_theme(colours)
        self.page.set_theme(colours)

    def settings(self) -> dict[str, Any]:
        """Return the choices, and the test that was begun, without the truth."""
        return {"form": self.start.form.plain(), "begun": self._state}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Bring them back; the test waits for a press on “Go on”."""
        form, begun = settings.get("form"), settings.get("begun")
        self.start.set_form(form_from(form if isinstance(form, dict) else {}))
        if begun != self._state:
            self._state = begun if isinstance(begun, dict) else None
            self.test = None
            self.pages.setCurrentWidget(self.start)
        self._offer_resuming()

    def table(self) -> Table | None:
        """Return the rates, once the result is shown."""
        result = self.card.result if self.pages.currentWidget() is self.card else None
        return None if result is None else result_table(result)

    # -- what happens -----------------------------------------------------------------------------

    def _on_start(self) -> None:
        population = self.population
        if population is not None:
            form, wavelength_nm = self.start.form, self.session.wavelength_nm
            self._begin(lambda: BlindTest(population, form.design(population, wavelength_nm)))

    def _on_resume(self) -> None:
        population, state = self.population, self._state
        if population is not None and state is not None:
            self._begin(lambda: resumed(population, state))

    def _begin(self, make: Callable[[], BlindTest]) -> None:
        try:
            self.test = make()
        except UdtError as error:
            self.message.emit(str(error))
            return
        self.message.emit("")
        self._shown_of = self.population
        self.pages.setCurrentWidget(self.page)
        self._show()
        self.page.setFocus()

    def _on_answer(self, verdict: Any) -> None:
        if self.test is not None:
            self.test.judge(verdict)
            self._show()

    def _on_undo(self) -> None:
        if self.test is not None and self.test.undo():
            self._show()

    def _on_stop(self) -> None:
        if self.test is not None:
            self.test.stop()
            self._show()

    def _on_reveal(self) -> None:
        if self.test is None:
            return
        try:
            result = self.test.reveal()
        except UdtError as error:  # nothing was judged
            self.message.emit(str(error))
            self._on_again()
            return
        self._state = None
        self.card.show_result(result)
        self.pages.setCurrentWidget(self.card)
        self.changed.emit()

    def _on_again(self) -> None:
        self.test, self._state, self._shown_of = None, None, None
        self._offer_resuming()
        self.pages.setCurrentWidget(self.start)
        self.changed.emit()

    def _show(self) -> None:
        if self.test is not None and self._shown_of is not None:
            self.page.show_test(self.test, self._shown_of.wavelengths_nm)
            self._state = self.test.state()
            self.changed.emit()

    def _offer_resuming(self) -> None:
        self.start.set_resumable(self._state is not None and self.population is not None)
