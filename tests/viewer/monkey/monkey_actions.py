"""What the monkey can do to a window: everything a person can, in any order."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from monkey_hostile import ODD_NAMES
from monkey_world import World
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QGraphicsView,
    QLineEdit,
    QListWidget,
    QTableView,
    QWidget,
)

from napari_udt.bench.viewer_scene import screen_position
from napari_udt.viewer.app import Window
from napari_udt.viewer.state.session import ROLES, PixelRef

_LEFT, _PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
_POKED = (
    QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QGraphicsView, QLineEdit, QListWidget,
    QTableView,
)  # fmt: skip
_KEYS = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Home)
_MOST_CUBES = 8  # a window with hundreds of cubes only makes the monkey slow


class Actions:
    """Random actions on one window; each takes what it needs to know from the random numbers.

    Parameters
    ----------
    window : Window
    world : World
    rng : random.Random
    """

    def __init__(self, window: Window, world: World, rng: random.Random) -> None:
        self.window, self.world, self.rng = window, world, rng
        self.viewer, self.session = window.viewer, window.context.session

    def choose(self) -> Callable[[], object]:
        """Return the next action."""
        names, weights = zip(*_WEIGHTS.items(), strict=True)
        return getattr(self, self.rng.choices(names, weights)[0])

    # -- files and layers -------------------------------------------------------------------------

    def drop_cubes(self) -> None:
        if len(self.session) < _MOST_CUBES:
            self._drop(*self.rng.sample(self.world.good, self.rng.randint(1, 2)))

    def drop_bad_files(self) -> None:
        good = self.rng.sample(self.world.good, self.rng.randint(0, 1)) if len(self.session) < 4 else []
        self._drop(*self.rng.sample(self.world.bad, self.rng.randint(1, 3)), *good)

    def drop_hostile_files(self) -> None:
        if len(self.session) < _MOST_CUBES:
            self._drop(self.rng.choice(self.world.hostile))

    def drop_a_photo(self) -> None:
        if len(self.viewer.layers) < 20:
            self._drop(self.world.foreign)

    def delete_a_layer(self) -> None:
        if self.viewer.layers:
            self.viewer.layers.remove(self.rng.choice(self.viewer.layers))

    def delete_selected_layers(self) -> None:
        layers = list(self.viewer.layers)
        self.viewer.layers.selection = set(self.rng.sample(layers, min(len(layers), self.rng.randint(0, 3))))
        self.viewer.layers.remove_selected()

    def close_a_cube(self) -> None:
        if len(self.session):
            self.session.remove(self._key())

    def close_all(self) -> None:
        self.viewer.layers.clear()

    def rename_a_layer(self) -> None:
        if self.viewer.layers:
            other = self.rng.choice(self.viewer.layers).name
            self._layer().name = self.rng.choice(["a", "b", "forearm", "äöü → [1]", *ODD_NAMES, other])

    def reorder_layers(self) -> None:
        count = len(self.viewer.layers)
        if count:
            self.viewer.layers.move(self.rng.randrange(count), self.rng.randrange(count + 1))

    def select_a_layer(self) -> None:
        if self.viewer.layers:
            self.viewer.layers.selection.active = self._layer()

    def toggle_a_layer(self) -> None:
        if self.viewer.layers:
            layer = self._layer()
            layer.visible = not layer.visible

    def change_the_look(self) -> None:
        if self.viewer.layers:
            layer = self._layer()
            layer.opacity = self.rng.random()
            if hasattr(layer, "contrast_limits"):
                layer.contrast_limits = (0.0, 0.1 + self.rng.random())

    def add_foreign_layer(self) -> None:
        if len(self.viewer.layers) > 20:
            return
        kind = self.rng.randrange(4)
        if kind == 0:
            self.viewer.add_image(np.zeros((2, 3, 8, 9), np.float32))  # a fourth dimension
        elif kind == 1:
            self.viewer.add_points(np.zeros((2, 3)))
        elif kind == 2:
            self.viewer.add_shapes([np.array([[0, 0], [5, 0], [5, 5]])], shape_type="polygon")
        else:
            self.viewer.add_labels(np.ones((6, 6), int))

    def change_a_role(self) -> None:
        if len(self.session):
            self.session.set_role(self._key(), self.rng.choice(ROLES))

    # -- dimensions, camera, tools ----------------------------------------------------------------

    def move_the_slider(self) -> None:
        dims = self.viewer.dims
        axis = self.rng.randrange(dims.ndim)
        dims.set_current_step(axis, self.rng.randrange(max(1, dims.nsteps[axis])))

    def change_dims_order(self) -> None:
        order = list(range(self.viewer.dims.ndim))
        if self.rng.random() < 0.5:
            self.rng.shuffle(order)
        self.viewer.dims.order = tuple(order)

    def change_ndisplay(self) -> None:
        self.viewer.dims.ndisplay = 3 if self.viewer.dims.ndisplay == 2 and self.rng.random() < 0.4 else 2

    def zoom(self) -> None:
        self.viewer.scene.camera.zoom *= self.rng.choice([0.5, 0.8, 1.25, 2])
        if not 0.01 < self.viewer.scene.camera.zoom < 1000 or self.rng.random() < 0.3:
            self.viewer.reset_view()

    def choose_a_tool(self) -> None:
        layer = self.viewer.layers.selection.active
        if layer is not None:
            layer.mode = self.rng.choice(["pan_zoom", "pan_zoom", "pan_zoom", "transform"])

    def change_the_theme(self) -> None:
        self.viewer.theme = self.rng.choice(["dark", "light"])

    def resize_the_window(self) -> None:
        self.viewer.window._qt_window.resize(self.rng.randint(700, 1300), self.rng.randint(600, 950))

    def toggle_a_dock(self) -> None:
        dock = self.rng.choice(self._docks())
        dock.setVisible(not dock.isVisible() or self.rng.random() < 0.3)

    def press_a_shortcut(self) -> None:
        key, modifiers = self.rng.choice(
            [(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier), (Qt.Key.Key_Escape, _PLAIN),
             (Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier), (Qt.Key.Key_Delete, _PLAIN)]
        )  # fmt: skip
        QTest.keyClick(self._canvas(), key, modifiers)

    # -- the mouse on the picture -----------------------------------------------------------------

    def hover(self) -> None:
        if (pixel := self._pixel()) is not None:
            QTest.mouseMove(self._canvas(), self._point(pixel))

    def click(self) -> None:
        if (pixel := self._pixel()) is not None:
            QTest.mouseClick(self._canvas(), _LEFT, _PLAIN, self._point(pixel))

    def drag(self) -> None:
        if (pixel := self._pixel()) is not None:
            start = self._point(pixel)
            end = start + QPoint(self.rng.randint(-40, 40), self.rng.randint(-40, 40))
            QTest.mousePress(self._canvas(), _LEFT, _PLAIN, start)
            QTest.mouseMove(self._canvas(), end)
            QTest.mouseRelease(self._canvas(), _LEFT, _PLAIN, end)

    # -- pins, regions ----------------------------------------------------------------------------

    def pin_by_number(self) -> None:
        if (pixel := self._pixel()) is not None and len(self.session.pins) < 50:
            self.session.pin(pixel)

    def change_pins_in_their_layer(self) -> None:
        layers = [layer for layer in self.viewer.layers if layer.name.endswith("· pins") and len(layer.data)]
        if layers:
            layer = self.rng.choice(layers)
            if self.rng.random() < 0.5:
                layer.data = np.asarray(layer.data) + self.rng.choice([-1.0, 1.0, 0.4])
            else:
                layer.selected_data = {self.rng.randrange(len(layer.data))}
                layer.remove_selected()

    def change_regions(self) -> None:
        context = self.window.context
        if not context.regions.draw():
            return
        layer = self.viewer.layers.selection.active
        at = np.array([self.rng.uniform(-5, 30), self.rng.uniform(-5, 30)])
        corners = at + np.array([[0, 0], [0, 6], [6, 6], [6, 0]])
        if len(layer.data) and self.rng.random() < 0.4:
            layer.selected_data = {self.rng.randrange(len(layer.data))}
            layer.remove_selected()
        elif len(layer.data) < 5:
            layer.add(corners, shape_type=self.rng.choice(["polygon", "ellipse", "rectangle", "path"]))
        layer.mode = "pan_zoom"

    # -- docks ------------------------------------------------------------------------------------

    def transfer(self) -> None:
        if self.window.transfer.run_button.enabled and len(self.session) < _MOST_CUBES:
            self._press(self.window.transfer.run_button.native)

    def delete_during_a_transfer(self) -> None:
        self.transfer()
        self.rng.choice([self.close_a_cube, self.delete_a_layer, self.rename_a_layer, self.close_all])()

    def cancel(self) -> None:
        if self.window.transfer.cancel_button.enabled:
            self._press(self.window.transfer.cancel_button.native)

    def side_by_side(self) -> None:
        button = self.window.transfer.layout_button.native
        if button.isEnabled():
            self._press(button)

    def clear_pins(self) -> None:
        self.session.unpin()

    def poke_a_widget(self) -> None:
        """Do something to any visible widget of our docks, whatever it is."""
        widgets = [w for w in self._own_widgets() if w.isVisible() and w.isEnabled()]
        if widgets:
            self._poke(self.rng.choice(widgets))

    def _own_widgets(self) -> list[QWidget]:
        found = []
        for dock in self._docks():
            for widget in dock.findChildren(QWidget):
                inside = widget.parent()
                if isinstance(widget, _POKED) and not isinstance(
                    inside, QAbstractSpinBox | QComboBox | QDockWidget
                ):
                    found.append(widget)
        return [w for w in found if type(w.parent()).__module__.split(".")[0] != "napari"]

    def _poke(self, widget: QWidget) -> None:
        if isinstance(widget, QComboBox | QAbstractSpinBox | QAbstractSlider):
            for _ in range(self.rng.randint(1, 3)):
                QTest.keyClick(widget, self.rng.choice(_KEYS))
        elif isinstance(widget, QAbstractButton):
            self._press(widget)
        elif isinstance(widget, QLineEdit):
            QTest.keyClicks(widget, self.rng.choice(["1", "vein", "800"]))
            QTest.keyClick(widget, Qt.Key.Key_Return)
        elif isinstance(widget, QGraphicsView):
            self._poke_plot(widget)
        else:
            self._poke_view(widget)

    def _poke_plot(self, view: QGraphicsView) -> None:
        port = view.viewport()
        start, end = (
            QPoint(self.rng.randrange(port.width()), self.rng.randrange(port.height())) for _ in range(2)
        )
        QTest.mouseMove(port, start)
        if self.rng.random() < 0.5:
            QTest.mousePress(port, _LEFT, _PLAIN, start)
            QTest.mouseMove(port, end)
            QTest.mouseRelease(port, _LEFT, _PLAIN, end)
        QTest.keyClick(
            view.parentWidget(),
            self.rng.choice(_KEYS),
            self.rng.choice([_PLAIN, Qt.KeyboardModifier.ShiftModifier]),
        )

    def _poke_view(self, view: QListWidget | QTableView) -> None:
        model = view.model()
        if model.rowCount():
            # A list model hides its count.
            columns = model.columnCount() if isinstance(view, QTableView) else 1
            index = model.index(self.rng.randrange(model.rowCount()), self.rng.randrange(columns))
            QTest.mouseClick(view.viewport(), _LEFT, _PLAIN, view.visualRect(index).center())
            view.setCurrentIndex(index)
            QTest.keyClick(view, self.rng.choice([Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Return]))

    # -- helpers ----------------------------------------------------------------------------------

    def _press(self, button: QAbstractButton) -> None:
        QTest.mouseClick(button, _LEFT, _PLAIN, QPoint(min(12, button.width() // 2), button.height() // 2))

    def _docks(self) -> list[QDockWidget]:
        docks = self.viewer.window._qt_window.findChildren(QDockWidget)
        ours = [d for d in docks if any(_is_ours(child) for child in d.findChildren(QWidget))]
        return sorted(ours, key=lambda dock: dock.windowTitle())

    def _canvas(self) -> QWidget:
        return self.viewer.window._qt_viewer.canvas.native

    def _drop(self, *paths) -> None:
        QTest.mouseMove(self._canvas(), QPoint(20, 20))  # Qt forgets the Shift that a key press left behind
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        how = (Qt.DropAction.CopyAction, mime, _LEFT, _PLAIN)
        QApplication.sendEvent(self._canvas(), QDragEnterEvent(QPoint(20, 20), *how))
        QApplication.sendEvent(self._canvas(), QDropEvent(QPointF(20, 20), *how))

    def _layer(self):
        return self.rng.choice(self.viewer.layers)

    def _key(self) -> str:
        return self.rng.choice([entry.key for entry in self.session])

    def _pixel(self) -> PixelRef | None:
        if not (len(self.session) and self._canvas().isVisible() and self._canvas().width() > 20):
            return None
        key = self._key()
        rows, columns, _ = self.session[key].cube.shape
        return PixelRef(key, self.rng.randrange(rows), self.rng.randrange(columns))

    def _point(self, pixel: PixelRef) -> QPoint:
        canvas = self._canvas()
        try:
            x, y = screen_position(self.window, pixel)
        except (ValueError, IndexError, KeyError):  # the picture's axes are not those of the screen now
            x, y = np.nan, np.nan
        if not (np.isfinite(x) and np.isfinite(y)):
            x, y = self.rng.randrange(canvas.width()), self.rng.randrange(canvas.height())
        return QPoint(round(min(max(x, 0), canvas.width())), round(min(max(y, 0), canvas.height())))


def _is_ours(widget: QWidget) -> bool:
    return type(widget).__module__.startswith("napari_udt.")


_WEIGHTS = {
    "drop_cubes": 6, "drop_bad_files": 2, "drop_hostile_files": 2, "drop_a_photo": 1, "delete_a_layer": 4, "delete_selected_layers": 1,
    "close_a_cube": 2, "close_all": 0.5, "rename_a_layer": 3, "reorder_layers": 3, "select_a_layer": 3,
    "toggle_a_layer": 3, "change_the_look": 1, "add_foreign_layer": 1, "change_a_role": 2, "move_the_slider": 5,
    "change_dims_order": 1, "change_ndisplay": 1.5, "zoom": 2, "choose_a_tool": 2, "change_the_theme": 0.7,
    "resize_the_window": 0.7, "toggle_a_dock": 1.5, "press_a_shortcut": 2, "hover": 10, "click": 8, "drag": 2,
    "pin_by_number": 2, "change_pins_in_their_layer": 2, "change_regions": 2, "transfer": 5,
    "delete_during_a_transfer": 2, "cancel": 2, "side_by_side": 4, "clear_pins": 0.7, "poke_a_widget": 30,
}  # fmt: skip
