"""``napari-udt demo``: the viewer with the sample data, transferred."""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo-output"), help="folder for screenshots"
    )
    parser.add_argument(
        "--headless", action="store_true", help="act by itself on a virtual display and leave screenshots"
    )


def run(args: argparse.Namespace) -> int:
    """Show the demo in a window, or on a virtual display where there is no screen."""
    from napari_udt.viewer.display import has_display, require_qt, run_on_virtual_display

    require_qt()
    if not has_display():
        return run_on_virtual_display(["demo", "--headless", "-o", str(args.output)])
    from napari_udt.viewer.demo import run_demo

    run_demo(args.output, interactive=not args.headless)
    return SUCCESS
