"""Arguments for metadata that a file lacks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from napari_udt.cli.preview_arguments import add_preview_arguments, preview_options
from napari_udt.cube import DOMAINS, MODALITIES
from napari_udt.errors import CubeError
from napari_udt.io.missing_metadata import StatedMetadata, Wavelengths, options_for, parse_wavelengths


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Add arguments for missing metadata, for the choice of a cube in the file, and for previews."""
    group = parser.add_argument_group("metadata that the file lacks or is wrong about")
    group.add_argument(
        "--wavelengths",
        type=wavelengths_argument,
        metavar="NM",
        help="one per channel, as 700,710,720, or first and last of evenly spaced ones, as 500-1000",
    )
    group.add_argument("--spectral-axis", type=int, metavar="N", help="axis of the channels: 0, 1 or 2")
    group.add_argument(
        "--domain",
        choices=DOMAINS,
        help="where the data come from; second: in the place of real data, but not measured",
    )
    group.add_argument("--modality", choices=MODALITIES)
    parser.add_argument(
        "--candidate", metavar="NAME", help="which cube of the file, by a name that `info` lists"
    )
    add_preview_arguments(parser)


def add_names_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument for other names of structures."""
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        type=_name_pair,
        metavar="OLD=NEW",
        help="what a structure of the files is called here; may be given several times",
    )


def _name_pair(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    if not (old.strip() and new.strip()):
        raise argparse.ArgumentTypeError(f"{text!r}: expected OLD=NEW")
    return old.strip(), new.strip()


def stated_metadata(args: argparse.Namespace) -> StatedMetadata:
    """Return the metadata that the arguments state."""
    return StatedMetadata(args.wavelengths, args.spectral_axis, args.domain, args.modality)


def reading_options(path: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of :func:`napari_udt.io.open_cube` that the arguments mean for a file.

    Raises
    ------
    CubeError
        When a number is out of range, or wavelengths are stated for an unknown number of channels.
    """
    return {
        **options_for(path, stated_metadata(args)),
        **preview_options(args),
        "candidate": args.candidate,
    }


def wavelengths_argument(text: str) -> Wavelengths:
    """Parse the wavelengths of an argument."""
    try:
        return parse_wavelengths(text)
    except CubeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
