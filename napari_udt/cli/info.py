"""``napari-udt info FILE``: describe a file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.cli.metadata_arguments import add_reading_arguments, reading_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("file", type=Path, help="cube to describe")
    add_reading_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the description of a cube."""
    from napari_udt.io import info, open_cube

    description = info.describe(open_cube(args.file, **reading_options(args.file, args)))
    print(json.dumps(description, indent=2) if args.json else info.format_text(description))
    return SUCCESS
