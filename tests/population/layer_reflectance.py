"""Reflectance of a layer in which light travels the same way at all wavelengths, at those of the Tivita camera."""

import numpy as np

from napari_udt.spectral.chromophores import absorption

NM = np.arange(500.0, 1000.0, 5.0)  # of the camera


def reflectance(saturation, haemoglobin=0.02, water=0.7, path_cm=0.5):
    """Spectra of a layer whose light travels the same way at all wavelengths."""
    table = absorption()
    oxygenated, reduced, liquid = (table.at(name, NM) for name in ("HbO2", "Hb", "water"))
    blood = haemoglobin * (saturation * oxygenated + (1 - saturation) * reduced)
    return np.exp(-path_cm * (blood + water * liquid) - 0.3)[None, :]
