"""Kill writers at random moments, many times, and look at what they leave: ``python tests/tools/random_kills.py 100 [SEED]``.

Each writer of ``tests/test_kills.py``, with ``collect``, ``stats`` and what ``evaluate`` writes, and the report of a population, runs in a process of its own that is killed after a random
part of the time that it takes. Then nothing half may stand under a file's own name, and the next run must do all and clean up. Ends
with status 1 where that is not so.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [
    str(HERE.parents[1]),
    str(HERE.parent),
    str(HERE.parents[1] / "inference"),
    str(HERE.parents[2]),
]


def main(count: int, seed: int) -> int:
    """Kill so many times; print what was found, and return the number of faults."""
    from write_faults import tree

    from napari_udt.files import leftovers
    from napari_udt.files.leftovers import SUFFIX

    rng, faults, killed = random.Random(seed), 0, Counter[str]()
    with tempfile.TemporaryDirectory() as above:
        os.environ["NAPARI_UDT_MODELS"] = str(Path(above) / "out")
        writers = _writers(Path(above))
        whole, seconds = {}, {}
        for name, write in writers.items():
            folder = _fresh(above)
            write(folder)  # what it needs is made, and imported
            folder = _fresh(above)
            start = time.perf_counter()
            write(folder)
            seconds[name] = time.perf_counter() - start
            whole[name] = {path: len(content) for path, content in tree(folder).items()}
        for number in range(count):
            name = rng.choice(list(writers))
            folder = _fresh(above)
            if not _killed(
                lambda name=name, folder=folder: writers[name](folder), rng.uniform(0, 1.2) * seconds[name]
            ):
                killed["ended before"] += 1
            killed[name] += 1
            left = {path: len(content) for path, content in tree(folder).items() if SUFFIX not in path}
            leftovers._looked.clear()  # as in another process
            writers[name](folder)
            done = {path: len(content) for path, content in tree(folder).items()}
            extra = {
                path for path in set(done) - set(whole[name]) if name != "session" or path != "work 2.udt.h5"
            }
            half = [path for path, size in left.items() if not _is_whole(whole[name].get(path), size, name)]
            if half or extra or set(whole[name]) - set(done):
                faults += 1
                print(
                    f"{number}: {name}: half {half}, left over {sorted(extra)}, kept {sorted(done)}",
                    flush=True,
                )
    print(f"seed {seed}: {count} kills, {faults} faults; {dict(killed)}")
    return faults


def _is_whole(expected: int | None, size: int, name: str) -> bool:
    return size == expected or (
        name == "report" and expected is not None and abs(size - expected) < 0.01 * expected
    )


def _fresh(above: str) -> Path:
    import shutil

    folder = Path(above) / "out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _killed(work: Callable[[], object], after_s: float) -> bool:
    """Do some work in a copy of this process that is killed after some time; return whether it was still at work."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the commands' own lines
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _writers(folder: Path) -> dict[str, Callable[[Path], object]]:
    import numpy as np
    from test_kills import ALL

    from napari_udt import SpectralCube
    from napari_udt.population.groups import population_of_cubes
    from napari_udt.population.measures import MeasureOptions
    from napari_udt.population.report import ReportOptions, write_report

    rng, labels = np.random.default_rng(0), np.repeat(np.arange(2), 6)[:, None].repeat(8, 1)
    parts = [
        (
            part,
            part,
            SpectralCube(
                rng.random((12, 8, 8), dtype=np.float32),
                np.linspace(500, 640, 8),
                "HSI",
                name=part,
                labels=labels,
                label_names={0: "skin", 1: "liver"},
            ),
        )
        for part in ("simulated", "transferred", "real")
    ]
    population = population_of_cubes(parts)
    options = ReportOptions(
        measures=MeasureOptions(resamples=5, permutations=19, measures=("mae",)), structures=("liver",)
    )
    return {**ALL, "report": lambda out: write_report(population, out / "report.html", options)}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0) > 0)
