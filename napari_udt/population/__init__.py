"""Populations of spectra side by side: the paper's figures, distances between distributions, and their report.

The Population dock and ``napari-udt evaluate --report`` use this package. It knows numpy; scipy, scikit-learn
and matplotlib are imported when a function first needs them. It knows no Qt, no napari and no torch.
"""
