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
from napari_udt.exit_codes import ERROR, INTERRUPTED, SOME_FAILED, SUCCESS
from napari_udt.threads import wait_passively

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

COMMANDS = (
    "view",
    "demo",
    "info",
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
    "import-model": ("napari_udt.models.import_command", "take over a published checkpoint"),
    "simulate": ("napari_udt.simulation.command", "make data of both domains, and the samples"),
    "train": ("napari_udt.training.command", "train a transfer model"),
    "evaluate": ("napari_udt.evaluation.command", "judge models on data that they were not trained on"),
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
    _add_info(_command(commands, "info", _info, "say what is in a file"))
    _add_transfer(_command(commands, "transfer", _transfer, "transfer files without the viewer"))
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


def _add_info(parser: argparse.ArgumentParser) -> None:
    from napari_udt.io.preview_arguments import add_preview_arguments

    parser.add_argument("file", type=Path, help="cube to describe")
    parser.add_argument(
        "--candidate", metavar="NAME", help="which cube of the file, by a name that is listed"
    )
    add_preview_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def _info(args: argparse.Namespace) -> int:
    from napari_udt.io import open_cube
    from napari_udt.io.info import describe, format_text
    from napari_udt.io.preview_arguments import preview_options

    description = describe(open_cube(args.file, candidate=args.candidate, **preview_options(args)))
    print(json.dumps(description, indent=2) if args.json else format_text(description))
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


def _add_transfer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, help="cubes to transfer")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the results"
    )
    parser.add_argument(
        "--model",
        help="name or folder, by default the first that fits the cube; or baseline:identity, baseline:moments, "
        "baseline:histograms",
    )
    parser.add_argument(
        "--reference", type=Path, metavar="FILE", help="for a baseline: labelled cube of the domain to match"
    )
    parser.add_argument("--direction", choices=("sim2real", "real2sim"), default="sim2real")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:0, mps")
    parser.add_argument(
        "--condition", default="auto", help="tissue: auto, labels, proxy, or the name of one class"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist")
    parser.add_argument("--json", action="store_true", help="one JSON object per file on stdout")


def _transfer(args: argparse.Namespace) -> int:
    from napari_udt.inference.batch import transfer_files

    outcomes = transfer_files(
        args.files,
        args.output,
        model=args.model,
        direction=args.direction,
        device=args.device,
        condition=args.condition,
        reference=args.reference,
        overwrite=args.overwrite,
        report=_print_json if args.json else _print_outcome,
        progress=_live_progress if sys.stderr.isatty() else None,
    )
    failed = [o for o in outcomes if o["error"]]
    for outcome in failed:
        print(f"napari-udt: {outcome['error']}", file=sys.stderr)
    if not failed:
        return SUCCESS
    return ERROR if len(failed) == len(outcomes) else SOME_FAILED


def _print_json(outcome: dict[str, Any]) -> None:
    print(json.dumps(outcome), flush=True)


def _print_outcome(outcome: dict[str, Any]) -> None:
    if not outcome["error"]:
        print(
            f"{outcome['source']} -> {outcome['result']} ({outcome['model']}, {outcome['seconds']:.1f} s)",
            flush=True,
        )


def _live_progress(done: int, total: int) -> None:
    print(
        f"\r{100 * done // max(total, 1):3d} %",
        end="\n" if done >= total else "",
        file=sys.stderr,
        flush=True,
    )
