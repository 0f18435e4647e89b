"""``napari-udt stats``: the spectra of all structures in a collection as a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_udt.cli.exit_codes import SOME_FAILED, SUCCESS
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.cli.shards import shard_argument
from napari_udt.cli.termination import ending_cleanly
from napari_udt.outgoing_text import one_line, printable
from napari_udt.wording import counted, listed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("collection", type=Path, help="made with `napari-udt collect`")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="TABLE.csv", help="the table")
    parser.add_argument(
        "--indices",
        action="store_true",
        help="also columns with the medians of functional indices: oxygen saturation and haemoglobin by unmixing, and the "
        "Tivita camera's StO2, NIR, THI and TWI (reflectance), not scaled",
    )
    parser.add_argument(
        "--jobs", type=_count, default=1, metavar="N", help="cubes at once, each in a process"
    )
    parser.add_argument(
        "--shard",
        type=shard_argument,
        metavar="I/N",
        help="only every N-th cube, beginning with the I-th, as on N machines with the same folders; the one that finishes "
        "last writes the table, and so does a run without --shard",
    )


def run(args: argparse.Namespace) -> int:
    """Write the table, or a shard's part of it; return 3 when some cubes are missing in it."""
    from napari_udt.collection import load_collection
    from napari_udt.collection.table import write_statistics

    line = ProgressLine(args.output.name)
    with ending_cleanly():
        done = write_statistics(
            load_collection(args.collection),
            args.output,
            indices=args.indices,
            jobs=args.jobs,
            shard=args.shard,
            progress=line,
        )
    line.clear()
    for problem in done.problems:
        print(one_line(f"napari-udt: left out: {problem}"), file=sys.stderr)
    if done.bare:
        print(
            one_line(
                f"napari-udt: {counted(len(done.bare), 'cube')} without rows ({listed(done.bare, 3)}): there is no structure with a "
                "name and a spectrum without missing values; add labels with names."
            ),
            file=sys.stderr,
        )
    cubes = f"{done.finished} of {done.cubes} cubes"
    state = cubes if done.written else f"not written yet, {cubes} are finished"
    print(printable(f"{args.output}: {state}"))
    return SOME_FAILED if done.problems else SUCCESS


def _count(text: str) -> int:
    count = int(text) if text.isdigit() else 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of processes")
    return count
