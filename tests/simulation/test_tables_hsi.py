import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.tables import SOURCES, find_tables

ORGANS = {"bladder", "colon", "subcutaneous fat", "liver", "peritoneum", "skin", "small intestine", "spleen"}


@pytest.fixture
def tables(shared):
    return find_tables(shared / "data")


def test_haemoglobin_is_isosbestic_near_800_nm(tables):
    oxy, deoxy = (
        tables.absorption.at(name, np.array([800.0, 760.0])) for name in ("oxyhemoglobin", "deoxyhemoglobin")
    )
    assert oxy[0] == pytest.approx(deoxy[0], rel=0.1)
    assert deoxy[1] > 2 * oxy[1]


def test_coefficients_outside_the_table_are_refused(tables):
    with pytest.raises(SimulationError, match="450 to 1000 nm"):
        tables.absorption.at("water", np.array([400.0]))


def test_organ_statistics_are_l1_normalised(tables):
    organs = tables.organs
    assert set(organs.mean) >= ORGANS
    for organ in ORGANS:
        assert organs.mean[organ].shape == organs.std[organ].shape == organs.wavelengths_nm.shape == (100,)
        assert organs.mean[organ].sum() == pytest.approx(1, abs=0.01)


def test_recordings_have_one_row_per_subject(tables):
    for recordings in (tables.skin_nist, tables.skin_hyspex, tables.radial_artery):
        assert recordings.spectra.shape == (len(recordings.subjects), len(recordings.wavelengths_nm))
        assert np.isfinite(recordings.spectra).all()
    assert len(set(tables.skin_nist.subjects)) == 70


def test_label_maps_have_a_pixel_size_and_pictures(tables):
    maps = tables.label_maps
    assert maps.pixel_size_mm == pytest.approx(0.0695, abs=1e-4)
    assert set(np.unique(maps.pictures["human_forearm"])) <= {0, 1, 2, 3, 4}


def test_a_missing_table_is_named_with_its_columns_and_source(tmp_path):
    with pytest.raises(SimulationError, match=r"absorption_coefficients\.csv.*wavelength_nm.*SIMPA"):
        find_tables(tmp_path)
    (tmp_path / SOURCES["absorption"].file).write_text("wavelength_nm,water_per_cm\n500,0.1\n")
    with pytest.raises(SimulationError, match=r"hsi_pig_organs_tivita\.csv"):
        _ = find_tables(tmp_path).organs


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / SOURCES["absorption"].file).write_text("wavelength_nm,water_per_cm\n500,0.1\n600,0.3\n")
    monkeypatch.setenv("NAPARI_UDT_SHARED", str(tmp_path))
    assert find_tables().absorption.at("water", np.array([550.0])) == pytest.approx(0.2)
