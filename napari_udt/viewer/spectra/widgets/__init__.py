"""Qt widgets of the Spectra dock."""
