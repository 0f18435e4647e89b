"""The README's moving picture: drop, transfer, hover, pin, structures; acted by the window itself on the samples.

``.ci/with-display --virtual .venv/bin/python tests/tools/tour.py docs/images/tour.gif`` makes it anew.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from napari_udt.bench.viewer_scene import screen_position
from napari_udt.errors import UdtError
from napari_udt.files.writing import whole_or_nothing
from napari_udt.samples import SampleKey, sample_path
from napari_udt.viewer.app import Window, open_window
from napari_udt.viewer.demo import settle, structure_pixels, wait_for
from napari_udt.viewer.napari_adapter import canvas_of, main_window, viewer_widget
from napari_udt.viewer.state.session import PixelRef

if TYPE_CHECKING:
    from qtpy.QtCore import QPoint
    from qtpy.QtWidgets import QWidget

SIZE = (1240, 900)  # of the window, pixels: the docks need the height
_SAMPLES: tuple[SampleKey, ...] = ("hsi_second", "hsi_simulated")
_PLACES = ("liver", "colon")
_CAPTION_HEIGHT, _CAPTION_SIZE = 40, 22
_GREYS, _COLOURS = 96, 156  # of the palette: curves are thin, and must not lose to the background
_COLOURFUL = 40  # difference of the channels from which on a pixel counts as colour
_DOCK_WIDTH, _TRANSFER_HEIGHT = 500, 390
_STILL_MS, _MOVE_MS, _PROGRESS_MS = 1300, 90, 160
_HOVER_STEPS, _MOST_PROGRESS_FRAMES = 12, 8
_ARROW = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12))


@dataclass
class Film:
    """Frames of a window with a caption below and the mouse pointer drawn in, each with its time on the screen."""

    window: Window
    caption: str = ""
    pointer: tuple[int, int] | None = None
    frames: list[Image.Image] = field(default_factory=list)
    durations_ms: list[int] = field(default_factory=list)

    def shoot(self, duration_ms: int, carried: str = "") -> None:
        """Take a frame; ``carried`` is the name of a file that the pointer drags along."""
        shot = np.asarray(self.window.viewer.screenshot(canvas_only=False, flash=False))[..., :3]
        picture = Image.fromarray(shot)
        if picture.size != SIZE:  # a screen with more than one pixel per point, or too small for the window
            picture = picture.resize(SIZE, Image.Resampling.LANCZOS)
        frame = Image.new("RGB", (picture.width, picture.height + _CAPTION_HEIGHT), "#14161a")
        frame.paste(picture, (0, 0))
        draw = ImageDraw.Draw(frame)
        font = ImageFont.load_default(_CAPTION_SIZE)
        draw.text((16, picture.height + 6), self.caption, "#f0f1f2", font=font)
        if self.pointer is not None:
            _draw_pointer(draw, self.pointer, carried)
        self.frames.append(frame)
        self.durations_ms.append(duration_ms)

    def save(self, path: Path) -> int:
        """Write an animated GIF that repeats for ever, with one palette for all frames; return its bytes."""
        palette = _palette(self.frames)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        with whole_or_nothing(path) as temporary:
            frames[0].save(
                temporary, "GIF", save_all=True, append_images=frames[1:], duration=self.durations_ms, loop=0
            )
        return path.stat().st_size


def _palette(frames: list[Image.Image]) -> Image.Image:
    """Return a palette of greys and of colours, each fitted to the pixels of its kind in all frames."""
    pixels = np.concatenate([np.asarray(frame).reshape(-1, 3) for frame in frames[::2]])
    colourful = np.ptp(pixels, axis=1) >= _COLOURFUL
    entries: list[int] = []
    for chosen, count in ((pixels[~colourful], _GREYS), (pixels[colourful], _COLOURS)):
        fitted = Image.fromarray(chosen[np.newaxis]).quantize(count, method=Image.Quantize.MEDIANCUT)
        entries += (fitted.getpalette() or [])[: 3 * count]
    palette = Image.new("P", (1, 1))
    palette.putpalette(entries)
    return palette


def record_tour(path: Path) -> None:
    """Act the tour on the sample data in a window of its own and write it as an animated GIF.

    Raises
    ------
    UdtError
        When a sample or a fitting model is missing, or the transfer fails.
    """
    window = open_window()
    try:
        _arrange(window)
        film = Film(window)
        _drop(film)
        _transfer(film)
        _hover(film)
        _pin(film)
        _structures(film)
        size = film.save(path)
    finally:
        window.viewer.close()
    seconds = sum(film.durations_ms) / 1000
    print(f"wrote {path}: {len(film.frames)} frames, {seconds:.1f} s, {size / 1e6:.1f} MB", flush=True)


def _arrange(window: Window) -> None:
    """Give the picture and the docks the room; napari's layer controls are not part of the story."""
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QDockWidget

    main = main_window(window.viewer)
    viewer_widget(window.viewer).dockLayerControls.hide()
    main.resize(*SIZE)
    settle(0.3)
    docks = {dock.objectName(): dock for dock in main.findChildren(QDockWidget)}
    ours = [docks["Transfer"], docks["Spectra"]]
    main.resizeDocks(ours, [_TRANSFER_HEIGHT, SIZE[1] - _TRANSFER_HEIGHT], Qt.Orientation.Vertical)
    main.resizeDocks(ours[:1], [_DOCK_WIDTH], Qt.Orientation.Horizontal)
    settle(0.5)


def _drop(film: Film) -> None:
    from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
    from qtpy.QtGui import QDragEnterEvent, QDropEvent
    from qtpy.QtWidgets import QApplication

    film.caption = "1  Drop files with spectra on the window"
    qt_viewer = viewer_widget(film.window.viewer)
    goal = _on_window(film, qt_viewer, QPoint(qt_viewer.width() // 2, qt_viewer.height() // 2))
    for share in np.linspace(0, 1, 6):
        film.pointer = (round(share * goal[0]), round(goal[1] * (0.4 + 0.6 * share)))
        film.shoot(3 * _MOVE_MS if share == 0 else _MOVE_MS, carried="organs.h5")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(sample_path(key))) for key in _SAMPLES])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(qt_viewer, QDragEnterEvent(QPoint(20, 20), *how))
    QApplication.sendEvent(qt_viewer, QDropEvent(QPointF(20, 20), *how))
    settle(0.5)
    film.shoot(_STILL_MS)


def _transfer(film: Film) -> None:
    window = film.window
    film.caption = "2  Transfer the simulated cube to the other domain"
    button = window.transfer.run_button
    if not button.enabled:
        raise UdtError(f"The tour cannot transfer: {window.transfer.status.text()}")
    film.pointer = _on_window(film, button.native, button.native.rect().center())
    film.shoot(600)
    before = len(window.context.session)
    button.native.click()
    while window.transfer.running:
        settle(0.15)
        if film.durations_ms.count(_PROGRESS_MS) < _MOST_PROGRESS_FRAMES:
            film.shoot(_PROGRESS_MS)
    if len(window.context.session) == before:
        raise UdtError(f"The tour's transfer failed: {window.transfer.status.text()}")
    settle(0.5)
    film.shoot(_STILL_MS)


def _hover(film: Film) -> None:
    film.caption = "3  Move the mouse: the spectra under it, in every domain"
    start, end = _places(film.window)
    for share in np.linspace(0, 1, _HOVER_STEPS):
        row = start.row + share * (end.row - start.row)
        column = start.column + share * (end.column - start.column)
        _move(film, PixelRef(start.key, round(row), round(column)))
        film.shoot(2 * _MOVE_MS)


def _pin(film: Film) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    film.caption = "4  Click: pinned, with its own mark on the picture and on the curves"
    canvas = canvas_of(film.window.viewer).native
    for pixel in reversed(_places(film.window)):
        point = _move(film, pixel)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        _wait_for_curves(film.window)
        film.shoot(_STILL_MS)


def _structures(film: Film) -> None:
    film.caption = "5  Structures: mean and spread of each organ, in every domain"
    film.window.context.session.unpin()
    film.window.context.session.set_options(mode="structure")
    for pixel in _places(film.window):
        _move(film, pixel)
        film.shoot(_STILL_MS)
    film.durations_ms[-1] = 2 * _STILL_MS


def _places(window: Window) -> list[PixelRef]:
    entry = window.context.session.with_role("simulated")[-1]
    found = structure_pixels(entry.key, entry.cube, _PLACES)
    return [found[0], found[-1]]


def _move(film: Film, pixel: PixelRef) -> QPoint:
    """Move the mouse over a pixel and wait until its curves are drawn; return its point on the canvas."""
    from qtpy.QtCore import QPoint
    from qtpy.QtTest import QTest

    canvas = canvas_of(film.window.viewer).native
    point = QPoint(*(round(v) for v in screen_position(film.window, pixel)))
    QTest.mouseMove(canvas, point)
    film.pointer = _on_window(film, canvas, point)
    _wait_for_curves(film.window)
    return point


def _wait_for_curves(window: Window) -> None:
    settle(0.05)
    wait_for(lambda: not window.spectra.busy)
    settle(0.05)


def _on_window(film: Film, widget: QWidget, point: Any) -> tuple[int, int]:
    """Return where a point of a widget lies in the window."""
    mapped = widget.mapTo(main_window(film.window.viewer), point)
    return mapped.x(), mapped.y()


def _draw_pointer(draw: ImageDraw.ImageDraw, at: tuple[int, int], carried: str) -> None:
    if carried:
        left, top = at[0] + 10, at[1] + 14
        draw.rounded_rectangle((left, top, left + 118, top + 34), 4, "#f0f1f2", "#8b939c")
        draw.text((left + 10, top + 7), carried, "#14161a", font=ImageFont.load_default(17))
    draw.polygon([(at[0] + x, at[1] + y) for x, y in _ARROW], "#ffffff", "#000000")


def main() -> None:
    """Record the tour into the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="the GIF to write")
    record_tour(parser.parse_args().path)


if __name__ == "__main__":
    main()
