"""``napari-udt convert IN OUT``: convert a file into another format or other chunks."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.cli.metadata_arguments import add_reading_arguments, reading_options
from napari_udt.cli.preview_arguments import add_frames_argument, wanted_frames
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.cli.termination import ending_cleanly
from napari_udt.outgoing_text import one_line, printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("source", type=Path, metavar="IN", help="a file of any format that can be read")
    parser.add_argument("target", type=Path, metavar="OUT", help="result; its ending chooses the format")
    parser.add_argument(
        "--chunks",
        choices=("pixel", "band", "both"),
        help="what is fast to read afterwards: spectra (pixel), pictures (band) or both (default)",
    )
    add_reading_arguments(parser)
    add_frames_argument(parser)
    parser.add_argument("--compress", action="store_true", help="smaller file, slower to read")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")


def run(args: argparse.Namespace) -> int:
    """Convert the file."""
    from napari_udt.io.convert import convert, left_out

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
                frames=wanted_frames(args),
                progress=line,
                **reading_options(args.source, args),
            )
    finally:
        line.clear()
    sizes = ", ".join(
        " x ".join(map(str, cube.shape)) + (f", {cube.series.summary}" if cube.series else "")
        for cube in cubes
    )
    print(printable(f"{args.source} -> {args.target} ({sizes}, {time.monotonic() - start:.1f} s)"))
    if sentence := left_out(cubes, args.target):
        print(one_line(f"napari-udt: {sentence}"), file=sys.stderr)
    return SUCCESS


def _megabytes(per_second: float) -> str:
    return f"{per_second / 1e6:.0f} MB/s"
