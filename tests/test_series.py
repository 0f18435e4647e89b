"""Series of pictures."""

import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.series import Series


def _cube(index, series=None):
    data = np.full((2, 3, 4), index, np.float32)
    return SpectralCube(data, [700, 730, 760, 800], "PAT", series=series, place=index)


def _scan(count=20, positions=None):
    asked = []

    def read(index):
        asked.append(index)
        return _cube(index, scan)

    scan = Series("time", count, read, positions)
    return scan, asked


def test_pictures_are_read_when_asked_for_and_the_latest_are_kept():
    scan, asked = _scan()
    assert len(scan) == 20
    assert not asked
    assert scan[3].data.max() == 3
    assert scan[3] is scan[3]
    assert asked == [3]
    assert [cube.place for cube in scan] == list(range(20))
    scan[3]
    assert asked.count(3) == 2, "20 pictures later it is no longer kept"


def test_large_pictures_in_memory_are_let_go_sooner(monkeypatch):
    monkeypatch.setattr("napari_udt.series.KEPT_BYTES", 2 * 2 * 3 * 4 * 4)
    scan, asked = _scan()
    for index in (0, 1, 2, 1, 0):
        scan[index]
    assert asked == [0, 1, 2, 0]
    monkeypatch.setattr("napari_udt.series.KEPT_BYTES", 0)
    scan[5]
    assert scan[5] is scan[5], "the latest always stays"


def test_each_picture_knows_the_series():
    scan, _ = _scan()
    assert scan[5].series is scan
    assert scan[5].series[6].place == 6


def test_positions_have_a_unit_and_numbers_stand_in_where_there_are_none():
    scan, _ = _scan(3, [0, 0.1, 0.25])
    assert scan.unit == "s"
    assert scan.coordinates.tolist() == [0, 0.1, 0.25]
    scan, _ = _scan(3)
    assert scan.unit == "frame"
    assert scan.coordinates.tolist() == [0, 1, 2]
    assert Series("depth", 2, _cube).unit == "slice"
    assert Series("depth", 2, _cube, [0, 2.5]).unit == "mm"


@pytest.mark.parametrize("positions", [[0, 1], [0, 1, 1], [0, 2, 1], [0, np.nan, 2]])
def test_positions_that_do_not_fit_are_refused(positions):
    with pytest.raises(CubeError, match="positions"):
        _scan(3, positions)


def test_a_picture_that_is_not_there_is_named():
    scan, _ = _scan(3)
    for index in (-1, 3):
        with pytest.raises(CubeError, match=f"no picture {index}; it has 3"):
            scan[index]
    with pytest.raises(CubeError, match="picture 3 of a series of 3"):
        _cube(3, scan)


def test_a_derived_series_changes_each_picture_when_asked():
    scan, asked = _scan(4, [0, 1, 2, 3])
    doubled = scan.derived(lambda index, cube: cube.with_(data=2 * cube.data))
    assert not asked
    assert doubled.unit == "s"
    assert doubled[2].data.max() == 4
    assert asked == [2]


def test_other_data_leave_the_series():
    scan, _ = _scan()
    cube = scan[2]
    assert cube.with_(name="other").series is scan
    changed = cube.with_(data=cube.data + 1)
    assert changed.series is None
    assert changed.place == 0
