"""The command ``napari-udt simulate``: data sets to train on, and the sample cubes."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from napari_udt.cli.exit_codes import INTERRUPTED, SUCCESS
from napari_udt.cube import SpectralCube
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import SimulationError
from napari_udt.files.writing import whole_set_or_nothing
from napari_udt.outgoing_text import printable
from napari_udt.samples import sample_folder, user_sample_folder
from napari_udt.simulation.parallel import Progress
from napari_udt.simulation.tables import Tables, find_tables

_SECONDS_BETWEEN_LINES = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "what",
        choices=("hsi", "pat", "components", "samples"),
        help="data set of a modality, simulated photoacoustic images with their components (skin, tissue, vessels), or sample cubes",
    )
    parser.add_argument(
        "--domain",
        choices=("simulated", "second"),
        help="simulated, or the target of the transfer: HSI drawn from measured statistics, PAT a digital device",
    )
    parser.add_argument(
        "--device",
        help="pat: ideal or band-limited (simulated domain), calibrated or first (target; first: what older models were "
        "trained for); default: ideal, calibrated",
    )
    parser.add_argument(
        "--n", type=_positive, help="tissues or images to simulate, or spectra to draw (hsi, pat)"
    )
    parser.add_argument(
        "--seed", type=_natural, default=1, help="the same seed gives the same data (default 1)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="file (hsi, pat), or folder whose samples are replaced (default: your own, from where the demo opens them)",
    )
    parser.add_argument("--jobs", type=_positive, default=1, help="processes to use (default 1)")
    parser.add_argument(
        "--tables",
        type=Path,
        help="folder with the measured tables that the package's own parameters were fitted to (default: the parameters)",
    )


def run(args: argparse.Namespace) -> int:
    """Make the data set or the sample cubes; return the exit status.

    Raises
    ------
    SimulationError
        When an argument or a measured table is missing, or the output exists already.
    """
    tables = find_tables(args.tables)
    if args.what == "samples":
        return _write_samples(args.output, tables, args.seed)
    if args.what == "components":
        args.domain = args.domain or "simulated"
    if args.domain is None or args.n is None or args.output is None:
        raise SimulationError(f"simulate {args.what} needs --domain, --n and -o; add what is missing.")
    if args.output.exists():
        raise SimulationError(f"{args.output}: the file exists; remove it or choose another name.")
    started = time.monotonic()
    parts = args.output.with_name(args.output.name + ".parts")
    try:
        dataset = _simulate(args, tables, parts)
    except KeyboardInterrupt:
        print(
            printable(f"Stopped; finished blocks stay in {parts}, the same command goes on from there."),
            file=sys.stderr,
        )
        return INTERRUPTED
    save_dataset(dataset, args.output)
    summary = _summary(dataset)
    del dataset  # its arrays are files in the folder, which Windows removes only when they are closed
    shutil.rmtree(parts, ignore_errors=True)  # the blocks are in the file now
    print(printable(f"{args.output}: {summary}; {time.monotonic() - started:.0f} s"))
    return SUCCESS


def _simulate(args: argparse.Namespace, tables: Tables, parts: Path) -> Dataset:
    progress = _progress_on_stderr()
    if args.what == "hsi":
        from napari_udt.simulation.hsi import simulate_hsi

        if args.device is not None:
            raise SimulationError("--device belongs to simulate pat; leave it out.")
        return simulate_hsi(args.domain, args.n, args.seed, tables, progress, args.jobs, parts)
    if args.what == "components":
        from napari_udt.simulation.pat_components import simulate_components

        if args.domain != "simulated" or args.device is not None:
            raise SimulationError(
                "simulate components knows the ideal device only; leave --domain and --device out."
            )
        return simulate_components(args.n, args.seed, tables, progress, args.jobs, parts)
    from napari_udt.simulation.pat import simulate_pat

    return simulate_pat(args.domain, args.n, args.seed, tables, progress, args.jobs, parts, args.device)


def _write_samples(folder: Path | None, tables: Tables, seed: int) -> int:
    """Write the four samples together; by default where they are opened from afterwards."""
    from napari_udt.io import save_cube
    from napari_udt.simulation.hsi_scene import make_hsi_samples
    from napari_udt.simulation.pat import make_pat_samples

    folder = folder or user_sample_folder()
    cubes: Iterable[SpectralCube] = (*make_hsi_samples(tables, seed), *make_pat_samples(tables, seed))
    with whole_set_or_nothing(folder, overwrite=True) as new:
        for cube in cubes:
            save_cube(cube, new / f"{cube.name}.udt.h5", compress=True)
    for cube in cubes:
        rows, columns, channels = cube.shape
        path = folder / f"{cube.name}.udt.h5"
        print(printable(f"{path}: {rows} x {columns} pixels, {channels} wavelengths, {cube.origin}"))
    print(f"`napari-udt demo` and File > Open Sample open the samples in {sample_folder()}.")
    return SUCCESS


def _progress_on_stderr() -> Progress:
    started = last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            print(f"{done} of {total} blocks, {now - started:.0f} s", file=sys.stderr, flush=True)

    return show


def _summary(dataset: Dataset) -> str:
    labels = dataset.labels[dataset.labels >= 0]
    counts = np.bincount(labels.ravel(), minlength=len(dataset.class_names))
    kinds = ", ".join(f"{name} {count}" for name, count in zip(dataset.class_names, counts, strict=True))
    unit = "spectra" if dataset.modality == "HSI" else "images"
    of = "" if dataset.modality == "HSI" else " (pixels)"
    return f"{len(dataset)} {unit}, {dataset.origin}; {kinds}{of}"


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0")
    return int(text)


def _positive(text: str) -> int:
    value = _natural(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value
