"""Qt widgets for series of pictures."""
