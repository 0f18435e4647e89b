"""``napari-udt demo``: the viewer with the sample data, transferred."""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("demo-output"),
        help="folder for the screenshots of a run without a screen",
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="act without a user on a virtual display and leave screenshots",
    )


def run(args: argparse.Namespace) -> int:
    """Open the demo's window for the user; where there is no screen, take screenshots on a virtual display."""
    from napari_udt.viewer.display import has_display, on_virtual_display, require_qt, run_on_virtual_display

    require_qt()
    headless = args.headless or not has_display()
    if headless:  # looked at before a minute's work, not after it
        args.output.mkdir(parents=True, exist_ok=True)
    if headless and not on_virtual_display():
        return run_on_virtual_display(["demo", "--headless", "-o", str(args.output)])
    from napari_udt.viewer.demo import run_demo

    run_demo(args.output if headless else None)
    return SUCCESS
