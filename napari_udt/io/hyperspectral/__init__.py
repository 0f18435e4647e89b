"""Formats of hyperspectral cameras and archives."""
