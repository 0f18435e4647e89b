import numpy as np
import pytest

from napari_udt.simulation.pat_image import WAVELENGTHS_NM
from napari_udt.simulation.tables import find_tables
from napari_udt.simulation.tissue_optics import (
    ABSORBERS,
    SCATTERERS,
    bloodless_skin_absorption_per_cm,
    mixed,
    optical_spectra,
)


def test_a_mixture_is_the_sum_of_its_fractions():
    coefficients = np.array([[1.0, 2.0], [10.0, 20.0], [5.0, 5.0]])
    fractions = {"b": np.array([[0.25, 0.0]]), "c": np.array([[0.5, 1.0]])}
    found = mixed(fractions, ("a", "b", "c"), coefficients)
    np.testing.assert_allclose(found, [[[5.0, 5.0]], [[7.5, 5.0]]])


def test_coefficients_come_from_the_tables():
    spectra = optical_spectra(find_tables(), WAVELENGTHS_NM)
    at_800 = list(WAVELENGTHS_NM).index(800)
    absorption = dict(zip(ABSORBERS, spectra.absorption_per_cm[:, at_800], strict=True))
    assert absorption["oxyhemoglobin"] == pytest.approx(absorption["deoxyhemoglobin"], rel=0.1)  # isosbestic
    scattering = dict(zip(SCATTERERS, spectra.reduced_scattering_per_cm[:, at_800], strict=True))
    assert scattering["skin"] == pytest.approx(46 * 1.6**-1.421)
    assert scattering["blood"] == pytest.approx(755.708449 * 0.02, rel=1e-4)
    assert spectra.absorption_per_cm.shape == (6, 16)


def test_bloodless_skin_absorbs_ever_less_down_to_its_floor():
    absorption = bloodless_skin_absorption_per_cm(np.array([154.0, 154 + 66.2, 700, 5000]))
    np.testing.assert_allclose(absorption[:2] - 0.244, [85.3, 85.3 / np.e])
    assert 0.244 < absorption[2] < 0.28
    assert absorption[3] == pytest.approx(0.244)
