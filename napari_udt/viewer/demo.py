"""The demo: open the samples, transfer by the dock's own button, pin pixels by the mouse, take pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_udt.errors import UdtError
from napari_udt.samples import SampleKey, sample_path
from napari_udt.viewer.app import Window, freeze_imported, open_window
from napari_udt.viewer.state.session import PixelRef

if TYPE_CHECKING:
    from napari_udt.cube import SpectralCube
    from napari_udt.viewer.population.widgets.dock import PopulationDock

_PATIENCE_S = 600.0


@dataclass(frozen=True)
class _Act:
    """What is shown of one modality: samples to open (the last is transferred), structures to pin, pictures."""

    samples: tuple[SampleKey, ...]
    telling: tuple[str, ...]
    pictures: tuple[str, ...]


_ACTS: dict[str, _Act] = {
    "hsi": _Act(
        ("hsi_second", "hsi_simulated"),
        ("liver", "colon", "small_bowel", "skin"),
        ("transfer", "side_by_side", "structure", "population"),
    ),
    "pat": _Act(
        ("pat_second", "pat_simulated"), ("artery", "vein", "muscle"), ("open", "transfer", "side_by_side")
    ),
}
_PINS = 2


def run_demo(out: Path = Path("demo-output"), interactive: bool = True) -> None:
    """Show both modalities from opening to structure statistics; leave screenshots and timings.

    Parameters
    ----------
    out : Path
        Folder for the screenshots.
    interactive : bool
        Leave the window open afterwards.

    Raises
    ------
    UdtError
        When a sample or a fitting model is missing, or a transfer fails.
    """
    import napari

    start = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    window = open_window()
    if interactive:
        freeze_imported(window)
    settle(0.3)
    print(f"window after {time.perf_counter() - start:.1f} s", flush=True)
    try:
        for modality in _ACTS:
            _show_modality(window, modality, out)
    except BaseException:
        window.viewer.close()
        raise
    print(f"screenshots are in {out.resolve()}", flush=True)
    if interactive:
        napari.run()
    else:
        window.viewer.close()


def _show_modality(window: Window, modality: str, out: Path) -> None:
    from napari_udt.io import open_cubes

    act, session, side_by_side = _ACTS[modality], window.context.session, window.context.side_by_side

    def picture(what: str) -> None:
        if what in act.pictures:
            _picture(window, out / f"{modality}_{what}.png")

    session.remove(*(entry.key for entry in session))
    entries = [session.add(cube) for key in act.samples for cube in open_cubes(sample_path(key))]
    source = entries[-1]
    picture("open")
    seconds = _transfer(window)
    print(f"{modality}: transfer of {source.key} in {seconds:.1f} s", flush=True)
    settle(0.5)
    times = [_click(window, pixel) for pixel in telling_pixels(source.key, source.cube, act.telling)]
    print(f"{modality}: click to painted {', '.join(f'{1000 * t:.0f} ms' for t in times)}", flush=True)
    session.set_options(hover=False)  # the mouse rests on a pin, whose curves would stand there twice
    picture("transfer")
    side_by_side.set_active(True)
    picture("side_by_side")
    session.set_options(mode="structure")
    picture("structure")
    session.set_options(mode="pixel", hover=True)
    session.unpin()
    if "population" in act.pictures:
        with population_in_front(window) as population:
            _brush(population)
            picture("population")
    side_by_side.set_active(False)


@contextmanager
def population_in_front(window: Window) -> Iterator[PopulationDock]:
    """Raise the Population dock before the Spectra dock for a while."""
    from qtpy.QtWidgets import QDockWidget

    from napari_udt.viewer.population.widgets.dock import PopulationDock

    main = window.viewer.window._qt_window
    docks = {dock.objectName(): dock for dock in main.findChildren(QDockWidget)}
    docks["Population"].raise_()
    settle(0.3)
    yield main.findChild(PopulationDock)
    docks["Spectra"].raise_()


def _brush(population: PopulationDock) -> None:
    """Show the components, and brush the spectra in the middle of their plot by the keyboard."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    population.pages.turn_to("components")
    wait_for(lambda: not population.busy)
    QTest.keyClick(population.current.drawing(), Qt.Key.Key_Return)


def telling_pixels(key: str, cube: SpectralCube, telling: Sequence[str]) -> list[PixelRef]:
    """Return pixels deep inside the first telling structures that a cube has, else its middle."""
    from scipy.ndimage import distance_transform_edt

    rows, columns, _ = cube.shape
    found = []
    names = {name.casefold(): number for number, name in cube.present_labels.items()}
    for number in [names[name] for name in telling if name in names][:_PINS]:
        depth = distance_transform_edt(np.pad(cube.labels == number, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        found.append(PixelRef(key, int(row), int(column)))
    return found or [PixelRef(key, rows // 2, columns // 2)]


def _transfer(window: Window) -> float:
    """Press the dock's button and wait for the result; return the seconds it took."""
    before, start = len(window.context.session), time.perf_counter()
    if not window.transfer.run_button.enabled:
        raise UdtError(f"The demo cannot transfer: {window.transfer.status.text()}")
    window.transfer.run_button.native.click()
    wait_for(lambda: not window.transfer.running)
    if len(window.context.session) != before + 1:
        raise UdtError(f"The demo's transfer failed: {window.transfer.status.text()}")
    return time.perf_counter() - start


def _click(window: Window, pixel: PixelRef) -> float:
    """Click a pixel with the mouse; return the seconds until canvas and curves are painted."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    canvas = window.viewer.window._qt_viewer.canvas
    point = QPoint(*(round(float(v)) for v in screen_position(window, pixel)))
    QTest.mouseMove(canvas.native, point)
    settle(0.2)
    pins, start = len(window.context.session.pins), time.perf_counter()
    QTest.mouseClick(canvas.native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
    wait_for(lambda: len(window.context.session.pins) > pins)
    window.spectra.repaint()
    return time.perf_counter() - start


def screen_position(window: Window, pixel: PixelRef) -> tuple[float, float]:
    """Return where a pixel lies on the canvas widget: x and y in its own coordinates."""
    canvas = window.viewer.window._qt_viewer.canvas
    image = window.context.adapter[pixel.key].image
    _, y, x = image.data_to_world((0, pixel.row, pixel.column))
    cell = window.context.side_by_side.cell_of(pixel.key)
    view = canvas.view if cell is None else canvas.grid[cell]
    mapped = (view.transform * view.scene.transform).map((x, y))
    return float(mapped[0]), float(mapped[1])


def _picture(window: Window, path: Path) -> None:
    settle(0.5)
    wait_for(lambda: not window.spectra.busy)
    settle(0.5)
    window.viewer.screenshot(str(path), canvas_only=False, flash=False)
    print(f"wrote {path}", flush=True)


def wait_for(done: Callable[[], Any]) -> None:
    """Let the window live until something has happened."""
    from qtpy.QtWidgets import QApplication

    deadline = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            raise UdtError(f"The demo waited {_PATIENCE_S:.0f} s in vain.")
        QApplication.processEvents()
        time.sleep(0.002)


def settle(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > end)
