import json

import h5py
import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.inference.run import transfer
from napari_udt.io import is_readable, list_candidates, open_cube, open_cubes, save_cube, save_cubes


def full_cube(rng: np.random.Generator, rows=40, columns=35, channels=12) -> SpectralCube:
    oxygenation = rng.random((rows, columns), dtype=np.float32)
    oxygenation[0, 0] = np.nan
    return SpectralCube(
        data=rng.standard_normal((rows, columns, channels)).astype(np.float32),
        wavelengths_nm=np.linspace(700, 850, channels),
        modality="PAT",
        domain="transferred",
        labels=rng.integers(-1, 7, (rows, columns)),
        label_names={-1: "unknown", 5: "vein", 6: "artery"},
        oxygenation=oxygenation,
        pixel_size_mm=(0.15625, 0.2),
        quantity="initial pressure [a.u.]",
        origin="transferred with a test model",
        name="forearm µ",
        provenance={"model": "m", "conditions": [0.95, 0.05], "nested": {"seed": 3}},
        metadata={"camera": "none", "temperatures": [20.5, 21.0]},
    )


def assert_same(read: SpectralCube, written: SpectralCube) -> None:
    np.testing.assert_array_equal(np.asarray(read.data[:]), np.asarray(written.data[:]))
    np.testing.assert_array_equal(read.wavelengths_nm, written.wavelengths_nm)
    for name in ("labels", "oxygenation"):
        if getattr(written, name) is None:
            assert getattr(read, name) is None
        else:
            np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    for name in (
        "modality",
        "domain",
        "label_names",
        "pixel_size_mm",
        "quantity",
        "origin",
        "name",
        "provenance",
    ):
        assert getattr(read, name) == getattr(written, name), name
    assert {k: v for k, v in read.metadata.items() if k != "file"} == dict(written.metadata)


@pytest.mark.parametrize("compress", [False, True])
def test_a_cube_with_everything_comes_back_equal(tmp_path, compress):
    written = full_cube(np.random.default_rng(1))
    save_cube(written, tmp_path / "cube.udt.h5", compress=compress)
    read = open_cube(tmp_path / "cube.udt.h5")
    assert_same(read, written)
    assert read.metadata["file"]["format"] == "udt"
    assert is_readable(tmp_path / "cube.udt.h5")


@pytest.mark.parametrize("odd", [[], 3, "a text", None, {"path": 3}])
def test_metadata_of_the_users_own_under_our_names_keep_no_file_from_opening(tmp_path, odd):
    names = ("assumed", "stated_by_user", "file", "remarks", "frames", "non_finite")
    cube = SpectralCube(
        np.ones((3, 4, 5), np.float32), np.linspace(500, 900, 5), "HSI", metadata=dict.fromkeys(names, odd)
    )
    for name in ("a.udt.h5", "a.hdr"):
        save_cube(cube, tmp_path / name)
        again = open_cube(tmp_path / name)
        assert again.metadata.get("assumed", {}).get("note", odd) == odd
    assert transfer(cube, "baseline:identity").provenance["source"]["name"] == cube.name


def test_a_bare_cube_comes_back_bare(tmp_path):
    written = SpectralCube(np.ones((2, 3, 4), np.float32), [500, 510, 520, 530], "HSI", name="bare")
    save_cube(written, tmp_path / "bare.h5")
    assert_same(open_cube(tmp_path / "bare.h5"), written)


def test_float32_bits_survive_also_nan_infinities_and_subnormals(tmp_path):
    bits = np.random.default_rng(2).integers(0, 2**32, (5, 6, 7), dtype=np.uint32)
    written = SpectralCube(bits.view(np.float32), np.arange(500, 507), "HSI")
    save_cube(written, tmp_path / "bits.h5", compress=True)
    np.testing.assert_array_equal(open_cube(tmp_path / "bits.h5").data.view(np.uint32), bits)


def test_several_cubes_in_one_file_keep_their_order(tmp_path):
    cubes = [full_cube(np.random.default_rng(i)).with_(name=f"cube {i % 11}") for i in range(12)]
    save_cubes(cubes, tmp_path / "many.h5")
    read = open_cubes(tmp_path / "many.h5")
    assert [c.name for c in read] == [c.name for c in cubes]
    for one, other in zip(read, cubes, strict=True):
        assert_same(one, other)
    titles = list_candidates(tmp_path / "many.h5")
    assert len(set(titles)) == 12
    assert_same(open_cube(tmp_path / "many.h5", candidate=titles[11]), cubes[11])


def test_an_existing_file_is_replaced_only_on_demand(tmp_path):
    first, second = full_cube(np.random.default_rng(1)), full_cube(np.random.default_rng(2))
    save_cube(first, tmp_path / "x.h5")
    with pytest.raises(CubeError, match="overwrite=True"):
        save_cube(second, tmp_path / "x.h5")
    assert_same(open_cube(tmp_path / "x.h5"), first)
    save_cube(second, tmp_path / "x.h5", overwrite=True)
    assert_same(open_cube(tmp_path / "x.h5"), second)


def test_a_failed_save_changes_nothing(tmp_path):
    good = full_cube(np.random.default_rng(1))
    save_cube(good, tmp_path / "x.h5")
    before = (tmp_path / "x.h5").read_bytes()
    with pytest.raises(CubeError, match=r"x\.h5.*nothing was changed"):
        save_cube(good.with_(metadata={"not json": object()}), tmp_path / "x.h5", overwrite=True)
    assert (tmp_path / "x.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.h5"]


def test_a_lazy_cube_may_be_saved_over_the_file_it_lives_in(tmp_path):
    written = full_cube(np.random.default_rng(4))
    save_cube(written, tmp_path / "x.h5")
    lazy = open_cube(tmp_path / "x.h5", memory_limit_mb=0)
    assert lazy.is_lazy
    save_cube(lazy.with_(name="renamed"), tmp_path / "x.h5", overwrite=True)
    assert_same(open_cube(tmp_path / "x.h5"), written.with_(name="renamed"))


def test_a_newer_version_is_refused_by_name(tmp_path):
    save_cube(full_cube(np.random.default_rng(1)), tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        file.attrs["version"] = 3
    with pytest.raises(CubeError, match=r"version 3 .* up to 2; update napari-udt"):
        open_cube(tmp_path / "x.h5")


def test_where_a_cube_was_opened_from_is_not_saved(tmp_path):
    save_cube(full_cube(np.random.default_rng(1)), tmp_path / "x.h5")
    save_cube(open_cube(tmp_path / "x.h5"), tmp_path / "y.h5")
    with h5py.File(tmp_path / "y.h5") as file:
        assert "file" not in json.loads(file["cubes/0/metadata"][()])
    assert open_cube(tmp_path / "y.h5").metadata["file"]["path"] == str(tmp_path / "y.h5")


def test_what_the_user_states_wins_and_is_recorded(tmp_path):
    save_cube(full_cube(np.random.default_rng(1)), tmp_path / "x.h5")
    cube = open_cube(tmp_path / "x.h5", wavelengths_nm=np.arange(600, 612), domain="real", modality="HSI")
    assert (cube.domain, cube.modality, cube.wavelengths_nm[0]) == ("real", "HSI", 600)
    assert cube.metadata["stated_by_user"] == ["wavelengths_nm", "domain", "modality"]


def test_other_endings_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(CubeError, match=r"\.npz"):
        save_cube(full_cube(np.random.default_rng(1)), tmp_path / "x.tiff")
    with pytest.raises(CubeError, match="no cube"):
        save_cubes([], tmp_path / "x.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["data", "wavelengths_nm"])
def test_an_incomplete_file_says_what_is_missing(tmp_path, part):
    save_cube(full_cube(np.random.default_rng(1)), tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        del file[f"cubes/0/{part}"]
    with pytest.raises(CubeError, match=rf"x\.h5.*no {part}"):
        open_cube(tmp_path / "x.h5")
