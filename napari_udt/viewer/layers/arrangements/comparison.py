"""What is put side by side, on which scale, under which title; which two cubes may be compared pixel by pixel. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from napari_udt.cube import nested
from napari_udt.viewer.state.comparable_cubes import same_scene, stated_sources
from napari_udt.viewer.state.entities import origin_text
from napari_udt.viewer.state.session import ROLES, Entry, Session
from napari_udt.viewer.style import method_title

Scale = Literal["automatic", "common", "own"]

MOST_CELLS = 4


def compared(session: Session, modality: str | None = None) -> tuple[Entry, ...]:
    """Return what to put side by side: simulated, transferred, real.

    The newest of each role, of one modality; the newest transferred cube brings the cube that it was made from,
    whichever role that plays, and what differs from it by nothing but the deformation.
    """
    transferred = _newest_transferred(session, modality)
    chosen = list(transferred)
    if transferred:
        modality = transferred[0].cube.modality
        chosen += [e for e in same_scene(session, transferred[0]) if e.role != "transferred"][:1]
    for role in ROLES[:3]:
        if all(entry.role != role for entry in chosen):
            chosen += session.with_role(role, modality)[-1:]
    chosen = [entry for entry in chosen if entry.cube.modality == chosen[0].cube.modality]
    return tuple(sorted(chosen, key=lambda entry: ROLES.index(entry.role)))


def _newest_transferred(session: Session, modality: str | None) -> list[Entry]:
    """Return the newest transferred cube, as it is and as the target's devices deform it where both are open."""
    *earlier, newest = session.with_role("transferred", modality) or (None,)
    if newest is None:
        return []
    twins = [e for e in earlier if e is not None and _made_alike(e, newest)]
    return [*twins[-1:], newest]


def _made_alike(first: Entry, second: Entry) -> bool:
    """Whether two transfers are of one source by one model, and only one of them is deformed."""
    made = (first.cube.provenance, second.cube.provenance)
    models, sources = ([nested(each, key) for each in made] for key in ("model", "source"))
    return (
        models[0].get("weights_sha256") == models[1].get("weights_sha256")
        and sources[0].get("name") == sources[1].get("name")
        and bool(made[0].get("deformed")) != bool(made[1].get("deformed"))
    )


def arranged(session: Session, chosen: Sequence[str], modality: str | None = None) -> tuple[Entry, ...]:
    """Return the chosen cubes that are open, at most four of one modality; fewer than two: what :func:`compared` says."""
    picked = [entry for entry in session if entry.key in chosen]
    picked = [entry for entry in picked if entry.cube.modality == picked[0].cube.modality]
    if len(picked) < 2:
        return compared(session, modality)
    return tuple(sorted(picked, key=lambda entry: ROLES.index(entry.role)))[:MOST_CELLS]


def title(entry: Entry) -> str:
    """Return what stands over a cube's picture: its name, and in a line of its own where its data come from.

    The method is named once: many names of results begin with it, and a longer line is cut at the edge of its cell.
    """
    method = method_title(entry.cube) if entry.role == "transferred" else ""
    method = "" if entry.key.startswith(f"{method} ") else method
    return f"{entry.key}\n{origin_text(entry.cube)}" + (f" by {method}" if method else "")


def usual_pair(session: Session, modality: str | None = None) -> tuple[str, str] | None:
    """Return the newest transferred cube and the one that it was made from, None where no two cubes fit."""
    for entry in reversed(session.with_role("transferred", modality)):
        for other in same_scene(session, entry):
            if other.role != "transferred" and not obstacle(session, entry, other):
                return entry.key, other.key
    return None


def obstacle(session: Session, first: Entry, second: Entry) -> str:
    """Return why two cubes cannot be compared pixel by pixel, as one sentence; "" where they can.

    They can when one was made from the other, or both from the same cube, and their pictures have one size. An equal
    size alone proves nothing.
    """
    if first.key == second.key:
        return f"{first.key} is chosen twice; choose two different cubes."
    if first.cube.modality != second.cube.modality:
        return f"{first.key} is {first.cube.modality} and {second.key} is {second.cube.modality}; choose two of a kind."
    if second not in same_scene(session, first) or not _akin(first, second):
        return (
            f"{first.key} and {second.key} do not show the same pixels; choose a transferred cube and the cube that "
            "it was made from."
        )
    if first.cube.shape[:2] != second.cube.shape[:2]:
        sizes = [f"{e.key} has {e.cube.shape[0]} x {e.cube.shape[1]} pixels" for e in (first, second)]
        return f"{' and '.join(sizes)}; only pictures of one size can be compared pixel by pixel."
    return ""


def _akin(first: Entry, second: Entry) -> bool:
    """Whether the provenance of two cubes says that they are of one source."""
    ours, theirs = (_ancestors(entry) for entry in (first, second))
    return bool((ours | _names(first)) & theirs or ours & _names(second))


def _ancestors(entry: Entry) -> set[str]:
    return {name for names in stated_sources(entry) for name in names}


def _names(entry: Entry) -> set[str]:
    return {entry.key, entry.cube.name}


def scale_text(scale: tuple[float, float] | None, unit: str, wanted: Scale, *, cut: bool = False) -> str:
    """Return one phrase that says on which scale pictures are shown; ``cut`` where it is the real picture's alone."""
    if scale is not None:
        whose = " (the reference's)" if cut else ""
        return f"One scale for all{whose}: {scale[0]:.2g} to {scale[1]:.2g} {'' if unit == '1' else unit}".rstrip()
    reason = ": one for all would leave a picture flat" if wanted == "automatic" else ""
    return f"Each picture has its own scale{reason}"


def common_limits(
    limits: Sequence[tuple[float, float]], wanted: Scale, real: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Return the limits that all pictures get, None where each keeps its own.

    Automatically: those that hold all values, unless a picture would go flat; then those of the real picture, so that levels can
    be judged, and what is brighter is cut.

    Parameters
    ----------
    limits : sequence of (low, high)
        Of each picture.
    wanted : {"automatic", "common", "own"}
    real : (low, high), optional
        Those of the real picture, where there is one.
    """
    match wanted:
        case "own":
            return None
        case "common":
            return shared_limits(limits, most=float("inf"))
    return shared_limits(limits) or real


def shared_limits(limits: Iterable[tuple[float, float]], most: float = 4.0) -> tuple[float, float] | None:
    """Return contrast limits for several pictures, None where one scale would leave one of them flat.

    Parameters
    ----------
    limits : iterable of (low, high)
    most : float
        Largest ratio of the widths that still shares one scale.
    """
    limits = list(limits)
    widths = [high - low for low, high in limits]
    if not limits or min(widths) <= 0 or max(widths) / min(widths) > most:
        return None
    return min(low for low, _ in limits), max(high for _, high in limits)
