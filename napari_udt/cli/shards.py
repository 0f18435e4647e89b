"""Shares of many cubes, for several machines: ``--shard I/N``."""

from __future__ import annotations

import argparse


def shard_argument(text: str) -> tuple[int, int]:
    """Return I and N of "I/N".

    Raises
    ------
    ArgumentTypeError
        When it is no such pair, or I is not from 1 to N.
    """
    first, _, count = text.partition("/")
    if not (first.isdigit() and count.isdigit() and 1 <= int(first) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r}: expected I/N with 1 <= I <= N, as 2/8")
    return int(first), int(count)
