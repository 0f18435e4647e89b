"""Whether transfers moved the open cubes' structures closer to the real ones, kept up to date with the session. No Qt."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from psygnal import Signal

from napari_udt.cube import Modality
from napari_udt.errors import CubeError
from napari_udt.population.appearance import GroupAppearance, appearances
from napari_udt.population.groups import Part, population_of_cubes
from napari_udt.population.verdict import Row, Verdict, verdict
from napari_udt.population.verdict_text import row_sentence, total_sentence
from napari_udt.spectral.labels import plain_name
from napari_udt.viewer.state.jobs import LatestJob, Submit
from napari_udt.viewer.state.session import Entry, Session

_Found = tuple[Verdict | None, dict[str, GroupAppearance], str, tuple[str, ...]]


class OpenVerdicts:
    """The verdicts on a session's cubes, one for each modality, computed when asked for and when cubes have changed.

    Parameters
    ----------
    session : Session
    submit : callable, optional
        Runs a function later, in another thread; without it everything is computed at once.
    """

    changed = Signal()  # there is another verdict; emitted in the thread that works

    def __init__(self, session: Session, submit: Submit | None = None) -> None:
        self._session, self._submit = session, submit
        self._jobs: dict[Modality, LatestJob[_Found]] = {}
        self._computed_of: dict[Modality, Hashable] = {}
        self._sentences: dict[tuple[Modality, str | None], tuple[str, ...]] = {}

    @property
    def busy(self) -> bool:
        """Whether a verdict is being computed."""
        return any(job.busy for job in self._jobs.values())

    def refresh(self, modality: Modality) -> None:
        """Compute the verdict on the cubes of a modality, unless cubes, names and roles are as they were."""
        entries = tuple(e for e in self._session if e.role != "none" and e.cube.modality == modality)
        wanted = tuple((entry.key, entry.role, id(entry.cube)) for entry in entries)
        if wanted == self._computed_of.get(modality, ()):
            return
        self._computed_of[modality] = wanted
        self._sentences.clear()
        job = self._jobs.get(modality)
        if job is None:
            job = self._jobs[modality] = LatestJob(self._submit)
            job.done.connect(self._on_done)
        if entries:
            job.start(partial(_found, entries))
        else:
            job.drop()

    def of(self, modality: Modality) -> Verdict | None:
        """Return the newest verdict on a modality's cubes; None where there is none, or none yet."""
        found = self._newest(modality)
        return None if found is None else found[0]

    def appearances(self, modality: Modality) -> dict[str, GroupAppearance]:
        """Return the names and styles of the groups of the newest verdict."""
        found = self._newest(modality)
        return {} if found is None else found[1]

    def sentences(self, modality: Modality, structure: str | None) -> tuple[str, ...]:
        """Return one sentence per model about a structure, or about all where it is None or not compared.

        Where there is no verdict, what is missing; nothing while it is being computed.
        """
        key = (modality, structure)
        if key not in self._sentences:
            found = self._newest(modality)
            if found is None:
                return ()
            self._sentences[key] = _sentences(found, structure)
        return self._sentences[key]

    def _newest(self, modality: Modality) -> _Found | None:
        job = self._jobs.get(modality)
        return None if job is None or job.busy else job.result

    def _on_done(self) -> None:
        self._sentences.clear()
        self.changed.emit()


def _found(entries: tuple[Entry, ...]) -> _Found:
    """Return the verdict and the groups' appearances, or what is missing."""
    cubes: list[tuple[str, Part, object]] = [(e.key, e.role, e.cube) for e in entries if e.role != "none"]
    notes: tuple[str, ...] = ()
    try:
        population = population_of_cubes(cubes)  # type: ignore[arg-type]
        notes = population.notes  # such as cubes that are left out
        return verdict(population), appearances(population), "", population.grid_notes
    except CubeError as error:
        return None, {}, " ".join((str(error), *notes)), ()


def _sentences(found: _Found, structure: str | None) -> tuple[str, ...]:
    judged, _, missing, grid_notes = found
    return (missing,) if judged is None else (*_of_structure(found, judged, structure), *grid_notes)


def _of_structure(found: _Found, judged: Verdict, structure: str | None) -> tuple[str, ...]:
    group_appearances = found[1]
    several = len({row.group.name for row in judged.rows}) > 1

    def model(row: Row) -> str:
        return group_appearances[row.group.name].short if several else ""

    wanted = None if structure is None else plain_name(structure)
    rows = [row for row in judged.rows if wanted is not None and plain_name(row.structure) == wanted]
    if rows:
        return tuple(row_sentence(row, model=model(row)) for row in rows)
    if judged.totals:
        return tuple(total_sentence(judged, row, model=model(row)) for row in judged.totals)
    return tuple(row_sentence(row, model=model(row)) for row in judged.rows)
