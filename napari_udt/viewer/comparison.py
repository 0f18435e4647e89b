"""What is put side by side, and on which scale. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from napari_udt.viewer.partners import same_scene
from napari_udt.viewer.session import ROLES, Entry, Session


def compared(session: Session, modality: str | None = None) -> tuple[Entry, ...]:
    """Return what to put side by side: simulated, transferred, real.

    The newest of each role, of one modality; the newest transferred cube brings the cube that it was made from,
    whichever role that plays.
    """
    transferred = session.with_role("transferred", modality)[-1:]
    chosen = list(transferred)
    if transferred:
        modality = transferred[0].cube.modality
        chosen += [e for e in same_scene(session, transferred[0]) if e.role != "transferred"][:1]
    for role in ROLES[:3]:
        if all(entry.role != role for entry in chosen):
            chosen += session.with_role(role, modality)[-1:]
    chosen = [entry for entry in chosen if entry.cube.modality == chosen[0].cube.modality]
    return tuple(sorted(chosen, key=lambda entry: ROLES.index(entry.role)))


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
