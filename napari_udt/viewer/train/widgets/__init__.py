"""The Qt widgets of the Train dock."""
