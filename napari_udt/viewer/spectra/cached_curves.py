"""Curves kept between two updates: while the mouse moves, those of up to fifty pins do not change. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from napari_udt.viewer.spectra.curves import Curve, Difference


@dataclass(frozen=True)
class QueryResult:
    """The curves of one query, with remarks.

    Parameters
    ----------
    curves : tuple of Curve
    remarks : tuple of str
    statement : str
        Which pixel, structure or region the query is about.
    lasting : bool
        Whether the same query would give the same result again: nothing is being computed, no file failed.
    """

    curves: tuple[Curve, ...]
    remarks: tuple[str, ...]
    statement: str
    lasting: bool


class CurveCache:
    """Curves of pins and their distances, kept while cubes, roles and options stay as they are.

    What is not used during one update is forgotten at the next.
    """

    def __init__(self) -> None:
        self._state: Hashable = None
        self._queries: dict[Hashable, QueryResult] = {}
        self._differences: dict[tuple[Curve, Curve], Difference] = {}
        self._former = (self._queries, self._differences)

    def begin(self, state: Hashable) -> None:
        """Start an update; everything is forgotten unless the state is that of the last one."""
        if state != self._state:
            self._queries, self._differences = {}, {}
        self._state = state
        self._former = (self._queries, self._differences)
        self._queries, self._differences = {}, {}

    def query(self, key: Hashable, read: Callable[[], QueryResult]) -> QueryResult:
        """Return the kept result of a query, else read it."""
        result = self._former[0].get(key) or read()
        if result.lasting:
            self._queries[key] = result
        return result

    def difference(
        self, curve: Curve, reference: Curve, compare: Callable[[Curve, Curve], Difference]
    ) -> Difference:
        """Return how far one curve lies from another, else compare them."""
        pair = (curve, reference)
        found = self._former[1].get(pair) or compare(curve, reference)
        self._differences[pair] = found
        return found
