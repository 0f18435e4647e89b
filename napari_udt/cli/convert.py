"""``napari-udt convert IN OUT``: one file into another format or other chunks."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.cli.metadata_arguments import add_reading_arguments, reading_options
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.cli.termination import ending_cleanly


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    parser.add_argument("source", type=Path, metavar="IN", help="a file of any format that can be read")
    parser.add_argument("target", type=Path, metavar="OUT", help="where to; the ending says the format")
    parser.add_argument(
        "--chunks",
        choices=("pixel", "band", "both"),
        help="what shall be fast to read: spectra, pictures, or both (the default)",
    )
    add_reading_arguments(parser)
    parser.add_argument("--compress", action="store_true", help="smaller and slower to read")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")


def run(args: argparse.Namespace) -> int:
    """Carry out the command."""
    from napari_udt.io.convert import convert

    start = time.monotonic()
    line = ProgressLine(f"{args.source.name} -> {args.target.name}", _megabytes)
    try:
        with ending_cleanly():
            cubes = convert(
                args.source,
                args.target,
                chunks=args.chunks,
                compress=args.compress,
                overwrite=args.overwrite,
                progress=line,
                **reading_options(args.source, args),
            )
    finally:
        line.clear()
    sizes = ", ".join(" x ".join(map(str, cube.shape)) for cube in cubes)
    print(f"{args.source} -> {args.target} ({sizes}, {time.monotonic() - start:.1f} s)")
    return SUCCESS


def _megabytes(per_second: float) -> str:
    return f"{per_second / 1e6:.0f} MB/s"
