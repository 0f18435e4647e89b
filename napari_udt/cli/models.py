"""``napari-udt models``: the installed models, one line each or as JSON."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.outgoing_text import one_line

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the installed models."""
    from napari_udt.models import list_models

    specs = list_models()
    if args.json:
        print(json.dumps([json.loads(spec.to_json()) for spec in specs], indent=2))
    else:
        print("\n".join(one_line(_model_line(spec)) for spec in specs) or "No models are installed.")
    return SUCCESS


def _model_line(spec: ModelSpec) -> str:
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    return (
        f"{spec.name:24} {spec.modality}  {len(spec.wavelengths_nm):3} wavelengths {low:g}-{high:g} nm  "
        f"{len(spec.class_names)} classes  target: {spec.target}"
    )
