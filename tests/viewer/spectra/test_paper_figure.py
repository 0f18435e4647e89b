"""Figures that other programs draw: flat SVG, vector PDF, and the white figure for a paper."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from qtpy.QtCore import QByteArray, Qt
from qtpy.QtGui import QImage, QPainter
from qtpy.QtSvg import QSvgRenderer
from qtpy.QtWidgets import QFileDialog
from spectra_scene import MOVED, REAL, SIM, scene

from napari_udt.errors import CubeError
from napari_udt.viewer.spectra.figure_curves import band_title, figure_curves, figure_title
from napari_udt.viewer.spectra.flat_svg import flat_svg
from napari_udt.viewer.spectra.paper_figure import FigureOptions, figure_svg
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.spectra.widgets.figure.dialog import FigureDialog
from napari_udt.viewer.state.session import PixelRef

NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def session():
    session = scene()
    session.set_options(hover=False, normalisation="none")
    session.pin(PixelRef(SIM, 4, 2))
    return session


@pytest.fixture
def curves(session):
    return resolve(session)


@pytest.fixture
def dock(qtbot, session):
    dock = SpectraDock(session)
    qtbot.addWidget(dock)
    dock.resize(500, 700)
    dock.show()
    dock.refresh()
    return dock


def rendered(svg, width=300, height=200):
    image = QImage(width, height, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    found = image.constBits()
    found.setsize(image.sizeInBytes())
    return np.frombuffer(found, np.uint8).reshape(height, width, 4).astype(int)


def test_lines_under_a_transformation_become_lines_of_their_own_width(qapp):
    kept = 'vector-effect="non-scaling-stroke"'
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200">'
        '<g stroke="#f00" stroke-width="2" fill="none" transform="matrix(0.5,0,0,-1000,10,150)">\n'
        f'<path {kept} d="M100,0.01 L500,0.1 C500,0.05 400,1e-2 300,.02 Z"/>\n'
        f'<polyline {kept} points="0,0 20,0.05 "/>\n<rect {kept} x="100" y="0" width="50" height="0.1"/>\n</g>'
        '<g transform="matrix(1,0,0,1,5,6)"><text x="1" y="2">kept</text></g></svg>'
    )
    flat = flat_svg(drawing)
    assert "vector-effect" not in flat
    assert flat.count("transform=") == 1  # the text's
    assert 'd="M60,140 L260,50 C260,100 210,140 160,130 Z"' in flat
    assert 'points="10,150 20,100 "' in flat
    assert 'd="M60,150 L85,150 L85,50 L60,50 Z"' in flat
    np.testing.assert_allclose(rendered(flat), rendered(drawing), atol=40)


def test_points_that_are_no_numbers_are_left_out_and_break_the_line():
    inside = (
        '<path d="M0,0 L1,2 Lnan,inf L4,5 L6,7 "/><path d="M0,0 C1,1 nan,2 3,3 "/>'
        '<path d="Minf,0 L1,1 L2,2 "/><polyline points="0,0 nan,1 2,2 "/>'
    )
    flat = flat_svg(f'<svg><g transform="matrix(1,0,0,1,0,0)">{inside}</g></svg>')
    assert re.findall(r'\b(?:d|points)="([^"]*)"', flat) == [
        "M0,0 L1,2 M4,5 L6,7", "", "M1,1 L2,2", "0,0 2,2",
    ]  # fmt: skip


def test_the_plot_s_svg_needs_nothing_that_only_qt_knows(dock, tmp_path):
    dock.save(tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text()
    assert "vector-effect" not in text
    ElementTree.fromstring(text)
    scaled = [
        m for m in re.findall(r'transform="matrix\(([^)]*)\)"', text) if not m.startswith(("1,0,0,1", "0,"))
    ]
    assert not scaled


def test_plot_and_figure_as_pdf_hold_lines_and_letters_and_no_picture(dock, session, tmp_path):
    dock.save(tmp_path / "plot.pdf")
    dialog = FigureDialog(session, dock.curves, lambda sentence: None, parent=dock)
    dialog.save(tmp_path / "figure.pdf")
    for name in ("plot.pdf", "figure.pdf"):
        made = (tmp_path / name).read_bytes()
        assert made.startswith(b"%PDF-")
        assert b"/Subtype /Image" not in made
        assert b"/FontFile2" in made
    width, height = (float(v) for v in re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", made).groups())
    assert (width, height) == pytest.approx((85 / 25.4 * 72, 70 / 25.4 * 72), abs=1)


def test_a_figure_has_its_size_in_millimetres_its_letters_and_lines_in_points(curves):
    options = FigureOptions(width_mm=120, height_mm=80, font_pt=7, line_pt=0.8)
    svg = figure_svg(curves.curves, ["one", "two <&", "three"], "reflectance [1]", options)
    tree = ElementTree.fromstring(svg)
    assert (tree.get("width"), tree.get("height"), tree.get("font-size")) == ("120mm", "80mm", "7")
    assert float(tree.get("viewBox").split()[2]) == pytest.approx(120 / 25.4 * 72, abs=0.01)
    lines = tree.findall(f"{NAMESPACE}polyline")
    assert [line.get("stroke-width") for line in lines] == ["0.8"] * 3
    assert len(tree.findall(f"{NAMESPACE}polygon")) == 1  # the band of the reference
    texts = [text.text for text in tree.findall(f"{NAMESPACE}text")]
    assert {"one", "two <&", "three", "Wavelength [nm]", "Reflectance [1]"} <= set(texts)
    assert "vector-effect" not in svg
    bare = figure_svg(curves.curves[:1], ["one"], "value", replace(options, legend=False))
    assert "one" not in [text.text for text in ElementTree.fromstring(bare).findall(f"{NAMESPACE}text")]


def test_a_long_title_of_the_values_is_broken_where_the_axis_is_short(curves):
    options = FigureOptions(height_mm=50, legend=False)
    quantity = "reconstructed initial pressure of a long name [a.u.]"
    tree = ElementTree.fromstring(figure_svg(curves.curves, ["", "", ""], quantity, options))
    lines = [text.text for text in tree.findall(f"{NAMESPACE}text") if text.get("transform")]
    assert len(lines) > 1
    assert " ".join(lines) == f"R{quantity[1:]}"


def test_a_curve_lies_where_its_values_are_and_gaps_stay_gaps(curves):
    first = curves.curves[0]
    values = first.values.astype(float).copy()
    values[4] = np.nan
    svg = figure_svg(
        [replace(first, values=values, mark=None)], ["one"], "value", FigureOptions(legend=False)
    )
    tree = ElementTree.fromstring(svg)
    parts = [
        np.array([[float(v) for v in pair.split(",")] for pair in line.get("points").split()])
        for line in tree.findall(f"{NAMESPACE}polyline")
    ]
    assert [len(part) for part in parts] == [4, 5]
    drawn = np.concatenate(parts)
    known = np.isfinite(values)
    for axis, numbers, sign in ((0, first.wavelengths_nm[known], 1), (1, values[known], -1)):
        slope, offset = np.polyfit(numbers, drawn[:, axis], 1)
        assert np.sign(slope) == sign
        np.testing.assert_allclose(slope * numbers + offset, drawn[:, axis], atol=0.02)


def test_a_pinned_pixel_under_the_mouse_is_drawn_once_and_named_by_structure_and_place(session):
    session.set_options(hover=True)
    session.set_cursor(PixelRef(SIM, 4, 2))
    both = resolve(session)
    shown = figure_curves(both)
    assert len(both.curves) == 2 * len(shown)
    assert {curve.id.pin for curve in shown} == {1}
    session.rename_pin(1, "left lobe")
    titles = [figure_title(curve) for curve in figure_curves(resolve(session))]
    assert "left lobe · simulated: liver, row 4, column 2" in titles
    session.set_cursor(PixelRef(SIM, 5, 2))
    elsewhere = figure_curves(resolve(session))
    assert {(c.id.key, c.id.pin) for c in elsewhere} == {
        (SIM, None),
        (MOVED, None),
        (SIM, 1),
        (MOVED, 1),
        (REAL, 1),  # the mean of the liver is the reference of both
    }


def test_a_window_of_pixels_is_named_by_its_middle(session):
    session.set_options(window=3)
    titles = [figure_title(curve) for curve in figure_curves(resolve(session))]
    assert "simulated: mean of 9 pixels around row 4, column 2" in titles


def test_long_names_are_broken_or_made_smaller_and_cut_only_without_room(curves):
    name = "drawn from measured statistics: small bowel, mean of 12,345 pixels of a tissue"
    for count, sizes in ((1, {None}), (6, {"7.2"})):
        svg = figure_svg([curves.curves[0]] * count, [name] * count, "value", FigureOptions())
        texts = [
            t
            for t in ElementTree.fromstring(svg).findall(f"{NAMESPACE}text")
            if t.get("text-anchor") == "start"
        ]
        assert " ".join(t.text for t in texts) == " ".join([name] * count)
        assert {t.get("font-size") for t in texts} == sizes
    cut = figure_svg([curves.curves[0]] * 10, [name] * 10, "value", FigureOptions())
    assert cut.count("…") == 10


def test_the_band_is_named_only_where_there_is_one(session, curves):
    assert band_title(curves) == "band: ± 1 SD"
    without = [replace(curve, lower=None, upper=None) for curve in curves.curves]
    assert "band" not in figure_svg(without, ["", "", ""], "value", FigureOptions(), "band: ± 1 SD")
    session.set_options(spread="none")
    assert band_title(resolve(session)) == ""


def test_what_cannot_be_drawn_is_said(curves):
    with pytest.raises(CubeError, match="no curve to draw"):
        figure_svg([], [], "value", FigureOptions())
    many = [*curves.curves] * 8
    with pytest.raises(CubeError, match=r"legend of 24 curves needs a figure \d+ mm high, not 70 mm"):
        figure_svg(many, ["x"] * 24, "value", FigureOptions())


def test_the_dialog_saves_the_ticked_curves_and_remembers_its_size(
    qtbot, dock, session, tmp_path, monkeypatch
):
    qtbot.mouseClick(dock._footer.figure_button, Qt.MouseButton.LeftButton)
    (dialog,) = dock.findChildren(FigureDialog)
    assert [dialog.list.item(row).text() for row in range(dialog.list.count())] == [
        figure_title(curve) for curve in dock.curves.curves
    ]
    dialog.boxes["width_mm"].setValue(100)
    dialog.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    target = tmp_path / "f.svg"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), "Drawing (*.svg)"))
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    tree = ElementTree.parse(target).getroot()
    assert tree.get("width") == "100mm"
    words = " ".join(tree.itertext())
    assert "simulated: liver, row 4, column 2" in words
    assert words.count("band: ± 1 SD") == 1
    assert "transferred by light" not in words
    again = FigureDialog(session, dock.curves, lambda sentence: None, parent=dock)
    assert again.boxes["width_mm"].value() == 100
    for row in range(again.list.count()):
        again.list.item(row).setCheckState(Qt.CheckState.Unchecked)
    assert not again.save_button.isEnabled()
    assert "no curve to draw" in again.preview.text()
    assert {REAL, SIM, MOVED} == {curve.id.key for curve in dock.curves.curves}
