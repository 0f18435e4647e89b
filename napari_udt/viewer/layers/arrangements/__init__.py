"""Arrangements of several cubes in napari's canvas: side by side, or two in one picture."""
