"""Series in napari-udt's own format; files without one stay as they were."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from test_own import assert_same, full_cube

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError, TransferCancelled
from napari_udt.io import list_candidates, open_cube, open_cubes, save_cube, save_cubes
from napari_udt.io.convert import convert
from napari_udt.io.generic import own
from napari_udt.series import Series

EARLIER = Path(__file__).parent / "files" / "version_1.udt.h5"


def scan(count=4, axis="time", positions=(0.0, 0.5, 1.5, 2.0), place=1, same_maps=False, **changes):
    """A picture of a series, and which pictures were asked for."""
    asked = []

    def read(index):
        asked.append(index)
        made = full_cube(np.random.default_rng(index), 9, 8, 5)
        maps = full_cube(np.random.default_rng(0 if same_maps else index), 9, 8, 5)
        cube = made.with_(labels=maps.labels, oxygenation=maps.oxygenation, name="scan", **changes)
        provenance = {**cube.provenance, "seed": index // 2}
        return cube.with_(provenance=provenance, metadata={}, series=series, place=index)

    series = Series(axis, count, read, None if positions is None else np.array(positions))
    return series[place], asked


def check(read, written):
    assert (read.series.axis, len(read.series), read.place) == (
        written.series.axis,
        len(written.series),
        written.place,
    )
    np.testing.assert_array_equal(read.series.coordinates, written.series.coordinates)
    assert read.series.unit == written.series.unit
    for one, expected in zip(read.series, written.series, strict=True):
        word = "frame" if written.series.axis == "time" else "slice"
        assert_same(one, expected.with_(metadata={word: expected.place, f"{word}s": len(written.series)}))


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("same_maps", [False, True])
@pytest.mark.parametrize(("axis", "positions"), [("time", (0.0, 0.5, 1.5, 2.0)), ("depth", None)])
def test_a_series_comes_back_equal(tmp_path, compress, same_maps, axis, positions):
    written, _ = scan(axis=axis, positions=positions, same_maps=same_maps)
    save_cube(written, tmp_path / "x.udt.h5", compress=compress)
    read = open_cube(tmp_path / "x.udt.h5")
    check(read, written)
    assert read.series[3].is_lazy != compress or read.series[3].data.nbytes < 10_000
    with h5py.File(tmp_path / "x.udt.h5") as file:
        group = file["cubes/0"]
        assert file.attrs["version"] == 2
        assert group["labels"].shape == ((9, 8) if same_maps else (4, 9, 8))
        assert group["data"].chunks == (1, 9, 8, 5)


def test_a_series_beside_a_single_cube(tmp_path):
    written, alone = scan()[0], full_cube(np.random.default_rng(9)).with_(name="alone")
    save_cubes([written, alone], tmp_path / "x.udt.h5")
    assert list_candidates(tmp_path / "x.udt.h5") == ["scan", "alone", "scan, mean over frames"]
    first, second = open_cubes(tmp_path / "x.udt.h5")
    check(first, written)
    assert_same(second, alone)
    mean = open_cube(tmp_path / "x.udt.h5", candidate="scan, mean over frames")
    np.testing.assert_allclose(mean.data, np.mean([one.data for one in written.series], axis=0), rtol=1e-5)
    assert mean.series is None
    assert mean.labels is None


def test_pictures_without_maps_have_none(tmp_path):
    written, _ = scan()
    some = written.series.derived(
        lambda index, cube: cube.with_(labels=cube.labels if index in (1, 3) else None, oxygenation=None)
    )
    save_cube(some[1].with_(series=some), tmp_path / "x.udt.h5")
    read = open_cube(tmp_path / "x.udt.h5").series
    assert [one.labels is None for one in read] == [True, False, True, False]
    np.testing.assert_array_equal(read[3].labels, written.series[3].labels)
    assert all(one.oxygenation is None for one in read)


def test_pictures_are_written_one_after_the_other_and_work_ends_between(tmp_path, monkeypatch):
    written, asked = scan()
    asked.clear()
    reports = []
    own.write(
        [written], tmp_path / "x.h5", progress=lambda done, total: reports.append((done, total, list(asked)))
    )
    size = 9 * 8 * 5 * 4
    assert {total for _, total, _ in reports} == {4 * size}
    assert reports[-1][0] == 4 * size
    assert next(seen for done, _, seen in reports if done == size) == [0], "later ones are not read before"

    def stop(done, total):
        if done >= 2 * size:
            raise TransferCancelled

    from napari_udt.io.opening import saving

    with pytest.raises(TransferCancelled), saving(tmp_path / "y.h5") as temporary:
        own.write([scan()[0]], temporary, progress=stop)
    assert not (tmp_path / "y.h5").exists()


def test_a_large_series_is_read_picture_by_picture(tmp_path):
    save_cube(scan()[0], tmp_path / "x.udt.h5")
    read = open_cube(tmp_path / "x.udt.h5", frame=2, memory_limit_mb=0)
    assert read.is_lazy
    np.testing.assert_array_equal(read.data[4, 3], scan()[0].series[2].data[4, 3])


def test_pictures_of_another_size_are_named(tmp_path):
    written, _ = scan()
    odd = written.series.derived(
        lambda index, cube: cube.with_(data=cube.data[:5], labels=None, oxygenation=None)
    )
    broken = written.with_(series=odd)
    with pytest.raises(
        CubeError, match=r"picture 0 of the series has the shape \(5, 8, 5\); expected \(9, 8, 5\)"
    ):
        save_cube(broken, tmp_path / "x.udt.h5")
    assert not (tmp_path / "x.udt.h5").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda g: g.attrs.update(series_axis=np.bytes_("sideways")), "a series along 'sideways'"),
        (lambda g: g.attrs.pop("series_axis"), "has 4 axes"),
    ],
)
def test_damaged_series_get_one_sentence(tmp_path, change, sentence):
    path = tmp_path / "x.udt.h5"
    save_cube(scan()[0], path)
    with h5py.File(path, "r+") as file:
        change(file["cubes/0"])
    with pytest.raises(CubeError, match=sentence):
        open_cube(path)


def _replaced(group, name, values):
    del group[name]
    group[name] = values


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (lambda g: _replaced(g, "positions", [1.0]), "Positions left out: "),
        (lambda g: _replaced(g, "positions", [0, 2.0, 1, 3]), "Positions left out: "),
        (lambda g: _replaced(g, "labels", np.zeros((3, 9, 8))), "Labels left out: "),
        (lambda g: _replaced(g, "picture_provenance", np.zeros(3)), ""),
        (lambda g: _replaced(g, "picture_provenance", np.bytes_("[1, 2]")), "Provenance left out: "),
    ],
)
def test_what_stands_beside_the_pictures_keeps_no_file_from_opening(tmp_path, change, remark):
    path = tmp_path / "x.udt.h5"
    save_cube(scan()[0], path)
    with h5py.File(path, "r+") as file:
        change(file["cubes/0"])
    cube = open_cube(path)
    assert len(cube.series) == 4
    for picture in (cube, cube.series[3]):
        assert [said[: len(remark)] for said in picture.metadata.get("remarks", [""])] == [remark]


def _described(path):
    """Everything in a file: objects with their attributes, layout and values."""
    found = {}
    with h5py.File(path) as file:
        found["/"] = dict(file.attrs)
        file.visititems(lambda name, item: found.update({name: _one(item)}))
    return found


def _one(item):
    if isinstance(item, h5py.Group):
        return dict(item.attrs)
    return (
        item.shape,
        item.dtype,
        item.chunks,
        item.compression,
        np.asarray(item[()]).tobytes(),
        dict(item.attrs),
    )


def test_files_of_the_first_version_open_and_are_written_as_ever(tmp_path):
    cubes = open_cubes(EARLIER)
    expected = full_cube(np.random.default_rng(7), 6, 5, 4).with_(bad_bands=[0, 1, 0, 0])
    assert_same(cubes[0], expected)
    assert [cube.series for cube in cubes] == [None, None]
    save_cubes(cubes, tmp_path / "x.udt.h5")
    before, now = _described(EARLIER), _described(tmp_path / "x.udt.h5")
    assert before.keys() == now.keys()
    np.testing.assert_equal(now, before)


def test_a_series_is_converted_into_its_own_format(tmp_path):
    written, _ = scan()
    save_cube(written, tmp_path / "x.udt.h5", compress=True)
    convert(tmp_path / "x.udt.h5", tmp_path / "y.udt.h5", chunks="pixel")
    check(open_cube(tmp_path / "y.udt.h5"), written)


def test_a_single_picture_is_what_it_was(tmp_path):
    cube = SpectralCube(np.ones((2, 3, 4), np.float32), [500, 510, 520, 530], "HSI")
    save_cube(cube, tmp_path / "x.udt.h5")
    with h5py.File(tmp_path / "x.udt.h5") as file:
        assert file.attrs["version"] == 1
        assert "series_axis" not in file["cubes/0"].attrs
