"""The collection of a window, without Qt."""

import numpy as np
import pytest
from own_cubes import HSI_NM, write_envi, write_simpa_file

from napari_udt.collection import load_collection
from napari_udt.collection.inspecting import Rules, inspect
from napari_udt.errors import CollectionError
from napari_udt.viewer.collection.open_collection import NOTHING_YET, OpenCollection, key_of, save_as

NAME = "c.udt-collection.toml"


@pytest.fixture
def folder(tmp_path):
    """Two simulated cubes of a subject, a measured one on a shorter grid, and a broken file."""
    for i in range(2):
        write_envi(tmp_path / "sim" / "S1" / f"s{i}.hdr", i, names=("liver", "skin"))
    write_envi(tmp_path / "real" / "P1" / "r.hdr", 9, target=True, wavelengths_nm=HSI_NM[3:20])
    (tmp_path / "real" / "P1" / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    return tmp_path


@pytest.fixture
def collection(folder):
    collection = OpenCollection()
    assert collection.add(inspect([folder], Rules(subject_from="folder"))) == ""
    return collection


def test_a_broken_file_costs_one_row_and_is_not_saved(collection, folder):
    broken = [cube for cube in collection.cubes if cube.problem]
    assert [cube.member.name for cube in broken] == ["broken.h5"]
    assert "broken.h5" in broken[0].problem
    assert collection.statement() == (
        "3 cubes of 2 subjects (1 measured, 2 simulated). 1 file does not open and will be left out. HSI, 17 common "
        "wavelengths, 530–690 nm. No structure is in both domains: simulated liver, skin; target Leber, Haut; give them the same names "
        "(Names in the Collections dock, or --map OLD=NEW)."
    )
    collection.save(folder / NAME)
    assert len(load_collection(folder / NAME).members) == 3


def test_what_is_said_of_cubes_is_saved_and_opened_again(collection, folder):
    key = next(key_of(cube) for cube in collection.cubes if cube.member.name == "r.hdr")
    collection.describe([key], subject="Ann", domain="second", split="test")
    collection.name_structures({"Leber": " liver ", "Haut": "Haut", "skin": ""})
    assert not collection.saved
    collection.save(folder / NAME)
    assert collection.saved
    other = OpenCollection()
    other.add(inspect([folder / NAME]), [folder / NAME])
    assert other.saved
    assert other.path == folder / NAME
    assert other.structures == {"Leber": "liver"}
    member = other.member(key)
    assert (member.subject, member.domain, member.split) == ("Ann", "second", "test")
    assert other.collection() == load_collection(folder / NAME)


def test_a_subject_is_for_training_or_for_tests_as_a_whole(collection):
    key = next(key_of(cube) for cube in collection.cubes if cube.member.name == "s0.hdr")
    collection.describe([key], split="test")
    assert {c.member.name for c in collection.cubes if c.member.split == "test"} == {"s0.hdr", "s1.hdr"}
    assert [member.name for member in collection.collection().for_training] == ["r.hdr"]
    collection.describe([key], subject="another", split="train")
    assert [member.name for member in collection.collection().for_training] == ["r.hdr", "s0.hdr"]


def test_what_is_listed_is_not_listed_twice_and_a_repaired_file_replaces_its_row(collection, folder):
    collection.add(inspect([folder / "sim"]))
    assert len(collection.cubes) == 4
    (folder / "real" / "P1" / "broken.h5").unlink()
    write_envi(folder / "real" / "P1" / "new.hdr", 3)
    collection.add(inspect([folder]))
    assert len(collection.cubes) == 5
    collection.remove({key_of(cube) for cube in collection.cubes})
    assert (collection.statement(), collection.saved) == (NOTHING_YET, True)


def test_structures_are_counted_by_class_and_subject_as_they_are_called(collection):
    collection.name_structures({"Leber": "liver"})
    counts = collection.class_counts()
    assert counts.structures == ("liver", "skin", "Haut")
    assert counts.subjects == (("simulated", "S1"), ("real", "P1"))
    np.testing.assert_array_equal(counts.pixels, [[480, 240], [480, 0], [0, 240]])


def test_names_of_the_other_domain_and_of_a_model_are_suggested(collection):
    rows = {row.name: row for row in collection.structure_names()}
    assert rows["Leber"].suggestions == ("liver",)
    assert (rows["liver"].cubes, rows["liver"].pixels) == (2, 480)
    rows = {row.name: row for row in collection.structure_names(("liver", "skin"))}
    assert rows["Leber"].suggestions == ("liver",)
    assert rows["liver"].suggestions == ()


def test_cubes_that_do_not_belong_together_are_listed_and_the_reason_is_said(collection, tmp_path):
    path = write_simpa_file(tmp_path / "v.hdf5", 0)
    collection.add(inspect([path]))
    assert "two modalities: 3 HSI" in collection.statement()
    with pytest.raises(CollectionError, match="two modalities"):
        collection.save(tmp_path / NAME)
    said = []
    assert not save_as(collection, tmp_path / NAME, said.append)
    assert "was not saved" in said[0]
    assert not (tmp_path / NAME).exists()


def test_requests_wait_until_somebody_takes_them(tmp_path):
    collection, heard = OpenCollection(), []
    collection.requested.connect(lambda: heard.append(True))
    collection.request([])
    assert not heard
    collection.request([tmp_path])
    assert heard
    assert collection.waiting
    assert collection.take_requests() == [tmp_path]
    assert not collection.waiting
