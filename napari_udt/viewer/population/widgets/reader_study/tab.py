"""The tab "Reader study": whether people can tell transferred from real, recognise structures, and agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QGraphicsView, QStackedWidget

from napari_udt.errors import UdtError
from napari_udt.population.groups import Population
from napari_udt.population.reader_study.design import design_from
from napari_udt.population.reader_study.reading import Reading
from napari_udt.population.reader_study.reading_file import ENDING as ANSWERS
from napari_udt.population.reader_study.reading_file import Answers
from napari_udt.population.reader_study.result import StudyResult
from napari_udt.population.reader_study.study_file import ENDING as STUDY
from napari_udt.population.tables import Table
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.reader_study import StudyForm, drawn, joined, read_study, written
from napari_udt.viewer.population.widgets.reader_study.question import QuestionPage
from napari_udt.viewer.population.widgets.reader_study.result import ResultPage
from napari_udt.viewer.population.widgets.reader_study.start import StudyStart
from napari_udt.viewer.population.widgets.tab import PopulationTab
from napari_udt.viewer.qt.export import ask_save_path
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.state.settings import plain, settings_from
from napari_udt.viewer.style import Theme


class ReaderStudyTab(PopulationTab):
    """Choices, questions, then the result; a reading that was begun is kept with the session."""

    NAME = "blind"
    TITLE = "Reader study"
    TIP = "Real or transferred? You and others judge; what was recognised and whether you agree comes out, with intervals."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reading: Reading | None = None
        self._file = ""  # that the study under way is from
        self._state: dict[str, Any] | None = None  # of a reading that was begun
        self._own: Answers | None = None
        self.start, self.page = StudyStart(parent=self), QuestionPage(parent=self)
        self.card = ResultPage(parent=self)
        self.task = self.start.task_row
        self.pages = QStackedWidget(self)
        for page in (self.start, self.page, self.card):
            self.pages.addWidget(page)
        fill(self, self.pages).setContentsMargins(0, 4, 0, 0)
        self._connect()

    # -- interface of tabs -----------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether questions are drawn or answers counted."""
        return self.task.running

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Offer what can be judged; a reading under way goes on with what it was drawn from."""
        super().set_population(population, choices)
        self.start.set_population(population)
        self._offer_resuming()

    def set_theme(self, colours: Theme) -> None:
        """Draw in other colours."""
        super().set_theme(colours)
        self.page.set_theme(colours)
        self.card.plot.set_theme(colours)

    def settings(self) -> dict[str, Any]:
        """Return the choices, and the reading that was begun, without the truth."""
        return {"form": plain(self.start.form), "begun": self._state}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Bring them back; the reading waits for a press on “Go on”."""
        begun = settings.get("begun")
        self.start.set_form(settings_from(StudyForm, settings.get("form")))
        if begun != self._state:
            self._state = begun if isinstance(begun, dict) else None
            self.reading = None
            self.pages.setCurrentWidget(self.start)
        self._offer_resuming()

    @property
    def statement(self) -> str:
        """How the numbers were found, below a result."""
        return "" if self._result is None else self._result.method

    def table(self) -> Table | None:
        """Return the numbers, once the result is shown."""
        return None if self._result is None else self._result.table()

    def drawing(self) -> QGraphicsView | None:
        """Return the picture of the result."""
        return None if self._result is None else self.card.plot.canvas

    @property
    def finding(self) -> StudyResult | None:
        """The result that is shown, for the report."""
        return self._result

    def stop(self) -> None:
        """End what is drawn."""
        self.task.cancel()

    @property
    def _result(self) -> StudyResult | None:
        return self.card.result if self.pages.currentWidget() is self.card else None

    # -- what happens -----------------------------------------------------------------------------

    def _connect(self) -> None:
        self.start.changed.connect(self.changed)
        self.start.resume_wanted.connect(self._on_resume)
        self.start.save_wanted.connect(self._on_save_study)
        self.start.open_wanted.connect(self._on_open_study)
        self.start.join_wanted.connect(self._on_join)
        self.task.wanted.connect(self._on_start)
        self.task.succeeded.connect(self._on_succeeded)
        self.task.ended.connect(self._on_ended)
        self.page.answered.connect(self._on_answer)
        self.page.undo_wanted.connect(self._on_undo)
        self.page.stop_wanted.connect(self._on_stop)
        self.page.reveal_wanted.connect(self._on_reveal)
        self.card.message.connect(self.message)
        self.card.again_wanted.connect(self._on_again)
        self.card.join_wanted.connect(self._on_join)

    def _on_start(self) -> None:
        population, form = self.population, self.start.form
        if population is not None:
            design = form.design(population, self.session.wavelength_nm)
            self._file = ""
            self.task.start(partial(drawn, population, design, None, form.reader))

    def _on_resume(self) -> None:
        state, population = self._state, self.population
        if state is None:
            return
        self._file = str(state.get("file", ""))
        if self._file:
            self.task.start(partial(read_study, Path(self._file), state, ""))
        elif population is not None:
            try:
                design = design_from(state["design"])
            except (KeyError, TypeError, ValueError) as error:
                self.message.emit(f"This reading cannot go on ({error}); start a new one.")
                return
            self.task.start(partial(drawn, population, design, state, ""))

    def _on_save_study(self) -> None:
        population = self.population
        if population is None:
            return
        path = ask_save_path(
            self, "Save study", f"readers{STUDY}", f"Reader studies (*{STUDY})", self.message.emit
        )
        if path is not None:
            design = self.start.form.design(population, self.session.wavelength_nm)
            self.task.start(partial(written, population, design, path))

    def _on_open_study(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open study", "", f"Reader studies (*{STUDY})")
        if name:
            self._file = name
            self.task.start(partial(read_study, Path(name), None, self.start.form.reader))

    def _on_join(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(
            self, "Answers of readers", "", f"Answers (*{ANSWERS} *.json)"
        )
        if names:
            own = self.card.result.readings if self._result is not None and self.card.result else ()
            self._evaluate(own, [Path(name) for name in names])

    def _evaluate(self, readings: Sequence[Answers], paths: Sequence[Path]) -> None:
        self.task.start(partial(joined, tuple(readings), tuple(paths)))

    def _on_succeeded(self, found: Any) -> None:
        if isinstance(found, Path):
            self.message.emit(f"Saved {found}")
        elif isinstance(found, Reading):
            self.reading = found
            self.message.emit("")
            self.pages.setCurrentWidget(self.page)
            self._show()
            self.page.setFocus()
        else:
            result, problems = found
            self.card.show_result(result, self._own)
            self.pages.setCurrentWidget(self.card)
            self.message.emit(" ".join(problems))
            self.changed.emit()

    def _on_ended(self, sentence: str) -> None:
        if sentence:
            self.message.emit(sentence)

    def _on_answer(self, answer: str) -> None:
        if self.reading is not None:
            self.reading.answer(answer)
            self._show()

    def _on_undo(self) -> None:
        if self.reading is not None and self.reading.undo():
            self._show()

    def _on_stop(self) -> None:
        if self.reading is not None:
            self.reading.stop()
            self._show()

    def _on_reveal(self) -> None:
        if self.reading is None:
            return
        try:
            self._own = self.reading.reveal()
        except UdtError as error:  # nothing was judged
            self.message.emit(str(error))
            self._on_again()
            return
        self._state = None
        self._evaluate([self._own], [])

    def _on_again(self) -> None:
        self.reading, self._state, self._own = None, None, None
        self._offer_resuming()
        self.pages.setCurrentWidget(self.start)
        self.changed.emit()

    def _show(self) -> None:
        if self.reading is not None:
            self.page.show_reading(self.reading)
            self._state = self.reading.state() | {"file": self._file}
            self.changed.emit()

    def _offer_resuming(self) -> None:
        state = self._state
        self.start.set_resumable(
            state is not None and (self.population is not None or bool(state.get("file")))
        )
