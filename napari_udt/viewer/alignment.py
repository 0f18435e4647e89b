"""Which cubes show one scene, so that a pixel of one is the same place in the other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from napari_udt.cube import SpectralCube
from napari_udt.viewer.session import Entry, Session


def same_scene(a: SpectralCube, b: SpectralCube) -> bool:
    """Whether two cubes show the same scene pixel by pixel: one was transferred from the other, or both from one.

    Simulated and real data are unpaired and never are.
    """
    if a is b:
        return True
    if a.modality != b.modality or a.shape[:2] != b.shape[:2]:
        return False
    return _scene(a) == _scene(b)


def _scene(cube: SpectralCube) -> tuple[str, str]:
    """Return name and values' hash of the cube that the transfers began with."""
    source = cube.provenance.get("source") if cube.domain == "transferred" else None
    if not isinstance(source, Mapping):
        return cube.name, ""
    earlier = source.get("provenance", {}).get("source")
    return str((earlier or source).get("name")), ""


def compared(session: Session, modality: str | None = None) -> tuple[Entry, ...]:
    """Return what to put side by side: simulated, transferred, real; the newest of each, those that belong together.

    A transferred cube brings the cube that it was made from, whichever role that plays.
    """
    transferred = session.with_role("transferred", modality)[-1:]
    chosen = list(transferred)
    if transferred:
        modality = transferred[0].cube.modality
        chosen += [e for e in session if e.role != "transferred" and same_scene(e.cube, transferred[0].cube)][
            -1:
        ]
    for role in ("simulated", "real"):
        if not any(e.role == role for e in chosen):
            chosen += session.with_role(role, modality)[-1:]
    order = ("simulated", "transferred", "real", "none")
    return tuple(sorted(_one_modality(chosen), key=lambda e: order.index(e.role)))


def _one_modality(entries: Iterable[Entry]) -> list[Entry]:
    entries = list(entries)
    return [e for e in entries if e.cube.modality == entries[0].cube.modality]


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
