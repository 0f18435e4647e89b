"""Which open cubes may be compared with the one under the cursor, and at the same pixel or not. No Qt."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from napari_udt.cube import nested
from napari_udt.viewer.state.session import Entry, PixelRef, Role, Session
from napari_udt.viewer.state.statistics import StructureStatistics, plain_name

_ORDER: tuple[Role, ...] = ("simulated", "transferred", "real", "none")


@dataclass(frozen=True)
class ComparableCubes:
    """The cubes to compare at a pixel, or for a structure.

    Parameters
    ----------
    aligned : tuple of Entry
        Cubes of the same scene, the one under the cursor among them: read at the same pixel.
    unpaired : tuple of Entry
        Cubes of other scenes that hold the same structure: only their statistics may be compared.
    structure : str, optional
        Name of the structure that is compared: the one at the pixel, or the one given.
    remarks : tuple of str
        What is missing, or was assumed.
    """

    aligned: tuple[Entry, ...]
    unpaired: tuple[Entry, ...]
    structure: str | None
    remarks: tuple[str, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them: simulated, transferred, real."""
        return ranked((*self.aligned, *self.unpaired))


def comparable_cubes(
    session: Session, focus: Entry, pixel_or_structure: PixelRef | str, statistics: StructureStatistics
) -> ComparableCubes:
    """Return the cubes that may stand beside ``focus`` at a pixel, or for a structure; all of its modality.

    A transferred cube is aligned with the cube that its provenance names as source (``source.key`` or
    ``source.name``); where no open cube bears that name, with the newest simulated cube of the same picture
    size. Of each role that has no aligned cube, the newest cube that holds the structure is added, unpaired.
    """
    peers = _peers(session, focus)
    anchors = {entry.key: _anchor(entry, peers) for entry in peers}
    aligned = _of_scene(focus, peers, anchors)
    structure = (
        pixel_or_structure
        if isinstance(pixel_or_structure, str)
        else _structure_in((focus, *aligned), pixel_or_structure)
    )
    if focus.role == "none":
        return ComparableCubes(aligned, (), structure, ())
    unpaired: list[Entry] = []
    for role in ("simulated", "transferred", "real"):
        if all(entry.role != role for entry in aligned):
            unpaired += _unpaired_with_role(role, peers, anchors, structure, statistics, unpaired)
    remarks = [*_assumed(aligned), *_missing(structure, peers, (*aligned, *unpaired))]
    return ComparableCubes(aligned, tuple(unpaired), structure, tuple(remarks))


def same_scene(session: Session, focus: Entry) -> tuple[Entry, ...]:
    """Return the open cubes that show the scene of ``focus``, newest first, itself among them.

    A row and column mean the same point in all of them.
    """
    peers = _peers(session, focus)
    return _of_scene(focus, peers, {entry.key: _anchor(entry, peers) for entry in peers})


def source_of(session: Session, entry: Entry) -> Entry | None:
    """Return the open cube that a transferred one was made from, None where it is not open or has another picture size."""
    stated = next(stated_sources(entry), ())
    peers = [peer for peer in _peers(session, entry) if peer.cube.shape[:2] == entry.cube.shape[:2]]
    found = _source(entry, tuple(peers))
    return found if found is not None and {found.key, found.cube.name} & {*stated} else None


def _of_scene(focus: Entry, peers: tuple[Entry, ...], anchors: Mapping[str, Hashable]) -> tuple[Entry, ...]:
    return tuple(entry for entry in peers if anchors[entry.key] == anchors[focus.key])


def ranked(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sort cubes by role: simulated, transferred, real."""
    return tuple(sorted(entries, key=_rank))


def structure_names(session: Session, statistics: StructureStatistics) -> tuple[str, ...]:
    """Return the structures that can be shown: those of the cubes that take part, each spelling once."""
    focus = focus_of(session)
    found: dict[str, str] = {}
    for entry in reversed(_peers(session, focus)) if focus is not None else ():
        for name in statistics.structures(entry.cube):
            found.setdefault(plain_name(name), name)
    return tuple(found.values())


def ticked_name(session: Session, pixel: PixelRef) -> str | None:
    """Return the structure at a pixel, in the spelling in which it is ticked already, if it is."""
    name = structure_at(session[pixel.key], pixel) if pixel.key in session else None
    if name is None:
        return None
    return next((t for t in session.options.structures if plain_name(t) == plain_name(name)), name)


def focus_of(session: Session) -> Entry | None:
    """Return the cube that is looked at: under the cursor, with the newest pin, else the newest with structures."""
    pixels = [session.cursor, session.last_pixel, *(pin.pixel for pin in reversed(session.pins))]
    looked_at = [session[pixel.key] for pixel in pixels if pixel is not None and pixel.key in session]
    labelled = [entry for entry in reversed(list(session)) if entry.cube.labels is not None]
    return next(iter([*looked_at, *labelled]), None)


def _structure_in(entries: Iterable[Entry], pixel: PixelRef) -> str | None:
    return next((name for entry in entries if (name := structure_at(entry, pixel)) is not None), None)


def structure_at(entry: Entry, pixel: PixelRef) -> str | None:
    """Return the name of the structure at a pixel, None where the cube names none there."""
    labels = entry.cube.labels
    if labels is None or not (0 <= pixel.row < labels.shape[0] and 0 <= pixel.column < labels.shape[1]):
        return None
    return entry.cube.label_names.get(int(labels[pixel.row, pixel.column]))


def _peers(session: Session, focus: Entry) -> tuple[Entry, ...]:
    """Cubes that take part in comparisons with ``focus``, newest first, itself among them."""
    if focus.role == "none":
        return (focus,)
    same = [e for e in session if e.cube.modality == focus.cube.modality and e.role != "none"]
    return tuple(reversed(same))


def _anchor(entry: Entry, peers: tuple[Entry, ...]) -> Hashable:
    """Return what cubes of one scene have in common: the first cube in their chain of transfers."""
    seen = set()
    while entry.key not in seen and entry.role == "transferred":
        seen.add(entry.key)
        source = _source(entry, peers) or _same_size(entry, peers)
        if source is None:
            return (*stated_sources(entry),)[-1:] or entry.cube.shape[:2]
        entry = source
    return entry.key


def stated_sources(entry: Entry) -> Iterator[tuple[str, ...]]:
    """Yield the names under which a cube's provenance knows its source, then its source's source, and so on."""
    provenance = entry.cube.provenance
    while source := provenance.get("source"):
        if not isinstance(source, Mapping):
            yield (str(source),)
            return
        yield tuple(str(source[field]) for field in ("key", "name") if source.get(field))
        provenance = nested(source, "provenance")


def _source(entry: Entry, peers: tuple[Entry, ...]) -> Entry | None:
    """Return the open cube that the provenance names, the nearest in the chain of transfers."""
    others = [peer for peer in peers if peer is not entry]
    for names in stated_sources(entry):
        by_key = (peer for peer in others if peer.key in names)
        by_name = (peer for peer in others if peer.cube.name in names)
        if (found := next(by_key, None) or next(by_name, None)) is not None:
            return found
    return None


def _same_size(entry: Entry, peers: tuple[Entry, ...]) -> Entry | None:
    picture = entry.cube.shape[:2]
    return next((p for p in peers if p.role == "simulated" and p.cube.shape[:2] == picture), None)


def _unpaired_with_role(
    role: Role,
    peers: tuple[Entry, ...],
    anchors: Mapping[str, Hashable],
    structure: str | None,
    statistics: StructureStatistics,
    chosen: Iterable[Entry],
) -> list[Entry]:
    """Choose the newest cube of a role that holds the structure; of the transferred, all those of one scene."""
    if structure is None:
        return []
    fitting = [p for p in peers if p.role == role and statistics.label_of(p.cube, structure) is not None]
    if role != "transferred":
        return fitting[:1]
    scenes = {anchors[entry.key] for entry in chosen} or {anchors[entry.key] for entry in fitting[:1]}
    return [entry for entry in fitting if anchors[entry.key] in scenes]


def _assumed(aligned: tuple[Entry, ...]) -> list[str]:
    """Return one remark per transferred cube that is aligned only because its picture has the same size."""
    if len(aligned) < 2:
        return []
    return [
        f"{entry.key} does not name its source among the open cubes; the same pixel is assumed from the equal size."
        for entry in aligned
        if entry.role == "transferred" and _source(entry, aligned) is None
    ]


def _missing(structure: str | None, peers: tuple[Entry, ...], shown: tuple[Entry, ...]) -> list[str]:
    roles = {entry.role for entry in shown}
    absent = [role for role in ("simulated", "transferred", "real") if role not in roles]
    open_roles = [
        "reference" if role == "real" else role for role in absent if any(peer.role == role for peer in peers)
    ]
    if structure is None:
        return (
            [f"No structure is known here, so no {' or '.join(open_roles)} spectra are shown."]
            if open_roles
            else []
        )
    return [f"No open {role} cube holds the structure {structure!r}." for role in open_roles]


def _rank(entry: Entry) -> int:
    return _ORDER.index(entry.role)
