"""Texts and the slider of the Compare dock."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSlider, QWidget

DIVIDER_STEPS = 200
TOOLTIPS: dict[str, tuple[str, str]] = {
    "side by side": (
        "Side by side",
        "Two to four cubes beside each other, with one slider and one camera; press again to stack them.",
    ),
    "difference": (
        "Difference",
        "The first cube minus the second at the slider's wavelength. Only for cubes of the same pixels: a transferred "
        "one and the one that it was made from.",
    ),
    "added": (
        "What was added",
        "The newest transferred cube minus the one that it was made from, this first multiplied by the one gain that leaves least: "
        "red was added, blue taken away.",
    ),
    "swipe": (
        "Swipe",
        "The second cube left of a divider, the first right of it; drag the divider in the picture or here. Only for "
        "cubes of the same pixels.",
    ),
    "blink": (
        "Blink",
        "Both cubes in turn at the same position; the eye finds what changes. Space starts and stops it.",
    ),
}
SCALES = {
    "automatic": "automatic",
    "common": "one scale for all",
    "own": "each its own scale",
}
KINDS = {
    "absolute": "in the cubes' unit",
    "relative": "in % of the second",
    "added": "what was added, beyond one gain for all",
}


def divider_slider(parent: QWidget) -> QSlider:
    """Return the slider of the divider."""
    slider = QSlider(Qt.Orientation.Horizontal, parent)
    slider.setObjectName("divider")
    slider.setAccessibleName("Divider")
    slider.setToolTip("Where the divider of “Swipe” stands; it can be dragged in the picture as well.")
    slider.setRange(0, DIVIDER_STEPS)
    slider.setSingleStep(2)
    slider.setPageStep(20)
    return slider
