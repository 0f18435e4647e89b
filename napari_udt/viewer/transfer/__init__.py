"""The Transfer dock: running a model over a cube, or over the pixel under the mouse."""
