"""Training models from open cubes, files and collections, in a process of its own."""
