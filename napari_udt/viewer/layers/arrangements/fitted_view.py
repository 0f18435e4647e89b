"""The camera fitted to pictures of cubes, unless the user has moved it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_udt.viewer.layers.open_cubes import OpenCubes

if TYPE_CHECKING:
    from napari.components import ViewerModel


class FittedView(OpenCubes):
    """The cubes that have layers in a viewer, and the view of them.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Held weakly.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._fitted: tuple[float, ...] | None = None  # the camera as it was last fitted

    def fit(self, keys: Iterable[str], *, above: int = 0) -> None:
        """Fit the view to the pictures of some cubes; to all layers where some have more axes than the pictures.

        napari (0.9) measures the chosen layers alone, and fails when they lack an axis that is displayed. ``above``: screen pixels
        that are kept free over each picture, for its title.
        """
        pictures = [self._open[key].image for key in keys]
        if pictures:
            alike = self.viewer.dims.ndim == pictures[0].ndim
            self.viewer.reset_view(layers=pictures if alike else None)
            if above:
                self._keep_free_above(pictures, above)
            self._fitted = self._camera()

    def _keep_free_above(self, pictures: list[Image], pixels: int) -> None:
        """Move the pictures down, and make them smaller where that is not enough, so that they begin below some pixels."""
        viewer = self.viewer
        if viewer.dims.ndisplay != 2:
            return
        rows, _ = viewer.canvas.grid.actual_shape(viewer.layers)
        cell = viewer.canvas.size[0] / rows
        tallest = max(image.data.shape[-2] * image.scale[-2] for image in pictures)
        camera = viewer.scene.camera
        if cell < 3 * pixels:  # a title may cover a stamp
            return
        camera.zoom = min(camera.zoom, (cell - pixels) / tallest)
        lacking = pixels - (cell - tallest * camera.zoom) / 2  # of what is free above a picture in the middle
        if lacking > 0:
            depth, y, x = camera.center
            camera.center = (depth, y - lacking / camera.zoom, x)

    def fit_unless_set(self, keys: Iterable[str], *, above: int = 0) -> None:
        """Fit the view to the pictures of some cubes, unless the user has moved the camera since it was last fitted."""
        if self._fitted is None or np.allclose(self._camera(), self._fitted):
            self.fit(keys, above=above)

    def _camera(self) -> tuple[float, ...]:
        camera = self.viewer.scene.camera
        return (*camera.center, camera.zoom, *camera.angles)
