"""Where a window opens: within the free part of its screen, frame included."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, QRect, QSize

from napari_udt.viewer.app import WINDOW_SIZE, _fit_on_screen, furnish
from napari_udt.viewer.state.session import PixelRef

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


class Window:
    """What is asked of a window with a title of 30 pixels and edges of 4, on a screen with a bar of tasks."""

    def __init__(self, free: QRect, pos: QPoint) -> None:
        self._free, self._pos, self._size = free, pos, QSize(800, 600)

    def screen(self):
        return self

    def availableGeometry(self):
        return self._free

    def size(self):
        return self._size

    def pos(self):
        return self._pos

    def frameGeometry(self):
        return QRect(self._pos, self._size + QSize(8, 34))

    def move(self, x, y):
        self._pos = QPoint(x, y)

    def resize(self, size):
        self._size = size


@pytest.mark.parametrize("pos", [QPoint(0, 0), QPoint(900, 500), QPoint(-300, -20)])
@pytest.mark.parametrize(
    "free",
    [
        pytest.param(QRect(0, 40, 1280, 680), id="1920 x 1080 at 150 %, bar at the top"),
        pytest.param(QRect(60, 0, 1306, 768), id="1366 x 768, bar at the left"),
        pytest.param(QRect(1366, 0, 1280, 800), id="1280 x 800, second screen"),
        pytest.param(QRect(0, 0, 3840, 2160), id="large"),
    ],
)
def test_a_window_opens_within_the_free_part_of_its_screen(free, pos):
    window = Window(free, pos)
    size = _fit_on_screen(window)
    assert free.contains(window.frameGeometry())
    assert size == window.size()
    assert (size.width(), size.height()) == (
        min(WINDOW_SIZE[0], free.width() - 8),
        min(WINDOW_SIZE[1], free.height() - 34),
    )


def test_the_window_fits_the_lowest_screens_with_everything_in_it(
    make_napari_viewer, pat, transferred, qtbot
):
    """1280 x 720, 1920 x 1080 at 150 %, less a bar of tasks and the window's title."""
    window = furnish(make_napari_viewer(show=True))
    cube = pat()
    window.context.session.add(cube)
    window.context.session.add(transferred(cube))
    window.context.session.pin(PixelRef("forearm", 9, 15))
    qtbot.waitUntil(lambda: not window.spectra.busy and bool(window.spectra.curves.curves), timeout=5000)
    assert window.viewer.window._qt_window.minimumSizeHint().height() <= 660
