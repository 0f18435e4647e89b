"""``napari-udt models``: the installed models, one line each or as JSON, or the card of one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.outgoing_text import one_line, printable_lines

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("names", nargs="*", metavar="NAME|FOLDER", help="print the cards of these models")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--details", action="store_true", help="print what is folded in the cards, too")
    parser.add_argument(
        "--redraw",
        action="store_true",
        help="make picture and text of the cards anew, from the sample pictures and what is stored of evaluations",
    )
    parser.add_argument(
        "--pair",
        nargs=2,
        type=Path,
        metavar=("SIMULATED", "TARGET"),
        help="with --redraw: draw these two cubes, which the model was not trained on, instead of the samples",
    )


def run(args: argparse.Namespace) -> int:
    """Print the installed models, or the cards of some."""
    from napari_udt.models import list_models
    from napari_udt.models.store import find_folder, read_spec

    folders = [find_folder(name) for name in args.names]
    if args.redraw:
        from napari_udt.population.report.cards import redraw_card

        for folder in folders:
            redraw_card(folder, args.pair)
    specs = [read_spec(folder) for folder in folders] if folders else list_models()
    if folders and not args.json:
        print("\n".join(printable_lines(_card(spec, details=args.details)) for spec in specs))
    elif args.json:
        print(json.dumps([json.loads(spec.to_json()) for spec in specs], indent=2))
    else:
        print("\n".join(one_line(_model_line(spec)) for spec in specs) or "No models are installed.")
    return SUCCESS


def _card(spec: ModelSpec, *, details: bool) -> str:
    from napari_udt.training.card_page import page_and_details

    page, folded = page_and_details(spec.card or f"{spec.title} has no card.")
    return f"{page}\n{folded}\n" if details else page


def _model_line(spec: ModelSpec) -> str:
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    return (
        f"{spec.name:24} {spec.modality}  {len(spec.wavelengths_nm):3} wavelengths {low:g}-{high:g} nm  "
        f"{len(spec.class_names)} classes  target: {spec.target}"
    )
