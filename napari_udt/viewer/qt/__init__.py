"""Small Qt widgets and helpers that several docks share."""
