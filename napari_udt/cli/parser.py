"""The command line: one sub-command per job, errors as one sentence on stderr with exit code 2.

Each sub-command imports what it needs when it runs, so that ``napari-udt --help`` is fast.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any

from napari_udt import __version__
from napari_udt.cli.exit_codes import ERROR, INTERRUPTED, SUCCESS
from napari_udt.errors import UdtError, unexpected
from napari_udt.outgoing_text import one_line
from napari_udt.threads import wait_passively

# Command: module that adds its arguments and runs it, and what the command does.
COMMANDS = {
    "view": ("napari_udt.cli.view", "open files in the viewer"),
    "demo": ("napari_udt.cli.demo", "open the sample data, transfer them and show spectra"),
    "info": ("napari_udt.cli.info", "describe a file"),
    "convert": ("napari_udt.cli.convert", "convert a file into another format or other chunks"),
    "transfer": ("napari_udt.cli.transfer", "transfer files and folders without the viewer"),
    "models": ("napari_udt.cli.models", "list the installed models"),
    "import-model": (
        "napari_udt.cli.import_model",
        "import models: archives, folders, published checkpoints",
    ),
    "export-model": ("napari_udt.cli.export_model", "write a model as one file to hand on"),
    "simulate": ("napari_udt.cli.simulate", "make data sets of both domains, and the sample cubes"),
    "collect": (
        "napari_udt.cli.collect",
        "list cubes of your own in a collection, to train on or to make statistics of",
    ),
    "stats": ("napari_udt.cli.stats", "write the spectra of all structures in a collection as a table"),
    "train": ("napari_udt.cli.train", "train a transfer model"),
    "evaluate": ("napari_udt.cli.evaluate", "evaluate models on data that they were not trained on"),
    "study": ("napari_udt.cli.study", "make a reader study, and join the answers of its readers"),
    "bench": ("napari_udt.cli.bench", "measure the speed of this machine"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code (0, 2 for an error, 3 when some of several files failed)."""
    wait_passively()
    if isinstance(
        sys.stdout, TextIOWrapper
    ):  # in a pipe Windows writes a code page that lacks some of our letters
        sys.stdout.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    words = _with_command(words)
    args = _parser(words).parse_args(words)
    warnings.formatwarning = _warning_sentence
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of our output, as `head`, has closed it
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
    words = one_line(str(error))
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return one_line(f"{error.filename}: {error.strerror}.")
    if isinstance(error, UdtError | OSError):
        return words
    return one_line(unexpected(error))


def _warning_sentence(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Format a warning as one sentence, without the line of code that raised it."""
    return f"napari-udt: {one_line(str(message))}\n"


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; a command is imported only where the words name it."""
    parser = argparse.ArgumentParser(
        prog="napari-udt",
        description="See what an unsupervised domain transfer does to photoacoustic and hyperspectral images. "
        "`napari-udt FILE...` opens files in the viewer. Research use only.",
    )
    parser.add_argument("--version", action="version", version=f"napari-udt {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, what) in COMMANDS.items():
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
