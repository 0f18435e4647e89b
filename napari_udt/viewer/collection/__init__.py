"""The collection of a window: many cubes that are listed, described and handed on without being open."""
