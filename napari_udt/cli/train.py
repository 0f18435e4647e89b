"""``napari-udt train``: train a model as a configuration says."""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_udt.cli.exit_codes import INTERRUPTED, SUCCESS
from napari_udt.training.config import load_config, packaged_configs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "config", help=f"TOML file or the name of a packaged configuration: {', '.join(packaged_configs())}"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the model to be written")
    parser.add_argument("--simulated", help="data set file of the simulated domain")
    parser.add_argument("--second", help="data set file of the target domain")
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint in OUTPUT.run")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:0, ... (default: cpu)")
    parser.add_argument(
        "--devices",
        type=_count,
        default=1,
        metavar="N",
        help="train on N devices of that kind, in N processes with a batch each (needs napari-udt[train])",
    )


def run(args: argparse.Namespace) -> int:
    """Train; the exit status is 0, or 130 after Ctrl-C.

    Raises
    ------
    TrainingError
        When the configuration or the data do not fit, or the training fails.
    """
    config = load_config(args.config, simulated=args.simulated, second=args.second)
    # torch takes seconds to import: report a wrong configuration before that
    from napari_udt.inference.devices import choose
    from napari_udt.training.loop import TrainingInterrupted
    from napari_udt.training.run import train

    try:
        device = choose(args.device).key
        train(config, args.output, resume=args.resume, device=device, devices=args.devices)
    except TrainingInterrupted as stop:
        print(stop)
        return INTERRUPTED
    print(f"{args.output}: the model is written.")
    return SUCCESS


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} devices; expected 1 or more")
    return value
