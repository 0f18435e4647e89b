"""The demo: open the samples, transfer with the dock's own button, pin two pixels, and take screenshots."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_udt.errors import UdtError
from napari_udt.samples import SampleKey, sample_path
from napari_udt.viewer.app import Window, freeze_imported, open_window
from napari_udt.viewer.state.session import PixelRef

if TYPE_CHECKING:
    from napari_udt.cube import SpectralCube

SAMPLES: dict[str, tuple[SampleKey, ...]] = {  # of each modality; the last is transferred
    "pat": ("pat_second", "pat_simulated"),
    "hsi": ("hsi_second", "hsi_simulated"),
}
STRUCTURES = {"pat": ("artery", "vein", "muscle"), "hsi": ("liver", "colon", "small_bowel", "skin")}
_PINS = 2
_TIME_LIMIT_S = 600.0


def run_demo(out: Path | None = None) -> None:
    """Show both modalities: the samples, a transfer, and the spectra of two pixels.

    Parameters
    ----------
    out : Path, optional
        Act by itself, write screenshots into this folder and close the window. By default nothing is written, a tour begins
        that can be skipped, and the window stays open until the user closes it.

    Raises
    ------
    UdtError
        When a sample or a fitting model is missing, or a transfer fails.
    """
    import napari

    from napari_udt.viewer.napari_adapter import main_window
    from napari_udt.viewer.qt.tour_panel import TourPanel

    window = open_window()
    settle(0.3)
    try:
        for modality in SAMPLES:
            open_samples(window, modality)
            transfer(window)
            for pixel in example_pixels(window, modality):
                window.context.session.pin(pixel)
            if out is not None:
                _take_screenshots(window, out, modality)
    except BaseException:
        window.viewer.close()
        raise
    if out is None:
        if (main := main_window(window.viewer)) is not None:
            TourPanel(main)
        freeze_imported(window)
        napari.run()
    else:
        window.viewer.close()
        print(f"screenshots are in {out.resolve()}", flush=True)


def open_samples(window: Window, modality: str) -> None:
    """Open the sample cubes of a modality ("pat" or "hsi")."""
    from napari_udt.io import open_cubes

    for key in SAMPLES[modality]:
        for cube in open_cubes(sample_path(key)):
            window.context.session.add(cube)


def transfer(window: Window) -> None:
    """Press the dock's button and wait for the result; raises ``UdtError`` when there is none."""
    before = len(window.context.session)
    if not window.transfer.run_button.enabled:
        raise UdtError(f"The demo cannot transfer: {window.transfer.status.text()}")
    window.transfer.run_button.native.click()
    wait_for(lambda: not window.transfer.running)
    if len(window.context.session) != before + 1:
        raise UdtError(f"The demo's transfer failed: {window.transfer.status.text()}")
    settle(0.5)


def example_pixels(window: Window, modality: str) -> list[PixelRef]:
    """Return pixels inside known structures of the cube that was transferred."""
    entry = window.context.session.with_role("simulated")[-1]
    return structure_pixels(entry.key, entry.cube, STRUCTURES[modality])


def structure_pixels(key: str, cube: SpectralCube, names: Sequence[str]) -> list[PixelRef]:
    """Return pixels deep inside the first two of some structures that a cube has, else the pixel in its middle."""
    from scipy.ndimage import distance_transform_edt

    rows, columns, _ = cube.shape
    found = []
    numbers = {name.casefold(): number for number, name in cube.present_labels.items()}
    for number in [numbers[name] for name in names if name in numbers][:_PINS]:
        depth = distance_transform_edt(np.pad(cube.labels == number, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        found.append(PixelRef(key, int(row), int(column)))
    return found or [PixelRef(key, rows // 2, columns // 2)]


def _take_screenshots(window: Window, out: Path, modality: str) -> None:
    """Take pictures of the transfer, side by side and one structure; close the cubes afterwards."""
    session, side_by_side = window.context.session, window.context.side_by_side
    screenshot(window, out / f"{modality}_transfer.png")
    side_by_side.set_active(True)
    screenshot(window, out / f"{modality}_side_by_side.png")
    session.set_options(mode="structure")
    screenshot(window, out / f"{modality}_structure.png")
    session.set_options(mode="pixel")
    side_by_side.set_active(False)
    session.remove(*(entry.key for entry in session))


def screenshot(window: Window, path: Path) -> None:
    """Write a picture of the window, once its curves are drawn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settle(0.5)
    wait_for(lambda: not window.spectra.busy)
    settle(0.5)
    window.viewer.screenshot(str(path), canvas_only=False, flash=False)
    print(f"wrote {path}", flush=True)


def wait_for(done: Callable[[], Any]) -> None:
    """Process events until a condition holds; raises ``UdtError`` after ten minutes."""
    from qtpy.QtWidgets import QApplication

    deadline = time.monotonic() + _TIME_LIMIT_S
    while not done():
        if time.monotonic() > deadline:
            raise UdtError(f"The demo waited {_TIME_LIMIT_S:.0f} s in vain.")
        QApplication.processEvents()
        time.sleep(0.002)


def settle(seconds: float) -> None:
    """Process events for a while."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > end)
