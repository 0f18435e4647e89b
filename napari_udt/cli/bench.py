"""``napari-udt bench``: the speed of the networks, of the viewer or of the population's measures."""

from __future__ import annotations

import argparse
import json

from napari_udt.cli.exit_codes import SUCCESS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:0 (networks only)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the median is taken")
    parser.add_argument(
        "--viewer",
        action="store_true",
        help="measure the viewer instead: clicks, mouse moves, statistics, pauses",
    )
    parser.add_argument(
        "--population",
        action="store_true",
        help="measure the population's figures and measures instead, on 300,000 spectra",
    )
    parser.add_argument("--quick", action="store_true", help="measure less: fewer spectra, a smaller picture")


def run(args: argparse.Namespace) -> int:
    """Measure, and print tables or JSON."""
    if args.viewer:
        return _viewer(quick=args.quick, as_json=args.json)
    if args.population:
        from napari_udt.bench import population

        found = population.measure(
            population.QUICK_SPECTRA if args.quick else population.SPECTRA, args.repeats
        )
        print(json.dumps(found, indent=2) if args.json else population.as_text(found))
        return SUCCESS
    from napari_udt.bench import networks

    found = networks.measure(args.device, args.repeats, quick=args.quick)
    print(json.dumps(found, indent=2) if args.json else networks.as_text(found, args.repeats))
    return SUCCESS


def _viewer(*, quick: bool, as_json: bool) -> int:
    """Measure on this display, or on a virtual one where there is none."""
    from napari_udt.viewer.display import has_display, run_on_virtual_display

    if not has_display():
        flags = [flag for flag, given in (("--json", as_json), ("--quick", quick)) if given]
        return run_on_virtual_display(["bench", "--viewer", *flags])
    from napari_udt.bench import viewer

    found = viewer.measure(quick=quick)
    print(json.dumps(found, indent=2) if as_json else viewer.as_text(found))
    return SUCCESS
