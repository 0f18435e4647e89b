import csv

import numpy as np
import pytest
from own_cubes import HSI_NM, write_envi, write_tivita

from napari_udt.cli import main
from napari_udt.collection import gather, load_collection, save_collection, table
from napari_udt.collection.inspecting import Rules
from napari_udt.collection.preprocessing import Step
from napari_udt.collection.reading import opened
from napari_udt.collection.table import write_statistics
from napari_udt.io import open_cube
from napari_udt.spectral.functional_indices import THI, functional_indices


@pytest.fixture
def saved(tmp_path):
    """A collection of three simulated cubes and a recording."""
    for i in range(3):
        write_envi(tmp_path / "sim" / f"s{i}.hdr", i)
    write_tivita(tmp_path / "real" / "P0" / "2021_01", 10)
    rules = Rules(wavelengths=tuple(HSI_NM), structures={"Leber": "liver"}, high_nm=600)
    collection, _ = gather([tmp_path / "sim", tmp_path / "real"], rules)
    save_collection(collection, tmp_path / "c.udt-collection.toml")
    return tmp_path / "c.udt-collection.toml"


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_per_cube_structure_and_wavelength_holds_what_numpy_computes(saved, tmp_path, capsys):
    assert main(["stats", str(saved), "-o", str(tmp_path / "t.csv")]) == 0
    assert "4 of 4 cubes" in capsys.readouterr().out
    found = rows(tmp_path / "t.csv")
    assert len(found) == 4 * 2 * 11
    assert not (tmp_path / "t.csv.parts").exists()
    cube = open_cube(tmp_path / "sim" / "s1.hdr")
    number = {name: n for n, name in cube.present_labels.items()}["Leber"]
    spectra = np.asarray(cube.data)[cube.labels == number]
    own = [row for row in found if row["file"].endswith("s1.hdr") and row["structure"] == "liver"]
    assert [float(row["wavelength_nm"]) for row in own] == HSI_NM[:11].tolist()
    assert {(row["subject"], row["domain"], row["split"], row["n"]) for row in own} == {
        ("s1", "simulated", "train", str(len(spectra)))
    }
    for channel, row in enumerate(own):
        values = spectra[:, channel]
        expected = [values.mean(), values.std(), *np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])]
        names = ["mean", "sd", "q05", "q25", "median", "q75", "q95"]
        np.testing.assert_allclose([float(row[name]) for name in names], expected, rtol=1e-5)
    assert {row["domain"] for row in found} == {"simulated", "real"}


def test_pandas_opens_it_and_figures_over_images_are_two_lines(saved, tmp_path):
    """As docs/collections.md says: median of each image and structure first, then mean and spread over subjects and images."""
    pandas = pytest.importorskip("pandas")
    assert main(["stats", str(saved), "-o", str(tmp_path / "t.csv")]) == 0
    table = pandas.read_csv(tmp_path / "t.csv")
    assert not table.duplicated(["file", "structure", "wavelength_nm"]).any()
    assert {table[name].dtype.kind for name in ("median", "wavelength_nm", "n")} <= {"i", "f"}
    images = table.groupby(["domain", "structure", "wavelength_nm", "subject", "file"])["median"].first()
    figures = images.groupby(["domain", "structure", "wavelength_nm"]).agg(["mean", "std", "count"])
    own = table[(table.domain == "simulated") & (table.structure == "liver") & (table.wavelength_nm == 550)]
    found = figures.loc["simulated", "liver", 550]
    assert found["count"] == 3
    assert (found["mean"], found["std"]) == (
        pytest.approx(own["median"].mean()),
        pytest.approx(own["median"].std()),
    )


def test_statistics_are_of_preprocessed_spectra(saved, tmp_path):
    collection, _ = gather([tmp_path / "sim"], Rules(preprocessing=[Step("l1")]))
    write_statistics(collection, tmp_path / "t.csv")
    first = rows(tmp_path / "t.csv")[:31]
    assert sum(float(row["mean"]) for row in first) == pytest.approx(1, rel=1e-4)


def test_shards_are_joined_by_the_last_and_give_the_table_of_one_run(saved, tmp_path, capsys):
    assert main(["stats", str(saved), "-o", str(tmp_path / "whole.csv"), "--jobs", "2"]) == 0
    for shard in ("2/2", "1/2"):
        assert not (tmp_path / "t.csv").exists()
        assert main(["stats", str(saved), "-o", str(tmp_path / "t.csv"), "--shard", shard]) == 0
    assert "not written yet, 2 of 4 cubes are finished" in capsys.readouterr().out
    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_an_interrupted_run_goes_on_where_it_was(saved, tmp_path, monkeypatch):
    collection = load_collection(saved)

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_statistics(collection, tmp_path / "t.csv", progress=stop)
    assert not (tmp_path / "t.csv").exists()
    totals = []
    done = write_statistics(collection, tmp_path / "t.csv", progress=lambda _, total: totals.append(total))
    assert totals == [2, 2]
    assert (done.finished, done.written) == (4, True)


def test_a_cube_that_has_changed_is_named_and_the_others_are_in_the_table(saved, tmp_path, capsys):
    path = next((tmp_path / "real").rglob("*_SpecCube.dat"))
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    (tmp_path / "sim" / "s0.hdr").unlink()
    assert main(["stats", str(saved), "-o", str(tmp_path / "t.csv")]) == 3
    said = capsys.readouterr().err
    assert "the file has changed since it was collected" in said
    assert "s0.hdr: the file is missing" in said
    assert {row["subject"] for row in rows(tmp_path / "t.csv")} == {"s1", "s2"}


def test_of_a_large_structure_pixels_are_taken_evenly_and_their_number_is_said(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MOST_BYTES", 4 * 11 * 100)
    write_statistics(load_collection(saved), tmp_path / "t.csv")
    assert {(row["pixels"], row["n"]) for row in rows(tmp_path / "t.csv")} == {("240", "80")}


def test_collect_says_what_is_in_it_and_never_replaces_one_unasked(saved, tmp_path, capsys):
    words = ["collect", str(tmp_path / "sim"), "-o", str(saved)]
    assert main(words) == 2
    assert "the file exists" in capsys.readouterr().err
    steps = ["--map", "Haut=skin", "--preprocess", "savitzky_golay:window=5", "--preprocess", "snv"]
    assert main([*words, "--overwrite", "--to-nm", "700", *steps]) == 0
    assert (
        "3 cubes of 3 subjects (3 simulated), HSI, 21 common wavelengths 500-700 nm"
        in capsys.readouterr().out
    )
    collection = load_collection(saved)
    assert collection.structures == {"Haut": "skin"}
    assert list(map(str, collection.preprocessing)) == ["savitzky_golay:window=5", "snv"]
    assert main(["collect", str(tmp_path), "-o", str(tmp_path / "d.udt-collection.toml")]) == 3
    assert "left out: " in capsys.readouterr().err
    assert main(["collect", str(tmp_path / "sim"), "-o", str(tmp_path / "d.toml")]) == 2


def test_transfer_takes_a_collection_with_its_names(saved, tmp_path, capsys):
    collection, _ = gather([tmp_path / "sim"], Rules(structures={"Leber": "liver", "Haut": "skin"}))
    save_collection(collection, tmp_path / "s.udt-collection.toml")
    (tmp_path / "sim" / "s0.hdr").unlink()
    words = ["transfer", str(tmp_path / "s.udt-collection.toml"), "-o", str(tmp_path / "out")]
    words += ["--model", "baseline:identity"]
    assert main(words) == 3
    assert "left out: " in capsys.readouterr().err
    results = sorted((tmp_path / "out").rglob("*.udt.h5"))
    assert [path.parent.name for path in results] == ["s1", "s2"]
    assert set(open_cube(results[0]).present_labels.values()) == {"liver", "skin"}
    assert main(words) == 3
    assert "done before" in capsys.readouterr().out


def test_functional_indices_are_columns_where_they_are_wanted(tmp_path):
    nm = np.arange(500.0, 1000.0, 5.0)
    write_envi(tmp_path / "a.hdr", 1, wavelengths_nm=nm)
    collection, _ = gather([tmp_path])
    write_statistics(collection, tmp_path / "plain.csv")
    write_statistics(collection, tmp_path / "t.csv", indices=True)
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with opened(collection.members[0], collection) as cube:
        spectra = np.asarray(cube.cube.data)[cube.mask("Leber")]
    wanted = np.nanmedian(functional_indices(spectra, nm, "HSI")[THI])
    assert float(rows[0]["median_thi"]) == pytest.approx(wanted, rel=1e-5)
    assert (tmp_path / "plain.csv").read_text().splitlines()[0] + "," in (tmp_path / "t.csv").read_text()
