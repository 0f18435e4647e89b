"""``napari-udt import-model PATH``: import archives, folders of models and published checkpoints."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_udt.cli.exit_codes import SOME_FAILED, SUCCESS
from napari_udt.errors import ModelError
from napari_udt.outgoing_text import one_line, printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "folder",
        type=Path,
        metavar="path",
        help="archive of `napari-udt export-model`, a model's folder, or a folder with config.yaml and model_checkpoint.ckpt, "
        "or any folder above: then all below are imported",
    )
    parser.add_argument("--name", help="name of the model (a single one only); by default its folder's")
    parser.add_argument("--overwrite", action="store_true", help="replace models of the same name")


def run(args: argparse.Namespace) -> int:
    """Import models and print their names; return 0, or 3 when some of several were left out."""
    from napari_udt.models.importing import import_models
    from napari_udt.models.store import user_folder

    left_out: list[ModelError] = []
    for name in import_models(args.folder, args.name, overwrite=args.overwrite, left_out=left_out.append):
        print(printable(f"{name}: imported into {user_folder() / name}"))
    for error in left_out:
        print(one_line(f"napari-udt: left out: {error}"), file=sys.stderr)
    return SOME_FAILED if left_out else SUCCESS
