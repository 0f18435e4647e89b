"""The population of the open cubes, gathered in a thread and updated with cubes and roles. No Qt."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from typing import Any

from psygnal import Signal

from napari_udt.population.groups import Part, Population, population_of_cubes
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.state.jobs import LatestJob, Submit
from napari_udt.viewer.state.session import Entry, Session
from napari_udt.viewer.state.settings import plain, settings_from

NAME = "population"  # in the session's settings
NO_CUBES = "Open a simulated and a reference cube, transfer one, and compare their spectra here."
_COMMON, _TABS = "common", "tabs"


class OpenPopulation:
    """The population of a session's cubes, and the choices of the Population dock.

    Parameters
    ----------
    session : Session
    submit : callable, optional
        Runs a function later, in another thread; without it the cubes are read at once.
    """

    changed = Signal()  # population or choices; emitted in the thread that works, or in the caller's

    def __init__(self, session: Session, submit: Submit | None = None) -> None:
        self._session = session
        self._job: LatestJob[Population] = LatestJob(submit)
        self._gathered_of: Hashable = None
        self._given: Population | None = None
        self.title = ""  # of what is shown in the place of the open cubes
        self.choices = PopulationChoices()
        self._job.done.connect(self._on_done)
        session.settings_restored.connect(self._restore)
        self._restore()

    @property
    def population(self) -> Population | None:
        """What is shown: a collection that was given, else the newest that was gathered, an older one until then."""
        return self._job.result if self._given is None else self._given

    @property
    def busy(self) -> bool:
        """Whether cubes are being read."""
        return self._job.busy

    @property
    def message(self) -> str:
        """Message in place of figures: what is missing, or went wrong."""
        if self._given is not None:
            return ""
        return self._job.error if self._entries() else NO_CUBES

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities of the cubes that take part, the newest cube's last."""
        if self._given is not None:
            return (self._given.modality,)
        return tuple(dict.fromkeys(e.cube.modality for e in self._session if e.role != "none"))

    def refresh(self) -> None:
        """Gather the population, unless cubes and roles are as they were."""
        if self._given is not None:
            return
        entries = self._entries()
        wanted = tuple((entry.key, entry.role, id(entry.cube)) for entry in entries)
        if wanted == self._gathered_of:
            return
        self._gathered_of = wanted
        if entries:
            self._job.start(partial(_gathered, entries))
        else:
            self._job.drop()
        if self.population is None:
            self.changed.emit()

    def show(self, population: Population | None, title: str = "") -> None:
        """Show a population in the place of the open cubes; None shows these again."""
        self.forget()
        self._given, self.title = population, title
        if population is None:
            self.refresh()
        self.changed.emit()

    def forget(self) -> None:
        """Release the spectra: the dock is hidden, and cubes may be closed."""
        self._gathered_of = None
        self._job.drop()

    def choose(self, **changes: Any) -> None:
        """Change choices that all figures share."""
        choices = replace(self.choices, **changes)
        if choices != self.choices:
            self.choices = choices
            self._settings()[_COMMON] = plain(choices)
            if "modality" in changes:
                self.refresh()
            self.changed.emit()

    def settings_of(self, tab: str) -> dict[str, Any]:
        """Return the settings of a tab in the session."""
        found = self._of_tabs().get(tab)
        return found if isinstance(found, dict) else {}

    def keep(self, tab: str, settings: dict[str, Any]) -> None:
        """Store the settings of a tab in the session."""
        self._settings()[_TABS] = self._of_tabs() | {tab: settings}

    def _of_tabs(self) -> dict[str, Any]:
        found = self._settings().get(_TABS)
        return found if isinstance(found, dict) else {}

    def _on_done(self) -> None:
        self.changed.emit()

    def _settings(self) -> dict[str, Any]:
        return self._session.settings.setdefault(NAME, {})

    def _restore(self) -> None:
        self.choices = settings_from(PopulationChoices, self._settings().get(_COMMON))
        self.changed.emit()

    def _entries(self) -> tuple[Entry, ...]:
        """Cubes that take part: of the chosen modality, else of that of the newest."""
        modalities = self.modalities
        wanted = (self.choices.modality,) if self.choices.modality in modalities else modalities[-1:]
        return tuple(e for e in self._session if e.role != "none" and e.cube.modality in wanted)


def _gathered(entries: tuple[Entry, ...]) -> Population:
    cubes: list[tuple[str, Part, Any]] = [(e.key, e.role, e.cube) for e in entries if e.role != "none"]
    return population_of_cubes(cubes)
