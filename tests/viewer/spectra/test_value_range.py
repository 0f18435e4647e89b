"""The value axis follows the curves; a single wild wavelength is an outlier that is known by name."""

import numpy as np
import pytest

from napari_udt.viewer.spectra.value_range import Extent, extent, outliers, value_range

NM = np.arange(700.0, 851.0, 10.0)
RISE = np.linspace(1, 2, 16)


def spiked(place, value):
    found = RISE.copy()
    found[place] = value
    return found


def test_smooth_curves_are_within_to_their_ends():
    for line in (RISE, np.exp(np.linspace(0, 3, 16)), np.sin(np.linspace(0, 6, 100)), RISE[:3]):
        assert value_range([extent([line])]) == (line.min(), line.max())


@pytest.mark.parametrize("place", [0, 1, 7, 9, 14, 15])
@pytest.mark.parametrize("value", [40.0, -40.0])
def test_one_wild_wavelength_does_not_decide_the_range(place, value):
    line = spiked(place, value)
    low, high = value_range([extent([line])])
    assert 0.5 < low <= 1.1
    assert 1.9 <= high < 2.5
    (found,) = outliers([(NM, line)], (low, high))
    assert (found.wavelength_nm, found.value, found.is_above) == (NM[place], value, value > 0)


def test_a_feature_of_three_wavelengths_is_no_outlier():
    line = RISE.copy()
    line[6:9] = (5, 6, 5)
    limits = value_range([extent([line])])
    assert limits[1] >= 5
    assert {o.wavelength_nm for o in outliers([(NM, line)], limits)} <= {NM[7]}


def test_a_high_curve_among_low_ones_is_no_outlier():
    limits = value_range([extent([RISE]), extent([13 * RISE])])
    assert limits == (1, 26)
    assert outliers([(NM, RISE), (NM, 13 * RISE)], limits) == ()


def test_outliers_are_sorted_by_how_far_out_they_are():
    lines = [(NM, spiked(4, 30.0)), (NM, spiked(9, -80.0))]
    limits = value_range([extent([line]) for _, line in lines])
    assert [(o.wavelength_nm, o.line, o.is_above) for o in outliers(lines, limits)] == [
        (790.0, 1, False),
        (740.0, 0, True),
    ]


def test_bands_count_and_missing_values_do_not():
    line = RISE.copy()
    line[3] = np.nan
    assert extent([line, RISE - 1, RISE + 1]) == Extent(0, 3, 0, 3)
    assert extent([np.full(5, np.nan), None]) is None
    assert value_range([None]) is None
    assert outliers([(NM, line)], None) == ()
    assert value_range([extent([np.ones(16)])]) == (1, 1)
