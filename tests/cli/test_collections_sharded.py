"""Collections on several machines: shares that are joined give the numbers of one run."""

import numpy as np
import pytest
from own_cubes import write_envi

from napari_udt.cli.parser import main
from napari_udt.collection import load_collection
from napari_udt.io import open_cube
from napari_udt.population.compare_collections import all_sources
from napari_udt.population.of_collections import population_of_collection

NM = np.linspace(500, 1000, 100)
MODEL = "hsi_transport_dy"


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Three simulated subjects and four measured ones, in one collection."""
    folder = tmp_path_factory.mktemp("cubes")
    for i in range(3):
        write_envi(folder / f"S{i}" / f"s{i}.hdr", i, names=("liver", "skin"), wavelengths_nm=NM)
    for i in range(4):
        write_envi(
            folder / f"P{i}" / f"r{i}.hdr", 10 + i, names=("liver", "skin"), wavelengths_nm=NM, target=True
        )
    path = folder / "all.udt-collection.toml"
    assert main(["collect", str(folder), "-o", str(path), "--subject-from", "folder"]) == 0
    return path


def transfer(collection, folder, *more):
    return main(["transfer", str(collection), "-o", str(folder), "--model", MODEL, "--device", "cpu", *more])


def evaluate(collection, output, *more):
    return main(["evaluate", "--cubes", str(collection), "-o", str(output), "--device", "cpu", *more])


def assert_same(one, other):
    """Assert that two populations hold the same spectra of the same images and subjects."""
    assert [group.name for group in one.groups] == [group.name for group in other.groups]
    assert any(group.part == "transferred" for group in one.groups)
    for a, b in zip(one.groups, other.groups, strict=True):
        for name in ("spectra", "labels", "images", "subjects"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_shares_of_a_transfer_are_joined_by_collect(collection, tmp_path, capsys):
    assert transfer(collection, tmp_path / "whole") == 0
    for share in ("2/2", "1/2"):
        assert transfer(collection, tmp_path / "shared", "--shard", share) == 0
    assert "transferred_1_of_2.udt-collection.toml: 2 results listed" in capsys.readouterr().out
    names = sorted(p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole").rglob("*.udt.h5"))
    assert len(names) == 3  # only the simulated cubes
    for name in names:
        one, other = (open_cube(tmp_path / folder / name) for folder in ("whole", "shared"))
        np.testing.assert_array_equal(one.data, other.data)
    lists = [str(path) for path in sorted((tmp_path / "shared").glob("*.toml"))]
    joined = tmp_path / "joined.udt-collection.toml"
    assert main(["collect", str(collection), *lists, "-o", str(joined)]) == 0
    members = load_collection(joined).members
    assert len(members) == 10
    assert {m.subject for m in members if m.domain == "transferred"} == {"S0", "S1", "S2"}
    known = load_collection(collection)
    at_once = population_of_collection(known, all_sources(known, [MODEL], "cpu"))
    assert_same(population_of_collection(load_collection(joined)), at_once)


def test_shares_of_an_evaluation_give_the_spectra_of_one_run(collection, tmp_path, capsys, monkeypatch):
    known = load_collection(collection)
    one = population_of_collection(known, all_sources(known, [MODEL], "cpu"))
    monkeypatch.setenv("NAPARI_UDT_CACHE", str(tmp_path / "other"))
    for share in ("1/2", "2/2"):
        assert evaluate(collection, tmp_path / "t.csv", "--model", MODEL, "--shard", share) == 0
    assert "samples are in the cache" in capsys.readouterr().out
    assert not (tmp_path / "t.csv").exists()
    monkeypatch.setattr("napari_udt.inference.transfer", None)  # nothing is transferred again
    assert_same(population_of_collection(known, all_sources(known, [MODEL], "cpu")), one)


def test_an_evaluation_of_a_collection_writes_a_report(collection, tmp_path, few_trees):
    report = tmp_path / "r.html"
    words = ["evaluate", "--cubes", str(collection), "--report", str(report), "--resamples", "0"]
    assert main([*words, "--model", MODEL, "--device", "cpu", "--audit"]) == 0
    text = report.read_text()
    assert "Split by subject: " in text  # of the audit of labels
    assert "NIR perfusion (Tivita)" in text
    assert "3 cubes of 3 subjects" in text
    assert "over the median spectra of images" in text


def test_what_does_not_fit_is_said(collection, tmp_path, capsys):
    cube = collection.parent / "S0" / "s0.hdr"
    assert evaluate(cube, tmp_path / "x.csv", "--shard", "1/2") != 0
    assert "--shard shares the cubes of a collection" in capsys.readouterr().err
    assert evaluate(collection, tmp_path / "x.csv", "--model", "baseline:coral") != 0
    assert "is matched to one cube, and a collection has many" in capsys.readouterr().err
