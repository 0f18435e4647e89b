"""Visibility and contrast of layers before an arrangement, to be restored after it."""

from __future__ import annotations

from collections.abc import Iterable

from napari.layers import Layer

Limits = tuple[float, float]


class SavedAppearance:
    """Visibility and contrast of layers as they were when first remembered."""

    def __init__(self) -> None:
        self._before: dict[Layer, tuple[bool, Limits | None]] = {}

    def remember(self, layers: Iterable[Layer]) -> None:
        """Remember layers that are not remembered yet."""
        for layer in layers:
            self._before.setdefault(layer, (layer.visible, getattr(layer, "contrast_limits", None)))

    def limits(self, layer: Layer) -> Limits:
        """Return the contrast limits that a remembered layer had."""
        low, high = self._before[layer][1] or (0.0, 1.0)
        return low, high

    def restore_limits(self, layer: Layer) -> None:
        """Give a remembered layer its own contrast back."""
        limits = self._before[layer][1]
        if limits is not None:
            layer.contrast_limits = limits

    def restore(self) -> None:
        """Restore all remembered layers, and forget them."""
        for layer, (visible, _) in self._before.items():
            layer.visible = visible
            self.restore_limits(layer)
        self._before = {}
