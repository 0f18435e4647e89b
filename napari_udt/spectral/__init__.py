"""Spectra as numbers: normalisation, statistics, distances, transforms, unmixing, chromophores and colour."""
