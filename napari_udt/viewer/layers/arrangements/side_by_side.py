"""Simulated | transferred | real in napari's grid, one slider and one camera for all.

napari's grid gives every ``stride`` consecutive layers a cell of their own and leaves out cells without a visible
layer. So the layers of each compared cube are put together at the bottom of the list, the same number for each
(filled up with empty hidden layers where one has no structures, say), and everything else is hidden above them. Only the
first cube's pins are a layer: napari begins anew with the first cell for what lies above the last one's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer, Points
from psygnal import Signal

from napari_udt.viewer.layers.arrangements.comparison import Scale, arranged, common_limits, scale_text, title
from napari_udt.viewer.layers.arrangements.saved_appearance import SavedAppearance
from napari_udt.viewer.layers.arrangements.titles import TITLE_HEIGHT, hide_title, show_title
from napari_udt.viewer.layers.layer_data import unit_of
from napari_udt.viewer.layers.open_cubes import aligned_with

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.layers.overlays.pins import PinLayers

_FILLER = "udt_filler"
_GAP = 6  # screen pixels between two cells


class SideBySide:
    """Switches one viewer between the stacked layers and the side-by-side arrangement."""

    entering = Signal()  # another arrangement has to end first
    changed = Signal(bool)

    def __init__(self, adapter: LayerAdapter, pins: PinLayers) -> None:
        self._adapter, self._pins = adapter, pins
        self.cells: tuple[str, ...] = ()
        self.chosen: tuple[str, ...] = ()  # fewer than two: chosen by role
        self.scale: Scale = "automatic"
        self.statement = ""  # on which scale the pictures are shown
        self._saved = SavedAppearance()
        self._linked: list[Layer] = []
        self._order: list[Layer] = []  # of the layers while they were stacked
        self._placing = False
        self._grid: tuple[Any, ...] | None = None  # how the user's own grid was laid out
        adapter.part_added.connect(self._part_added)
        adapter.part_removed.connect(self._part_removed)
        adapter.structure_changed.connect(self._follow)
        adapter.covered_changed.connect(self._show_titles)
        adapter.viewer.canvas.grid.events.enabled.connect(self._grid_switched)

    @property
    def active(self) -> bool:
        """Whether cubes stand side by side now."""
        return bool(self.cells)

    def possible(self) -> bool:
        """Whether there are two cubes to compare."""
        return len(self._wanted()) > 1

    def cell_of(self, key: str) -> tuple[int, int] | None:
        """Row and column of a cube's cell in napari's grid; None while the cubes are stacked, or its picture is hidden."""
        if key not in self.cells:
            return None
        viewer = self._adapter.viewer
        index = viewer.layers.index(self._adapter[key].image)
        row, column = viewer.canvas.grid.position(index, viewer.layers)
        return None if row < 0 else (row, column)

    def set_active(self, active: bool) -> None:
        """Put the cubes side by side, or stack them again as they were."""
        if active and self.possible():
            if not self.active:
                self.entering.emit()
                self._hide_maps()
            self._enter()
        elif not active and self.active:
            self._leave()
        self.changed.emit(self.active)

    def _hide_maps(self) -> None:
        """Begin with the pictures; a map that is shown later is added to its cell."""
        adapter = self._adapter
        self._saved.remember(adapter.viewer.layers)
        for shown in (adapter[key].map for key in adapter.open_keys):
            if shown is not None:
                shown.visible = False

    def choose(self, keys: tuple[str, ...]) -> None:
        """Put these cubes side by side, at most four; fewer than two: simulated, transferred and real."""
        self.chosen = keys
        self._follow()

    def set_scale(self, scale: Scale) -> None:
        """Show all pictures on one scale, or each on its own."""
        self.scale = scale
        if self.active:
            with self._adapter.own_changes():
                self._unlink()
                self._share_contrast()
            self._show_titles()
            self.changed.emit(True)

    def _wanted(self) -> tuple[str, ...]:
        session, top = self._adapter.session, self._adapter.top_key()
        modality = session[top].cube.modality if top is not None and top in session else None
        return tuple(entry.key for entry in arranged(session, self.chosen, modality))

    def _follow(self) -> None:
        """Rearrange after cubes came or went."""
        if not self.active:
            return
        wanted = self._wanted()
        if len(wanted) > 1:
            self._enter()
        else:
            self.set_active(False)

    def _part_added(self, key: str) -> None:
        """Make room in every cell for a layer that one has got, if there still are two cubes to compare."""
        if key in self.cells and not self._placing:
            self._follow()

    def _part_removed(self, key: str, part: str) -> None:
        """Stack the layers again when the user takes one out of a cell: the cells would shift."""
        if key in self.cells:
            self.set_active(False)

    def _grid_switched(self, event: Any) -> None:
        """Stack the cubes as they were when the user turns napari's grid off by its own button."""
        if self.active and not event.value:
            self.set_active(False)

    def _enter(self) -> None:
        self._placing = True
        try:
            self._arrange()
        finally:
            self._placing = False

    def _arrange(self) -> None:
        viewer, adapter, fresh = self._adapter.viewer, self._adapter, not self.cells
        self._hide_titles()
        with adapter.own_changes(together=True):
            self._unlink()
            for filler in self._fillers():
                adapter.remove(filler)
            self.cells = self._wanted()
            self._pins.cells = self.cells
            active = viewer.layers.selection.active
            self._pins.refresh()
            self._pins.add_missing()
            self._saved.remember(viewer.layers)
            self._order = self._order or list(viewer.layers)
            self._place()
            self._show()
            self._share_contrast()
            viewer.layers.selection.active = active
        # Only now, when napari has made the cells anew: a title in a cell that is still to come would have vispy make a cell
        # that napari's camera does not know (0.9), in which the picture stays a stamp in the corner.
        self._show_titles()
        if fresh:
            adapter.fit(self.cells, above=TITLE_HEIGHT)
        else:
            adapter.fit_unless_set(self.cells, above=TITLE_HEIGHT)

    def _fillers(self) -> list[Layer]:
        return [layer for layer in self._adapter.viewer.layers if _FILLER in layer.metadata]

    def _place(self) -> None:
        layers = self._adapter.viewer.layers
        groups = [self._in_cell(key) for key in self.cells]
        stride = max(map(len, groups))
        order = []
        for group in groups:
            fillers = [_filler(group[0]) for _ in range(stride - len(group))]
            layers.extend(fillers)
            order += group + fillers
        first = self._adapter[self.cells[0]].pins
        self._reorder(order if first is None else [*order, first])
        grid = self._adapter.viewer.canvas.grid
        self._grid = self._grid or (grid.stride, grid.shape, grid.spacing)
        grid.stride, grid.shape, grid.spacing = stride, self._shape(), _GAP

    def _reorder(self, first: list[Layer]) -> None:
        """Put layers at the bottom of the list, in this order."""
        layers = self._adapter.viewer.layers
        for index, layer in enumerate(first):
            if layers.index(layer) != index:
                layers.move(layers.index(layer), index)

    def _in_cell(self, key: str) -> list[Layer]:
        """Return the layers that a cube's cell holds, but for pins; a hidden map stays out of it."""
        group = self._adapter[key]
        return [
            layer for layer in group if layer is not group.pins and (layer is not group.map or group.covered)
        ]

    def _shape(self) -> tuple[int, int]:
        """Return rows and columns of the grid that show the pictures larger: a row or, for wide ones, a column."""
        height, width = self._adapter.viewer.canvas.size
        first = self._adapter[self.cells[0]].image
        rows, columns = (n * s for n, s in zip(first.data.shape[-2:], first.scale[-2:], strict=True))
        count = len(self.cells)
        in_a_row = min(height / rows, width / count / columns)
        in_a_column = min(height / count / rows, width / columns)
        return (1, count) if in_a_row >= in_a_column else (count, 1)

    def _show(self) -> None:
        shown = {id(layer) for key in self.cells for layer in (*self._in_cell(key), self._adapter[key].pins)}
        for layer in self._adapter.viewer.layers:
            if id(layer) not in shown and layer.visible:
                layer.visible = False
        for key in self.cells:
            group = self._adapter[key]
            group.image.visible = True
            if group.labels is not None:
                group.labels.visible = True
            if group.pins is not None:
                group.pins.visible = len(group.pins.data) > 0
        self._adapter.viewer.canvas.grid.enabled = True

    def _share_contrast(self) -> None:
        images = [self._adapter[key].image for key in self.cells]
        limits = [self._saved.limits(image) for image in images]
        roles = [self._adapter.session[key].role for key in self.cells]
        real = limits[roles.index("real")] if "real" in roles else None
        shared = common_limits(limits, self.scale, real)
        unit = unit_of(self._adapter[self.cells[0]].cube)
        is_cut = shared == real and shared != common_limits(limits, "common")
        self.statement = scale_text(shared, unit, self.scale, cut=is_cut)
        for image in images:
            self._saved.restore_limits(image)
        if shared is None:
            return
        for image in images:
            image.contrast_limits = shared
        self._adapter.viewer.layers.link_layers(images, ("contrast_limits", "gamma", "colormap"))
        self._linked = images

    def _unlink(self) -> None:
        layers = self._adapter.viewer.layers
        linked, self._linked = [layer for layer in self._linked if layer in layers], []
        if linked:
            layers.unlink_layers(linked)

    def _leave(self) -> None:
        viewer = self._adapter.viewer
        keys, self.cells = self.cells, ()
        with self._adapter.own_changes(together=True):
            self._unlink()
            grid = viewer.canvas.grid
            grid.enabled = False
            if self._grid is not None:
                (grid.stride, grid.shape, grid.spacing), self._grid = self._grid, None
            for layer in self._fillers():
                self._adapter.remove(layer)
            self._hide_titles()
            self._hide_maps()
            self._saved.restore()
            self._reorder([layer for layer in self._order if layer in viewer.layers])
            self._order = []
            self._pins.cells = ()  # only now: layers of pins that go while others change places are missed
            self._pins.refresh()
        self._adapter.fit([key for key in keys if key in self._adapter])

    def _show_titles(self) -> None:
        """Write over each picture whose it is, over the first the scale as well; a map has a title of its own."""
        for place, key in enumerate(self.cells):
            group = self._adapter[key]
            if group.covered:
                hide_title(group.image)
            else:
                scale = f"\n{self.statement}" if place == 0 else ""
                show_title(group.image, title(self._adapter.session[key]) + scale)

    def _hide_titles(self) -> None:
        for key in self._adapter.open_keys:
            hide_title(self._adapter[key].image)


def _filler(image: Layer) -> Points:
    """Return an empty hidden layer that lies as a picture does; other units would upset napari's."""
    return Points(
        ndim=2,
        name=f"{image.name} · no structures",
        visible=False,
        **aligned_with(image),
        metadata={_FILLER: True},
    )
