"""Widgets of the Collections dock."""
