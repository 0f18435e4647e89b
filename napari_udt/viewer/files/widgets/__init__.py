"""Qt widgets that ask about files and show how far the opening is."""
