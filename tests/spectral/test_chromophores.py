import numpy as np

from napari_udt.simulation.chromophore_table import errors
from napari_udt.simulation.measured_tables import measured_tables
from napari_udt.spectral.chromophores import CHROMOPHORES, TABLE, TITLES, absorption


def test_the_table_covers_the_range_and_names_its_source():
    table = absorption()
    np.testing.assert_array_equal(table.wavelengths_nm, np.arange(460, 1001, 5))
    assert set(table.per_cm) == set(CHROMOPHORES) == set(TITLES)
    assert all((values > 0).all() for values in table.per_cm.values())
    first = TABLE.read_text(encoding="utf-8").splitlines()[0]
    assert "SIMPA" in first
    assert "MIT" in first


def test_haemoglobin_is_as_everyone_knows_it():
    table = absorption()
    oxy, deoxy = table.at("HbO2", np.array([542.0, 760.0, 798.0, 900.0])), None
    deoxy = table.at("Hb", np.array([542.0, 760.0, 798.0, 900.0]))
    assert deoxy[1] > 2 * oxy[1]  # the peak of Hb at 760 nm
    assert abs(oxy[2] / deoxy[2] - 1) < 0.1  # isosbestic near 800 nm
    assert oxy[3] > deoxy[3]


def test_outside_the_table_nothing_is_known():
    assert np.isnan(absorption().at("water", np.array([400.0, 1100.0]))).all()
    at = absorption().at("Hb", np.array([400.0, 460.0, 1000.0, 1001.0]))
    np.testing.assert_array_equal(np.isfinite(at), [False, True, True, False])


def test_the_table_stays_close_to_its_original(shared):
    original = measured_tables(shared / "data").absorption
    found = errors(original, absorption())
    limits = {
        "HbO2": (0.005, 0.05),
        "Hb": (0.005, 0.02),
        "water": (0.005, 0.025),
        "fat": (0.01, 0.04),
        "melanin": (0.005, 0.01),
    }
    for name, (rms, largest) in found.items():
        assert rms < limits[name][0], name
        assert largest < limits[name][1], name
