"""Qt widgets of the Session dock."""
