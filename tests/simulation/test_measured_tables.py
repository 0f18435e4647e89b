import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.hsi_organs import CLASS_NAMES
from napari_udt.simulation.measured_tables import SOURCES, measured_tables


@pytest.fixture
def tables(shared):
    return measured_tables(shared / "data")


def test_haemoglobin_is_isosbestic_near_800_nm(tables):
    oxy, deoxy = (
        tables.absorption_per_cm(name, np.array([800.0, 760.0]))
        for name in ("oxyhemoglobin", "deoxyhemoglobin")
    )
    assert oxy[0] == pytest.approx(deoxy[0], rel=0.1)
    assert deoxy[1] > 2 * oxy[1]


def test_coefficients_outside_the_table_are_refused(tables):
    with pytest.raises(SimulationError, match="450 to 1000 nm"):
        tables.absorption_per_cm("water", np.array([400.0]))


def test_organ_statistics_are_l1_normalised(tables):
    for name in CLASS_NAMES:
        organ = tables.organ(name)
        assert organ.mean.shape == organ.std.shape == (100,)
        assert organ.mean.sum() == pytest.approx(1)


def test_recordings_have_one_row_per_subject(tables):
    for recordings in (tables.skin_nist, tables.skin_hyspex):
        assert recordings.spectra.shape == (len(recordings.subjects), len(recordings.wavelengths_nm))
        assert np.isfinite(recordings.spectra).all()
    assert len(set(tables.skin_nist.subjects)) == 70


def test_arteries_are_described_at_the_wavelengths_of_the_images(tables):
    arteries = tables.radial_artery
    np.testing.assert_array_equal(arteries.wavelengths_nm, [700, 730, 760, 800, 850])
    assert arteries.count == 78
    assert 0 < arteries.std.min() < arteries.std.max() < arteries.mean.min()


def test_label_maps_have_a_pixel_size_and_pictures(tables):
    maps = tables.label_maps
    assert maps.pixel_size_mm == pytest.approx(0.0695, abs=1e-4)
    assert set(np.unique(maps.pictures["human_forearm"])) <= {0, 1, 2, 3, 4}


def test_a_missing_table_is_named_with_its_columns_and_source(tmp_path):
    with pytest.raises(SimulationError, match=r"absorption_coefficients\.csv.*wavelength_nm.*SIMPA"):
        measured_tables(tmp_path)
    (tmp_path / SOURCES["absorption"].file).write_text("wavelength_nm,water_per_cm\n500,0.1\n600,0.3\n")
    tables = measured_tables(tmp_path)
    assert tables.absorption_per_cm("water", np.array([550.0])) == pytest.approx(0.2)
    with pytest.raises(SimulationError, match=r"hsi_pig_organs_tivita\.csv"):
        tables.organ("liver")


def test_an_organ_that_the_table_lacks_is_named(tmp_path):
    (tmp_path / SOURCES["absorption"].file).write_text("wavelength_nm,water_per_cm\n500,0.1\n")
    (tmp_path / SOURCES["organs"].file).write_text("species,organ,statistic,500,1000\npig,liver,mean,1,2\n")
    with pytest.raises(SimulationError, match="no mean and std rows for 'liver'"):
        measured_tables(tmp_path).organ("liver")
