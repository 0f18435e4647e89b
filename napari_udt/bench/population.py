"""``napari-udt bench --population``: seconds of the population's figures and measures on 300,000 spectra.

The intervals of the bootstrap and the classifier, which the goal leaves out, are not timed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from napari_udt.bench.viewer_figures import machine_info
from napari_udt.population.groups import Group, Part, Population

SPECTRA = 300_000
QUICK_SPECTRA = 30_000
_CHANNELS, _CLASSES = 100, 10
GOAL_S = 5.0
_LEFT_OUT = ("classifier", "two_sample_auc")


def measure(spectra: int = SPECTRA, repeats: int = 3) -> dict[str, Any]:
    """Return the machine, median seconds (wall clock, processor) of each figure and measure, and their sum."""
    scene = population(spectra)
    runs = []
    for number in range(repeats):
        print(f"run {number + 1} of {repeats} ...", file=sys.stderr, flush=True)
        runs.append(_timed(scene))
    medians = {name: _medians([run[name] for run in runs]) for name in runs[0]}
    return {
        "machine": machine_info(),
        "spectra": spectra,
        "channels": _CHANNELS,
        "groups": len(scene.groups),
        "classes": _CLASSES,
        "repeats": repeats,
        "seconds": medians,
        "total_s": sum(wall for name, (wall, _) in medians.items() if not name.startswith(_WORK)),
        "processor_s": sum(cpu or 0.0 for name, (_, cpu) in medians.items() if not name.startswith(_WORK)),
        "goal_s": GOAL_S,
    }


_WORK = "  of which "
_Times = tuple[float, float | None]  # by the clock on the wall, of the processor


def _timed(scene: Population) -> dict[str, _Times]:
    from napari_udt.population.bands import bands
    from napari_udt.population.components import components
    from napari_udt.population.differences import differences
    from napari_udt.population.measures import CATALOGUE, MeasureOptions, MeasureTable
    from napari_udt.population.measures import measure as measure_population
    from napari_udt.population.oxygenation import oxygenations
    from napari_udt.population.summary import summary

    keys = tuple(key for key in CATALOGUE if key not in _LEFT_OUT)
    options = MeasureOptions(measures=keys, resamples=0)
    tables: list[MeasureTable] = []
    works: dict[str, Callable[[], object]] = {
        "data summary": lambda: summary(scene),
        "Fig. 5a, one structure": lambda: components(scene, 0),
        "Fig. 5b, one structure": lambda: differences(scene, 0),
        "Fig. 6, all structures": lambda: bands(scene),
        "oxygen saturation, one structure": lambda: oxygenations(scene, 0),
        "all measures": lambda: tables.append(measure_population(scene, options)),
    }
    found: dict[str, _Times] = {name: _seconds(work) for name, work in works.items()}
    families = tables[0].seconds
    return found | {_WORK + name: (seconds, None) for name, seconds in families.items() if seconds > 1e-3}


def _medians(times: Sequence[_Times]) -> _Times:
    wall, cpu = zip(*times, strict=True)
    return float(np.median(wall)), None if None in cpu else float(np.median(cpu))


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock on the wall and of all the processor's cores."""
    started, began = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - began


def population(spectra: int, seed: int = 0) -> Population:
    """Make a population of three groups: smooth random spectra around a centre per class."""
    rng = np.random.default_rng(seed)
    nm = np.linspace(500, 1000, _CHANNELS)
    centres = 0.5 + 0.3 * np.sin(nm / (60 + 5 * np.arange(_CLASSES)[:, None]))
    shapes = 0.01 * rng.standard_normal((8, _CHANNELS)).cumsum(axis=1)

    def group(name: str, part: Part, offset: float) -> Group:
        count = spectra // 3
        labels = rng.integers(_CLASSES, size=count).astype(np.int16)
        drawn = centres[labels] + offset + rng.standard_normal((count, 8)) @ shapes
        noisy = drawn + 0.01 * rng.standard_normal((count, _CHANNELS))
        return Group(name, part, "random numbers", noisy.astype(np.float32), labels, total=count)

    groups = group("A", "simulated", 0.05), group("B", "transferred", 0.01), group("C", "real", 0.0)
    return Population("HSI", nm, tuple(f"class {i}" for i in range(_CLASSES)), groups)


def as_text(found: dict[str, Any]) -> str:
    """Return what `measure` found as a table."""
    from napari_udt.bench.text import format_table

    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    rows = [("figure or measure", "seconds", "processor seconds")]
    rows += [
        (name, f"{wall:.2f}", f"{cpu:.2f}" if cpu is not None else "")
        for name, (wall, cpu) in found["seconds"].items()
    ]
    verdict = "met" if found["total_s"] < found["goal_s"] else "missed"
    return "\n\n".join(
        [
            f"{found['spectra']:,} spectra of {found['channels']} channels in {found['groups']} groups and "
            f"{found['classes']} classes; medians of {found['repeats']} runs.\n{machine}",
            format_table(rows),
            f"together {found['total_s']:.2f} s ({found['processor_s']:.2f} s of the processor); goal {found['goal_s']:g} s: "
            f"{verdict}. Without bootstrap and classifier; seconds within the measures are the sum over threads.",
        ]
    )
