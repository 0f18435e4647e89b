"""Figures of the viewer's speed: repeated timings beside a baseline, as JSON and as a table. No Qt."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from napari_udt.inference.devices import processor_name

_WARM_UP = 3


@dataclass(frozen=True)
class Figure:
    """One measured case.

    Parameters
    ----------
    case, baseline : str
        What was timed, and what in turn with it ("" for nothing).
    repeats : int
    median_ms, p95_ms, p99_ms : float
        Of the wall clock.
    cpu_ms : float
        Median processor time of this process, all threads: what the wall clock would show on an idle machine, if
        nothing waits.
    goal_ms, goal_p95_ms : float, optional
    baseline_ms : float, optional
        Median of the baseline.
    goal_of : str
        Which figure ``goal_ms`` is for: "median_ms" or "p99_ms".
    """

    case: str
    repeats: int
    median_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float
    baseline: str = ""
    baseline_ms: float | None = None
    goal_ms: float | None = None
    goal_p95_ms: float | None = None
    goal_of: str = "median_ms"

    @property
    def ratio(self) -> float | None:
        """Median over the baseline's."""
        return self.median_ms / self.baseline_ms if self.baseline_ms else None

    @property
    def met(self) -> bool | None:
        """Whether all goals were reached; None where there is none."""
        if self.goal_ms is None:
            return None
        most_p95 = np.inf if self.goal_p95_ms is None else self.goal_p95_ms
        return bool(getattr(self, self.goal_of) <= self.goal_ms and self.p95_ms <= most_p95)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def in_turn(
    case: str,
    work: Callable[[int], object],
    repeats: int,
    *,
    after: Callable[[], object] | None = None,
    baseline: tuple[str, Callable[[int], object]] | None = None,
    **goals: Any,
) -> Figure:
    """Time ``work(i)`` and a baseline A B A B ... after some runs that do not count.

    Work that goes on beyond what is measured returns the seconds that count. ``after`` is called after each run of the
    work, outside of the time that counts.
    """
    walls, processors, others = [], [], []
    for index in range(-_WARM_UP, repeats):
        wall, processor = _timed(work, index)
        if after is not None:
            after()
        other = _timed(baseline[1], index)[0] if baseline else 0.0
        if index >= 0:
            walls.append(wall)
            processors.append(processor)
            others.append(other)
    name, other_ms = (baseline[0], 1e3 * float(np.median(others))) if baseline else ("", None)
    return of_seconds(
        case, walls, cpu_ms=1e3 * float(np.median(processors)), baseline=name, baseline_ms=other_ms, **goals
    )


def of_seconds(case: str, seconds: Sequence[float], **fields: Any) -> Figure:
    """Return the figures of repeated runs."""
    middle, p95, p99 = (1e3 * float(v) for v in np.percentile(seconds, (50, 95, 99)))
    return Figure(case, len(seconds), middle, p95, p99, **{"cpu_ms": float("nan"), **fields})


def _timed(work: Callable[[int], object], index: int) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    seconds = work(index)
    whole = time.perf_counter() - wall
    return seconds if isinstance(seconds, float) else whole, time.process_time() - processor


def machine_info() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, load, versions."""
    from importlib.metadata import version

    packages = ("napari", "pyqtgraph", "numpy")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "load_of_the_last_minute": round(load, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


HEADER = ("case", "repeats", "median", "p95", "p99", "processor", "goal", "met", "baseline", "ratio")


def row(figure: Figure) -> tuple[str, ...]:
    """Return the cells of one line of the table."""
    return (
        figure.case,
        str(figure.repeats),
        *(_ms(v) for v in (figure.median_ms, figure.p95_ms, figure.p99_ms, figure.cpu_ms)),
        _goal(figure),
        {True: "yes", False: "no", None: ""}[figure.met],
        "" if figure.baseline_ms is None else f"{figure.baseline} {_ms(figure.baseline_ms)}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
    )


def _goal(figure: Figure) -> str:
    if figure.goal_ms is None:
        return ""
    which = "p99 " if figure.goal_of == "p99_ms" else ""
    second = "" if figure.goal_p95_ms is None else f", p95 {figure.goal_p95_ms:.0f}"
    return f"{which}{figure.goal_ms:.0f}{second} ms"


def _ms(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.1f} ms"
