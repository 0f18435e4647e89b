"""Files on disk: written whole or not at all, read only where they are ordinary, cleaned up after a crash."""
