"""Texts from foreign files where they leave: nothing acts on a terminal, in a spreadsheet or in Markdown."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_udt.cli.parser import main
from napari_udt.cube import SpectralCube
from napari_udt.io import open_cube, save_cube
from napari_udt.outgoing_text import csv_cell, csv_comment, markdown, one_line, printable, printable_lines
from napari_udt.population.report.markdown import aligned
from napari_udt.population.tables import Table

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


def labelled(name):
    """A cube of 2 x 2 pixels whose one label has a name."""
    labels = np.ones((2, 2), np.int32)
    return SpectralCube(
        np.ones((2, 2, 2), np.float32), [700.0, 800.0], "PAT", labels=labels, label_names={1: name}
    )


@given(ANY_TEXT)
def test_what_is_printed_is_printable_and_encodable(text):
    for shown in (printable(text), one_line(text)):
        assert shown.isprintable()
        shown.encode("utf-8")
    assert printable_lines(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("text", ["artery", "Größe 5 µm", "肝臓", ""])
def test_ordinary_text_stays(text):
    assert printable(text) == csv_cell(text) == markdown(text) == text


@given(ANY_TEXT)
def test_no_cell_of_text_is_a_formula(text):
    for cell in (csv_cell(text), csv_cell(f"\n{text}"), csv_cell(f" {text}")):
        assert not cell.startswith(("\t", "\r"))
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_numbers_stay_numbers():
    assert csv_cell(-1.5) == -1.5


@given(st.lists(st.sampled_from(["a", " ", ",", ";", "=", "@", "+", "-", "1", "\n", '"', "'", "\t"])))
def test_no_part_of_a_comment_is_a_formula(letters):
    line = csv_comment("".join(letters))
    assert line.startswith("# ")
    assert line.count("\n") == 1
    for separator in ",;":
        for cell in line.rstrip("\n").split(separator):
            assert not cell.lstrip(' "').startswith(("=", "@", "+", "-cmd"))


def test_a_table_holds_no_formulas():
    table = Table("=1+1", ("@column", "value"), (("=HYPERLINK()", -1.0),), ("a,=1+1",))
    rows = list(csv.reader(io.StringIO(table.csv_text())))
    assert rows[-2:] == [["'@column", "value"], ["'=HYPERLINK()", "-1.0"]]
    assert all(not cell.startswith(("=", "@")) for row in rows for cell in row)


def test_markdown_stays_in_its_cell():
    assert markdown("a|b\n# c <img src=x> [d](e)") == r"a\|b # c &lt;img src=x&gt; \[d\](e)"
    assert len(aligned(["a"], [["x|y\nz"]]).splitlines()) == 3


def test_info_shows_names_without_acting_on_them(tmp_path, capsys):
    evil = "vein\x1b]0;title\x07\x1b[2J\r\nfake: line\u202e"
    save_cube(labelled(evil).with_(name=evil, origin=evil), tmp_path / "cube.h5")
    assert main(["info", str(tmp_path / "cube.h5")]) == 0
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("fake") for line in lines)


def test_errors_show_names_without_acting_on_them(tmp_path, capsys):
    assert main(["info", str(tmp_path / "no\x1b[2Jfile.h5")]) != 0
    assert r"no\x1b[2Jfile.h5" in capsys.readouterr().err


def test_spectra_in_csv_hold_no_formulas_and_come_back(tmp_path):
    evil = "a,=1+1;@b"
    cube = labelled(evil).with_(origin=evil, quantity=evil)
    save_cube(cube, tmp_path / "cube.csv")
    text = (tmp_path / "cube.csv").read_text("utf-8")
    assert not any(part in text for part in (",=", ";@", ";="))
    again = open_cube(tmp_path / "cube.csv")
    assert again.origin == again.quantity == evil
    assert again.label_names == cube.label_names
