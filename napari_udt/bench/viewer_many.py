"""Sixty cubes in one window beside a single one: a step of the slider, one cube more, and all closed at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from napari_udt.bench.viewer_figures import Figure, of_seconds
from napari_udt.cube import SpectralCube

COUNT, SHAPE = 60, (128, 256, 16)
_STEPS = 12
_PAUSE_S = 0.001
_STEP_GOAL_MS, _CLOSING_GOAL_MS = 150.0, 2000.0


def many_cubes(count: int = COUNT, shape: tuple[int, int, int] = SHAPE) -> list[SpectralCube]:
    """Return photoacoustic cubes of random numbers with two structures, of all three domains in turn."""
    rng = np.random.default_rng(0)
    labels = np.zeros(shape[:2], np.int32)
    labels[shape[0] // 6 : shape[0] // 3, shape[1] // 8 : shape[1] // 3] = 1
    labels[shape[0] // 2 : -shape[0] // 4, shape[1] // 3 : shape[1] // 2] = 2
    return [
        SpectralCube(
            rng.random(shape, dtype=np.float32),
            np.linspace(700.0, 850.0, shape[2]),
            "PAT",
            domain=("simulated", "transferred", "second")[number % 3],
            origin="drawn from random numbers",
            name=f"cube {number}",
            pixel_size_mm=(0.15, 0.15),
            labels=labels,
            label_names={0: "coupling medium", 1: "vein", 2: "artery"},
        )
        for number in range(count)
    ]


def figures(window: Any, cubes: list[SpectralCube]) -> Iterator[Figure]:
    """Open, step and close in a window of its own; the baseline is the same with one cube, the figure the processor's time.

    Wall-clock and processor time are those of the window's thread, until everything is painted.
    """
    from napari_udt.viewer.state.session import entry_of

    session, entries = window.context.session, [entry_of(cube, None, None) for cube in cubes]
    opening_one = _painted(window, lambda: session.add_all(entries[:1]))
    one = [_painted(window, lambda k=k: _step(window, k)) for k in range(_STEPS)]  # type: ignore[misc]
    closing_one = _painted(window, lambda: session.remove(*[entry.key for entry in session]))
    opening = _painted(window, lambda: session.add_all(entries[:-1]))
    last = _painted(window, lambda: session.add_all(entries[-1:]))
    many = [_painted(window, lambda k=k: _step(window, k)) for k in range(_STEPS)]  # type: ignore[misc]
    closing = _painted(window, lambda: session.remove(*[entry.key for entry in session]))
    _painted(window, lambda: session.add_all(entries))
    deleting = _painted(window, lambda: _delete_all(window))
    count = len(cubes)
    yield _figure(f"{count - 1} cubes arrive together", [opening], [opening_one])
    yield _figure(f"cube {count} arrives", [last], [opening_one])
    yield _figure(f"step of the slider with {count} cubes", many, one, _STEP_GOAL_MS)
    yield _figure(f"{count} cubes are closed", [closing], [closing_one], _CLOSING_GOAL_MS)
    yield _figure(f"{count} cubes are selected in napari's list and deleted", [deleting], [closing_one])


def _figure(
    case: str,
    found: list[tuple[float, float]],
    alone: list[tuple[float, float]],
    goal_ms: float | None = None,
) -> Figure:
    return of_seconds(
        case,
        [wall for wall, _ in found],
        cpu_ms=1e3 * float(np.median([processor for _, processor in found])),
        baseline="with one cube",
        baseline_ms=1e3 * float(np.median([wall for wall, _ in alone])),
        goal_ms=goal_ms,
    )


def _delete_all(window: Any) -> None:
    """Do what a user does in napari's list of layers: choose all, press Delete."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from napari_udt.viewer.napari_adapter import viewer_widget

    widget = viewer_widget(window.viewer)
    assert widget is not None
    widget.layers.selectAll()
    QTest.keyClick(widget.layers, Qt.Key.Key_Delete)


def _step(window: Any, number: int) -> None:
    dims, session = window.viewer.dims, window.context.session
    wavelengths = next(iter(session)).cube.wavelengths_nm
    dims.set_point(dims.ndim - 3, float(wavelengths[number % len(wavelengths)]))


def _painted(window: Any, change: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of a change until all is painted: by the clock, and of the thread's processor time."""
    from qtpy.QtWidgets import QApplication

    from napari_udt.bench.viewer_scene import painted

    wall, processor = time.perf_counter(), time.thread_time()
    change()
    while window.spectra.busy:  # asking all the time would count as the window's work
        QApplication.processEvents()
        time.sleep(_PAUSE_S)
    painted(window.spectra)
    return time.perf_counter() - wall, time.thread_time() - processor
