"""Curves along a series of pictures."""

import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.series import Series
from napari_udt.spectral.over_series import over_series, volume_moments
from napari_udt.spectral.spectra import structure_moments
from napari_udt.spectral.unmixing import unmix

WAVELENGTHS = np.array([700.0, 730.0, 760.0, 800.0, 850.0])
SHAPE = (6, 7, 5)


class _Counted:
    """Data that note which parts of them are read."""

    def __init__(self, values):
        self.values, self.shape, self.dtype, self.read = values, values.shape, values.dtype, []

    def __getitem__(self, key):
        self.read.append(key)
        return self.values[key]


def _series(data, labels=None, positions=None, axis="time"):
    def read(index):
        own = None if labels is None else labels[index]
        return SpectralCube(
            data[index], WAVELENGTHS, "PAT", labels=own, quantity="signal [a.u.]", series=series, place=index
        )

    series = Series(axis, len(data), read, positions)
    return series


@pytest.fixture
def values():
    return np.random.default_rng(4).uniform(1, 3, (9, *SHAPE)).astype(np.float32)


@pytest.fixture
def labels():
    return np.random.default_rng(5).integers(0, 3, (9, *SHAPE[:2]), np.int32)


def test_values_at_a_wavelength_are_those_of_each_picture(values, labels):
    series = _series(values, labels, np.arange(9) / 4)
    region = np.zeros(SHAPE[:2], bool)
    region[2:4, 1:6] = True
    found = over_series(series[3], {"pin": (1, 2), "region": region, "artery": 2}, 758.0)
    assert (found.axis, found.unit, found.quantity) == ("time", "s", "signal [a.u.] at 760 nm")
    np.testing.assert_array_equal(found.coordinates, np.arange(9) / 4)
    np.testing.assert_array_equal(found.curves["pin"].median, values[:, 1, 2, 2])
    assert set(found.curves["pin"].count) == {1}
    for index in range(9):
        for name, mask in {"region": region, "artery": labels[index] == 2}.items():
            curve, pixels = found.curves[name], values[index, mask, 2].astype(float)
            assert curve.count[index] == len(pixels)
            np.testing.assert_allclose(
                [curve.lower[index], curve.median[index], curve.upper[index]],
                np.quantile(pixels, [0.25, 0.5, 0.75]),
            )


def test_oxygenation_is_that_of_the_map(values):
    series = _series(values)
    region = np.ones(SHAPE[:2], bool)
    found = over_series(series[0], {"pin": (4, 4), "all": region}, "oxygenation", pictures=[6, 2])
    assert found.pictures.tolist() == [6, 2]
    for place, index in enumerate((6, 2)):
        expected = unmix(series[index]).oxygenation
        np.testing.assert_allclose(found.curves["pin"].median[place], expected[4, 4])
        np.testing.assert_allclose(found.curves["all"].median[place], np.nanmedian(expected))
        assert found.curves["all"].count[place] == np.isfinite(expected).sum()


def test_of_a_picture_only_what_a_pixel_needs_is_read(values):
    counted = [_Counted(one) for one in values]
    over_series(_series(counted)[0], {"pin": (1, 2)}, 700.0)
    for one in counted:
        (rows, columns, channel) = one.read[0]
        assert len(one.read) == 1
        assert (rows, columns, channel) == (slice(1, 2), slice(2, 3), 0)


def test_pictures_without_values_or_labels_have_none(values, labels):
    values[4] = np.nan
    parts = [None if index == 2 else labels[index] for index in range(9)]
    found = over_series(_series(values, parts)[0], {"pin": (0, 0), "vein": 1, "no such": 77}, 800.0)
    assert np.isnan(found.curves["pin"].median[4])
    assert found.curves["pin"].count[4] == 0
    assert found.curves["vein"].count[2] == 0
    assert not found.curves["no such"].count.any()


def test_progress_counts_pictures_and_ends_the_work(values):
    reports = []
    series = _series(values)
    over_series(series[0], {"pin": (0, 0)}, 700.0, progress=lambda *report: reports.append(report))
    assert reports == [(done, 9) for done in range(10)]

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    read = [_Counted(one) for one in values]
    with pytest.raises(KeyboardInterrupt):
        over_series(_series(read)[0], {"pin": (0, 0)}, 700.0, progress=stop)
    assert [bool(one.read) for one in read] == [True] * 2 + [False] * 7


def test_what_does_not_fit_is_named(values):
    cube = _series(values)[0]
    with pytest.raises(CubeError, match=r"pin, pixel \(6, 0\), lies outside the 6 x 7 picture"):
        over_series(cube, {"pin": (6, 0)}, 700.0)
    with pytest.raises(CubeError, match=r"region has the shape \(2, 2\)"):
        over_series(cube, {"region": np.ones((2, 2), bool)}, 700.0)
    with pytest.raises(CubeError, match="need a series"):
        over_series(cube.with_(data=cube.data), {"pin": (0, 0)}, 700.0)
    with pytest.raises(CubeError, match="no picture has labels"):
        volume_moments(cube)


def test_moments_of_a_volume_are_those_of_all_its_pictures_at_once(values, labels):
    values[1, 2, 3, 1] = np.nan
    labels[0] = 1  # a structure that begins later
    found = volume_moments(_series(values, labels, axis="depth")[0], "l2")
    one = SpectralCube(values.reshape(-1, *SHAPE[1:]), WAVELENGTHS, "PAT", labels=labels.reshape(-1, 7))
    expected = structure_moments(one, "l2")
    assert found.keys() == expected.keys() == {0, 1, 2}
    for label, moments in expected.items():
        assert found[label].count == moments.count
        np.testing.assert_allclose(found[label].mean, moments.mean, rtol=1e-6)
        np.testing.assert_allclose(found[label].std, moments.std, rtol=1e-5)
