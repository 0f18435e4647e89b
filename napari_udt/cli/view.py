"""``napari-udt view FILE...``, or ``napari-udt FILE...``: open files in the viewer."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("files", nargs="*", type=Path, help="cubes to open")


def run(args: argparse.Namespace) -> int:
    """Open the viewer with the files; return when its window closes.

    Raises
    ------
    FileNotFoundError
        When a file does not exist; nothing is opened then.
    UdtError
        When no Qt is installed.
    """
    from napari_udt.viewer.display import require_qt

    require_qt()
    from napari_udt.viewer.app import launch

    for path in args.files:
        if not os.path.exists(path):
            raise FileNotFoundError(f"{path}: no such file; nothing was opened.")
    launch(args.files)
    return SUCCESS
