"""What stays of one resolving for the next: while the mouse moves, up to fifty pins stand still. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from napari_udt.viewer.spectra.curves import Curve, Difference


@dataclass(frozen=True)
class QueryResult:
    """The curves of one query and what must be said about them.

    Parameters
    ----------
    curves : tuple of Curve
    remarks : tuple of str
    statement : str
        Which query it is.
    lasting : bool
        Whether asking again would give the same: nothing is being computed, no file failed.
    """

    curves: tuple[Curve, ...]
    remarks: tuple[str, ...]
    statement: str
    lasting: bool


class Memory:
    """Curves of pins and their distances, kept while cubes, roles and options stay as they are.

    What was not asked for during one resolving is forgotten at the next.
    """

    def __init__(self) -> None:
        self._state: Hashable = None
        self._queries: dict[Hashable, QueryResult] = {}
        self._differences: dict[tuple[Curve, Curve], Difference] = {}
        self._former = (self._queries, self._differences)

    def begin(self, state: Hashable) -> None:
        """Start a resolving; everything is forgotten unless the state is that of the last one."""
        if state != self._state:
            self._queries, self._differences = {}, {}
        self._state = state
        self._former = (self._queries, self._differences)
        self._queries, self._differences = {}, {}

    def query(self, key: Hashable, read: Callable[[], QueryResult]) -> QueryResult:
        """Return what is known about a query, else read it."""
        answer = self._former[0].get(key) or read()
        if answer.lasting:
            self._queries[key] = answer
        return answer

    def difference(
        self, curve: Curve, reference: Curve, compare: Callable[[Curve, Curve], Difference]
    ) -> Difference:
        """Return how far one curve lies from another, else compare them."""
        pair = (curve, reference)
        found = self._former[1].get(pair) or compare(curve, reference)
        self._differences[pair] = found
        return found
