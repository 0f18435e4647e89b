"""The viewer's benchmark on a time series that stays in its file: mouse, steps of the slider, memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from napari_udt.bench.viewer_figures import Figure, in_turn, of_seconds
from napari_udt.cube import SpectralCube
from napari_udt.series import Series

FRAMES, PICTURE, CHANNELS = 200, (256, 256), 16
QUICK_FRAMES, QUICK_PICTURE = 30, (96, 128)
_STEP_S = 0.1
_CLASSES = 6
_PATIENCE_S = 30.0
_MEGABYTE = 1e6


def recording(frames: int, picture: tuple[int, int]) -> SpectralCube:
    """Return the first frame of a photoacoustic scan with structures, each frame made when it is asked for."""
    rng = np.random.default_rng(3)
    base = rng.random((*picture, CHANNELS), dtype=np.float32)
    labels = (np.arange(picture[1]) * _CLASSES // picture[1])[np.newaxis].repeat(picture[0], axis=0)

    def frame(index: int) -> SpectralCube:
        data: NDArray[np.float32] = base * np.float32(1 + 0.5 * np.sin(0.3 * index))
        return SpectralCube(
            data,
            np.linspace(700.0, 850.0, CHANNELS),
            "PAT",
            "simulated",
            labels=labels,
            label_names={number: f"structure {number}" for number in range(_CLASSES)},
            pixel_size_mm=(0.1, 0.1),
            name="scan",
            series=series,
            place=index,
        )

    series = Series("time", frames, frame, _STEP_S * np.arange(frames, dtype=np.float64))
    return series[0]


def figures(window: Any, repeats: int, *, quick: bool) -> Iterator[Figure]:
    """Measure in a window without open cubes."""
    from napari_udt.io import open_cube, save_cube

    frames, picture = (QUICK_FRAMES, QUICK_PICTURE) if quick else (FRAMES, PICTURE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.udt.h5"
        save_cube(recording(frames, picture), path)
        window.context.session.add(open_cube(path, memory_limit_mb=0), key="simulated")
        try:
            yield from _measured(window, repeats, frames, picture)
        finally:
            window.context.session.remove("simulated")


def _measured(window: Any, repeats: int, frames: int, picture: tuple[int, int]) -> Iterator[Figure]:
    from napari_udt.bench import viewer_scene as scene

    session, canvas = window.context.session, scene.canvas_of(window)
    scene.painted(window.spectra)
    places = scene.places((*picture, CHANNELS))
    points = [scene.point_of(window, place) for place in places]
    plot = scene.plot_of(window.spectra)
    where = f"{frames} frames of {picture[0]} x {picture[1]} x {CHANNELS} in a file"
    yield scene.hover(f"hover, {where}", scene.mover(canvas, points), scene.PaintCounter(plot))
    session.set_options(hover=False)
    session.pin(places[0])
    scene.settled(window)

    def step(index: int) -> float:
        """Go to another frame; return the seconds until its picture and the pin's curve are on the screen."""
        wanted, dock = 7 * index % frames, window.spectra
        paintings = scene.PaintCounter(
            plot, lambda: any(curve.entry.cube.place == wanted for curve in dock.curves.curves)
        )
        start = time.perf_counter()
        session.set_position(_STEP_S * wanted)
        scene.live_until(lambda: paintings.first_s is not None, _PATIENCE_S)
        end, paintings.first_s = paintings.first_s or time.perf_counter(), None
        paintings.deleteLater()
        return end - start

    yield in_turn(
        "step of the time slider, to the picture and a curve on the screen", step, repeats,
        baseline=("canvas alone", lambda _: scene.redraw(window)),
    )  # fmt: skip
    yield _memory(step, frames)


def _memory(step: Any, frames: int) -> Figure:
    """Run the slider over all frames; the case says what memory the process takes."""
    process, seconds, used = psutil.Process(), [], []
    for index in range(frames):
        seconds.append(step(index))
        used.append(process.memory_info().rss / _MEGABYTE)
    half = frames // 2
    grown = max(used[half:]) - max(used[:half])
    return of_seconds(
        f"{frames} further steps (memory {used[0]:.0f} MB after the first, {used[-1]:.0f} MB after the last, "
        f"{grown:+.0f} MB from one half to the other)",
        seconds,
    )
