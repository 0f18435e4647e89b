"""From the session to the curves that are drawn: a pure function without Qt.

What may be compared follows from what the data are. A transferred cube shows the same scene as its source, so
both are read at the same pixel. Simulated and real data are unpaired: a real curve beside a simulated pixel is
the mean and spread of the same *structure* in the real cube, matched by the structure's name, and its label
says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar, Protocol

from psygnal import Signal

from napari_udt.viewer.spectra.cached_curves import CurveCache, QueryResult
from napari_udt.viewer.spectra.curve_query import CurveQuery
from napari_udt.viewer.spectra.curves import (
    Curve,
    CurveSet,
    compared,
    difference,
    differences,
    references,
)
from napari_udt.viewer.state.comparable_cubes import focus_of, structure_at
from napari_udt.viewer.state.session import DisplayOptions, PixelRef, Session
from napari_udt.viewer.state.statistics import StructureStatistics, plain_name
from napari_udt.viewer.trust.training_bands import TrainingBands
from napari_udt.wording import counted


class CurveSource(Protocol):
    """Computes curves to draw beside those of the cubes, such as the transferred spectrum under the mouse."""

    changed: ClassVar[Signal]  # other curves are available; may be emitted in another thread

    def curves(self, session: Session, shown: Sequence[Curve]) -> tuple[list[Curve], list[str]]:
        """Return curves to add, and remarks."""


def resolve(
    session: Session,
    statistics: StructureStatistics | None = None,
    sources: Sequence[CurveSource] = (),
    cache: CurveCache | None = None,
    bands: TrainingBands | None = None,
) -> CurveSet:
    """Return the curves for the cursor, the ticked structures, every pin and every region.

    Parameters
    ----------
    session : Session
    statistics : StructureStatistics, optional
        Remembers the statistics of structures between calls; without it they are computed anew.
    sources : sequence of CurveSource
        Their curves are drawn beside those of the cubes.
    cache : CurveCache, optional
        Keeps between calls what stands still while the mouse moves; without it everything is read anew.
    bands : TrainingBands, optional
        Gives transferred curves a band over trainings, where the session's options want one.
    """
    statistics, options, cache = statistics or StructureStatistics(), session.options, cache or CurveCache()
    cache.begin((tuple(session), options))
    queries, others = _of_one_modality(list(_queries(session, statistics)))
    results = [_read(query, cache) for query in queries]
    options = queries[0].options if queries else options
    curves = [curve for result in results for curve in result.curves]
    added = [source.curves(session, tuple(curves)) for source in sources]
    curves = _together([*curves, *(curve for more, _ in added for curve in more)])
    if bands is not None:
        curves, lines = bands.banded(session, statistics, curves)
        added.append(([], lines))
    reference_of = references(curves, options.reference)
    remarks = [remark for part in (*(r.remarks for r in results), *(r for _, r in added)) for remark in part]
    return CurveSet(
        curves=tuple(
            compared(curve, reference_of[curve.id], options.comparison) if curve.id in reference_of else curve
            for curve in curves
        ),
        differences=tuple(differences(curves, reference_of, partial(cache.difference, compare=difference))),
        statement=results[0].statement if results else "",
        remarks=tuple(dict.fromkeys([*remarks, *_left_out(others), *_done(curves, options)])),
        options=options,
        plain=tuple(curves),
        reference_of=reference_of,
    )


def _read(query: CurveQuery, cache: CurveCache) -> QueryResult:
    """Read the curves of a query; unless it is the cursor's, only where something changed."""
    return query.read() if query.key is None else cache.query(query.key, query.read)


def _together(curves: list[Curve]) -> list[Curve]:
    """Put the curves of one subject beside each other; subjects stay in order."""
    order = {subject: number for number, subject in enumerate(dict.fromkeys(c.subject for c in curves))}
    return sorted(curves, key=lambda curve: order[curve.subject])


def _done(curves: list[Curve], options: DisplayOptions) -> Iterator[str]:
    """Yield remarks on what was done to the curves."""
    if curves and (statement := options.transform.statement(curves[0].wavelengths_nm)):
        yield statement
    if curves and options.reference is not None and all(c.id != options.reference for c in curves):
        yield "The chosen reference curve is not shown: each query is compared with its own."
    if options.comparison != "none" and any(curve.lower is not None for curve in curves):
        yield "Bands are those of the curves; the reference's own spread is not in them."


def _queries(session: Session, statistics: StructureStatistics) -> Iterator[CurveQuery]:
    """Yield the cursor, then structures, pins and regions, newest first; the statement is about the first.

    The cursor's curves stay when the mouse leaves the picture, so that they can be read, unless other curves are shown.
    What a ticked structure shows already is not shown twice.
    """
    options, focus = session.options, focus_of(session)
    ticked = options.structures if options.mode == "structure" and focus is not None else ()
    others = bool(session.pins or session.regions or ticked)
    pixel = session.cursor or (None if others else session.last_pixel)
    if options.hover and pixel is not None and _is_new(session, pixel, ticked):
        yield CurveQuery(session, statistics, session[pixel.key], pixel=pixel)
    for name in ticked:
        yield CurveQuery(session, statistics, focus, chosen=name)  # type: ignore[arg-type]
    for pin in reversed(session.pins):
        if _is_new(session, pin.pixel, ticked):
            yield CurveQuery(session, statistics, session[pin.pixel.key], pixel=pin.pixel, pin=pin)
    for region in reversed(session.regions):
        if region.key in session:
            yield CurveQuery(session, statistics, session[region.key], region=region)


def _of_one_modality(queries: Sequence[CurveQuery]) -> tuple[list[CurveQuery], list[CurveQuery]]:
    """Part the queries that are of the first one's modality from the others: reflectance and pressure share no axis."""
    modality = queries[0].focus.cube.modality if queries else None
    alike = [query for query in queries if query.focus.cube.modality == modality]
    return alike, [query for query in queries if query.focus.cube.modality != modality]


def _left_out(queries: Sequence[CurveQuery]) -> Iterator[str]:
    """Yield a remark on the queries that are not drawn."""
    kinds = Counter("pin" if query.pin is not None else "region" for query in queries)
    if kinds:
        things = " and ".join(counted(number, kind) for kind, number in kinds.items())
        yield f"Not drawn, as data of another kind share no axis with these: {things} on {queries[0].focus.cube.modality} cubes."


def _is_new(session: Session, pixel: PixelRef, ticked: tuple[str, ...]) -> bool:
    """Whether a pixel lies on an open cube and on none of the ticked structures."""
    if pixel.key not in session:
        return False
    name = structure_at(session[pixel.key], pixel) if ticked else None
    return name is None or plain_name(name) not in map(plain_name, ticked)
