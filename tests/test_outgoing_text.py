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
from napari_udt.outgoing_text import (
    csv_cell,
    csv_comment,
    markdown,
    one_line,
    pasted_cell,
    printable,
    printable_lines,
    without_markup,
)
from napari_udt.population.report.document import Section
from napari_udt.population.report.markdown import aligned, as_markdown
from napari_udt.population.tables import Table

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


WIDE = ("＝", "＋", "－", "＠")  # of East Asian keyboards


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
        assert not cell.lstrip().startswith(("=", "+", "-", "@", *WIDE))


@pytest.mark.parametrize("text", ["＝1+1", "\ufeff=1", "\u200b@a", " ＋1", "－2+3"])
def test_wide_signs_and_hidden_marks_do_not_begin_a_formula_either(text):
    assert csv_cell(text) == f"'{text}"
    assert csv_comment(f"a;{text.strip()}").startswith("# a;'") == (text.strip()[0] in WIDE)


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


def test_reports_in_markdown_hold_no_links_and_tags():
    page = as_markdown("[a](b)", ["<img src=x>"], [Section("one", ("<b>", "![i](j) **p < 0.05**"))])
    assert "](" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert "**p < 0.05**" in page


@given(ANY_TEXT)
def test_cells_for_the_clipboard_stay_one_cell(text):
    assert not {"\t", "\n", "\r"} & set(pasted_cell(f"{text}\t=1\n"))


@given(ANY_TEXT)
def test_qt_sees_no_tag(text):
    shown = without_markup(f"{text}<img src='/dev/zero'>{text}")
    assert "<img" not in shown
    assert without_markup("1 < 2, a <- b") == "1 < 2, a <- b"


def test_names_of_files_do_not_act_on_the_terminal(tmp_path, capsys, monkeypatch):
    source, target = tmp_path / "a\x1b[2J.h5", tmp_path / "b\u202e.csv"
    save_cube(labelled("vein"), source)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["convert", str(source), str(target)]) == 0
    assert main(["transfer", str(source), "-o", str(tmp_path / "out"), "--model", "baseline:identity"]) == 0
    printed = capsys.readouterr()
    assert all(c.isprintable() or c in "\r\n" for c in printed.out + printed.err)
    assert r"\x1b[2J.h5: 100 %" in printed.err


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
