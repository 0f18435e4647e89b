"""Which cubes stay visible below the newest one: napari slices and draws all visible layers at each step of a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_udt.viewer.layers.open_cubes import CubeLayers

MOST_BELOW = 3  # cubes that stay visible below the newest, as when it is flicked off and on to compare two


def hide_below(newest: CubeLayers, others: Sequence[CubeLayers]) -> None:
    """Hide cubes of another modality, and the oldest of those that the newest one covers; the user can show them again."""
    alike = [other for other in others if other.cube.modality == newest.cube.modality]
    covered = [other for other in alike if other.image.visible and _covers(newest, other)]
    for other in others:
        if other not in alike or other in covered[:-MOST_BELOW]:
            other.show(False)


def show_newest(groups: Mapping[str, CubeLayers]) -> None:
    """Show the newest cube where none is visible: those that covered it are closed."""
    if groups and not any(group.image.visible for group in groups.values()):
        newest = list(groups.values())[-1]
        for layer in (newest.image, newest.labels, newest.pins, newest.regions):
            if layer is not None:
                layer.visible = True


def _covers(upper: CubeLayers, lower: CubeLayers) -> bool:
    """Whether a picture is as large as another, so that nothing of that one is seen."""
    (low, high), (inner_low, inner_high) = (group.image.extent.world[:, -2:] for group in (upper, lower))
    return bool((low <= inner_low).all() and (high >= inner_high).all())
