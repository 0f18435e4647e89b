"""Transfers of series: each picture when it is asked for, by itself what a transfer of that picture is."""

import json

import numpy as np
import pytest
from transfer_samples import make_cube, make_model

from napari_udt.cli import main
from napari_udt.errors import CubeError, TransferError
from napari_udt.inference import transfer
from napari_udt.io import open_cube, save_cube
from napari_udt.series import Series

CHANNELS = 12


def scan(count=4, modality="HSI", channels=CHANNELS, place=1, spoilt=None, side=16):
    """A picture of a scan along time, and which pictures were asked for."""
    asked = []

    def read(index):
        asked.append(index)
        cube = make_cube(side, side, channels, modality, name="scan")
        labels = np.roll(cube.labels, index, axis=0)
        data = np.roll(cube.data, index, axis=1) * (1 + 0.1 * index)
        if index == spoilt:
            return cube.with_(data=data, labels=None, series=series, place=index)
        return cube.with_(data=data, labels=labels, series=series, place=index)

    series = Series("time", count, read, np.arange(count) * 0.5)
    return series[place], asked


def alone(cube):
    return cube.with_(series=None, place=0)


def same_but_place(one, other):
    """Whether two provenances say the same, but for where the picture stands and when it was made."""
    kept = [{k: v for k, v in p.items() if k != "date"} for p in (one, other)]
    sources = [
        {k: v for k, v in p.pop("source").items() if k not in ("series", "place", "pictures")} for p in kept
    ]
    assert kept[0] == kept[1]
    assert sources[0] == sources[1]


@pytest.mark.parametrize(("modality", "channels"), [("HSI", CHANNELS), ("PAT", 4)])
def test_each_picture_is_transferred_when_asked_for(modality, channels):
    model = make_model(modality, channels)
    cube, asked = scan(modality=modality, channels=channels)
    moved = transfer(cube, model, device="cpu")
    assert asked == [1], "only the picture at hand"
    assert (moved.place, len(moved.series), moved.domain) == (1, 4, "transferred")
    np.testing.assert_array_equal(moved.series.positions, cube.series.positions)
    for index, picture in enumerate(moved.series):
        expected = transfer(alone(cube.series[index]), model, device="cpu")
        np.testing.assert_array_equal(picture.data, expected.data)
        np.testing.assert_array_equal(picture.labels, expected.labels)
        assert picture.series is moved.series[0].series
        same_but_place(picture.provenance, expected.provenance)
        source = picture.provenance["source"]
        assert (source["place"], source["pictures"]) == (index, 4)


def test_noise_is_each_pictures_own_and_comes_again():
    model = make_model("PAT", 4, input_noise=0.2)
    cube, _ = scan(modality="PAT", channels=4)
    first, second = (transfer(cube, model, device="cpu") for _ in range(2))
    for index in (3, 0, 1):
        np.testing.assert_array_equal(first.series[index].data, second.series[index].data)
    assert not np.array_equal(first.series[0].data, first.series[1].data)


def test_the_latest_pictures_stay_at_hand_and_no_more(monkeypatch):
    monkeypatch.setattr("napari_udt.series.KEPT_BYTES", 2 * 4 * 16 * 16 * CHANNELS)
    cube, _ = scan(6, place=0)
    moved = transfer(cube, make_model("HSI", CHANNELS), device="cpu")
    pictures = [moved.series[index] for index in range(6)]
    assert moved.series[5] is pictures[5]
    assert moved.series[4] is pictures[4]
    assert moved.series[2] is not pictures[2]
    assert moved.series[0].data is moved.data, (
        "the picture that was transferred first is not transferred again"
    )


def test_a_bad_picture_names_itself():
    cube, _ = scan(spoilt=3)
    moved = transfer(cube, make_model("HSI", CHANNELS), device="cpu", condition="labels")
    with pytest.raises(TransferError, match=r"\(This is frame 3 of 4, counted from 0\.\)"):
        moved.series[3]
    assert moved.series[2].domain == "transferred"


def test_a_baseline_follows_too():
    cube, _ = scan()
    reference = make_cube(9, 9, CHANNELS, domain="real")
    moved = transfer(cube, "baseline:moments", reference=reference)
    expected = transfer(alone(cube.series[2]), "baseline:moments", reference=reference)
    np.testing.assert_array_equal(moved.series[2].data, expected.data)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `napari-udt transfer` on a saved scan; return the code, what was printed and the result."""
    from napari_udt.models.store import save_model

    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    save_model(make_model("HSI", CHANNELS, name="small_organs"), tmp_path / "models/small_organs")
    save_cube(scan()[0], tmp_path / "scan.udt.h5")

    def run(*words, source="scan.udt.h5", model="small_organs"):
        out = tmp_path / "out"
        code = main(["transfer", str(tmp_path / source), "-o", str(out), "--model", model, *map(str, words)])
        return code, capsys.readouterr(), next(iter(out.glob("*.h5")), None)

    return run


def test_the_command_transfers_all_pictures(run, tmp_path):
    code, _, result = run()
    assert code == 0
    read, model = open_cube(result), make_model("HSI", CHANNELS, name="small_organs")
    stored = open_cube(tmp_path / "scan.udt.h5")
    assert (len(read.series), read.place) == (4, 1)
    np.testing.assert_array_equal(read.series.positions, [0, 0.5, 1.0, 1.5])
    for index, picture in enumerate(read.series):
        expected = transfer(alone(stored.series[index]), model)
        np.testing.assert_array_equal(picture.data[:], expected.data)
        np.testing.assert_array_equal(picture.labels, stored.series[index].labels)
        assert picture.provenance["source"]["place"] == index
        assert picture.provenance["request"]["options"]["direction"] == "sim2real"
    code, printed, _ = run()
    assert (code, "done before" in printed.out) == (0, True)


@pytest.mark.parametrize(("words", "pictures"), [("2", [2]), ("1:3", [1, 2]), ("mean", None)])
def test_the_command_transfers_some_pictures(run, tmp_path, words, pictures):
    code, _, result = run("--frames", words, "--json")
    assert code == 0
    read, stored = open_cube(result), open_cube(tmp_path / "scan.udt.h5")
    model = make_model("HSI", CHANNELS, name="small_organs")
    if pictures is None:
        sources = [open_cube(tmp_path / "scan.udt.h5", frame="mean")]
    else:
        sources = [alone(stored.series[index]) for index in pictures]
    found = [read] if len(sources) == 1 else list(read.series)
    assert (read.series is None) == (len(sources) == 1)
    for picture, source in zip(found, sources, strict=True):
        np.testing.assert_allclose(picture.data[:], transfer(source, model).data, rtol=1e-5, atol=1e-6)


def test_the_command_transfers_a_series_by_a_baseline(run, tmp_path):
    save_cube(make_cube(9, 9, CHANNELS, domain="real"), tmp_path / "reference.udt.h5")
    code, _, result = run("--reference", tmp_path / "reference.udt.h5", model="baseline:moments")
    assert code == 0
    assert len(open_cube(result).series) == 4
    assert open_cube(result, frame=3).provenance["request"]["options"]["model"] == "baseline:moments"


def test_pictures_that_are_not_there_are_refused(run):
    code, printed, result = run("--frames", "2:9", "--json")
    assert (code, result) == (2, None)
    assert "has no pictures 2:9; it has 4" in json.loads(printed.out)["error"]


def test_a_part_of_a_series():
    series = scan(6)[0].series
    part = series.part(2, 5)
    assert [picture.place for picture in part] == [2, 3, 4]
    np.testing.assert_array_equal(part.positions, [0, 0.5, 1.0])
    with pytest.raises(CubeError, match="no pictures 5:2"):
        series.part(5, 2)
