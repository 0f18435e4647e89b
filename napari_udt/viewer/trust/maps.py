"""Maps of one number of the Trust dock over all pictures that are compared, on one scale. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from napari_udt.cube import SpectralCube
from napari_udt.viewer.spectra.maps import CubeMaps
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.trust.numbers import Subject, TrustResults, input_of
from napari_udt.viewer.trust.rows import TrustRow


@dataclass(frozen=True)
class Pane:
    """A picture that is to have a map, and the cube that is judged for it: for a transferred one its source."""

    shown: SpectralCube
    judged: SpectralCube


def panes(session: Session, compared: Iterable[SpectralCube], subject: Subject | None) -> tuple[Pane, ...]:
    """Return the pictures to map: those that are compared, if the subject is among them or their sources; else its own."""
    if subject is None:
        return ()
    entries = {id(entry.cube): entry for entry in session}
    found = [
        Pane(cube, input_of(session, entries[id(cube)]).cube) for cube in compared if id(cube) in entries
    ]
    own = subject.entry.cube
    return tuple(found) if any(pane.judged is own for pane in found) else (Pane(own, own),)


def trust_maps(results: TrustResults, places: Sequence[Pane], row: TrustRow) -> CubeMaps | None:
    """Return the maps of a number that are known, on one scale; None where there is none."""
    known = [(pane.shown, results.map_of(pane.judged, row)) for pane in places]
    found = [(cube, one) for cube, one in known if one is not None]
    if not found:
        return None
    limits = min(one.limits[0] for _, one in found), max(one.limits[1] for _, one in found)
    moved = any(pane.shown is not pane.judged for pane in places)
    remarks = ("A transferred picture shows the numbers of its source.",) if moved else ()
    return CubeMaps(tuple((cube, replace(one, limits=limits)) for cube, one in found), remarks)
