"""Qt widgets of the Transfer dock."""
