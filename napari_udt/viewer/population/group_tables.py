"""Tables of the tab "Data", with one column per group. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari_udt.population.summary import GroupSummary, Summary
from napari_udt.population.tables import Cell, Table

_ROWS: dict[str, Callable[[GroupSummary], Cell]] = {
    "origin": lambda g: g.origin,
    "cube": lambda g: g.source or g.name,
    "model": lambda g: g.model or "–",
    "spectra": lambda g: g.count,
    "of so many in the cube": lambda g: g.total,
    "smallest value": lambda g: float(g.values[0]),
    "1 % quantile": lambda g: float(g.values[1]),
    "median": lambda g: float(g.values[2]),
    "99 % quantile": lambda g: float(g.values[3]),
    "largest value": lambda g: float(g.values[4]),
}


def group_table(figure: Summary, titles: Sequence[str]) -> Table:
    """Return origin, cube, model, number of spectra and range of values, one column per group."""
    rows = tuple((name, *(cell(group) for group in figure.groups)) for name, cell in _ROWS.items())
    return Table("Groups", ("", *titles), rows)


def class_table(figure: Summary, titles: Sequence[str]) -> Table:
    """Return the number of spectra of each structure, one column per group."""
    rows: list[tuple[Cell, ...]] = [
        (name.replace("_", " "), *(int(group.counts[i]) for group in figure.groups))
        for i, name in enumerate(figure.class_names)
    ]
    if any(group.unknown for group in figure.groups):
        rows.append(("no label", *(group.unknown for group in figure.groups)))
    return Table("Spectra of each structure", ("structure", *titles), tuple(rows))
