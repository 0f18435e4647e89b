"""The command line: one sub-command per job, errors as one sentence on stderr with exit code 2.

Each sub-command imports what it needs when it runs, so that ``napari-udt --help`` is there at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_udt import __version__
from napari_udt.errors import UdtError
from napari_udt.exit_codes import ERROR, INTERRUPTED, SUCCESS
from napari_udt.threads import wait_passively

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

COMMANDS = (
    "view",
    "demo",
    "info",
    "convert",
    "transfer",
    "models",
    "import-model",
    "simulate",
    "train",
    "evaluate",
    "bench",
)
# Commands whose arguments and work live in a package of their own.
FOREIGN = {
    "info": ("napari_udt.io.info_command", "say what is in a file"),
    "convert": ("napari_udt.io.convert_command", "turn a file into another format, or other chunks"),
    "transfer": ("napari_udt.inference.transfer_command", "transfer files and folders without the viewer"),
    "import-model": ("napari_udt.models.import_command", "take over a published checkpoint"),
    "simulate": ("napari_udt.simulation.command", "make data of both domains, and the samples"),
    "train": ("napari_udt.training.command", "train a transfer model"),
    "evaluate": ("napari_udt.evaluate_command", "judge models on data that they were not trained on"),
    "bench": ("napari_udt.bench.command", "measure the speed of transfers on this machine"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code (0, 2 for an error, 3 when some of several files failed)."""
    wait_passively()
    words = list(sys.argv[1:] if arguments is None else arguments)
    words = _with_command(words)
    args = _parser(words).parse_args(words)
    warnings.formatwarning = _warning_sentence
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read our output, as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    except KeyboardInterrupt:
        print("napari-udt: stopped; nothing half-written was left.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if args.debug:
            raise
        print(f"napari-udt: {_sentence(error)}", file=sys.stderr)
        return ERROR


def _with_command(words: list[str]) -> list[str]:
    """``napari-udt FILE`` means ``napari-udt view FILE``, and so does no word at all."""
    first = next((w for w in words if not w.startswith("-")), None)
    if first in COMMANDS or any(w in ("-h", "--help", "--version") for w in words if w.startswith("-")):
        return words
    return ["view", *words]


def _sentence(error: Exception) -> str:
    words = " ".join(str(error).split())
    if isinstance(error, UdtError | OSError):
        return words
    return f"unexpected {type(error).__name__} ({words}), a defect of this program; --debug shows where."


def _warning_sentence(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Warnings are for users here: without the line of code that gave them."""
    return f"napari-udt: {' '.join(str(message).split())}\n"


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; a command of another package is imported only where the words name it."""
    parser = argparse.ArgumentParser(
        prog="napari-udt",
        description="See what an unsupervised domain transfer does to photoacoustic and hyperspectral images. "
        "`napari-udt FILE...` opens files in the viewer. Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"napari-udt {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_view(_command(commands, "view", _view, "open files in the viewer"))
    _add_demo(_command(commands, "demo", _demo, "open the sample data, transfer, and look at spectra"))
    _add_models(_command(commands, "models", _models, "list the models"))
    for name, (module, what) in FOREIGN.items():
        if name in words:
            work = import_module(module)
            work.add_arguments(_command(commands, name, work.run, what))
        else:
            commands.add_parser(name, help=what)
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], what: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=f"{what.capitalize()}."
    )
    parser.add_argument(  # also after the command; without a default, which would undo what stands before it
        "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
    )
    parser.set_defaults(run=run)
    return parser


def _add_view(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, help="cubes to open")


def _view(args: argparse.Namespace) -> int:
    from napari_udt.viewer.app import launch

    for path in args.files:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file; nothing was opened.")
    launch(args.files)
    return 0


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo-output"), help="folder for screenshots"
    )
    parser.add_argument(
        "--headless", action="store_true", help="act by itself on a virtual display and leave screenshots"
    )
    parser.add_argument(
        "--gif", type=Path, metavar="FILE", help="only act the tour and leave it as a moving picture"
    )


def _demo(args: argparse.Namespace) -> int:
    from napari_udt.viewer.display import has_display, run_on_virtual_display

    tour = [] if args.gif is None else ["--gif", str(args.gif)]
    if not has_display():
        return run_on_virtual_display(["demo", "--headless", "-o", str(args.output), *tour])
    if args.gif is not None:
        from napari_udt.viewer.tour import record_tour

        record_tour(args.gif)
        return SUCCESS
    from napari_udt.viewer.demo import run_demo

    run_demo(args.output, interactive=not args.headless)
    return 0


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def _models(args: argparse.Namespace) -> int:
    from napari_udt.models import list_models

    specs = list_models()
    if args.json:
        print(json.dumps([json.loads(spec.to_json()) for spec in specs], indent=2))
    else:
        print("\n".join(_model_line(spec) for spec in specs) or "No models are installed.")
    return 0


def _model_line(spec: ModelSpec) -> str:
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    return (
        f"{spec.name:24} {spec.modality}  {len(spec.wavelengths_nm):3} wavelengths {low:g}-{high:g} nm  "
        f"{len(spec.class_names)} classes  target: {spec.target}"
    )
