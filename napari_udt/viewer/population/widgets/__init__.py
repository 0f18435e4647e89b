"""Qt widgets of the Population dock."""
