"""``napari-udt collect``: list cubes of any format in a collection."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from napari_udt.cli.exit_codes import SOME_FAILED, SUCCESS
from napari_udt.cli.metadata_arguments import add_names_argument, wavelengths_argument
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.cube import DOMAINS
from napari_udt.errors import CollectionError
from napari_udt.outgoing_text import one_line, printable
from napari_udt.wording import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "paths", nargs="+", type=Path, help="files, folders (with all below them) and collections"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="C.udt-collection.toml",
        help="the collection to be written",
    )
    parser.add_argument("--domain", choices=DOMAINS, help="of all cubes; by default what their files say")
    parser.add_argument(
        "--subject-from",
        default="file",
        metavar="RULE",
        help="whom a cube shows: file (each another), folder (its name), pattern:REGEX (first group, in the path), or "
        "metadata:KEY (default: file)",
    )
    parser.add_argument(
        "--table",
        type=Path,
        metavar="CSV",
        help="table with the column file and any of subject, domain, split (train, test)",
    )
    add_names_argument(parser)
    parser.add_argument(
        "--wavelengths",
        type=wavelengths_argument,
        metavar="NM",
        help="of files that lack them: 700,710,720 or 500-1000",
    )
    parser.add_argument("--from-nm", type=float, metavar="NM", help="leave shorter wavelengths out")
    parser.add_argument("--to-nm", type=float, metavar="NM", help="leave longer wavelengths out")
    parser.add_argument(
        "--preprocess",
        action="append",
        default=[],
        metavar="STEP",
        help="for statistics, in this order: savitzky_golay[:window=7:degree=2:derivative=0], snv, continuum_removal, l1, l2, max",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing collection")


def run(args: argparse.Namespace) -> int:
    """Write the collection and say what is in it; return 3 when some files were left out.

    Raises
    ------
    CollectionError
        When no cube opens, or they do not belong together.
    """
    from napari_udt.collection import save_collection
    from napari_udt.collection.doubts import doubts
    from napari_udt.collection.gather import collection_by
    from napari_udt.collection.inspecting import Rules, inspect
    from napari_udt.collection.preprocessing import parse_step

    if args.output.exists() and not args.overwrite:
        raise CollectionError(
            f"{args.output}: the file exists; choose another name, or replace it (--overwrite)."
        )
    line = ProgressLine("opening")
    rules = Rules(
        domain=args.domain,
        subject_from=args.subject_from,
        table=args.table,
        structures=dict(args.map),
        wavelengths=args.wavelengths,
        low_nm=args.from_nm,
        high_nm=args.to_nm,
        preprocessing=[parse_step(text) for text in args.preprocess],
    )
    found = inspect(args.paths, rules, line)
    line.clear()
    collection = collection_by(rules, found)
    save_collection(collection, args.output)
    domains = Counter(member.domain for member in collection.members)
    subjects = {member.who for member in collection.members}
    grid = collection.wavelengths_nm
    print(
        printable(str(args.output))
        + f": {counted(len(collection.members), 'cube')} of {counted(len(subjects), 'subject')} "
        f"({', '.join(f'{count} {name}' for name, count in domains.items())}), {collection.modality}, {len(grid)} common "
        f"wavelengths {grid[0]:g}-{grid[-1]:g} nm"
    )
    for doubt in doubts(found.cubes, collection.structures):
        print(one_line(f"napari-udt: {doubt}"), file=sys.stderr)
    problems = [cube.problem for cube in found.cubes if cube.problem]
    for problem in problems:
        print(one_line(f"napari-udt: left out: {problem}"), file=sys.stderr)
    return SOME_FAILED if problems else SUCCESS
