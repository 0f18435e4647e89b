"""Formats that hold any kind of cube, the package's own among them."""
