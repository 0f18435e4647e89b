"""Collections that cannot be used get one sentence that says what to do, from every command and in the dock."""

import csv

import numpy as np
import pytest
from own_cubes import HSI_NM, write_envi, write_simpa_file

from napari_udt.cli.parser import main
from napari_udt.collection.inspecting import inspect
from napari_udt.io import open_cube, save_cube
from napari_udt.viewer.collection.open_collection import OpenCollection


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(tmp_path / "cache"))


def nothing(cube):
    return cube


def all_missing(cube):
    return cube.with_(data=np.full(cube.shape, np.nan))


def empty_masks(cube):
    return cube.with_(labels=np.zeros(cube.shape[:2], int), label_names={0: "unlabelled"})


def unlabelled(cube):
    return cube.with_(labels=None)


def thousand(cube):
    numbers = np.arange(1000).reshape(25, 40)
    return cube.with_(
        data=np.ones((25, 40, 31)), labels=numbers + 1, label_names={n + 1: f"cell {n}" for n in range(1000)}
    )


@pytest.fixture
def cubes(tmp_path):
    """Write a simulated and a target cube, as a change makes them, into a folder."""

    def make(simulated=nothing, target=nothing, **fields):
        for name, change, is_target in (("s", simulated, False), ("t", target, True)):
            own = fields if is_target else {}
            cube = open_cube(write_envi(tmp_path / "raw" / f"{name}.hdr", len(name), target=is_target, **own))
            path = tmp_path / "cubes" / f"{name}.h5"
            path.parent.mkdir(exist_ok=True)
            save_cube(change(cube).with_(name=name), path)
        return tmp_path / "cubes"

    return make


@pytest.fixture
def said(tmp_path, capfd):
    """Run a command and return what it says on standard error, and its exit status; nothing in it is a defect."""

    def run(command, paths, *words):
        how = {
            "collect": ["collect", *paths, "-o", tmp_path / "c.udt-collection.toml", "--overwrite"],
            "stats": ["stats", *paths, "-o", tmp_path / "table.csv"],
            "train": [
                *("train", "hsi_transport_dy", "-o", tmp_path / "model", "--check"),
                *(word for side in ("--simulated", "--target") for word in (side, *paths)),
            ],
            "evaluate": ["evaluate", "--cubes", *paths, "-o", tmp_path / "e.csv", "--resamples", "0"],
            "transfer": ["transfer", *paths, "-o", tmp_path / "results"],
        }[command]
        status = main([str(word) for word in (*how, *words)])
        output, errors = capfd.readouterr()
        assert "defect" not in errors
        sentences = [line for line in errors.splitlines() if line.startswith("napari-udt: ")]
        assert all(len(line.replace(str(tmp_path), "")) < 330 for line in sentences)
        assert (status == 0) or sentences
        return status, output + "\n".join(sentences)

    return run


def dock_says(paths):
    collection = OpenCollection()
    collection.add(inspect(paths), paths)
    return collection.statement()


REFUSED = {
    "two modalities": "The cubes are of two modalities: 2 HSI (s.h5), 1 PAT (v.hdf5); collect each by itself",
    "no common wavelengths": "s.h5 ends at 800 nm, t.h5 begins at 900 nm; leave one out.",
    "another unit": "t.h5 begins at 5000 nm; leave one out, or correct the unit of its wavelengths",
    "nothing": "No cube could be collected; give files or folders of cubes",
    "missing": "there is no such file or folder; correct the path",
}


@pytest.mark.parametrize("what", REFUSED)
def test_cubes_that_do_not_belong_together_are_refused(what, cubes, said, tmp_path):
    far = {"no common wavelengths": np.linspace(900, 1000, 11), "another unit": 10 * HSI_NM}
    folder = tmp_path / "cubes"
    if what == "nothing":
        folder.mkdir()
    elif what != "missing":
        cubes(wavelengths_nm=far.get(what, HSI_NM))
    if what == "two modalities":
        write_simpa_file(folder / "v.hdf5", 0)
    for command in ("collect", "train", "evaluate"):
        status, words = said(command, [folder])
        assert status == 2
        assert REFUSED[what] in words or (command == "evaluate" and "there is no such file" in words)
    if what not in ("nothing", "missing"):
        assert REFUSED[what] in dock_says([folder])


DOUBTED = {  # the change of each side, what `collect` and the dock say, what `train` says
    "no class in common": (
        {"names": ("foie", "peau")},
        "No structure is in both domains: simulated Leber, Haut; target foie, peau; give them the same names",
        "No structure is in both domains: simulated Leber, Haut; target foie, peau; give them the same names",
    ),
    "1,000 classes": (
        {"simulated": thousand, "target": thousand},
        "1,000 structures (cell 0, cell 1, cell 2 and 997 more), training takes 100 at most: give several one name",
        "The simulated cubes name 1,000 structures",
    ),
    "empty masks": (
        {"simulated": empty_masks, "target": empty_masks},
        "No cube names a structure: statistics and training need labels with names",
        "No simulated cube names a structure; the classes are taken from there: add labels with names",
    ),
    "no labels": (
        {"simulated": unlabelled, "target": unlabelled},
        "No cube names a structure: statistics and training need labels with names",
        "No simulated cube names a structure; the classes are taken from there: add labels with names",
    ),
    "missing values": (
        {"target": all_missing},
        "",
        "The target cubes hold 0 usable spectra; training needs two or more",
    ),
}


@pytest.mark.parametrize("what", DOUBTED)
def test_cubes_that_cannot_be_trained_on_are_said_when_they_are_collected(what, cubes, said, tmp_path):
    how, doubt, refusal = DOUBTED[what]
    folder = cubes(**how)
    status, words = said("collect", [folder])
    assert status == 0
    assert doubt in words
    assert doubt in dock_says([folder])
    status, words = said("train", [tmp_path / "c.udt-collection.toml"])
    assert status == 2
    assert refusal in words


@pytest.mark.parametrize("what", ["empty masks", "missing values", "no class in common"])
def test_statistics_and_comparisons_say_what_they_lack(what, cubes, said, tmp_path):
    folder = cubes(**DOUBTED[what][0])
    said("collect", [folder])
    collection = [tmp_path / "c.udt-collection.toml"]
    _, words = said("stats", collection)
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    if what == "no class in common":
        assert {row["structure"] for row in rows} == {"Leber", "Haut", "foie", "peau"}
    else:
        assert "without rows" in words
        assert "add labels with names" in words
        assert {row["domain"] for row in rows} == ({"simulated"} if what == "missing values" else set())
    status, words = said("evaluate", collection)
    expected = {
        "empty masks": (0, "No cube names a structure, so all spectra are compared as one"),
        "missing values": (2, "t.h5: no spectrum without missing values or zeros): add cubes"),
        "no class in common": (
            0,
            "both in the reference (foie, peau) and in the other cubes (Leber, Haut), so",
        ),
    }[what]
    assert status == expected[0]
    assert expected[1] in words
    status, words = said("transfer", collection)
    assert status == 2
    assert "No installed model fits s (HSI, 500-800 nm); `napari-udt models` lists" in words


def test_one_cube_a_broken_one_a_unit_and_subjects_for_the_test_only(cubes, said, tmp_path):
    folder = cubes()
    alone = [folder / "s.h5"]
    assert "None of the target cubes can be used as such: they are simulated" in said("train", alone)[1]
    said("collect", alone)
    assert "needs reference cubes" in said("evaluate", [tmp_path / "c.udt-collection.toml"])[1]
    table = tmp_path / "t.csv"
    table.write_text("file,split\ncubes/s.h5,test\ncubes/t.h5,test\n")
    said("collect", [folder], "--table", table)
    words = said("train", [tmp_path / "c.udt-collection.toml"])[1]
    assert "All simulated cubes are of subjects kept for the test; leave some for training" in words
    broken = folder / "t.h5"
    broken.write_bytes(broken.read_bytes()[:40_000])
    status, words = said("collect", [folder])
    assert status == 3
    assert "left out" in words
    assert "the HDF5 file is cut short" in words
    status, words = said("train", [folder])
    assert status == 2
    assert "the HDF5 file is cut short" in words
    assert "they are simulated, and 1 file could not be used" in words
    broken.unlink()
    write_envi(folder / "t.hdr", 1, target=True, wavelengths_nm=HSI_NM / 1000)
    words = said("train", [folder])[1]
    assert "0.5-0.8 nm, outside 100-30000 nm; give the wavelengths" in words
    assert "1 file does not open" in dock_says([folder])
