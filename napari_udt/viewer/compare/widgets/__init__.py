"""Qt widgets of the Compare dock."""
