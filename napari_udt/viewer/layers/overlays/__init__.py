"""Layers over a cube's picture: pins, regions, maps, colours and brushed pixels."""
