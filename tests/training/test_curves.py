"""The picture of a log: what is drawn is what was logged."""

import math
from xml.etree import ElementTree

import pytest

from napari_udt.training.curves import COLOURS, Axis, curves_of, value_axis, write_curves
from napari_udt.training.progress import append_row

SVG = "{http://www.w3.org/2000/svg}"


def write_log(path, steps=5):
    for step in range(1, steps + 1):
        append_row(
            path,
            {
                "step": 10 * step,
                "seconds": 1.0 * step,
                "ml_simulated": 1.0 - step,
                "ml_second": 2.0 - step,
                "held_out_cycle_simulated": 10.0**-step,
                "held_out_cycle_second": 3 * 10.0**-step,
            },
        )


def test_there_is_a_panel_per_kind_and_a_line_per_domain_with_every_point(tmp_path):
    write_log(tmp_path / "log.csv")
    write_curves(tmp_path / "log.csv", tmp_path / "curves.svg", 'A <title> & "more"')
    root = ElementTree.parse(tmp_path / "curves.svg").getroot()
    words = [text.text for text in root.iter(f"{SVG}text")]
    for expected in (
        'A <title> & "more"',
        "ml",
        "held out cycle (logarithmic)",
        "simulated",
        "second",
        "step",
    ):
        assert expected in words
    lines = [line for group in root.iter(f"{SVG}g") for line in group.iter(f"{SVG}polyline")]
    drawn = [line for line in lines if line.get("stroke") in COLOURS.values()]
    assert len(drawn) == 4
    assert all(len(line.get("points").split()) == 5 for line in drawn)


def test_falling_losses_are_drawn_falling(tmp_path):
    write_log(tmp_path / "log.csv")
    write_curves(tmp_path / "log.csv", tmp_path / "curves.svg", "run")
    for line in ElementTree.parse(tmp_path / "curves.svg").getroot().iter(f"{SVG}g"):
        for curve in line.iter(f"{SVG}polyline"):
            if curve.get("stroke") in COLOURS.values():
                heights = [float(point.split(",")[1]) for point in curve.get("points").split()]
                assert heights == sorted(heights)  # downwards in pixels


def test_an_empty_log_and_a_single_row_are_fine(tmp_path):
    write_curves(tmp_path / "log.csv", tmp_path / "curves.svg", "run")
    assert not (tmp_path / "curves.svg").exists()
    write_log(tmp_path / "log.csv", steps=1)
    write_curves(tmp_path / "log.csv", tmp_path / "curves.svg", "run")
    assert (tmp_path / "curves.svg").exists()


def test_values_that_are_not_finite_leave_a_gap():
    rows = [{"step": 1.0, "ml_second": math.nan}, {"step": 2.0, "ml_second": 3.0}]
    assert curves_of(rows) == {"ml": {"second": [(2.0, 3.0)]}}


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [((-1.5, 0.2), False), ((0.1, 0.4), False), ((0.01, 4.0), True), ((2.0,), False)],
)
def test_axes_hold_their_values_and_have_a_few_round_ticks(values, logarithmic):
    axis = value_axis(values)
    assert axis.logarithmic == logarithmic
    assert all(axis.end <= axis(value) <= axis.start for value in values)
    assert 2 <= len(axis.ticks()) <= 8
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks())


def test_ticks_are_round():
    assert Axis(-0.03, 1.04, 0, 100).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert Axis(0.008, 1.3, 0, 100, logarithmic=True).ticks() == pytest.approx([0.01, 0.1, 1])
