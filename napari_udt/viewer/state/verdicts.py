"""Whether transfers moved the open cubes' structures closer to the real ones, kept up to date with the session. No Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from psygnal import Signal

from napari_udt.cube import Modality
from napari_udt.errors import CubeError
from napari_udt.population.appearance import GroupAppearance, appearances
from napari_udt.population.groups import Group, Part, population_of_cubes
from napari_udt.population.oxygenation import large_moves
from napari_udt.population.saturation_moves import SaturationMove, large_moves_sentence
from napari_udt.population.verdict import Row, Verdict, verdict
from napari_udt.population.verdict_text import row_sentence, total_sentence
from napari_udt.spectral.labels import plain_name
from napari_udt.viewer.state.jobs import LatestJob, Submit
from napari_udt.viewer.state.session import Entry, Role, Session

_REST_S = 0.3
_Cubes = tuple[tuple[str, Role, int], ...]  # keys, roles, which objects


@dataclass(frozen=True, eq=False)
class _Found:
    """The verdict, or what is missing; remarks on the grid, and the structures whose oxygen saturation moved far."""

    verdict: Verdict | None
    appearances: Mapping[str, GroupAppearance] = field(default_factory=dict)
    missing: str = ""
    grid_notes: tuple[str, ...] = ()
    moves: tuple[SaturationMove, ...] = ()


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
        self._computed_of: dict[Modality, _Cubes] = {}
        self._sentences: dict[tuple[Modality, str | None, bool], tuple[str, ...]] = {}

    @property
    def busy(self) -> bool:
        """Whether a verdict is being computed."""
        return any(job.busy for job in self._jobs.values())

    def refresh(self, modality: Modality) -> None:
        """Compute the verdict on the cubes of a modality, unless cubes, names and roles are as they were."""
        entries = tuple(e for e in self._session if e.role != "none" and e.cube.modality == modality)
        wanted = tuple((entry.key, entry.role, id(entry.cube)) for entry in entries)
        former = self._computed_of.get(modality, ())
        if wanted == former:
            return
        self._computed_of[modality] = wanted
        is_step = [part[:2] for part in wanted] == [
            part[:2] for part in former
        ]  # to other pictures of series
        self._sentences.clear()
        job = self._jobs.get(modality)
        if job is None:
            job = self._jobs[modality] = LatestJob(self._submit)
            job.done.connect(self._on_done)
        if entries:
            rests = partial(self._rests, modality, wanted) if is_step and self._submit is not None else None
            job.start(partial(_found, entries, rests))
        else:
            job.drop()

    def of(self, modality: Modality) -> Verdict | None:
        """Return the newest verdict on a modality's cubes; None where there is none, or none yet."""
        found = self._newest(modality)
        return None if found is None else found.verdict

    def appearances(self, modality: Modality) -> dict[str, GroupAppearance]:
        """Return the names and styles of the groups of the newest verdict."""
        found = self._newest(modality)
        return {} if found is None else dict(found.appearances)

    def sentences(
        self, modality: Modality, structure: str | None, *, beside_others: bool = False
    ) -> tuple[str, ...]:
        """Return one sentence per model about a structure, or about all where it is None or not compared.

        ``beside_others``: the sentence stands beside curves of something else, such as a pixel of the structure, and says that it
        is about the structure's mean.
        Where there is no verdict, what is missing; nothing while it is being computed.
        """
        key = (modality, structure, beside_others)
        if key not in self._sentences:
            found = self._newest(modality)
            if found is None:
                return ()
            self._sentences[key] = _sentences(found, structure, beside_others)
        return self._sentences[key]

    def _rests(self, modality: Modality, wanted: _Cubes) -> bool:
        """Wait a moment, in the thread that works; return whether the slider along time or depth rests."""
        time.sleep(_REST_S)
        return self._computed_of.get(modality) == wanted

    def _newest(self, modality: Modality) -> _Found | None:
        job = self._jobs.get(modality)
        return None if job is None or job.busy else job.result

    def _on_done(self) -> None:
        self._sentences.clear()
        self.changed.emit()


def _found(entries: tuple[Entry, ...], rests: Callable[[], bool] | None = None) -> _Found:
    """Return the verdict and the groups' appearances, or what is missing; nothing for pictures that are passed by."""
    if rests is not None and not rests():
        return _Found(None)
    cubes: list[tuple[str, Part, object]] = [(e.key, e.role, e.cube) for e in entries if e.role != "none"]
    notes: tuple[str, ...] = ()
    try:
        population = population_of_cubes(cubes)  # type: ignore[arg-type]
        notes = population.notes  # such as cubes that are left out
        judged = verdict(population)
    except CubeError as error:
        return _Found(None, missing=" ".join((str(error), *notes)))
    try:
        moves = large_moves(population)
    except CubeError:  # no oxygen saturation from these wavelengths
        moves = ()
    return _Found(judged, appearances(population), "", population.grid_notes, moves)


def _sentences(found: _Found, structure: str | None, beside_others: bool) -> tuple[str, ...]:
    if found.verdict is None:
        return (found.missing,)
    rows = _rows_of(found.verdict, structure)
    is_one = structure is not None and plain_name(rows[0].structure) == plain_name(structure)
    lines = _of_rows(
        found, found.verdict, rows, "Mean of the structure: " if is_one and beside_others else ""
    )
    return (*lines, *_of_moves(found, found.verdict, rows), *found.grid_notes)


def _rows_of(judged: Verdict, structure: str | None) -> tuple[Row, ...]:
    """Return the rows of a structure, else those of all structures together."""
    wanted = None if structure is None else plain_name(structure)
    rows = tuple(row for row in judged.rows if wanted is not None and plain_name(row.structure) == wanted)
    return rows or judged.totals or judged.rows


def _of_rows(found: _Found, judged: Verdict, rows: tuple[Row, ...], start: str) -> Iterator[str]:
    for row in rows:
        name = _model(found, judged, row.group)
        if row in judged.totals:
            yield total_sentence(judged, row, model=name)
        else:
            yield start + row_sentence(row, model=name)


def _of_moves(found: _Found, judged: Verdict, rows: tuple[Row, ...]) -> Iterator[str]:
    """Yield one line per model on the oxygen saturation of the structures in some rows."""
    for row in rows:
        moves = [
            move
            for move in found.moves
            if move.group is row.group and (row in judged.totals or move.structure == row.structure)
        ]
        if moves:
            yield large_moves_sentence(moves, model=_model(found, judged, row.group))


def _model(found: _Found, judged: Verdict, group: Group) -> str:
    """Return the name of a model where there are several."""
    several = len({row.group.name for row in judged.rows}) > 1
    return found.appearances[group.name].short if several else ""
