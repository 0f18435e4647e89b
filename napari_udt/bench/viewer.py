"""``napari-udt bench --viewer``: how soon a click is painted, how well curves follow the mouse, and the rest.

Cases "dock alone" run without napari's canvas: where OpenGL is drawn by the processor, the canvas takes most of
the time of the others. Clicks on the canvas count from the button's release, on which a pin is set; one case lets the
release follow the press at once, and counts napari's answer to the press as well.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from napari_udt.bench.viewer_figures import HEADER, Figure, in_turn, machine_info, of_seconds, row

PICTURE, REPEATS = (480, 640), 40
QUICK_PICTURE, QUICK_REPEATS = (120, 160), 10
_REST_S = 3.0
_CLICK_GOALS = {"goal_ms": 33.0, "goal_p95_ms": 60.0}
_CLICKS = {
    "click to painted curves, three domains with bands, with canvas": {},
    "press and release at once to painted curves, with canvas": {"held": False},
    "click to painted curves and dot, with canvas": {"dot": True},
}


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the machine and all figures, JSON-ready; needs a display.

    With ``quick``, three cubes of 120 x 160 pixels and 10 repeats instead of 480 x 640 and 40.
    """
    from qtpy.QtWidgets import QApplication

    picture, repeats = (QUICK_PICTURE, QUICK_REPEATS) if quick else (PICTURE, REPEATS)
    application = QApplication.instance() or QApplication([])
    from napari_udt.bench import viewer_scene

    cubes = viewer_scene.cubes(picture)
    figures: list[Figure] = []
    machine = machine_info()
    series = partial(_of_a_series, quick=quick)
    for part in (_statistics, _dock_alone, _with_canvas, _many, series):
        for figure in part(cubes, repeats):
            print(f"{figure.case}: {figure.median_ms:.1f} ms", file=sys.stderr, flush=True)
            figures.append(figure)
    del application
    return {
        "machine": {**machine, "opengl": _renderer()},
        "cube": [*picture, cubes[0].shape[2]],
        "results": [f.to_dict() for f in figures],
    }


def _statistics(cubes: Any, repeats: int) -> Iterator[Figure]:
    """Mean and standard deviation of all structures, normalised, beside one loop over the classes in numpy."""
    from napari_udt.bench.viewer_scene import CLASSES
    from napari_udt.spectral.transforms import Transform
    from napari_udt.viewer.state.statistics import StructureStatistics

    cube = cubes[0]

    def ours(_: int) -> None:
        statistics = StructureStatistics()
        for label in range(CLASSES):
            statistics.get(cube, label, Transform("l2"), "mean", "std")

    def plain(_: int) -> None:
        spectra = cube.data / np.linalg.norm(cube.data, axis=-1, keepdims=True)
        for label in range(CLASSES):
            chosen = spectra[cube.labels == label]
            chosen.mean(axis=0), chosen.std(axis=0)

    yield in_turn(
        f"statistics of {CLASSES} structures (in the worker's thread)", ours, repeats,
        baseline=("plain numpy", plain), goal_ms=150.0,
    )  # fmt: skip


def _dock_alone(cubes: Any, repeats: int) -> Iterator[Figure]:
    from napari_udt.bench import viewer_scene as scene
    from napari_udt.bench.viewer_scene import PaintCounter, dock_alone, painted
    from napari_udt.viewer.state.session import Session

    session = Session()
    for cube in cubes:
        session.add(cube)
    session.set_options(window=3)
    dock = dock_alone(session)
    places = scene.places(cubes[0].shape)

    def click(index: int) -> None:
        session.set_cursor(places[index % len(places)])
        session.pin(places[index % len(places)])
        painted(dock)

    try:
        yield in_turn(
            "click to painted curves, three domains with bands, dock alone", click, repeats,
            after=session.unpin, baseline=("plain pyqtgraph", _plain_plot()), **_CLICK_GOALS,
        )  # fmt: skip
        counter = PaintCounter(scene.plot_of(dock))
        yield scene.hover("hover, dock alone", lambda i: session.set_cursor(places[i % len(places)]), counter)
        for pixel in places[:50]:
            session.pin(pixel)
        painted(dock)
        yield scene.hover(
            "hover with 50 pins, dock alone", lambda i: session.set_cursor(places[-1 - i % 99]), counter
        )
    finally:
        dock.close()
        dock.deleteLater()


def _with_canvas(cubes: Any, repeats: int) -> Iterator[Figure]:
    from napari_udt.bench import viewer_scene as scene

    with scene.open_window() as window:
        context = window.context
        scene.painted(window.spectra)
        canvas = scene.canvas_of(window)
        for cube in cubes:
            context.session.add(cube)
        context.session.set_options(window=3)
        scene.painted(window.spectra)
        redraw = ("canvas alone", lambda _: scene.redraw(window))
        points = [scene.point_of(window, place) for place in scene.places(cubes[0].shape)]
        scene.click(window, points[-1])  # a first pin makes a layer of its own
        scene.settled(window)
        for case, how in _CLICKS.items():
            yield in_turn(
                case, _clicker(window, points, **how), repeats,
                after=lambda: _without_last_pin(window), baseline=redraw, **_CLICK_GOALS,
            )  # fmt: skip
        counter = scene.PaintCounter(scene.plot_of(window.spectra))
        yield scene.hover("hover, with canvas", scene.mover(canvas, points), counter)
        yield _arrival(window, cubes, repeats, redraw)
        yield from _side_by_side(window, repeats, redraw)
        yield from _gaps(window, cubes[0])


def _of_a_series(_cubes: Any, repeats: int, *, quick: bool) -> Iterator[Figure]:
    from napari_udt.bench import viewer_series
    from napari_udt.bench.viewer_scene import open_window

    with open_window() as window:
        yield from viewer_series.figures(window, repeats, quick=quick)


def _many(cubes: Any, repeats: int) -> Iterator[Figure]:
    from napari_udt.bench import viewer_many
    from napari_udt.bench.viewer_scene import open_window

    count = viewer_many.COUNT if repeats == REPEATS else QUICK_REPEATS
    with open_window() as window:
        yield from viewer_many.figures(window, viewer_many.many_cubes(count))


def _clicker(window: Any, points: list[Any], **how: bool) -> Callable[[int], float]:
    from napari_udt.bench import viewer_scene as scene

    return lambda index: scene.click(window, points[index % (len(points) - 1)], **how)


def _without_last_pin(window: Any) -> None:
    from napari_udt.bench.viewer_scene import settled

    settled(window)
    session = window.context.session
    session.unpin(session.pins[-1].number)
    settled(window)


def _arrival(window: Any, cubes: Any, repeats: int, baseline: Any) -> Figure:
    from napari_udt.bench.viewer_scene import painted

    session = window.context.session

    def arrive(_: int) -> None:
        session.add(cubes[1], key="new")
        painted(window.spectra)

    def leave() -> None:
        session.remove("new")
        painted(window.spectra)

    return in_turn("a cube in memory arrives", arrive, repeats, after=leave, baseline=baseline)


def _side_by_side(window: Any, repeats: int, baseline: Any) -> Iterator[Figure]:
    from napari_udt.bench.viewer_scene import painted

    def arrange(active: bool) -> None:
        window.context.side_by_side.set_active(active)
        painted(window.spectra)

    yield in_turn(
        "side by side", lambda _: arrange(True), repeats, after=lambda: arrange(False), baseline=baseline
    )
    arrange(True)
    yield in_turn(
        "stacked again", lambda _: arrange(False), repeats, after=lambda: arrange(True), baseline=baseline
    )
    arrange(False)


def _gaps(window: Any, cube: Any) -> Iterator[Figure]:
    """Gaps of the event loop during a transfer by the bundled model, and as long at rest."""
    from napari_udt.bench.viewer_scene import GapProbe, live_until

    if not window.transfer.run_button.enabled:
        return
    window.transfer.source.value = cube.name
    rest = GapProbe()
    end = time.perf_counter() + _REST_S
    with rest.running():
        live_until(lambda: time.perf_counter() > end)
    probe = GapProbe()
    with probe.running():
        window.transfer.run_button.native.click()
        live_until(lambda: not window.transfer.running)
    yield of_seconds(
        "gaps between events during a transfer", probe.gaps, goal_ms=60.0, goal_of="p99_ms",
        baseline="at rest, p50", baseline_ms=1e3 * float(np.median(rest.gaps)),
    )  # fmt: skip
    yield of_seconds("gaps between events at rest", rest.gaps)


def _plain_plot() -> Callable[[int], None]:
    """Return a function that draws three curves with bands by pyqtgraph alone, in a plot of the dock's size."""
    import pyqtgraph as pg
    from qtpy.QtWidgets import QApplication

    plot = pg.PlotWidget()
    plot.resize(508, 420)
    wavelengths = np.linspace(500, 1000, 100)
    curves = [pg.PlotCurveItem(antialias=True) for _ in range(9)]
    for curve in curves:
        plot.addItem(curve)
    for lower, upper in zip(curves[::3], curves[1::3], strict=True):
        plot.addItem(pg.FillBetweenItem(lower, upper, brush=(80, 80, 200, 70)))
    plot.show()
    rng = np.random.default_rng(2)

    def draw(_: int) -> None:
        for curve in curves:
            curve.setData(wavelengths, rng.random(100))
        plot.repaint()
        for _ in range(3):  # keep these events out of the next measurement
            QApplication.processEvents()

    return draw


def _renderer() -> str:
    """Return what draws OpenGL; "llvmpipe" is the processor."""
    try:
        from vispy.gloo import gl

        return str(gl.glGetParameter(gl.GL_RENDERER))
    except Exception:  # informative only
        return "unknown"


def as_text(found: dict[str, Any]) -> str:
    """Return what `measure` found as a table."""
    from napari_udt.bench.text import format_table

    figures = [
        Figure(**{k: v for k, v in each.items() if k not in ("ratio", "met")}) for each in found["results"]
    ]
    machine = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found["machine"].items())
    size = " x ".join(map(str, found["cube"]))
    return f"Viewer on {machine}; three cubes of {size} in memory.\n\n{format_table([HEADER, *map(row, figures)])}"
