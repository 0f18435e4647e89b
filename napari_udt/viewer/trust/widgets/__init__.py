"""Qt widgets of the Trust dock."""
