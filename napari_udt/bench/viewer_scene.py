"""Scene of the viewer's benchmark: three cubes of a camera's size, a window, a dock alone, and probes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyqtgraph import PlotWidget
from qtpy.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_udt.bench.viewer_figures import Figure, of_seconds
from napari_udt.cube import SpectralCube
from napari_udt.viewer import napari_adapter
from napari_udt.viewer.app import Window, freeze_imported
from napari_udt.viewer.app import open_window as opened
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.spectra.widgets.plot import SpectraPlot
from napari_udt.viewer.state.session import PixelRef, Session

CUBE = (480, 640, 100)
CLASSES = 20
_WAVELENGTHS_NM = np.linspace(500.0, 1000.0, CUBE[2])
_NOISE = 0.01  # of the signal, as a camera's
_HOVER_S = 3.0
_MOUSE_HZ = 125  # what a mouse usually reports
_REST_S = 1.0  # after the first touch
_FEWEST_FRAMES, _LONGEST_S = 20, 60.0  # on a busy machine
_FRAME_GOAL_MS = 50.0  # 20 frames/s
_HELD_MS = 100  # between press and release; napari's answer to the press is over by then


def cubes(picture: tuple[int, int] = CUBE[:2]) -> tuple[SpectralCube, SpectralCube, SpectralCube]:
    """Return a simulated cube, one "transferred" from it, and one of a target: 20 classes, smooth noisy spectra."""
    labels = (np.arange(picture[1]) * CLASSES // picture[1])[np.newaxis].repeat(picture[0], axis=0)
    names = {i: f"structure {i}" for i in range(CLASSES)}
    rng = np.random.default_rng(0)
    base = {"labels": labels, "label_names": names, "quantity": "reflectance [1]"}

    def made(name: str, domain: str, **fields: Any) -> SpectralCube:
        data = _like_tissue(rng, picture)
        return SpectralCube(data, _WAVELENGTHS_NM, "HSI", domain=domain, name=name, **base, **fields)  # type: ignore[arg-type]

    provenance = {"source": {"name": "simulated"}, "model": {"name": "bench", "kind": "cinn"}}
    return (
        made("simulated", "simulated"),
        made("transferred", "transferred", provenance=provenance),
        made("second", "second", origin="drawn from random numbers"),
    )


def _like_tissue(rng: np.random.Generator, picture: tuple[int, int]) -> NDArray[np.float32]:
    """Return spectra that rise towards the near infrared and dip where haemoglobin absorbs, with a camera's noise.

    How long a curve takes to paint depends on how much it goes up and down.
    """
    rise = np.linspace(0.3, 0.7, CUBE[2], dtype=np.float32)
    dip = np.exp(-(((_WAVELENGTHS_NM - 560) / 25) ** 2)).astype(np.float32)
    brightness, blood = (rng.random((*picture, 1), dtype=np.float32) for _ in range(2))
    data = (0.5 + brightness) * (rise - 0.2 * blood * dip)
    data *= 1 + _NOISE * rng.standard_normal((*picture, CUBE[2]), dtype=np.float32)
    return data


@contextmanager
def open_window() -> Iterator[Window]:
    """Give a window as the launcher opens it, and close it."""
    window = opened()
    freeze_imported(window)
    try:
        yield window
    finally:
        window.viewer.close()
        gc.unfreeze()


def dock_alone(session: Session) -> SpectraDock:
    """Return a Spectra dock in a window of its own, without napari."""
    dock = SpectraDock(session)
    dock.resize(520, 700)
    dock.show()
    painted(dock)
    return dock


def plot_of(dock: SpectraDock) -> Any:
    """Return the part of the dock on which curves over wavelength are painted; it has other plots too."""
    return dock.findChild(SpectraPlot).findChild(PlotWidget).viewport()


def painted(dock: SpectraDock) -> None:
    """Wait until the dock shows what the session holds, and everything that changed is painted."""
    QApplication.processEvents()
    while dock.busy:
        QApplication.processEvents()
    QApplication.processEvents()  # paint what the refresh has scheduled


def settled(window: Window) -> None:
    """Wait until dots of pins are painted too."""
    while window.context.pins.busy:
        QApplication.processEvents()
    painted(window.spectra)


def screen_position(window: Window, pixel: PixelRef) -> tuple[float, float]:
    """Return where a pixel lies on the canvas widget: x and y in its own coordinates."""
    canvas = napari_adapter.canvas_of(window.viewer)
    image = window.context.adapter[pixel.key].image
    position = (*(0,) * (image.ndim - 2), pixel.row, pixel.column)
    y, x = image.data_to_world(position)[-2:]
    cell = window.context.side_by_side.cell_of(pixel.key)
    view = canvas.view if cell is None else canvas.grid[cell]
    mapped = (view.transform * view.scene.transform).map((x, y))
    return float(mapped[0]), float(mapped[1])


def point_of(window: Window, pixel: PixelRef) -> QPoint:
    """Return where a pixel lies on the canvas."""
    return QPoint(*(round(v) for v in screen_position(window, pixel)))


def canvas_of(window: Window) -> Any:
    """Return napari's canvas, a Qt widget."""
    return napari_adapter.canvas_of(window.viewer).native


def redraw(window: Window) -> None:
    """Paint the canvas, and wait until it is on the screen."""
    canvas = canvas_of(window)
    paintings = PaintCounter(canvas)
    canvas.update()
    while paintings.first_s is None:
        QApplication.processEvents()
    paintings.deleteLater()


def click(window: Window, point: QPoint, *, held: bool = True, dot: bool = False) -> float:
    """Click on the canvas and wait until the pin's curves are on the screen; return how long that took, in seconds.

    The time runs from the button's release, which is what sets a pin. At the press napari looks what lies under the mouse,
    and paints the canvas.

    Parameters
    ----------
    window : Window
    point : QPoint
        Where on the canvas.
    held : bool
        Hold the button until all that the press brought is painted; else the release follows at once, and the time runs
        from the press.
    dot : bool
        Wait for the dot on the picture too, which follows the curves.
    """
    session, dock = window.context.session, window.spectra
    before = {pin.number for pin in session.pins}
    paintings = PaintCounter(
        plot_of(dock),
        lambda: any(curve.pin is not None and curve.pin.number not in before for curve in dock.curves.curves),
    )
    canvas, button, plain = canvas_of(window), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    start = time.perf_counter()
    QTest.mousePress(canvas, button, plain, point)
    if held:
        QTest.qWait(_HELD_MS)
        start = time.perf_counter()
    QTest.mouseRelease(canvas, button, plain, point)
    while paintings.first_s is None:
        QApplication.processEvents()
    paintings.deleteLater()
    if dot:
        settled(window)
    return time.perf_counter() - start if dot else paintings.first_s - start


class PaintCounter(QObject):
    """Counts how often a widget is painted, and notes when it was first on the screen.

    Parameters
    ----------
    widget : QWidget
        In a window that is shown, and not the window itself.
    counts : callable, optional
        Whether a painting counts.
    """

    def __init__(self, widget: Any, counts: Callable[[], bool] = lambda: True) -> None:
        super().__init__(widget)
        self.count = 0
        self.first_s: float | None = None
        self._counts, self._window = counts, widget.window()
        for watched in (widget, self._window):
            watched.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Count paintings, and note when that of the whole window, which ends with its way to the screen, is over."""
        if watched is None or event is None:
            return False
        if event.type() == QEvent.Type.Paint and watched is not self._window and self._counts():
            self.count += 1
        if event.type() != QEvent.Type.UpdateRequest or watched is not self._window:
            return False
        before = self.count
        watched.event(event)
        if self.count > before and self.first_s is None:
            self.first_s = time.perf_counter()
        return True


class GapProbe(QObject):
    """Ticks as often as the event loop lets it; the gaps between ticks are the delays that a user notices."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._ticked)

    @contextmanager
    def running(self, interval_ms: int = 5) -> Iterator[list[float]]:
        """Collect gaps, in seconds, while a block runs."""
        self._last = time.perf_counter()
        self._timer.start(interval_ms)
        try:
            yield self.gaps
        finally:
            self._timer.stop()

    def _ticked(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now


def live_until(done: Callable[[], bool], patience_s: float = 300.0) -> None:
    """Let Qt wait for events, as a window at rest does, until something has happened."""
    end = time.monotonic() + patience_s
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.001)


def mover(canvas: Any, points: list[Any]) -> Callable[[int], None]:
    """Return what moves the mouse over the canvas to one of these points after the other."""

    def move(index: int) -> None:
        QTest.mouseMove(canvas, points[index % len(points)])

    return move


def hover(case: str, move: Callable[[int], object], counter: Any) -> Figure:
    """Move the mouse as often as a mouse reports; the figure is the time per painted plot, from the second touch on."""
    move(0)
    end = time.perf_counter() + _REST_S
    live_until(lambda: time.perf_counter() > end)
    counter.count, moves = 0, 0
    start, processor = time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - start < _HOVER_S or (
        counter.count < _FEWEST_FRAMES and now - start < _LONGEST_S
    ):
        if now - start >= moves / _MOUSE_HZ:
            moves += 1
            move(moves)
        QApplication.processEvents()
    frames = max(1, counter.count)
    seconds = (time.perf_counter() - start) / frames
    return of_seconds(
        f"{case} (time per frame: {1 / seconds:.0f} frames/s)", [seconds],
        cpu_ms=1e3 * (time.process_time() - processor) / frames, goal_ms=_FRAME_GOAL_MS,
    )  # fmt: skip


def places(shape: tuple[int, int, int]) -> list[Any]:
    """Return 200 pixels of a picture, none near its border, of the cube that is called "simulated"."""
    rng = np.random.default_rng(1)
    rows, columns = (rng.integers(size // 10, size - size // 10, 200) for size in shape[:2])
    return [PixelRef("simulated", int(r), int(c)) for r, c in zip(rows, columns, strict=True)]
