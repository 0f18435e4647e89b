"""The figure for a paper: its dialog, and writing it."""
