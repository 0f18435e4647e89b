"""Formats and writers of outside packages, found through entry points (see :mod:`napari_udt.io.contract`)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TypeVar

from napari_udt.io.contract import Format, Writer

READERS = "napari_udt.readers"
WRITERS = "napari_udt.writers"
_FUNCTIONS = {Format: ("sniff", "candidates"), Writer: ("write",)}

Kind = TypeVar("Kind", Format, Writer)


def with_others(built_in: Sequence[Kind], group: str, kind: type[Kind]) -> tuple[Kind, ...]:
    """Return built-in formats or writers with those of a group of entry points behind them, or before where they say so.

    An entry point that cannot be used costs one warning, nothing else.
    """
    others: list[Kind] = []
    for entry in sorted(entry_points(group=group), key=lambda entry: (_package(entry), entry.name)):
        try:
            others += _checked(entry, kind, {known.name for known in (*built_in, *others)})
        except Exception as error:  # any defect of an outside package
            warnings.warn(
                f"{_package(entry)}: its entry {entry.name!r} in {group} cannot be used "
                f"({type(error).__name__}: {' '.join(str(error).split())}); files are read and written without it.",
                stacklevel=2,
            )
    behind: list[Kind] = [known for known in others if not known.first]
    return tuple(known for known in others if known.first) + tuple(built_in) + tuple(behind)


def _checked(entry: EntryPoint, kind: type[Kind], taken: set[str]) -> list[Kind]:
    """Return what an entry point names, with the package's name; raises what is wrong with it."""
    found = list(_named(entry.load(), kind))
    if not found:
        raise TypeError(f"{entry.value} is no {kind.__name__} and no module that holds one")
    for known in found:
        if known.name in taken:
            raise ValueError(f"the name {known.name!r} is taken")
        module = known.load()
        for function in _FUNCTIONS[kind]:
            if not callable(getattr(module, function, None)):
                raise TypeError(f"{known.module} has no function {function}")
    return [replace(known, package=_package(entry)) for known in found]


def _named(loaded: object, kind: type[Kind]) -> Iterator[Kind]:
    for value in vars(loaded).values() if isinstance(loaded, ModuleType) else [loaded]:
        if isinstance(value, kind):
            yield value


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module
