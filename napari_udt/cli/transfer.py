"""``napari-udt transfer``: transfer files and folders of any format, without a window."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.cli.exit_codes import ERROR, SOME_FAILED, SUCCESS
from napari_udt.cli.metadata_arguments import add_reading_arguments, stated_metadata
from napari_udt.cli.preview_arguments import add_frames_argument, preview_options, wanted_frames
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.cli.shards import shard_argument
from napari_udt.cli.termination import ending_cleanly
from napari_udt.outgoing_text import one_line, printable
from napari_udt.wording import counted

if TYPE_CHECKING:
    from napari_udt.collection import Member
    from napari_udt.inference.batch import Outcome, Task
    from napari_udt.inference.inputs import Input


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "files", nargs="+", type=Path, help="cubes, folders of cubes and collections to transfer"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the results"
    )
    parser.add_argument("-r", "--recursive", action="store_true", help="search folders within folders too")
    _add_choices(parser)
    add_reading_arguments(parser)
    add_frames_argument(parser)
    parser.add_argument(
        "--shard",
        type=shard_argument,
        metavar="I/N",
        help="only every N-th file, beginning with the I-th, as on N machines with the same folders",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing results")
    parser.add_argument("--compress", action="store_true", help="smaller results, slower to read")
    parser.add_argument("--json", action="store_true", help="one JSON object per file on stdout")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=_count, default=1, metavar="N", help="files at once, each in a process")
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on the workers of a dask scheduler, as tcp://node:8786; they must see the same folders",
    )


def run(args: argparse.Namespace) -> int:
    """Transfer the files; return 3 when some of them failed, 2 when all did."""
    from napari_udt.inference.batch import Options, transfer_files

    options = Options(
        model=args.model,
        direction=args.direction,
        device=args.device,
        condition=args.condition,
        noise=args.noise,
        seed=args.seed,
        steps=args.steps,
        deformed=args.deformed,
        truncation=args.truncation,
        reference=args.reference,
        candidate=args.candidate,
        metadata=stated_metadata(args),
        frames=wanted_frames(args),
        reconstruction=preview_options(args).get("reconstruction"),
        overwrite=args.overwrite,
        compress=args.compress,
    )
    printer = _Printer(as_json=args.json)
    domains = ("simulated",) if args.direction == "sim2real" else ("real", "second")
    inputs, described, missing = _inputs(args.files, domains)
    with ending_cleanly():
        outcomes = transfer_files(
            inputs,
            args.output,
            options,
            recursive=args.recursive,
            shard=args.shard,
            work=_worker(args),
            report=printer,
        )
    for problem in missing:
        print(one_line(f"napari-udt: left out: {problem}"), file=sys.stderr)
    code = _concluded(outcomes)
    if described:
        _list_results(outcomes, described, args)
    return SOME_FAILED if missing and code == SUCCESS else code


def _inputs(
    paths: Sequence[Path], domains: Sequence[str]
) -> tuple[list[Path | Input], dict[Input, Member], list[str]]:
    """Return files and folders as they are, and the cubes of collections; these with their members; what is missing in them."""
    from napari_udt.collection import is_collection
    from napari_udt.collection.reading import transfer_inputs

    found: list[Path | Input] = []
    described: dict[Input, Member] = {}
    problems: list[str] = []
    for path in paths:
        if is_collection(path):
            inputs, missing = transfer_inputs(path, domains)
            found += inputs
            described |= inputs
            problems += missing
        else:
            found.append(path)
    return found, described, problems


def _list_results(
    outcomes: Sequence[Outcome], described: dict[Input, Member], args: argparse.Namespace
) -> None:
    """Write a collection of the results beside them, with the subjects of their sources."""
    from napari_udt.collection import ENDING, save_collection
    from napari_udt.collection.results import results_of

    collection = results_of([o["result"] for o in outcomes if o["result"]], described, args.output)
    if collection is not None:
        share = "_{}_of_{}".format(*args.shard) if args.shard else ""
        path = args.output / f"transferred{share}{ENDING}"
        save_collection(collection, path)
        if not args.json:
            print(printable(f"{path}: {counted(len(collection.members), 'result')} listed"))


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        help="name or folder, by default the first that fits the cube; all: every installed one that fits, each with a result "
        "of its own; or baseline:identity, baseline:moments, "
        "baseline:histograms, baseline:gaussian, baseline:gaussian_all, baseline:coral",
    )
    parser.add_argument(
        "--reference", type=Path, metavar="FILE", help="for a baseline: labelled cube of the domain to match"
    )
    parser.add_argument("--direction", choices=("sim2real", "real2sim"), default="sim2real")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:0, mps")
    parser.add_argument(
        "--condition", default="auto", help="tissue: auto, labels, proxy, or the name of one class"
    )
    parser.add_argument(
        "--noise",
        choices=("training", "none"),
        default="training",
        help="whether simulated pictures or spectra get the noise that the model was trained on (default), or none",
    )
    parser.add_argument(
        "--seed",
        type=_whole,
        default=0,
        metavar="N",
        help="of that noise, and of what a stochastic model draws (default 0): another seed gives another result",
    )
    parser.add_argument(
        "--steps",
        type=_count,
        metavar="N",
        help="steps between the domains of a flow-matching model or bridge; by default the model's own number",
    )
    parser.add_argument(
        "--deformed",
        action="store_true",
        help="of a DicycleGAN: displaced as it learnt it from the target's devices, with the offsets in the metadata",
    )
    parser.add_argument(
        "--truncation",
        type=float,
        metavar="A",
        help="of a model that makes pictures from labels: its random code is drawn between -A and A, 0 to 3; by default without a bound",
    )


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 on")
    return int(text)


def _count(text: str) -> int:
    count = int(text) if text.isdigit() else 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return count


def _worker(args: argparse.Namespace) -> Callable[[list[Task]], Iterable[Outcome]]:
    from napari_udt.inference import workers

    if args.scheduler:
        return partial(workers.on_cluster, address=args.scheduler)
    if args.jobs > 1:
        return partial(workers.in_processes, jobs=args.jobs)
    return _with_percent


def _with_percent(tasks: list[Task]) -> Iterable[Outcome]:
    """Transfer the files in this process, with a progress line for the present one."""
    from napari_udt.inference.batch import transfer_file

    for task in tasks:
        line = ProgressLine(task.source.name)
        try:
            outcome = transfer_file(task, line)
        finally:
            line.clear()
        yield outcome


class _Printer:
    """Prints the outcome of each file as it comes."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json, self._count = as_json, 0

    def __call__(self, outcome: Outcome, total: int) -> None:
        self._count += 1
        if self._as_json:
            print(json.dumps(outcome), flush=True)
        else:
            print(one_line(f"[{self._count}/{total}] {outcome['source']}{_ending(outcome)}"), flush=True)


def _ending(outcome: Outcome) -> str:
    if outcome["error"]:
        return ": failed"
    if outcome["skipped"]:
        how = outcome.get("compared", "content")
        note = "" if how == "content" else f"; too large to read: compared by {how}"
        return f" -> {outcome['result']} (done before{note})"
    remark = outcome["wavelengths"]
    note = f"; {remark}" if "interpolated" in str(remark) else ""
    return f" -> {outcome['result']} ({outcome['model']}, {outcome['seconds']:.1f} s{note})"


def _concluded(outcomes: Sequence[Outcome]) -> int:
    bad = [outcome for outcome in outcomes if outcome["error"]]
    for outcome in bad:
        print(one_line(f"napari-udt: {outcome['error']}"), file=sys.stderr)
    if not outcomes:
        print("napari-udt: there is no spectral cube among the files; nothing was done.", file=sys.stderr)
        return ERROR
    if not bad:
        return SUCCESS
    return ERROR if len(bad) == len(outcomes) else SOME_FAILED
