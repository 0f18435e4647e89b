"""The pictures of the README and the docs, and how long opening, transfer and a click take, on the sample data.

``.ci/with-display --virtual .venv/bin/python tests/tools/screenshots.py docs/images`` makes them anew.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget

from napari_udt import open_cube
from napari_udt.bench.viewer_scene import screen_position
from napari_udt.samples import sample_path
from napari_udt.viewer.app import Window, open_window
from napari_udt.viewer.demo import (
    SAMPLES,
    example_pixels,
    open_samples,
    screenshot,
    settle,
    transfer,
    wait_for,
)
from napari_udt.viewer.napari_adapter import canvas_of, main_window
from napari_udt.viewer.population.widgets.dock import PopulationDock
from napari_udt.viewer.state.session import PixelRef

sys.path.insert(0, str(Path(__file__).parents[1] / "viewer" / "series"))


def take_all(out: Path) -> list[Path]:
    """Write the pictures of both modalities into a folder, print times, and return what was written."""
    start = time.perf_counter()
    window = open_window()
    try:
        settle(0.3)
        print(f"window after {time.perf_counter() - start:.1f} s", flush=True)
        pictures = [path for modality in SAMPLES for path in _show(window, modality, out)]
        return [*pictures, _show_kinetics(window, out)] if "pat" in SAMPLES else pictures
    finally:
        window.viewer.close()


def _show(window: Window, modality: str, out: Path) -> Iterator[Path]:
    session, side_by_side = window.context.session, window.context.side_by_side

    def picture(what: str) -> Path:
        screenshot(window, path := out / f"{modality}_{what}.png")
        return path

    open_samples(window, modality)
    if modality == "pat":
        yield picture("open")
    start = time.perf_counter()
    transfer(window)
    print(f"{modality}: transfer in {time.perf_counter() - start:.1f} s", flush=True)
    times = [_click(window, pixel) for pixel in example_pixels(window, modality)]
    print(f"{modality}: click to painted {', '.join(f'{1000 * t:.0f} ms' for t in times)}", flush=True)
    session.set_options(hover=False)  # the mouse rests on a pin, whose curves would be drawn twice
    yield picture("transfer")
    side_by_side.set_active(True)
    yield picture("side_by_side")
    if modality == "hsi":
        session.set_options(mode="structure")
        yield picture("structure")
        session.set_options(mode="pixel")
        session.unpin()
        with _population_in_front(window) as population:
            _brush(population)
            yield picture("population")
    session.set_options(hover=True)
    side_by_side.set_active(False)
    session.remove(*(entry.key for entry in session))


def _show_kinetics(window: Window, out: Path) -> Path:
    """Show the oxygen saturation of vessels during an occlusion that is made from the sample, before and after a transfer."""
    from kinetics import kinetics

    session = window.context.session
    session.add(kinetics(open_cube(sample_path("pat_simulated")))[0])
    session.add(kinetics(open_cube(sample_path("pat_second")))[0])
    window.transfer.frames.value = "all"
    transfer(window)
    session.set_options(mode="structure", structures=("vein",), over="oxygenation", hover=False)
    session.set_position(30.0)
    screenshot(window, path := out / "pat_kinetics.png")
    session.remove(*(entry.key for entry in session))
    session.set_options(mode="pixel", structures=(), over="wavelength", hover=True)
    return path


def _click(window: Window, pixel: PixelRef) -> float:
    """Click a pixel with the mouse; return the seconds until canvas and curves are painted."""
    canvas = canvas_of(window.viewer).native
    point = QPoint(*(round(v) for v in screen_position(window, pixel)))
    QTest.mouseMove(canvas, point)
    settle(0.2)
    pins, start = len(window.context.session.pins), time.perf_counter()
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    wait_for(lambda: len(window.context.session.pins) > pins)
    window.spectra.repaint()
    return time.perf_counter() - start


@contextmanager
def _population_in_front(window: Window) -> Iterator[PopulationDock]:
    """Raise the Population dock before the Spectra dock for a while."""
    main = main_window(window.viewer)
    docks = {dock.objectName(): dock for dock in main.findChildren(QDockWidget)}
    docks["Population"].raise_()
    settle(0.3)
    yield main.findChild(PopulationDock)
    docks["Spectra"].raise_()


def _brush(population: PopulationDock) -> None:
    """Show the components, and brush the spectra in the middle of their plot by the keyboard."""
    population.pages.turn_to("components")
    wait_for(lambda: not population.busy)
    QTest.keyClick(population.current.drawing(), Qt.Key.Key_Return)


def main() -> None:
    """Write the pictures into the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write the pictures")
    take_all(parser.parse_args().folder)


if __name__ == "__main__":
    main()
