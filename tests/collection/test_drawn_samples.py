"""Samples of cubes, kept by content."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from own_cubes import HSI_NM, write_envi, write_patato_file, write_tivita

from napari_udt.collection import gather, inspecting, samples
from napari_udt.collection.inspecting import Rules
from napari_udt.collection.samples import PER_STRUCTURE, sample_of, sample_path
from napari_udt.collection.toml_file import save_collection
from napari_udt.files.cache import cache_folder, prune_cache


@pytest.fixture
def collection(tmp_path):
    write_envi(tmp_path / "a.hdr", 1, shape=(20, 60))
    write_envi(tmp_path / "b.hdr", 2)
    return gather([tmp_path], Rules(structures={"Leber": "liver"}))[0]


def test_a_sample_holds_spectra_of_every_structure_as_the_cube_has_them(collection):
    member = collection.members[0]
    sample = sample_of(member, collection)
    assert sample.structures == ("liver", "Haut")
    assert sample.pixels.tolist() == [600, 600]
    assert np.bincount(sample.labels).tolist() == [PER_STRUCTURE] * 2
    with samples.opened(member, collection) as cube:
        data, mask = np.asarray(cube.cube.data), cube.mask("liver")
    own = {spectrum.tobytes() for spectrum in data[mask].astype(np.float32)}
    drawn = [spectrum.tobytes() for spectrum in sample.spectra[sample.labels == 0]]
    assert set(drawn) <= own
    assert len(set(drawn)) == PER_STRUCTURE


def test_what_is_kept_is_found_by_content_and_not_read_again(collection, tmp_path, monkeypatch):
    member = collection.members[0]
    first = sample_of(member, collection)
    monkeypatch.setattr(samples, "opened", None)
    moved = replace(member, path=tmp_path / "elsewhere.hdr", subject="Ann", domain="real")
    again = sample_of(moved, collection)
    np.testing.assert_array_equal(again.spectra, first.spectra)
    assert again.origin == first.origin
    for other in (
        replace(collection, structures={}),
        replace(collection, wavelengths_nm=collection.wavelengths_nm[1:]),
        replace(collection, members=(replace(member, sha256="0"),)),
    ):
        assert sample_path(other.members[0], other) != sample_path(member, collection)


def test_a_damaged_file_of_the_cache_is_made_again(collection):
    member = collection.members[0]
    first = sample_of(member, collection)
    path = sample_path(member, collection)
    path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(sample_of(member, collection).spectra, first.spectra)
    assert path.stat().st_size > 100


def test_the_cache_keeps_what_was_used_last(collection):
    import os

    paths = [sample_path(member, collection) for member in collection.members]
    for member in collection.members:
        sample_of(member, collection)
    os.utime(paths[0], (1, 1))
    sizes = sum(file.stat().st_size for file in cache_folder().rglob("*") if file.is_file())
    prune_cache(sizes - 1)
    assert [path.exists() for path in paths] == [False, True]


def test_a_cube_without_labels_is_drawn_anywhere_and_missing_values_are_left_out(tmp_path):
    path = write_tivita(tmp_path / "P1", 3, names=())
    cube = gather([path], Rules(wavelengths=tuple(HSI_NM)))[0]
    sample = sample_of(cube.members[0], cube)
    assert sample.structures == ()
    assert set(sample.labels) == {-1}
    assert len(sample.spectra) == PER_STRUCTURE
    pat = gather([write_patato_file(tmp_path / "m.hdf5", 1)])[0]
    sample = sample_of(pat.members[0], pat)
    assert np.isfinite(sample.spectra).all()
    assert 0 < sample.depth_mm.min() < sample.depth_mm.max()


def test_a_saved_collection_is_listed_again_without_opening_its_cubes(collection, tmp_path, monkeypatch):
    save_collection(collection, tmp_path / "c.udt-collection.toml")
    first = inspecting.inspect([tmp_path / "c.udt-collection.toml"]).cubes
    monkeypatch.setattr(inspecting, "open_member", None)
    again = inspecting.inspect([tmp_path / "c.udt-collection.toml"]).cubes
    assert [cube.problem for cube in again] == ["", ""]
    assert [(c.member, dict(c.structures), c.shape) for c in again] == [
        (c.member, dict(c.structures), c.shape) for c in first
    ]
    np.testing.assert_array_equal(again[0].wavelengths_nm, first[0].wavelengths_nm)
    shutil.copy(tmp_path / "b.hdr", tmp_path / "a.hdr")
    changed = inspecting.inspect([tmp_path / "c.udt-collection.toml"]).cubes
    assert "has changed" in changed[0].problem
