"""Units of wavelengths: spellings, conversion, plausibility."""

import numpy as np
import pytest

from napari_udt.io.units import unit_in_name, unit_of, wavelength_list, widths_in_nm

SPELLINGS = {
    "nm": ("nm", "Nanometers", "nanometre", "[nm]", "nanometers (nm)", "Wavelength (nm)"),
    "µm": ("um", "µm", "\u03bcm", "Micrometers", "microns", "Micrometre"),
    "m": ("m", "meters", "Metre"),
    "Å": ("Angstroms", "Å", "\u212b", "A"),
    "1/cm": ("cm-1", "cm^-1", "cm\u207b\u00b9", "cm**-1", "1/cm", "Wavenumber", "Wavenumber (cm-1)"),
    "THz": ("THz", "terahertz"),
    "GHz": ("GHz", "gigahertz"),
}


@pytest.mark.parametrize(("unit", "text"), [(u, t) for u, texts in SPELLINGS.items() for t in texts])
def test_spellings(unit, text):
    assert unit_of(text) == unit


@pytest.mark.parametrize(
    ("unit", "numbers"),
    [
        ("um", [0.5, 1, 2]),
        ("m", [5e-7, 1e-6, 2e-6]),
        ("Angstrom", [5000, 10_000, 20_000]),
        ("cm-1", [20_000, 10_000, 5000]),
        ("THz", [599.584916, 299.792458, 149.896229]),
        ("GHz", [599_584.916, 299_792.458, 149_896.229]),
        ("mm", [5e-4, 1e-3, 2e-3]),
    ],
)
def test_conversion(unit, numbers):
    found = wavelength_list(numbers, unit, "wavelengths")
    np.testing.assert_allclose(found.nm, [500, 1000, 2000])
    assert (found.remark, found.doubt) == ("", "")


@pytest.mark.parametrize(
    ("numbers", "unit", "doubt"),
    [
        ([500, 900], "Micrometers", "would be 500000-900000 nm"),
        ([0.5, 0.9], "nm", "would be 0.5-0.9 nm"),
        ([500, 900], "furlongs", "'furlongs' of wavelengths is not known"),
    ],
)
def test_doubts(numbers, unit, doubt):
    assert doubt in wavelength_list(numbers, unit, "wavelengths").doubt


def test_a_unit_that_is_not_stated_is_inferred_and_said():
    for unit in (None, "", "Unknown", "none"):
        found = wavelength_list([0.5, 0.9], unit, "wl")
        np.testing.assert_allclose(found.nm, [500, 900])
        assert found.remark == "µm, from the magnitude of wl"
    assert wavelength_list([0, 1, 2, 3], None, "bands") is None
    assert wavelength_list([500, 600], "Index", "bands") is None
    assert wavelength_list("none", "nm", "bands") is None


def test_missing_numbers_stay_missing():
    found = wavelength_list([500, 0, 700, np.nan, 900], "nm", "wl")
    np.testing.assert_array_equal(found.nm, [500, np.nan, 700, np.nan, 900])
    assert wavelength_list([500, 0, 0], "nm", "wl") is None


def test_names_and_widths():
    names = ("scan/wavelength_um", "wavelengths (nm)", "wavenumbers", "wl")
    assert [unit_in_name(name) for name in names] == ["µm", "nm", "1/cm", ""]
    np.testing.assert_allclose(widths_in_nm([0.01, 0.02], np.array([500.0, 600]), "µm"), [10, 20])
    np.testing.assert_allclose(widths_in_nm([10], np.array([1000.0]), "1/cm"), [1])
    assert widths_in_nm([1, 2], np.array([500.0]), "nm") is None
