"""Which structures of a cube a model knows, what goes through the proxy condition, and giving structures other names. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.models.classes import match_labels
from napari_udt.spectral.labels import is_background, plain_name
from napari_udt.viewer.state.comparable_cubes import same_scene
from napari_udt.viewer.state.session import Session

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_PROXY = "proxy"  # behind a name that no model shall know
_MOST_NAMES = 4


@dataclass(frozen=True)
class StructureRow:
    """What a model and the references know about a structure of a cube.

    Parameters
    ----------
    name : str
    pixels : int
    condition : str
        The class, or the classes, that it is transferred as; "proxy" where the model knows none.
    in_reference : bool or None
        Whether a reference holds a structure of that name; None where no reference is open.
    """

    name: str
    pixels: int
    condition: str
    in_reference: bool | None


def structure_rows(
    cube: SpectralCube, spec: ModelSpec | None, references: Sequence[SpectralCube]
) -> list[StructureRow]:
    """Return a row for each structure of a cube, the largest first."""
    if cube.labels is None:
        return []
    conditions = _conditions(cube, spec)
    known = {plain_name(name) for each in references for name in each.present_labels.values()}
    counts = dict(zip(*np.unique(cube.labels, return_counts=True), strict=True))
    rows = [
        StructureRow(
            name, int(counts[number]), conditions[number], plain_name(name) in known if references else None
        )
        for number, name in cube.present_labels.items()
    ]
    return sorted(rows, key=lambda row: -row.pixels)


def proxy_text(cube: SpectralCube | None, spec: ModelSpec | None, condition: str) -> str:
    """Return one line on what goes through the proxy condition or as a mixture of classes, before a run; "" for nothing."""
    if cube is None or spec is None or condition != "labels" or cube.labels is None or not spec.class_count:
        return ""
    rows = structure_rows(cube, spec, ())
    unknown = [row for row in rows if row.condition == _PROXY]
    parts = []
    if unknown:
        share = 100 * sum(row.pixels for row in unknown) / cube.labels.size
        parts.append(
            f"Unknown to the model, so proxy ({share:.0f} % of the pixels): {_listed(r.name for r in unknown)}."
        )
    parts += [f"{row.name} counts as {row.condition}." for row in rows if " or " in row.condition]
    return " ".join(parts)


def name_choices(
    row: StructureRow, spec: ModelSpec | None, references: Sequence[SpectralCube]
) -> list[tuple[str, str]]:
    """Return title and name of what a structure may be called: as it is, the model's classes, the references', proxy."""
    classes = (
        [] if spec is None or not spec.class_count else [name.replace("_", " ") for name in spec.class_names]
    )
    others = [name for cube in references for name in cube.present_labels.values() if not is_background(name)]
    taken = {plain_name(row.name)}
    choices = [(row.name, row.name)]
    for name in (*classes, *others):
        if plain_name(name) not in taken:
            taken.add(plain_name(name))
            choices.append((name, name))
    proxy = f"{row.name} ({_PROXY})"
    return choices if row.condition == _PROXY else [*choices, ("unknown to the model (proxy)", proxy)]


def references_of(session: Session, key: str) -> list[SpectralCube]:
    """Return the open cubes with structures that a cube is compared with, but not those of its own scene."""
    entry, scene = session[key], {each.key for each in same_scene(session, session[key])}
    return [
        other.cube
        for other in session
        if other.key not in scene
        and other.role == "real"
        and other.cube.labels is not None
        and other.cube.modality == entry.cube.modality
    ]


def name_structures(session: Session, key: str, names: Mapping[str, str]) -> None:
    """Give structures of a cube, and of all cubes of its scene, other names; one step that can be undone."""
    scene = same_scene(session, session[key])
    cubes = {entry.key: entry.cube.with_structures_named(names) for entry in scene}
    changed = {k: cube for k, cube in cubes.items() if cube is not session[k].cube}
    if changed:
        session.change_cubes(f"Name structures of {key}", changed)


def _conditions(cube: SpectralCube, spec: ModelSpec | None) -> dict[int, str]:
    """Return the class, or the classes, that each structure is transferred as."""
    if spec is None or not spec.class_count:
        return dict.fromkeys(cube.present_labels, "none")
    classes = [name.replace("_", " ") for name in spec.class_names]
    matched = match_labels(cube.present_labels, spec.class_names)
    return {
        number: _PROXY
        if (share == share[0]).all()
        else " or ".join(c for c, s in zip(classes, share, strict=True) if s)
        for number, share in matched.items()
    }


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    rest = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + rest
