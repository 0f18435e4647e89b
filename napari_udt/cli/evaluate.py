"""``napari-udt evaluate``: models and held-out data in, a JSON file, readable tables and, if asked for, a report out."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.cli.report import (
    StepLine,
    add_report_arguments,
    measure_options,
    require_free,
    require_report,
    run_cubes,
)
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.run import PER_CLASS
from napari_udt.evaluation.untrained import BASELINES
from napari_udt.files.writing import whole_or_nothing
from napari_udt.outgoing_text import printable, printable_lines

if TYPE_CHECKING:
    from napari_udt.evaluation.data import EvaluationData
    from napari_udt.evaluation.run import Evaluation
    from napari_udt.models.model import TransferModel

_NO_BASELINES = "none"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME|FOLDER|all",
        help="model to judge; may be repeated; all: every installed one for this modality and these wavelengths",
    )
    parser.add_argument("--simulated", type=Path, help="data set to transfer, simulated domain")
    parser.add_argument(
        "--second-train",
        type=Path,
        help="target domain: what classifiers and baselines learn from",
    )
    parser.add_argument(
        "--second-test",
        type=Path,
        help="target domain, other seed: what everything is tested on",
    )
    parser.add_argument(
        "--baselines",
        type=_baselines,
        default=tuple(BASELINES),
        help=f"of {', '.join(BASELINES)}, with commas; or {_NO_BASELINES} (default: all)",
    )
    parser.add_argument(
        "--tables",
        type=Path,
        help="folder with the measured tables to compare with (default: the package's own fits to them)",
    )
    parser.add_argument("--seeds", type=_positive, default=5, help="forests per row (default 5)")
    parser.add_argument(
        "--per-class",
        type=_positive,
        help=f"spectra per class that a forest is trained on (default {PER_CLASS['HSI']} HSI, {PER_CLASS['PAT']} PAT)",
    )
    parser.add_argument(
        "--augmentation",
        action="store_true",
        help="also train on 20 target spectra of each class with each row's added, and on cleaned transfers; twice the time",
    )
    parser.add_argument(
        "--cleaned",
        type=Path,
        metavar="FOLDER",
        help="write each transfer, without the spectra that the target's own classifier does not know, as a data set",
    )
    parser.add_argument(
        "--allow-overlap",
        action="store_true",
        help="go on when test data share a file or seed with training data",
    )
    parser.add_argument(
        "--cards",
        action="store_true",
        help="write the numbers into the cards of the models, which are given as folders",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="JSON",
        help="result file; tables go beside it as .md (with --cubes: measures as .json or .csv)",
    )
    add_report_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate; the exit status.

    Raises
    ------
    EvaluationError
        When the data sets do not fit, or test data were seen in training.
    """
    if args.cubes:
        _refuse_data_sets(args)
        return run_cubes(args)
    _require_data_sets(args)
    from napari_udt.evaluation import evaluate, load_data, save_results
    from napari_udt.evaluation.run import save_cleaned
    from napari_udt.models import load_model
    from napari_udt.models.store import named_models
    from napari_udt.population.report.evaluation import evaluation_markdown

    tables_path = args.output.with_suffix(".md")
    for path in filter(None, (args.output, tables_path, args.report)):
        require_free(path, overwrite=args.overwrite)
    require_report(args.report)
    data = load_data(args.simulated, args.second_train, args.second_test)
    at = data.simulated.dataset.wavelengths_nm.tolist()
    names = named_models(args.model, data.simulated.dataset.modality, at)
    models = [load_model(name) for name in names]
    evaluation = evaluate(
        data,
        models,
        args.baselines,
        seeds=range(args.seeds),
        per_class=args.per_class,
        tables=args.tables,
        allow_overlap=args.allow_overlap,
        augmentation=args.augmentation,
        progress=_reporter(),
    )
    text = evaluation_markdown(evaluation)
    if args.report is not None:
        _write_report(evaluation, data, models, args)
    save_results(evaluation, args.output)
    with whole_or_nothing(tables_path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    if args.cleaned is not None:
        for path in save_cleaned(data, models, args.baselines, args.cleaned):
            print(printable(f"{path}: written."))
    if args.cards:
        _update_cards(evaluation, names)
    print(printable_lines(text))
    written = ", ".join(map(str, filter(None, (args.output, tables_path, args.report))))
    print(printable(f"{written}: written."))
    return SUCCESS


def _write_report(
    evaluation: Evaluation, data: EvaluationData, models: Sequence[TransferModel], args: argparse.Namespace
) -> None:
    from napari_udt.population.report import ReportOptions, write_evaluation_report

    line = StepLine()
    options = ReportOptions(wavelength_nm=args.wavelength, measures=measure_options(args))
    write_evaluation_report(
        evaluation,
        data,
        models,
        args.report,
        args.baselines,
        options,
        lambda done, total: line("report", done, total),
    )


def _update_cards(evaluation: Evaluation, folders: Sequence[str]) -> None:
    from napari_udt.population.report.cards import update_card

    names = [row.name for row in evaluation.rows if row.kind == "model"]
    for folder, name in zip(folders, names, strict=True):
        update_card(Path(folder), evaluation, name)


def _require_data_sets(args: argparse.Namespace) -> None:
    needed = {
        "--simulated": args.simulated,
        "--second-train": args.second_train,
        "--second-test": args.second_test,
        "-o": args.output,
    }
    if missing := [name for name, value in needed.items() if value is None]:
        raise EvaluationError(
            f"Missing: {', '.join(missing)}. Judge models on data sets with all of {', '.join(needed)}, or compare cubes with "
            "--cubes FILE... --report FILE.html."
        )


def _refuse_data_sets(args: argparse.Namespace) -> None:
    given = {
        "--simulated": args.simulated,
        "--second-train": args.second_train,
        "--second-test": args.second_test,
    }
    if unwanted := [name for name, value in given.items() if value is not None]:
        raise EvaluationError(f"--cubes compares cubes alone; leave {', '.join(unwanted)} out.")


def _reporter() -> Callable[[str], None]:
    started = time.monotonic()

    def report(name: str) -> None:
        print(printable(f"{time.monotonic() - started:6.0f} s  {name}"), file=sys.stderr, flush=True)

    return report


def _baselines(text: str) -> tuple[str, ...]:
    names = () if text == _NO_BASELINES else tuple(text.split(","))
    if unknown := [name for name in names if name not in BASELINES]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: expected some of {', '.join(BASELINES)}")
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return int(text)
