import shutil
from dataclasses import replace

import numpy as np
import pytest
from own_cubes import HSI_NM, write_envi, write_patato_file, write_simpa_file, write_tivita

from napari_udt.collection import contents, gather, inspecting, load_collection, save_collection
from napari_udt.collection.inspecting import Rules
from napari_udt.collection.preprocessing import Step
from napari_udt.collection.reading import opened
from napari_udt.collection.subjects import subject_rule
from napari_udt.collection.survey import survey
from napari_udt.collection.wavelengths import common_wavelengths
from napari_udt.cube import SpectralCube
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import CollectionError
from napari_udt.io import save_cube

NAME = "c.udt-collection.toml"


@pytest.fixture
def folder(tmp_path):
    """Two simulated ENVI cubes and two recordings of a camera."""
    for i in range(2):
        write_envi(tmp_path / "sim" / f"s{i}.hdr", i)
        write_tivita(tmp_path / "real" / f"P{i}" / f"2021_0{i}", 10 + i)
    return tmp_path


def test_files_of_any_format_become_one_collection(folder):
    rules = Rules(subject_from=r"pattern:(P\d|s\d)", structures={"Leber": "liver"}, wavelengths=tuple(HSI_NM))
    collection, problems = gather([folder], rules)
    assert not problems
    assert {(m.domain, m.subject) for m in collection.members} == {
        ("simulated", "s0"),
        ("simulated", "s1"),
        ("real", "P0"),
        ("real", "P1"),
    }
    np.testing.assert_allclose(collection.grid, HSI_NM)
    assert set(survey(collection).structures) == {"liver", "Haut"}
    for member in collection.members:
        with opened(member, collection) as cube:
            rows, columns = np.nonzero(cube.mask("liver"))
            np.testing.assert_allclose(cube.spectra(rows, columns), cube.cube.data[rows, columns], rtol=1e-6)


def test_a_saved_collection_is_read_back_and_follows_its_files(folder):
    rules = Rules(
        wavelengths=tuple(HSI_NM),
        structures={"Leber": 'the "liver" ✓'},
        preprocessing=[Step("savitzky_golay", {"window": 5, "degree": 2}), Step("snv")],
    )
    collection, _ = gather([folder], rules)
    save_collection(collection, folder / NAME)
    assert load_collection(folder / NAME) == collection
    assert str(folder) not in (folder / NAME).read_text()
    shutil.copytree(folder, folder.parent / "elsewhere")
    moved = load_collection(folder.parent / "elsewhere" / NAME)
    assert all("elsewhere" in str(member.path) for member in moved.members)
    assert not moved.checked()[1]


def test_what_is_missing_or_has_changed_is_named_and_the_rest_goes_on(folder):
    collection, _ = gather([folder / "sim"])
    save_collection(collection, folder / NAME)
    write_envi(folder / "sim" / "s0.hdr", 99, shape=(20, 25)) if (
        folder / "sim" / "s0.hdr"
    ).unlink() else None
    kept, problems = load_collection(folder / NAME).checked()
    assert len(kept.members) == 1
    assert "s0.hdr: the file is missing" in problems[0]
    image = next(p for p in (folder / "sim").iterdir() if p.stem == "s1" and p.suffix != ".hdr")
    image.write_bytes(image.read_bytes()[::-1])
    kept, problems = load_collection(folder / NAME).checked()
    assert "s1.hdr: the file has changed since it was collected" in problems[1]
    assert not kept.members


def test_a_file_that_does_not_open_is_named_and_left_out(folder):
    write_simpa_file(folder / "sim" / "cut.hdf5", 0)
    cut = (folder / "sim" / "cut.hdf5").read_bytes()
    (folder / "sim" / "cut.hdf5").write_bytes(cut[: len(cut) // 2])
    collection, problems = gather([folder / "sim"])
    assert len(collection.members) == 2
    assert len(problems) == 1
    assert "cut.hdf5" in problems[0]
    collection, problems = gather([folder / "real", folder / "sim"])
    assert len(collection.members) == 2
    assert len(problems) == 3
    assert sum("no wavelengths" in problem for problem in problems) == 2


def test_a_table_names_subjects_domains_and_splits(folder):
    table = folder / "table.csv"
    table.write_text("file,subject,domain,split\nsim/s0.hdr,A,real,test\nsim/s1.hdr,,,\n")
    collection, _ = gather([folder / "sim"], Rules(table=table))
    rows = {m.path.stem: (m.subject, m.domain, m.split) for m in collection.members}
    assert rows == {"s0": ("A", "real", "test"), "s1": ("s1", "simulated", "train")}
    table.write_text("file,split\nsim/s0.hdr,held\n")
    with pytest.raises(CollectionError, match=r"split of sim/s0\.hdr is 'held'; expected train or test"):
        gather([folder / "sim"], Rules(table=table))
    table.write_text("file,split\nsim/s0.hdr,test\nsim/gone.hdr,test\n")
    collection, problems = gather([folder / "sim"], Rules(table=table))
    assert [member.split for member in collection.members].count("test") == 1
    assert "table.csv: 1 row names a file that is not there: sim/gone.hdr; paths are relative" in problems[0]
    table.write_text("name\nx\n")
    with pytest.raises(CollectionError, match="expected a column file"):
        gather([folder / "sim"], Rules(table=table))


def test_subjects_come_from_where_the_rule_says(folder):
    path = folder / "real" / "P0" / "x.hdr"
    cube = SpectralCube(np.ones((1, 1, 2)), [500, 600], "HSI", metadata={"scan": {"animal": 7}}, name="x")
    words = {
        "file": "x",
        "folder": "P0",
        r"pattern:P(\d)": "0",
        "pattern:P0": "P0",
        "metadata:scan.animal": "7",
    }
    assert {rule: subject_rule(rule)(path, cube) for rule in words} == words
    with pytest.raises(CollectionError, match=r"have no scan\.name"):
        subject_rule("metadata:scan.name")(path, cube)
    with pytest.raises(CollectionError, match="is not in its path"):
        subject_rule("pattern:Q")(path, cube)
    for wrong in ("person", "pattern:", "pattern:("):
        with pytest.raises(CollectionError, match="Subject from"):
            subject_rule(wrong)


def test_mixed_modalities_and_nothing_at_all_get_one_sentence(folder, tmp_path):
    write_simpa_file(tmp_path / "v.hdf5", 0)
    with pytest.raises(CollectionError, match=r"two modalities: 2 HSI \(s\d.hdr\), 1 PAT \(v.hdf5\)"):
        gather([folder / "sim", tmp_path / "v.hdf5"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(CollectionError, match="No cube could be collected; give files or folders"):
        gather([tmp_path / "empty"])
    with pytest.raises(CollectionError, match="no such file or folder"):
        gather([tmp_path / "gone"])


def test_photoacoustic_files_keep_their_wavelengths_and_names(tmp_path):
    write_simpa_file(tmp_path / "v.hdf5", 0)
    write_patato_file(tmp_path / "m.hdf5", 1)
    collection, problems = gather([tmp_path], Rules(structures={"fatty": "fat"}))
    assert not problems
    assert collection.wavelengths_nm == (700, 730, 760, 800, 850)
    counts = {found.member.domain: dict(found.structures) for found in survey(collection).cubes}
    assert set(counts["simulated"]) == {"fat", "muscle"}
    assert set(counts["real"]) == {"fat", "muscular"}  # "unlabelled" is none


def test_common_wavelengths_are_the_coarsest_that_all_cover_without_bad_bands():
    fine, coarse = np.arange(500.0, 701, 5), np.arange(520.0, 801, 20)
    np.testing.assert_array_equal(
        common_wavelengths([("a", fine, None), ("b", coarse, None)]), np.arange(520.0, 701, 20)
    )
    bad = np.zeros(len(fine), bool)
    bad[fine == 560] = True
    found = common_wavelengths([("a", fine, bad), ("b", coarse, None)], low_nm=530, high_nm=650)
    np.testing.assert_array_equal(found, [540, 580, 600, 620, 640])
    with pytest.raises(CollectionError, match=r"a ends at 700 nm, b begins at 705 nm"):
        common_wavelengths([("a", fine, None), ("b", np.arange(705.0, 800), None)])
    with pytest.raises(CollectionError, match=r"a: all bands are marked as bad"):
        common_wavelengths([("a", fine, np.ones(len(fine), bool))])
    with pytest.raises(CollectionError, match="1 wavelengths are common"):
        common_wavelengths([("a", fine, None)], low_nm=698)


def test_spectra_with_missing_values_where_they_are_needed_are_missing(tmp_path):
    data = np.ones((2, 2, 3), np.float32)
    data[0, 0, 2], data[0, 1, 0] = np.nan, np.nan
    for name, nm in (("a", [500, 600, 700]), ("b", [500, 550, 600])):
        save_cube(SpectralCube(data, nm, "HSI", name=name), tmp_path / f"{name}.h5")
    collection, _ = gather([tmp_path])
    member = next(m for m in collection.members if m.path.stem == "a")
    with opened(member, collection) as cube:
        image = cube.image(slice(None), slice(None))
    np.testing.assert_array_equal(collection.grid, [500, 600])
    assert np.isnan(image[0, 1]).all()
    np.testing.assert_array_equal(image[0, 0], 1)  # 700 nm is not used


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("version = 1", "version = 2"), "expected format"),
        (lambda text: text.replace('"HSI"', '"XYZ"'), "modality is 'XYZ'"),
        (lambda text: text.replace('domain = "simulated"', 'domain = "dream"'), "domain is 'dream'"),
        (lambda text: text.replace('file = "', 'fiel = "'), "fiel"),
        (lambda text: text.replace("[500.0, 510.0", "[510.0, 500.0"), "wavelengths_nm"),
        (lambda text: text + "[", "cannot be read"),
        (lambda text: text.replace('split = "train"', "split = 3"), "split = 3"),
    ],
)
def test_a_wrong_collection_gets_one_sentence(folder, change, said):
    collection, _ = gather([folder / "sim"])
    save_collection(collection, folder / NAME)
    (folder / NAME).write_text(change((folder / NAME).read_text()))
    with pytest.raises(CollectionError) as error:
        load_collection(folder / NAME)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_collections_join_and_keep_their_names_limits_and_preprocessing(folder):
    first, _ = gather(
        [folder / "sim"], Rules(structures={"Leber": "liver"}, high_nm=700, preprocessing=[Step("snv")])
    )
    save_collection(first, folder / NAME)
    joined, _ = gather([folder / NAME])
    assert joined == first
    other = replace(first, preprocessing=())
    save_collection(other, folder / f"other_{NAME}")
    with pytest.raises(CollectionError, match="other preprocessing"):
        gather([folder / NAME, folder / f"other_{NAME}"])


def test_every_image_of_a_data_set_is_a_cube_and_the_file_is_hashed_once(tmp_path, monkeypatch):
    labels = np.zeros((5, 8, 8), np.int8)
    labels[:, 4:] = 1
    dataset = Dataset(
        samples=np.random.default_rng(0).random((5, 3, 8, 8), dtype=np.float32),
        labels=labels,
        wavelengths_nm=np.array([700.0, 750, 800]),
        class_names=("fat", "muscle"),
        modality="PAT",
        domain="simulated",
        origin="simulated",
        seed=0,
    )
    save_dataset(dataset, tmp_path / "set.h5")
    hashed, fingerprint = [], contents.recording_fingerprint
    monkeypatch.setattr(
        contents, "recording_fingerprint", lambda path: hashed.append(path) or fingerprint(path)
    )
    collection, problems = gather([tmp_path])
    assert not problems
    assert [member.candidate for member in collection.members] == [f"image {i}" for i in range(5)]
    assert len({member.subject for member in collection.members}) == 5
    assert collection.checked() == (collection, [])
    assert len(hashed) == 2
    with opened(collection.members[2], collection) as cube:
        np.testing.assert_allclose(
            cube.image(slice(None), slice(None)), dataset.samples[2].transpose(1, 2, 0), rtol=1e-6
        )
        assert cube.pixel_counts() == {"fat": 32, "muscle": 32}


def test_structures_that_are_renamed_alike_are_one_and_unlabelled_pixels_are_none(tmp_path):
    labels = np.array([[0, 1, 2], [3, 3, -1]])
    names = {-1: "unknown", 1: "vein", 2: "Artery", 3: "fat"}
    cube = SpectralCube(np.ones((2, 3, 2)), [500, 600], "HSI", labels=labels, label_names=names, name="x")
    save_cube(cube, tmp_path / "x.h5")
    collection, _ = gather([tmp_path], Rules(structures={"vein": "vessel", "Artery": "vessel"}))
    with opened(collection.members[0], collection) as prepared:
        assert prepared.pixel_counts() == {"vessel": 2, "fat": 2}
        np.testing.assert_array_equal(prepared.mask("vessel"), (labels == 1) | (labels == 2))
        np.testing.assert_array_equal(
            prepared.class_numbers({"fat": 0, "vessel": 1}), [[-1, 1, 1], [0, 0, -1]]
        )


def test_a_folder_that_was_read_before_is_listed_without_opening_its_files(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(tmp_path / "cache"))
    for i in range(2):
        write_envi(tmp_path / "cubes" / f"s{i}.hdr", i, metadata={"animal": f"A{i}"})
    first = inspecting.inspect([tmp_path / "cubes"]).cubes

    def refuse(member, **_):
        raise AssertionError(f"{member.name} was opened")

    with monkeypatch.context() as change:
        change.setattr(inspecting, "open_member", refuse)
        again = inspecting.inspect([tmp_path / "cubes"], Rules(subject_from="folder", domain="real")).cubes
    assert [cube.structures for cube in again] == [cube.structures for cube in first]
    assert [cube.member.domain for cube in first] == ["simulated"] * 2
    assert {(cube.member.subject, cube.member.domain) for cube in again} == {("cubes", "real")}
    assert all(np.array_equal(a.wavelengths_nm, b.wavelengths_nm) for a, b in zip(again, first, strict=True))
    named = inspecting.inspect([tmp_path / "cubes"], Rules(subject_from="metadata:animal")).cubes
    assert [cube.member.subject for cube in named] == ["A0", "A1"]
    for file in (tmp_path / "cubes").glob("s0*"):
        file.unlink()
    write_envi(tmp_path / "cubes" / "s0.hdr", 7, names=("bone", "skin"))
    changed = inspecting.inspect([tmp_path / "cubes"]).cubes
    assert list(changed[0].structures) == ["bone", "skin"]
