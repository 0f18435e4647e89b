"""``napari-udt evaluate --cubes FILE...``: cubes, transferred by models, compared in one report; no data sets needed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.cli.exit_codes import SUCCESS
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.cli.termination import ending_cleanly
from napari_udt.cube import Domain, SpectralCube
from napari_udt.errors import EvaluationError
from napari_udt.population.groups import Part, Population

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel
    from napari_udt.population.downstream import DownstreamResult
    from napari_udt.population.measures import MeasureTable

_PARTS: dict[Domain, Part] = {
    "simulated": "simulated",
    "transferred": "transferred",
    "real": "real",
    "second": "real",
}


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what a report needs."""
    group = parser.add_argument_group("report of chosen cubes")
    group.add_argument(
        "--cubes",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="compare these cubes instead of data sets: simulated ones are transferred by each --model and held against "
        "the last real (or second-domain) one",
    )
    group.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write figures and numbers into one file, .html or .pdf; also for data sets",
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
    group.add_argument("--device", default="auto", help="with --cubes: auto, cpu, cuda:0 or mps")


def run_cubes(args: argparse.Namespace) -> int:
    """Transfer, compare, write; the exit status.

    Raises
    ------
    EvaluationError
        When a file is in the way, or the cubes cannot be compared.
    """
    from napari_udt.population.report.write import require_writable

    if args.report is None and args.output is None:
        raise EvaluationError(
            "Nothing would be written: name a report (--report FILE.html) or a table (-o FILE.csv)."
        )
    for path in filter(None, (args.report, args.output)):
        require_free(path, overwrite=args.overwrite)
    if args.report is not None:
        require_writable(args.report)
    with ending_cleanly():
        population, models = _population(args)
        table = _measured(population, models, args)
        written = list(_written(population, table, args))
    print(_text(table))
    print("\n".join(f"{path}: written." for path in written))
    return SUCCESS


def require_free(path: Path, *, overwrite: bool) -> None:
    """Refuse a name that is taken.

    Raises
    ------
    EvaluationError
    """
    if path.is_dir() or (path.exists() and not overwrite):
        raise EvaluationError(f"{path}: is there already; choose another name or pass --overwrite.")


def _written(population: Population, table: MeasureTable, args: argparse.Namespace) -> Iterator[Path]:
    from napari_udt.population.report import ReportOptions, write_report

    if args.output is not None:
        save = table.save_csv if args.output.suffix.casefold() == ".csv" else table.save_json
        save(args.output)
        yield args.output
    if args.report is not None:
        line = ProgressLine("report")
        options = ReportOptions(wavelength_nm=args.wavelength, table=table)
        write_report(population, args.report, options, _downstream(population, args), line)
        line.clear()
        yield args.report


def _downstream(population: Population, args: argparse.Namespace) -> DownstreamResult | None:
    if not args.downstream:
        return None
    from napari_udt.population.downstream import run_downstream
    from napari_udt.population.downstream_choices import Choices

    line = ProgressLine("downstream test")
    choices = Choices(seeds=tuple(range(args.seeds)), per_class=args.per_class or 0)
    result = run_downstream(population, choices, line)
    line.clear()
    return result


def _measured(
    population: Population, models: Sequence[TransferModel], args: argparse.Namespace
) -> MeasureTable:
    from napari_udt.population.measures import MeasureOptions, measure
    from napari_udt.population.model_judge import ModelJudge

    line = ProgressLine("measures")
    judge = ModelJudge({model.spec.name: model for model in models})
    options = MeasureOptions(normalisation=args.normalisation, resamples=args.resamples, judge=judge)
    table = measure(population, options, line)
    line.clear()
    return table


def _population(args: argparse.Namespace) -> tuple[Population, list[TransferModel]]:
    """Open the cubes, transfer the simulated ones, and gather all of them."""
    from napari_udt.io import open_cube
    from napari_udt.population.groups import population_of_cubes

    cubes = [(_part(cube, path), cube) for path, cube in ((path, open_cube(path)) for path in args.cubes)]
    parts = [part for part, _ in cubes]
    if "real" not in parts or len(set(parts)) == 1:
        raise EvaluationError(
            f"Found {', '.join(parts)} cubes; a comparison needs a real (or second-domain) cube and another one: add it to --cubes."
        )
    models, moved = [], []
    reference = next(cube for part, cube in reversed(cubes) if part == "real")
    for name in args.model:
        model, results = _transferred(
            [cube for part, cube in cubes if part == "simulated"], name, reference, args
        )
        models += [model] if model else []
        moved += [("transferred", cube) for cube in results]
    named = [(cube.name, part, cube) for part, cube in [*cubes, *moved]]
    return population_of_cubes(_distinct(named)), models  # type: ignore[arg-type]


def _part(cube: SpectralCube, path: Path) -> Part:
    if cube.domain not in _PARTS:
        raise EvaluationError(
            f"{path}: its domain is {cube.domain}; state it when converting: napari-udt convert {path.name} OUT --domain simulated."
        )
    return _PARTS[cube.domain]


def _transferred(
    cubes: Sequence[SpectralCube], name: str, reference: SpectralCube, args: argparse.Namespace
) -> tuple[TransferModel | None, list[SpectralCube]]:
    from napari_udt.inference import transfer
    from napari_udt.inference.baselines import is_baseline
    from napari_udt.models import load_model

    if not cubes:
        raise EvaluationError(
            "There is no simulated cube to transfer: add one to --cubes, or leave --model out."
        )
    results, line = [], ProgressLine(name)
    model = None if is_baseline(name) else load_model(name)
    for cube in cubes:
        if model is None:
            results.append(transfer(cube, name, progress=line, reference=reference))
        else:
            results.append(transfer(cube, model, device=args.device, progress=line))
    line.clear()
    return model, results


def _distinct(named: Sequence[tuple[str, str, SpectralCube]]) -> list[tuple[str, str, SpectralCube]]:
    """Give names that occur twice a number."""
    seen: dict[str, int] = {}
    found = []
    for name, part, cube in named:
        seen[name] = seen.get(name, 0) + 1
        found.append((name if seen[name] == 1 else f"{name} ({seen[name]})", part, cube))
    return found


def _text(table: MeasureTable) -> str:
    """Means over structures, for the terminal."""
    from napari_udt.evaluation.markdown_table import table as aligned
    from napari_udt.population.report.sheets import overview

    sheet = overview(table)
    rows = zip(*([cell.text for cell in row] for row in sheet.rows), strict=True)  # measures below each other
    lines = [[column.title, *cells] for column, cells in zip(sheet.columns, rows, strict=True)]
    return "\n".join([aligned(lines[0], lines[1:]), *sheet.notes])


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a number of resamples")
    return int(text)
