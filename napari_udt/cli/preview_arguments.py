"""Frames and preview reconstructions on the command line."""

from __future__ import annotations

import argparse
from typing import Any

from napari_udt.io.contract import Frame
from napari_udt.io.frames import Frames, parse_frames
from napari_udt.reconstruction.options import ReconstructionOptions


def add_preview_arguments(parser: argparse.ArgumentParser) -> None:
    """Add arguments for the frame and for the preview of raw photoacoustic time series."""
    parser.add_argument(
        "--frame",
        type=_frame,
        metavar="N",
        help="frame of a recording with several, from 0, or 'mean' over all",
    )
    group = parser.add_argument_group("preview reconstruction of raw photoacoustic time series")
    group.add_argument("--speed-of-sound", type=float, metavar="M/S", help="instead of the file's")
    group.add_argument(
        "--field-of-view", type=_size, metavar="MM", help="side of the picture, or width,height as 30,20"
    )
    group.add_argument("--pixel-size", type=float, metavar="MM", help="side of a pixel")


def preview_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments as options of :func:`napari_udt.io.open_cube`; empty where none is given.

    Raises
    ------
    CubeError
        When a number is out of range.
    """
    wanted = {
        "speed_of_sound_m_per_s": args.speed_of_sound,
        "field_of_view_mm": args.field_of_view,
        "pixel_mm": args.pixel_size,
    }
    options: dict[str, Any] = {} if args.frame is None else {"frame": args.frame}
    if any(value is not None for value in wanted.values()):
        options["reconstruction"] = ReconstructionOptions(**wanted)
    return options


def add_frames_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument for the pictures of a series."""
    parser.add_argument(
        "--frames",
        type=parse_frames,
        default="all",
        metavar="all|N|N:M|mean",
        help="frames of a recording or slices of a volume, counted from 0: all that the result can hold (default), one, "
        "from N to before M, or the mean over frames",
    )


def wanted_frames(args: argparse.Namespace) -> Frames:
    """Return the pictures that ``--frames`` asks for, or ``--frame``."""
    frames: Frames = args.frames if args.frame is None else args.frame
    return frames


def _frame(text: str) -> Frame:
    return "mean" if text == "mean" else int(text)


def _size(text: str) -> float | tuple[float, float]:
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) > 2:
        raise argparse.ArgumentTypeError(f"{text!r}: expected one number of mm, or width,height")
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])
