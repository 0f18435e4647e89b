"""Losses, loops and data sets that turn two unpaired sets of spectra into a trained model."""
