"""``napari-udt export-model NAME``: write a model as one file to hand on."""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.outgoing_text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("model", help="name, as `napari-udt models` lists it, or folder")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE.zip", help="the archive to be written"
    )
    parser.add_argument(
        "--onnx",
        action="store_true",
        help="also the transfer as an ONNX graph, checked against the model (needs napari-udt[onnx])",
    )
    parser.add_argument(
        "--author",
        action="append",
        default=[],
        metavar="NAME",
        help="who made the model: also that graph, test arrays and the description that bioimage.io reads (rdf.yaml); may be "
        "repeated",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")


def run(args: argparse.Namespace) -> int:
    """Write the archive.

    Raises
    ------
    ModelError
        When there is no such model, the file exists, or the model cannot be written as ONNX.
    """
    from napari_udt.models.archive import export_model

    name = export_model(
        args.model, args.output, overwrite=args.overwrite, onnx=args.onnx, authors=args.author
    )
    how = f"`napari-udt import-model {args.output.name}`, or a drop on the window, brings it in."
    print(printable(f"{args.output}: {name}; {how}"))
    return SUCCESS
