"""The tabs that show one figure each, and the canvas that they draw on."""
