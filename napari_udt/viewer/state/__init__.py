"""The state of one viewing session and what is remembered between sessions. No Qt, no napari layers."""
