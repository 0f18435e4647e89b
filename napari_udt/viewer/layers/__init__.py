"""Layers of a viewer: those of cubes, pins, regions, maps and colours, and the arrangements for comparing.

No other folder changes ``viewer.layers``.
"""
