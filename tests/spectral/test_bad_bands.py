"""Bad bands are left out of statistics, unmixing, interpolation and transfer, unless asked for."""

import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferError
from napari_udt.inference.baselines import transfer_baseline
from napari_udt.inference.grid import regrid
from napari_udt.spectral.spectra import (
    group_statistics,
    structure_moments,
    structure_spectra,
    window_spectra,
)
from napari_udt.spectral.unmixing import unmix

NM = np.linspace(500, 900, 41)
BAD = np.isin(np.arange(41), (20, 33))


@pytest.fixture
def clean():
    rng = np.random.default_rng(0)
    data = (rng.random((6, 5, 1)) + np.linspace(1, 2, 41)).astype(np.float32)
    return SpectralCube(data, NM, "HSI", labels=np.arange(30).reshape(6, 5) % 2, label_names={0: "a", 1: "b"})


@pytest.fixture
def spoilt(clean):
    data = clean.data.copy()
    data[..., BAD] = 65_535
    data[2, 2, 20] = np.nan
    return clean.with_(data=data, bad_bands=BAD)


def test_statistics_leave_them_out(clean, spoilt):
    for read in (
        lambda cube: group_statistics(window_spectra(cube, 2, 2, 3)).centre,
        lambda cube: group_statistics(window_spectra(cube, 2, 2)).centre,
        lambda cube: structure_moments(cube)[1].mean,
        lambda cube: group_statistics(structure_spectra(cube, 0)).centre,
    ):
        found, expected = read(spoilt), read(clean)
        assert np.isnan(found[BAD]).all()
        np.testing.assert_array_equal(found[~BAD], expected[~BAD])


def test_statistics_keep_them_when_asked(spoilt):
    assert window_spectra(spoilt, 0, 0, 3, bad_bands=True)[0, 20] == 65_535
    assert structure_spectra(spoilt, 0, bad_bands=True)[0, 33] == 65_535
    assert structure_moments(spoilt, bad_bands=True)[0].mean[33] == 65_535


def test_unmixing_leaves_them_out(clean, spoilt):
    kept = clean.with_(data=clean.data[..., ~BAD], wavelengths_nm=NM[~BAD])
    np.testing.assert_array_equal(unmix(spoilt).oxygenation, unmix(kept).oxygenation)


def test_interpolation_leaves_them_out(clean, spoilt):
    grid = regrid(NM, NM, "scan", bad_bands=spoilt.bad_bands)
    found = grid(spoilt.data.reshape(-1, 41))
    np.testing.assert_allclose(found, clean.data.reshape(-1, 41), rtol=1e-5)  # spectra are straight lines
    assert "bad bands were left out (700, 830 nm)" in grid.note


def test_a_bad_band_at_the_end_is_not_extrapolated():
    with pytest.raises(TransferError, match="500-890 nm without its bad bands"):
        regrid(NM, NM, "scan", bad_bands=np.arange(41) == 40)
    with pytest.raises(TransferError, match="all of its bands"):
        regrid(NM, NM, "scan", bad_bands=np.ones(41, bool))


def test_baselines_leave_those_of_both_cubes_out(clean, spoilt):
    expected = transfer_baseline(clean, "moments", clean.with_(data=clean.data * 2))
    found = transfer_baseline(spoilt, "moments", spoilt.with_(data=spoilt.data * 2))
    np.testing.assert_allclose(found.data, expected.data, rtol=1e-4)
    assert found.bad_bands is None
    assert transfer_baseline(spoilt, "identity").bad_bands is not None
