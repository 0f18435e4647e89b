"""Small files that describe their values, units and extras in ways met in the wild, with the right answers."""

import subprocess
import sys

import numpy as np
import pytest
import tifffile
from pa_scenes import brightest_mm

from napari_udt.errors import CubeError, MissingMetadata
from napari_udt.io import is_readable, open_cube

FIVE_NM = [500, 600, 700, 800, 900]


@pytest.fixture
def case(shared):
    """Return the path of a case by its name."""

    def find(name):
        path = shared / "cases" / name
        if not path.exists():
            pytest.skip(f"{path} is absent")
        return path

    return find


@pytest.fixture(params=[None, 0], ids=["in memory", "lazy"])
def limit(request):
    return request.param


def test_e01_ignore_value_and_reflectance_scale(case, limit):
    cube = open_cube(case("E01_ignore_value.hdr"), memory_limit_mb=limit)
    assert np.isnan(cube.spectrum(0, 0)).all()
    assert np.isnan(cube.spectrum(2, 3)[2])
    np.testing.assert_allclose(cube.spectrum(1, 2), [0.0752, 0.5977, 0.2486, 0.2285, 0.6147], rtol=1e-6)
    assert cube.metadata["stored_values"]["ignored_numbers"] == [-9999]


def test_e03_scale_and_ignore_value_in_attributes(case, limit):
    cube = open_cube(case("E03_scale_attrs.h5"), memory_limit_mb=limit)
    assert np.isnan(cube.rows(0, 1)).all()
    np.testing.assert_allclose(cube.spectrum(3, 2), [0.4747, 0.6347, 0.5255, 0.4162, 0.2482], rtol=1e-6)
    assert cube.metadata["fwhm_nm"] == [5] * 5


def test_e04_packing_of_the_cf_conventions(case, limit):
    cube = open_cube(case("E04_cf_packing.nc"), memory_limit_mb=limit)
    assert np.isnan(cube.rows(0, 1)).all()
    np.testing.assert_allclose(cube.spectrum(3, 2), [0.1587, 0.2571, 0.1592, 0.1791, 0.3068], atol=1e-6)


def test_e06_bad_bands(case, limit):
    cube = open_cube(case("E06_bbl.hdr"), memory_limit_mb=limit)
    np.testing.assert_array_equal(cube.bad_bands, [False, False, True, False, False])


def test_e07_gdal_metadata_of_bands(case, limit):
    path = case("E07_gdal_band.tif")
    assert is_readable(path)
    cube = open_cube(path, memory_limit_mb=limit)
    np.testing.assert_array_equal(cube.wavelengths_nm, FIVE_NM)
    assert np.isnan(cube.rows(0, 1)).all()
    assert np.isfinite(cube.rows(1, cube.shape[0])).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("E12_cm1.hdr", [2500, 10_000 / 3, 5000, 20_000 / 3, 10_000]),
        ("E12b_angstrom.hdr", FIVE_NM),
    ],
)
def test_e12_units(case, name, expected):
    cube = open_cube(case(name))
    np.testing.assert_allclose(cube.wavelengths_nm, expected)


def test_e12_a_unit_that_reverses_the_order_takes_the_channels_along(case):
    path = case("E12_cm1.hdr")
    stored = np.fromfile(path.with_suffix(".img"), "<u2").reshape(4, 5, 6)
    np.testing.assert_array_equal(open_cube(path).spectrum(1, 2), stored[1, ::-1, 2])


def test_e12c_a_unit_that_contradicts_the_numbers_is_asked_about(case):
    with pytest.raises(MissingMetadata, match=r"'Micrometers' would be 500000-900000 nm"):
        open_cube(case("E12c_contradiction.hdr"))


def test_e12e_wavenumbers_of_an_attribute(case):
    cube = open_cube(case("E12e_wavenumber_attr.h5"))
    np.testing.assert_allclose(cube.wavelengths_nm[[0, -1]], [1e7 / 1800, 1e7 / 900])


def test_e13_repeated_wavelengths_are_averaged(case):
    path = case("E13_duplicates.hdr")
    cube = open_cube(path)
    stored = np.fromfile(path.with_suffix(".img"), "<u2").reshape(4, 5, 6).astype(float)
    np.testing.assert_allclose(cube.wavelengths_nm, [851.92, 862.01, 862.09, 872.1])
    np.testing.assert_allclose(cube.data[..., 0], stored[:, [0, 2]].mean(axis=1))
    assert "averaged: 851.92 nm" in cube.metadata["remarks"][0]


def test_e15_a_list_counts_by_its_length(case):
    cube = open_cube(case("E15_bands_scalar.mat"))
    np.testing.assert_allclose(cube.wavelengths_nm, np.linspace(500, 1000, 20))
    with pytest.raises(MissingMetadata) as asked:
        open_cube(case("E15c_bands_only.mat"))
    assert asked.value.shape == (9, 8, 224)


def test_e16_a_mask_of_fractions_is_left_out(case):
    cube = open_cube(case("E16_softmask.h5"))
    assert cube.shape == (9, 8, 20)
    assert cube.labels is None
    assert "mask holds fractions" in cube.metadata["remarks"][0]


def test_e10_numbers_under_another_ending(case):
    for name in ("E10_hyspex.hdr", "E10_hyspex.hyspex"):
        np.testing.assert_array_equal(open_cube(case(name)).spectrum(1, 2), [157, 2276, 279, 913, 1544])


def test_e10c_a_header_describes_the_tiff_beside_it(case):
    for name in ("E10c_sidecar.tif", "E10c_sidecar.hdr"):
        assert is_readable(case(name))
        np.testing.assert_array_equal(open_cube(case(name)).wavelengths_nm, FIVE_NM)


def test_e11_a_spectral_library_is_named(case):
    for name in ("E11_library.hdr", "E11_library.sli"):
        with pytest.raises(CubeError, match="spectral library of 3 spectra with 5 bands"):
            open_cube(case(name))


def test_e23_gaps_around_frames(case, limit):
    cube = open_cube(case("E23_frame_offsets.hdr"), memory_limit_mb=limit)
    np.testing.assert_array_equal(cube.spectrum(1, 2), [157, 2276, 279, 913, 1544])


def test_e09_frames_of_a_hyperstack(case, limit):
    path = case("E09_hyperstack_tcyx.tif")
    stored = tifffile.imread(path).astype(float)
    for frame in (None, 2, "mean"):
        cube = open_cube(path, frame=frame, memory_limit_mb=limit)
        expected = stored.mean(axis=0) if frame == "mean" else stored[frame or 0]
        np.testing.assert_array_equal(cube.wavelengths_nm, FIVE_NM)
        np.testing.assert_allclose(cube.data[:], np.moveaxis(expected, 0, 2), rtol=1e-6)
        assert cube.metadata["frames"] == 3


@pytest.mark.parametrize("name", ["E17_zstd.tif", "E17b_lzw.tif"])
def test_e17_packed_tiffs_open_with_imagecodecs(case, name):
    cube = open_cube(case(name))
    assert cube.shape == (16, 20, 20)
    np.testing.assert_allclose(cube.spectrum(0, 0)[:3], [0.6369617, 0.56441283, 0.11710641], rtol=1e-6)


def test_e18_a_filter_that_hdf5_lacks(case):
    cube = open_cube(case("E18_blosc.h5"))
    np.testing.assert_allclose(cube.spectrum(0, 0)[:2], [0.2740484, 0.00709183], rtol=1e-5)


def test_e19_a_file_that_another_program_writes_to(case, tmp_path):
    path = tmp_path / "written.h5"
    path.write_bytes(case("E19_lock.h5").read_bytes())
    hold = (
        f"import h5py, sys; f = h5py.File({str(path)!r}, 'r+'); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(CubeError, match="open for writing in another program"):
            open_cube(path)
        other.communicate("")
    assert open_cube(path).shape[2] > 1


def test_e21_a_planar_array_is_shown_through_its_field_of_view(case):
    cube = open_cube(case("E21_planar.hdf5"))
    assert cube.provenance["picture_axes"] == ["x", "z"]
    np.testing.assert_allclose(cube.provenance["centre_mm"], [0, 5, 12])
    np.testing.assert_allclose(brightest_mm(cube), [3, 0], atol=0.2)  # from the middle: x = 0, z = 12


def test_e22_the_invision_of_simpa(case):
    cube = open_cube(case("E22_simpa_invision.hdf5"))
    assert cube.shape[:2] == (100, 100)
    peak = np.unravel_index(np.argmax(np.asarray(cube.data[..., 0])), cube.shape[:2])
    np.testing.assert_allclose(peak, [20, 70], atol=1)


def test_e22b_labels_lie_where_the_picture_shows_them(case):
    cube = open_cube(case("E22b_simpa_ring_below.hdf5"))
    peak = np.unravel_index(np.argmax(np.asarray(cube.data[..., 0])), cube.shape[:2])
    np.testing.assert_allclose(peak, np.argwhere(cube.labels == 3).mean(axis=0), atol=1)
