"""Functional indices: what their formulas say, where they exist."""

import csv

import numpy as np
import pytest
from layer_reflectance import NM, reflectance

from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.functional_indices import (
    NIR,
    SO2,
    STO2,
    THB,
    THI,
    TWI,
    functional_indices,
    unit_of,
)


def values(spectra):
    return {index: float(found[0]) for index, found in functional_indices(spectra, NM, "HSI").items()}


def test_ratios_are_those_of_the_mean_absorbances():
    spectra = np.linspace(0.2, 0.6, len(NM))[None, :]
    absorbances = -np.log(spectra[0])

    def mean(low, high):
        return absorbances[(low <= NM) & (high >= NM)].mean()

    found = values(spectra)
    assert found[NIR] == pytest.approx(mean(825, 925) / mean(655, 735))
    assert found[THI] == pytest.approx(mean(530, 590) / mean(785, 825))
    assert found[TWI] == pytest.approx(mean(955, 980) / mean(880, 900))


# Values of K. Papke's public re-implementation (HSOpenTivita, before its scaling) for these measured means, made 40 times as bright.
@pytest.mark.parametrize(
    ("organ", "sto2", "nir", "thi", "twi"),
    [
        ("heart", 0.58482, 0.90269, 3.65405, 1.11962),
        ("liver", 0.52278, 1.12008, 4.85864, 1.0262),
        ("kidney", 0.83567, 1.04152, 4.18708, 1.23778),
        ("skin", 0.49286, 1.02043, 1.86417, 1.19098),
    ],
)
def test_values_are_those_of_a_public_implementation(shared, organ, sto2, nir, thi, twi):
    with (shared / "data" / "hsi_pig_organs_tivita.csv").open() as file:
        rows = list(csv.reader(file))
    nm = np.array(rows[0][3:], float)
    mean = next(row[3:] for row in rows if row[:3] == ["pig", organ, "mean"])
    found = functional_indices(40 * np.array([mean], float), nm, "HSI")
    own = [float(found[index][0]) for index in (STO2, NIR, THI, TWI)]
    assert own == pytest.approx([sto2, nir, thi, twi], abs=6e-6)


def test_indices_follow_what_they_are_named_after():
    low, high = (values(reflectance(s)) for s in (0.3, 0.9))
    assert high[STO2] > low[STO2]
    assert high[SO2] > low[SO2]
    assert 0 < low[STO2] < high[STO2] < 1
    assert values(reflectance(0.7, haemoglobin=0.05))[THI] > values(reflectance(0.7))[THI]
    assert values(reflectance(0.7, haemoglobin=0.05))[THB] > values(reflectance(0.7))[THB]
    assert values(reflectance(0.7, water=0.9))[TWI] > values(reflectance(0.7, water=0.5))[TWI]


def test_an_index_without_its_wavelengths_is_missing():
    visible = NM < 800
    found = functional_indices(reflectance(0.7)[:, visible], NM[visible], "HSI")
    assert STO2 in found
    assert not {NIR, TWI, THI} & set(found)
    uneven = np.concatenate([NM[:50], NM[50::2]])
    assert STO2 not in functional_indices(np.ones((1, len(uneven))), uneven, "HSI")
    bad = (NM >= 955) & (NM <= 980)
    assert TWI not in functional_indices(reflectance(0.7), NM, "HSI", bad)


def test_values_that_are_not_positive_have_no_index():
    spectra = np.concatenate([reflectance(0.7), reflectance(0.7)])
    spectra[1, 15] = 0  # 575 nm
    found = functional_indices(spectra, NM, "HSI")
    for index in (STO2, THI):
        assert np.isfinite(found[index][0])
        assert np.isnan(found[index][1])


def test_photoacoustic_spectra_have_those_of_unmixing_alone():
    nm = np.arange(700.0, 901.0, 10.0)
    table = absorption()
    spectra = (0.8 * table.at("HbO2", nm) + 0.2 * table.at("Hb", nm))[None, :]
    found = functional_indices(spectra, nm, "PAT")
    assert set(found) == {SO2, THB}
    assert found[SO2][0] == pytest.approx(0.8, abs=0.01)
    assert unit_of(THB, "PAT") == "a.u."
    assert unit_of(THB, "HSI") == "g/l·cm"
