"""``napari-udt study``: make the file of a reader study, and join the answers of its readers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_udt.cli.exit_codes import SOME_FAILED, SUCCESS
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.errors import EvaluationError
from napari_udt.outgoing_text import one_line, printable

_PICTURES = (".png", ".svg", ".pdf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    make = parts.add_parser("make", help="draw the questions", description="Draw the questions of a study.")
    make.add_argument(
        "paths", nargs="+", type=Path, help="transferred and measured cubes: files, folders, collections"
    )
    make.add_argument("-o", "--output", type=Path, required=True, metavar="S.udt-study.npz")
    make.add_argument("--task", choices=("origin", "structure", "realism"), default="origin")
    make.add_argument(
        "--display", choices=("one", "pair"), default="one", help="one by one, or side by side (default: one)"
    )
    make.add_argument("--kind", choices=("spectra", "pictures"), default="spectra")
    make.add_argument("--questions", type=int, default=40, metavar="N", help="(default: 40)")
    make.add_argument("--seed", type=int, default=0, metavar="N")
    make.add_argument(
        "--structures",
        metavar="NAME,...",
        help="that are shown, or asked for (default: all tissues in common)",
    )
    make.add_argument("--nm", type=float, default=800.0, metavar="NM", help="wavelength of pictures")
    make.add_argument("--model", metavar="NAME", help="whose transferred cubes, where there are several")
    make.add_argument("--overwrite", action="store_true", help="replace an existing file")
    join = parts.add_parser("join", help="join readers", description="Join the answers of several readers.")
    join.add_argument("paths", nargs="+", type=Path, help="files of answers (.udt-reading.json)")
    join.add_argument("-o", "--output", type=Path, required=True, metavar="TABLE.csv", help="all numbers")
    join.add_argument("--picture", type=Path, metavar="PICTURE", help="the same as .png, .svg or .pdf")


def run(args: argparse.Namespace) -> int:
    """Make a study or join readers; return 3 when some files were left out.

    Raises
    ------
    EvaluationError, CollectionError
    """
    return _make(args) if args.part == "make" else _join(args)


def _make(args: argparse.Namespace) -> int:
    from napari_udt.collection import gather
    from napari_udt.population.of_collections import population_of_collection
    from napari_udt.population.reader_study.design import Design
    from napari_udt.population.reader_study.stimuli import draw_study, group_pairs, tissues, usual_structures
    from napari_udt.population.reader_study.study_file import save_study

    if args.output.exists() and not args.overwrite:
        raise EvaluationError(
            f"{args.output}: the file exists; choose another name, or replace it (--overwrite)."
        )
    line = ProgressLine("reading")
    collection, problems = gather(args.paths, progress=line)
    population = population_of_collection(collection, progress=line)
    pairs = [
        pair for pair in group_pairs(population) if args.model is None or pair[1].endswith(f" {args.model}")
    ]
    if not pairs:
        names = ", ".join(group.name for group in population.groups)
        raise EvaluationError(
            f"A reader study needs transferred cubes and reference cubes; found {names}: add what is missing."
        )
    offered = usual_structures(tissues(population, pairs[0]), args.task)
    chosen = tuple(args.structures.split(",")) if args.structures else offered
    design = Design(
        *pairs[0],
        args.task,
        args.display,
        args.kind,
        args.questions,
        args.seed,
        chosen,
        args.nm,
    )
    study = draw_study(population, design, line)
    line.clear()
    save_study(study, args.output)
    print(
        printable(
            f"{args.output}: {len(study.questions)} questions, {design.transferred} against {design.real}"
        )
    )
    _say(problems)
    return SOME_FAILED if problems else SUCCESS


def _join(args: argparse.Namespace) -> int:
    from napari_udt.files.writing import whole_or_nothing
    from napari_udt.population.reader_study.evaluate import evaluate_readings
    from napari_udt.population.reader_study.reading_file import load_readings
    from napari_udt.population.report.draw_study import save_study_picture

    if args.picture is not None and args.picture.suffix.lower() not in _PICTURES:
        raise EvaluationError(f"{args.picture}: a picture ends with {', '.join(_PICTURES)}.")
    readings, problems = load_readings(args.paths)
    result = evaluate_readings(readings)
    with whole_or_nothing(args.output) as temporary:
        temporary.write_text(result.table().csv_text(), encoding="utf-8", newline="")
    if args.picture is not None:
        save_study_picture(result, args.picture)
    print(one_line(result.sentence))
    for row in result.rows:
        if row.scale == "kappa":
            found = row.estimate
            who = one_line(f"{row.measure}, {row.reader}")
            print(f"{who}: {found.value:.2f} [{found.low:.2f}, {found.high:.2f}]")
    _say(problems)
    return SOME_FAILED if problems else SUCCESS


def _say(problems: list[str]) -> None:
    for problem in problems:
        print(one_line(f"napari-udt: left out: {problem}"), file=sys.stderr)
