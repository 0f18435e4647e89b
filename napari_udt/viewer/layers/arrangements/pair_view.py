"""Two cubes in one picture: their difference, swipe with a divider that can be dragged, or both in turn."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from napari.layers import Image, Layer, Vectors
from napari.utils.colormaps import Colormap
from psygnal import Signal

from napari_udt.viewer.layers.arrangements.comparison import Scale, common_limits, obstacle, scale_text, title
from napari_udt.viewer.layers.arrangements.saved_appearance import SavedAppearance
from napari_udt.viewer.layers.arrangements.titles import hide_title, show_title
from napari_udt.viewer.layers.layer_data import unit_of
from napari_udt.viewer.layers.open_cubes import aligned_with
from napari_udt.viewer.layers.overlays.maps import show_colour_bar
from napari_udt.viewer.layers.planes import DifferenceKind, beyond, difference
from napari_udt.viewer.layers.stacks import stack

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.layers.arrangements.side_by_side import SideBySide
    from napari_udt.viewer.layers.open_cubes import CubeLayers

PairMode = Literal["off", "difference", "swipe", "blink"]

_GRIP = 8.0  # screen pixels on both sides of the divider
_LINE_COLOUR = "#ffd34d"
_BLUE_WHITE_RED = Colormap(
    ["#2166ac", "#92c5de", "#f7f7f7", "#f4a582", "#b2182b"],
    name="blue white red",
    display_name="blue white red",
)


class PairView:
    """Shows two cubes in one picture; the other pictures are hidden meanwhile and come back."""

    changed = Signal()

    def __init__(self, adapter: LayerAdapter, side_by_side: SideBySide) -> None:
        self._adapter, self._side_by_side = adapter, side_by_side
        self.mode: PairMode = "off"
        self.pair: tuple[str, str] = ("", "")
        self.kind: DifferenceKind = "absolute"
        self.divider = 0.5  # part of the width
        self.statement = ""  # on which scale, and what is seen
        self._saved = SavedAppearance()
        self._own: list[Layer] = []
        self._linked: list[Layer] = []
        self._keys: tuple[str, ...] = ()
        side_by_side.entering.connect(self.stop)
        adapter.structure_changed.connect(self._follow)
        adapter.session.pictures_changed.connect(self._renew)
        adapter.viewer.layers.events.removed.connect(self._on_removed)
        adapter.viewer.mouse_drag_callbacks.append(self.pressed)

    def show(self, mode: PairMode, first: str, second: str) -> str:
        """Show two cubes; return why that cannot be, as one sentence, or ""."""
        if sentence := self.obstacle(mode, first, second):
            return sentence
        self._clear()
        self._side_by_side.set_active(False)
        self.mode, self.pair, self._keys = mode, (first, second), self._adapter.open_keys
        with self._adapter.own_changes():
            self._hide_others()
            {"difference": self._subtract, "swipe": self._divide, "blink": self._begin_blinking}[mode]()
        self.changed.emit()
        return ""

    def obstacle(self, mode: PairMode, first: str, second: str) -> str:
        """Return why a mode cannot show two cubes, as one sentence; pictures that only blink need not be aligned."""
        session = self._adapter.session
        if first not in session or second not in session:
            return "Open two cubes first, a transferred one and the one that it was made from."
        if mode != "blink":
            return obstacle(session, session[first], session[second])
        if first == second or session[first].cube.modality != session[second].cube.modality:
            return "Choose two different cubes of one modality."
        return ""

    def stop(self) -> None:
        """Show what was shown before."""
        if self.mode != "off":
            self._clear()
            self.changed.emit()

    def set_kind(self, kind: DifferenceKind) -> None:
        """Show the difference in the cubes' unit, or in %."""
        self.kind = kind
        if self.mode == "difference":
            self.show("difference", *self.pair)

    def step(self) -> None:
        """Show the other one of two blinking cubes."""
        if self.mode != "blink":
            return
        upper = self._by_height()[0]
        upper.image.visible = not upper.image.visible
        self._name_blinking()

    def put_divider(self, part: float) -> None:
        """Move the divider; 0 is the picture's left edge, 1 its right."""
        if self.mode != "swipe":
            self.divider = min(max(part, 0.0), 1.0)
            return
        image, (overlay, line) = self._groups[0].image, self._own
        columns = image.data.shape[-1]
        column = min(max(round(part * columns), 1), columns - 1)
        self.divider = column / columns
        overlay.data = beyond(stack(self._groups[0].cube)[0], column)
        overlay.translate = (*image.translate[-3:-1], image.translate[-1] + column * image.scale[-1])
        line.data = _line(image, column)

    # -- the three modes --------------------------------------------------------------------------

    def _subtract(self) -> None:
        first, second = self._groups
        found = difference(first.cube, second.cube, self.kind, self.pair)
        second_words = self.pair[1] if self.kind != "added" else f"{found.gain:.3g} × {self.pair[1]}"
        layer = Image(
            found.data,
            name=f"{self.pair[0]} − {second_words} [{found.unit}]",
            contrast_limits=(-found.limit, found.limit),
            colormap=_BLUE_WHITE_RED,
            scale=(found.step_nm, *first.image.scale[-2:]),
            translate=(found.start_nm, *first.image.translate[-2:]),
            units=first.image.units[-3:],
            axis_labels=first.image.axis_labels[-3:],
        )
        show_colour_bar(layer)
        self._insert(layer, first.image)
        show_title(layer, f"{self.pair[0]}\n− {second_words} [{found.unit}]")
        self.statement = f"Blue: less than in {second_words}; red: more; white: equal."
        if self.kind == "added":
            self.statement += (
                " The factor is the one gain that leaves least: what is left was added, or taken away."
            )
        if self.kind == "relative":
            self.statement += f" Transparent where {self.pair[1]} is too dark for a percentage."

    def _divide(self) -> None:
        first, second = self._groups
        columns = first.image.data.shape[-1]
        column = min(max(round(self.divider * columns), 1), columns - 1)
        overlay = Image(
            beyond(stack(first.cube)[0], column),
            name=f"{self.pair[0]} · right of the divider",
            scale=first.image.scale[-3:],
            translate=first.image.translate[-3:] + np.array((0, 0, column * first.image.scale[-1])),
            units=first.image.units[-3:],
            axis_labels=first.image.axis_labels[-3:],
            contrast_limits=first.image.contrast_limits,
            colormap=first.image.colormap,
            gamma=first.image.gamma,
        )
        line = Vectors(
            _line(first.image, column),
            name="divider",
            edge_color=_LINE_COLOUR,
            edge_width=first.image.data.shape[-2] / 150,
            vector_style="line",
            **aligned_with(first.image),
        )
        self._insert(overlay, second.image)
        self._insert(line, overlay)
        self._share_contrast(overlay, second.image)
        session = self._adapter.session
        left, right = (title(session[key]) for key in (self.pair[1], self.pair[0]))
        show_title(
            second.image, f"left: {left}\nright: {right}"
        )  # side by side they would lie over each other

    def _begin_blinking(self) -> None:
        first, second = (group.image for group in self._groups)
        self._share_contrast(first, second)
        self._name_blinking()

    def _name_blinking(self) -> None:
        """Write the title of the picture that is seen: the upper one, or where that is hidden the lower one."""
        upper, lower = self._by_height()
        seen, other = (upper, lower) if upper.image.visible else (lower, upper)
        hide_title(other.image)
        show_title(seen.image, title(self._adapter.session[self._key_of(seen)]))

    # -- what they have in common -----------------------------------------------------------------

    @property
    def _groups(self) -> tuple[CubeLayers, CubeLayers]:
        return self._adapter[self.pair[0]], self._adapter[self.pair[1]]

    def _by_height(self) -> tuple[CubeLayers, CubeLayers]:
        """Return the group whose picture lies higher in the list of layers, and the other."""
        layers = self._adapter.viewer.layers
        low, high = sorted(self._groups, key=lambda group: layers.index(group.image))
        return high, low

    def _key_of(self, group: CubeLayers) -> str:
        return next(key for key in self.pair if self._adapter[key] is group)

    def _hide_others(self) -> None:
        """Hide all layers but the pictures of the mode, and outlines and pins of one cube."""
        self._saved.remember(self._adapter.viewer.layers)
        first, second = self._groups
        match self.mode:
            case "difference":
                seen, marked = [first], first
            case "swipe":
                seen, marked = [second], second
            case _:
                seen, marked = [first, second], self._by_height()[0]
        kept = {id(layer) for layer in (*(group.image for group in seen), *_marks(marked))}
        kept |= {id(group.pins) for group in (first, second) if group.pins is not None and group.pins.visible}
        for layer in self._adapter.viewer.layers:
            if layer.visible != (id(layer) in kept):
                layer.visible = id(layer) in kept

    def _insert(self, layer: Layer, below: Layer) -> None:
        layers = self._adapter.viewer.layers
        active = layers.selection.active
        layers.insert(layers.index(below) + 1, layer)
        layers.selection.active = active
        self._own.append(layer)

    def _share_contrast(self, *images: Image) -> None:
        scale: Scale = self._side_by_side.scale
        shared = common_limits([image.contrast_limits for image in images], scale)
        self.statement = scale_text(shared, unit_of(self._groups[0].cube), scale)
        if shared is not None:
            for image in images:
                image.contrast_limits = shared
            self._adapter.viewer.layers.link_layers(images, ("contrast_limits", "gamma", "colormap"))
            self._linked = list(images)

    def _clear(self) -> None:
        if self.mode == "off":
            return
        layers = self._adapter.viewer.layers
        self.mode, self.statement = "off", ""
        own, self._own = self._own, []
        linked, self._linked = [layer for layer in self._linked if layer in layers], []
        with self._adapter.own_changes(together=bool(own)):
            if linked:
                layers.unlink_layers(linked)
            for layer in own:
                self._adapter.remove(layer)
            for key in self._adapter.open_keys:
                hide_title(self._adapter[key].image)
            self._saved.restore()

    def _follow(self) -> None:
        """Stop when a cube comes or goes; rename with the cubes."""
        if self.mode != "off" and self._adapter.open_keys != self._keys:
            self.stop()

    def _renew(self) -> None:
        """Compare the pictures that the cubes' series show now."""
        if self.mode == "swipe":
            self.put_divider(self.divider)
        elif self.mode == "difference":
            first, second = self._groups
            self._own[0].data = difference(first.cube, second.cube, self.kind, self.pair).data

    def _on_removed(self, event: Any) -> None:
        if any(event.value is layer for layer in self._own):
            with self._adapter.answering(event):
                self.stop()

    # -- dragging the divider ---------------------------------------------------------------------

    def pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        """Drag the divider when the mouse is pressed on it."""
        if self.mode != "swipe" or event.button != 1 or not self._on_divider(event.position):
            return
        event.handled = True  # so that it pins nothing
        camera = viewer.scene.camera
        before, camera.mouse_pan = camera.mouse_pan, False
        yield
        while event.type == "mouse_move":
            self.put_divider(self._part_at(event.position))
            yield
        camera.mouse_pan = before
        self.changed.emit()

    def _part_at(self, position: tuple[float, ...]) -> float:
        image = self._groups[0].image
        return (float(image.world_to_data(position)[-1]) + 0.5) / image.data.shape[-1]

    def _on_divider(self, position: tuple[float, ...]) -> bool:
        image = self._groups[0].image
        distance = abs(self._part_at(position) - self.divider) * image.data.shape[-1] * image.scale[-1]
        return bool(distance * self._adapter.viewer.scene.camera.zoom <= _GRIP)


def _marks(group: CubeLayers) -> Iterator[Layer]:
    """Yield the visible outlines, regions and pins of a cube."""
    return (
        layer for layer in (group.labels, group.regions, group.pins) if layer is not None and layer.visible
    )


def _line(image: Image, column: int) -> np.ndarray:
    """Return the divider as napari's one vector: where it starts, and how far it goes (row, column)."""
    rows = image.data.shape[-2]
    return np.array([[[-0.5, column - 0.5], [rows, 0.0]]])
