"""Running a model over a cube: chunks, devices, progress, cancelling, provenance."""
