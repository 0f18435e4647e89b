import csv
import json

import numpy as np
import pytest
from spectra_scene import MOVED, REAL, SIM, scene

from napari_udt import __version__
from napari_udt.viewer.spectra import export
from napari_udt.viewer.spectra.export import COLUMNS, csv_text, json_text, save_curves
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.state.session import PixelRef


@pytest.fixture
def curves():
    session = scene()
    session.pin(PixelRef(MOVED, 2, 9))
    session.set_cursor(PixelRef(SIM, 4, 2))
    return resolve(session)


def parsed(text):
    """Header lines, and the rows as dictionaries."""
    lines = text.splitlines()
    header = [line[2:] for line in lines if line.startswith("# ")]
    return header, list(csv.DictReader(lines[len(header) :]))


def numbers(rows, curve, column):
    pin = "" if curve.id.pin is None else str(curve.id.pin)
    wanted = [r for r in rows if (r["layer"], r["pin"]) == (curve.id.key, pin)]
    return np.array([float(row[column]) if row[column] else np.nan for row in wanted])


def test_the_csv_reads_back_equal(curves):
    _, rows = parsed(csv_text(curves))
    assert tuple(rows[0]) == COLUMNS
    assert len(curves.curves) == 6
    for curve in curves.curves:
        np.testing.assert_array_equal(numbers(rows, curve, "wavelength_nm"), curve.wavelengths_nm)
        np.testing.assert_array_equal(numbers(rows, curve, "value"), curve.values)
        lower = np.full(10, np.nan) if curve.lower is None else curve.lower
        np.testing.assert_array_equal(numbers(rows, curve, "lower"), lower)


def test_every_row_says_what_it_is(curves):
    _, rows = parsed(csv_text(curves))
    real = next(row for row in rows if row["layer"] == REAL)
    assert real["curve"] == "drawn from measured statistics: liver, mean of 27 pixels"
    assert (real["role"], real["row"], real["column"], real["structure"], real["spectra"]) == (
        "real",
        "4",
        "2",
        "liver",
        "27",
    )
    assert {(row["pin"], row["row"], row["column"]) for row in rows} == {("", "4", "2"), ("1", "2", "9")}


def test_the_header_tells_program_choices_cubes_and_numbers(curves):
    header, _ = parsed(csv_text(curves))
    assert f"program: napari-udt {__version__}" in header
    assert "normalisation: l2" in header
    assert f"shown: {curves.statement}" in header
    layers = {line.split(":")[0]: line for line in header if line.startswith("layer ")}
    assert '"origin": "drawn from measured statistics"' in layers[f"layer {REAL}"]
    assert '"source": {"name": "phantom"}' in layers[f"layer {MOVED}"]
    angle = curves.differences[0].angle_deg
    assert any(f"difference of {SIM} from {REAL}: spectral angle {angle:.9g} deg" in line for line in header)
    assert any(f"difference of {MOVED} at pin 1 from {REAL} at pin 1" in line for line in header)


def test_the_json_reads_back_equal_and_has_null_for_missing(curves):
    curves.curves[0].values[3] = np.nan
    found = json.loads(json_text(curves))
    assert found["provenance"]["cubes"][REAL]["domain"] == "second"
    assert [c["layer"] for c in found["curves"]] == [c.id.key for c in curves.curves]
    assert found["curves"][0]["values"][3] is None
    for reported, curve in zip(found["curves"][1:], curves.curves[1:], strict=True):
        np.testing.assert_array_equal(reported["values"], curve.values)
        np.testing.assert_array_equal(reported["wavelengths_nm"], curve.wavelengths_nm)
    assert found["differences"][0]["rmse"] == curves.differences[0].rmse


def test_the_suffix_decides(curves, tmp_path):
    save_curves(curves, tmp_path / "a.json")
    save_curves(curves, tmp_path / "a.csv")
    assert json.loads((tmp_path / "a.json").read_text())["format"] == "napari-udt curves"
    assert (tmp_path / "a.csv").read_text().startswith("# program: napari-udt")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(curves, tmp_path, monkeypatch):
    target = tmp_path / "a.csv"
    target.write_text("old")

    def broken(path):
        raise OSError("disk full")

    monkeypatch.setattr(export, "whole_or_nothing", broken)
    with pytest.raises(OSError, match="disk full"):
        save_curves(curves, target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_names_with_commas_quotes_and_line_breaks_survive(curves):
    entry = curves.curves[0].entry
    object.__setattr__(entry, "key", 'a, "b"\nc')
    text = csv_text(curves)
    rows = list(csv.DictReader(line for line in text.splitlines(keepends=True) if not line.startswith("#")))
    assert rows[0]["layer"] == 'a, "b"\nc'
