"""From a table of a TOML file to a frozen dataclass: every key is typed and bounded, a wrong one is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from napari_udt.errors import TrainingError


@dataclass(frozen=True)
class Bound:
    """A condition on one value and the words for it."""

    holds: Callable[[Any], bool]
    words: str


POSITIVE = Bound(lambda value: value > 0, "greater than 0")
NOT_NEGATIVE = Bound(lambda value: value >= 0, "0 or greater")
FRACTION = Bound(lambda value: 0 < value < 1, "between 0 and 1, both excluded")
SHARE = Bound(lambda value: 0 <= value < 1, "0 or greater and less than 1")
FILLED = Bound(lambda value: len(value) > 0, "not empty")
SIZES = Bound(lambda value: len(value) > 1 and all(v > 1 for v in value), "two or more numbers above 1")
CROP = Bound(lambda value: len(value) in (0, 2) and all(v > 0 for v in value), "empty or [rows, columns]")


def bounded(bound: Bound, default: Any = MISSING) -> Any:
    """Declare a field whose value must keep a bound."""
    return field(default=default, metadata={"bound": bound})


def defaults(kind: type) -> dict[str, Any]:
    """Return the values of the dataclass ``kind`` that need not be given, those of its sections too, by their keys."""
    types = get_type_hints(kind)
    found: dict[str, Any] = {}
    for entry in fields(kind):
        if hasattr(types[entry.name], "__dataclass_fields__"):
            found[entry.name] = defaults(types[entry.name])
        elif entry.default is not MISSING:
            found[entry.name] = entry.default
        elif entry.default_factory is not MISSING:
            found[entry.name] = entry.default_factory()
    return found


def checked(kind: type, table: Any, where: str, section: str) -> Any:
    """Build the dataclass ``kind`` from a TOML table.

    Parameters
    ----------
    kind : type
        A dataclass; its fields are plain values, tuples of one type, literals or dataclasses again.
    table : Any
        What the file holds.
    where, section : str
        File and prefix of the keys, for messages.

    Raises
    ------
    TrainingError
        When a key is unknown, missing, of a wrong type or out of bounds.
    """
    if not isinstance(table, dict):
        raise TrainingError(f"{where}: {section[:-1]} is {table!r}; expected a section [{section[:-1]}].")
    known = {entry.name: entry for entry in fields(kind)}
    for key in table:
        if key not in known:
            raise TrainingError(
                f"{where}: key {section}{key} is unknown; expected one of {', '.join(known)}."
            )
    types = get_type_hints(kind)
    values = {
        name: _checked_value(entry, types[name], table[name], where, f"{section}{name}")
        for name, entry in known.items()
        if _is_given(entry, table, where, section)
    }
    return kind(**values)


def _is_given(entry: Field[Any], table: dict[str, Any], where: str, section: str) -> bool:
    if entry.name not in table and entry.default is MISSING and entry.default_factory is MISSING:
        raise TrainingError(f"{where}: key {section}{entry.name} is missing; add it.")
    return entry.name in table


def _checked_value(entry: Field[Any], kind: Any, value: Any, where: str, key: str) -> Any:
    if hasattr(kind, "__dataclass_fields__"):
        return checked(kind, value, where, f"{key}.")
    converted = _converted(kind, value)
    if converted is None:
        raise TrainingError(f"{where}: {key} is {value!r}; expected {_words(kind)}.")
    bound: Bound | None = entry.metadata.get("bound")
    if bound is not None and not bound.holds(converted):
        raise TrainingError(f"{where}: {key} is {value!r}; expected a value that is {bound.words}.")
    return converted


def _converted(kind: Any, value: Any) -> Any:
    """``value`` as ``kind``, or None where it is something else."""
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    if get_origin(kind) is tuple:
        whole = isinstance(value, list) and all(type(item) is get_args(kind)[0] for item in value)
        return tuple(value) if whole else None
    if kind is float:
        return float(value) if type(value) in (int, float) else None
    plain = dict if get_origin(kind) is not None else kind  # Mapping[str, Any] is a TOML table
    return value if type(value) is plain else None


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(repr(choice) for choice in get_args(kind))
    names = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text",
        tuple[int, ...]: "a list of whole numbers",
        tuple[str, ...]: "a list of texts",
    }
    return names.get(kind, "a section")
