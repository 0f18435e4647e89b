"""Qt widgets for opening files: questions about missing metadata, progress, and other cubes in a file."""
