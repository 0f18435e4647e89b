"""``napari-udt evaluate --cubes FILE...``: cubes, transferred by models, compared in one report; no data sets needed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_udt.cli.exit_codes import SOME_FAILED, SUCCESS
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.cli.shards import shard_argument
from napari_udt.cli.termination import ending_cleanly
from napari_udt.errors import EvaluationError
from napari_udt.outgoing_text import one_line, printable, printable_lines

if TYPE_CHECKING:
    from napari_udt.collection import Collection
    from napari_udt.population.compare import Comparison
    from napari_udt.population.measures import MeasureOptions, MeasureTable
    from napari_udt.population.report.document import Section


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what a report needs."""
    group = parser.add_argument_group("report of chosen cubes")
    group.add_argument(
        "--cubes",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="compare these cubes instead of data sets: simulated ones are transferred by each --model and compared with "
        "the last real (or target) one; with a collection or a folder among them, all are compared over images and subjects",
    )
    group.add_argument(
        "--shard",
        type=shard_argument,
        metavar="I/N",
        help="with a collection: only transfer and draw spectra from every N-th cube, beginning with the I-th, into the cache "
        "(NAPARI_UDT_CACHE names its folder), as on N machines; a run without --shard then compares all",
    )
    group.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write figures and numbers into one .html file; also for data sets",
    )
    group.add_argument(
        "--normalisation",
        choices=("none", "l1", "l2", "max"),
        default="l2",
        help="of each spectrum, for the measures (default l2)",
    )
    group.add_argument(
        "--resamples",
        type=_count,
        default=200,
        metavar="N",
        help="of the bootstrap; 0 for no intervals (default 200)",
    )
    group.add_argument(
        "--wavelength", type=float, default=800.0, metavar="NM", help="of the pictures (default 800)"
    )
    group.add_argument(
        "--downstream", action="store_true", help="with --cubes: also run the downstream test of Table 1"
    )
    group.add_argument(
        "--audit",
        action="store_true",
        help="with --cubes and --report: also what a classifier of the reference takes transferred pixels for",
    )
    group.add_argument("--device", default="auto", help="with --cubes: auto, cpu, cuda:0 or mps")


def run_cubes(args: argparse.Namespace) -> int:
    """Transfer, compare, write; the exit status.

    Raises
    ------
    EvaluationError
        When a file is in the way, or the cubes cannot be compared.
    """
    from napari_udt.collection import is_collection
    from napari_udt.io import open_cube
    from napari_udt.models.store import named_models
    from napari_udt.population.compare import compare_cubes
    from napari_udt.population.compare_collections import compare_collection
    from napari_udt.population.downstream_choices import Choices

    if args.shard:
        return _draw_share(args)
    if args.report is None and args.output is None:
        raise EvaluationError(
            "Nothing would be written: name a report (--report FILE.html) or a table (-o FILE.csv)."
        )
    for path in filter(None, (args.report, args.output)):
        require_free(path, overwrite=args.overwrite)
    require_report(args.report)
    test = Choices(seeds=tuple(range(args.seeds)), per_class=args.per_class or 0)
    with ending_cleanly():
        line = StepLine()
        how: dict[str, Any] = {
            "options": measure_options(args),
            "downstream": test if args.downstream else None,
            "device": args.device,
            "progress": line,
        }
        if any(is_collection(path) or _is_folder_of_cubes(path) for path in args.cubes):
            collection = _collection(args.cubes)
            models = named_models(args.model, collection.modality)
            comparison = compare_collection(collection, models, **how)
        else:
            cubes = [open_cube(path) for path in args.cubes]
            comparison = compare_cubes(cubes, named_models(args.model, cubes[0].modality), **how)
        written = list(_written(comparison, args, line))
    print(printable_lines("\n".join((_text(comparison.table), *comparison.population.notes))))
    print("\n".join(printable(f"{path}: written.") for path in written))
    return SUCCESS


def _is_folder_of_cubes(path: Path) -> bool:
    """Whether a path is a folder that is no recording by itself."""
    from napari_udt.io.registry import sniff

    return path.is_dir() and sniff(path).format is None


def _collection(paths: Sequence[Path]) -> Collection:
    """Return one collection, or several with other files joined; what is missing is named on stderr."""
    from napari_udt.collection import gather, is_collection, load_collection

    alone = len(paths) == 1 and is_collection(paths[0])
    collection, problems = load_collection(paths[0]).checked() if alone else gather(paths)
    for problem in problems:
        print(one_line(f"napari-udt: left out: {problem}"), file=sys.stderr)
    return collection


def _draw_share(args: argparse.Namespace) -> int:
    """Draw the samples of one share of a collection; return 3 when some cubes have none."""
    from napari_udt.collection import is_collection
    from napari_udt.models.store import named_models
    from napari_udt.population.compare_collections import draw_samples

    if not any(is_collection(path) for path in args.cubes):
        raise EvaluationError("--shard shares the cubes of a collection; name one with --cubes.")
    with ending_cleanly():
        collection = _collection(args.cubes)
        there, problems = draw_samples(
            collection,
            named_models(args.model, collection.modality),
            args.shard,
            device=args.device,
            progress=StepLine(),
        )
    for problem in problems:
        print(one_line(f"napari-udt: left out: {problem}"), file=sys.stderr)
    print(f"{there} samples are in the cache; compare all with the same command without --shard.")
    return SOME_FAILED if problems else SUCCESS


class StepLine:
    """Progress of several steps, one after the other, on one line of a terminal."""

    def __init__(self) -> None:
        self._step, self._line = "", ProgressLine("")

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show how much of a step is done; nothing is left of it when all is."""
        if step != self._step:
            self._step, self._line = step, ProgressLine(step)
        self._line(done, total)
        if done >= total:
            self._line.clear()


def measure_options(args: argparse.Namespace) -> MeasureOptions:
    """Return the options of the measures."""
    from napari_udt.population.measures import MeasureOptions

    return MeasureOptions(normalisation=args.normalisation, resamples=args.resamples)


def require_report(path: Path | None) -> None:
    """Refuse a report that could not be written after the work."""
    from napari_udt.population.report.write import require_writable

    if path is not None:
        require_writable(path)


def require_free(path: Path, *, overwrite: bool) -> None:
    """Refuse a name that is taken.

    Raises
    ------
    EvaluationError
    """
    if path.is_dir() or (path.exists() and not overwrite):
        raise EvaluationError(f"{path}: is there already; choose another name or pass --overwrite.")


def _written(comparison: Comparison, args: argparse.Namespace, line: StepLine) -> Iterator[Path]:
    from napari_udt.population.label_audit import audit_labels
    from napari_udt.population.report import ReportOptions, write_report
    from napari_udt.population.report.sections import audit_section

    table = comparison.table
    if args.output is not None:
        save = table.save_csv if args.output.suffix.casefold() == ".csv" else table.save_json
        save(args.output)
        yield args.output
    if args.report is not None:
        sections: tuple[Section, ...] = ()
        if args.audit:
            audit = audit_labels(
                comparison.population, progress=lambda done, total: line("audit of labels", done, total)
            )
            sections = (audit_section(audit),)
        options = ReportOptions(wavelength_nm=args.wavelength, table=table, sections=sections)
        write_report(
            comparison.population,
            args.report,
            options,
            comparison.downstream,
            lambda done, total: line("report", done, total),
        )
        yield args.report


def _text(table: MeasureTable) -> str:
    """Means over structures, for the terminal."""
    from napari_udt.population.report.markdown import aligned
    from napari_udt.population.report.sheets import overview

    sheet = overview(table)
    rows = zip(*([cell.text for cell in row] for row in sheet.rows), strict=True)  # measures below each other
    lines = [[column.title, *cells] for column, cells in zip(sheet.columns, rows, strict=True)]
    return "\n".join([aligned(lines[0], lines[1:]), *sheet.notes])


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a number of resamples")
    return int(text)
