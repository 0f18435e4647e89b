"""``napari-udt info FILE``: describe a file; ``--formats`` lists the formats."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.cli.metadata_arguments import add_reading_arguments, reading_options
from napari_udt.errors import UdtError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("file", type=Path, nargs="?", help="cube to describe")
    parser.add_argument(
        "--formats", action="store_true", help="list the formats that can be opened, and their endings"
    )
    add_reading_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the description of a cube, or the formats."""
    from napari_udt.io import info, open_cube
    from napari_udt.io.registry import formats

    if args.formats:
        for known in formats():
            print(
                f"{known.title}: {', '.join(f'*{ending}' for ending in known.extensions) or 'a folder, or by content'}"
            )
        return SUCCESS
    if args.file is None:
        raise UdtError("No file was named; give one, or --formats for a list of what can be opened.")
    description = info.describe(open_cube(args.file, **reading_options(args.file, args)))
    print(json.dumps(description, indent=2) if args.json else info.format_text(description))
    return SUCCESS
