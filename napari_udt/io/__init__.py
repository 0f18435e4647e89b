"""Reading and writing spectral cubes: one module per format, one registry, one sniffing step."""
