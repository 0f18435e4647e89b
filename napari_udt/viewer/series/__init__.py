"""Series of pictures in the viewer: the position along time or depth, and curves over it."""
