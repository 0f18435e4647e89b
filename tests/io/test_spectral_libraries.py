"""Spectral libraries: ENVI's as another library writes them, tables of spreadsheets, and what is written reads equal."""

import numpy as np
import pytest
from spectral.io import envi as spectral_envi

from napari_udt.errors import CubeError
from napari_udt.io import open_cube
from napari_udt.io.spectral_libraries import is_library, read_library, write_library
from napari_udt.spectral.library import SpectralLibrary

GRID = np.array([500.0, 600.0, 700.0, 800.0, 900.0])
SPECTRA = np.random.default_rng(5).random((3, 5))
NAMES = ("liver", "skin, inner", "spleen {a}")


@pytest.fixture
def library():
    return SpectralLibrary("organs", NAMES, SPECTRA, GRID)


def same(found, expected, names=NAMES):
    assert found.names == tuple(names)
    np.testing.assert_array_equal(found.wavelengths_nm, expected.wavelengths_nm)
    np.testing.assert_array_equal(found.spectra, expected.spectra)


def test_a_library_that_another_program_wrote(tmp_path, library):
    header = {"wavelength": GRID / 1000, "wavelength units": "Micrometers", "spectra names": ["a", "b", "c"]}
    spectral_envi.SpectralLibrary(SPECTRA.astype(np.float32), header, None).save(str(tmp_path / "theirs"))
    for name in ("theirs.hdr", "theirs.sli"):
        found = read_library(tmp_path / name)
        assert is_library(tmp_path / name)
        assert found.names == ("a", "b", "c")
        np.testing.assert_allclose(found.wavelengths_nm, GRID)
        np.testing.assert_array_equal(found.spectra, SPECTRA.astype(np.float32))


def test_another_program_reads_what_is_written(tmp_path, library):
    path = write_library(library, tmp_path / "ours.sli")
    found = spectral_envi.open(str(path.with_suffix(".hdr")), str(path))
    np.testing.assert_array_equal(found.spectra, SPECTRA)
    assert found.names == ["liver", "skin; inner", "spleen (a)"]
    np.testing.assert_array_equal(found.bands.centers, GRID)
    same(read_library(path), library, found.names)


def test_a_table_keeps_everything(tmp_path, library):
    gap = SPECTRA.copy()
    gap[1, 2] = np.nan
    library = SpectralLibrary("organs", NAMES, gap, GRID)
    path = write_library(library, tmp_path / "ours.csv")
    assert is_library(path)
    same(read_library(path), library)


@pytest.mark.parametrize(
    "text",
    [
        "wavelength,liver,skin\n500,0.1,0.2\n600,0.3,0.4\n",
        "# exported\nWavelength [um]\tliver\tskin\n0.6\t0.3\t0.4\n0.5\t0.1\t0.2\n",
        "Wavelength (nm);liver;skin\n500;0,1;0,2\n600;0,3;0,4\n",
        "wavelength_nm,liver,skin\n500,0.1,0.2\n\n600,0.3,0.4\n",
    ],
    ids=["commas", "tabs, µm, falling", "decimal commas", "name with unit"],
)
def test_tables_of_spreadsheets(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    found = read_library(tmp_path / "x.csv")
    assert found.names == ("liver", "skin")
    np.testing.assert_allclose(found.wavelengths_nm, [500, 600])
    np.testing.assert_allclose(found.spectra, [[0.1, 0.3], [0.2, 0.4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "expected a column of wavelengths"),
        ("wavelength,a\n", "rows differ in length"),
        ("wavelength,a\n500,1\n600\n", "rows differ in length"),
        ("wavelength,a\n500,red\n600,1\n", "expected numbers below the first row"),
        ("wavelength [parsec],a\n1,1\n2,1\n", "no wavelengths"),
    ],
)
def test_bad_tables_get_one_sentence(tmp_path, text, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(CubeError, match=message) as refused:
        read_library(tmp_path / "x.csv")
    assert "x.csv" in str(refused.value)


def test_a_library_cut_short(tmp_path, library):
    path = write_library(library, tmp_path / "ours.sli")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CubeError, match=r"ours\.sli.*expected 120"):
        read_library(path)


def test_the_case_and_its_values(shared):
    path = shared / "cases" / "E11_library.sli"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    found = read_library(path)
    assert found.names == ("liver", "skin", "spleen")
    np.testing.assert_allclose(found.wavelengths_nm, [500, 600, 700, 800, 900])
    assert found.spectra.shape == (3, 5)
    with pytest.raises(CubeError, match="spectral library"):
        open_cube(path)


def test_cubes_are_no_libraries(tmp_path, full_cube):
    from napari_udt.io import save_cube

    for name in ("x.hdr", "x.csv"):
        save_cube(full_cube, tmp_path / name)
        assert not is_library(tmp_path / name)
    assert not is_library(tmp_path / "absent.csv")
