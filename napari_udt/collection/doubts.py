"""What is doubtful about the cubes of a collection before anything is computed from them, in sentences that say what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from napari_udt.collection.inspecting import InspectedCube
from napari_udt.models.classes import plain_name
from napari_udt.wording import counted, listed

_HOW = "Names in the Collections dock, or --map OLD=NEW"
MOST_CLASSES = 100  # that a network is trained on


def doubts(cubes: Iterable[InspectedCube], structures: Mapping[str, str]) -> list[str]:
    """Return what will keep cubes from being trained on or compared by structure.

    Parameters
    ----------
    cubes : iterable of InspectedCube
        Those that do not open do not count.
    structures : mapping of str to str
        What structures are called, by their names in the files.
    """
    names: dict[str, dict[str, str]] = {"simulated": {}, "target": {}}
    known = False
    for cube in cubes:
        known |= not cube.problem
        for name in cube.structures:
            called = structures.get(name, name)
            names[cube.member.who[0]].setdefault(plain_name(called), called)
    simulated, target = (list(side.values()) for side in names.values())
    every = {**names["target"], **names["simulated"]}
    if not every:
        return ["No cube names a structure: statistics and training need labels with names."] if known else []
    found = []
    if simulated and target and not names["simulated"].keys() & names["target"].keys():
        found.append(
            f"No structure is in both domains: simulated {listed(simulated, 3)}; target {listed(target, 3)}; give them the same names ({_HOW})."
        )
    if len(every) > MOST_CLASSES:
        found.append(
            f"{counted(len(every), 'structure')} ({listed(list(every.values()), 3)}), training takes {MOST_CLASSES} at most: give several "
            f"one name ({_HOW})."
        )
    return found
