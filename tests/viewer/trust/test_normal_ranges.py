"""Each number of the Trust dock beside what it usually is, on a picture that no model was trained on."""

import math

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel

from napari_udt.io import open_cube
from napari_udt.models import load_model
from napari_udt.samples import sample_path
from napari_udt.viewer.trust.normal_ranges import MARKS, NormalRange, NormalRanges, measured_ranges
from napari_udt.viewer.trust.rows import ROW_OF
from napari_udt.viewer.trust.widgets.table import TrustTable

UPPER, LOWER = NormalRange(2.0, 3.0, True, 400), NormalRange(2.0, 1.0, False, 400)


def test_a_value_is_judged_on_the_side_that_gives_reason_for_doubt():
    assert [UPPER.judgement(v) for v in (-9.0, 2.0, 2.5, 3.5)] == ["normal", "normal", "unusual", "far out"]
    assert [LOWER.judgement(v) for v in (9.0, 2.0, 1.5, 0.5)] == ["normal", "normal", "unusual", "far out"]
    assert UPPER.judgement(None) == UPPER.judgement(math.nan) == ""
    assert (UPPER.text(ROW_OF["tail"]), LOWER.text(ROW_OF["source"])) == ("≤ 2.00", "≥ 2.00")


@pytest.fixture(scope="module")
def ranges():
    return measured_ranges(load_model("hsi_cinn_dy"), open_cube(sample_path("hsi_simulated")))


def test_of_a_bundled_model_every_number_has_a_range(ranges):
    assert set(ranges) == set(ROW_OF) - {"trainings"}
    assert all(found.count == 400 for found in ranges.values())
    assert not ranges["source"].is_upper
    assert ranges["magnitude"].is_upper
    assert all(np.isfinite((found.usual, found.rare)).all() for found in ranges.values())
    assert ranges["round_trip"].judgement(3e-5) == "normal", "rounding is no reason for doubt"


def test_a_network_without_a_likelihood_has_ranges_of_what_it_has():
    found = measured_ranges(load_model("hsi_unit"), open_cube(sample_path("hsi_simulated")))
    assert set(found) == {"round_trip", "magnitude"}


def test_photoacoustic_models_have_none():
    class Probes:
        jobs = None

    assert NormalRanges(Probes()).of(load_model("pat_cinn_dy_without_gan").spec) == {}
    assert NormalRanges(Probes()).of(None) == {}


def test_the_table_marks_numbers_by_a_sign_and_says_what_is_normal(qtbot):
    table = TrustTable()
    qtbot.addWidget(table)
    table.set_numbers({"magnitude": 2.5}, {}, {"magnitude": UPPER})
    mark, bound = table._ranges["magnitude"]
    assert MARKS["unusual"] in mark.text()
    assert table.findChild(QLabel, "magnitude normal") is bound
    assert bound.text() == "≤ 2.00"
    assert "no bundled model was trained on" in bound.toolTip()
    table.set_numbers({"magnitude": 9.0}, {}, {"magnitude": UPPER})
    assert MARKS["far out"] in mark.text()
    table.set_numbers({}, {"magnitude": 1.0}, {"magnitude": UPPER})
    assert MARKS["normal"] in mark.text()
    table.set_numbers({}, {}, {})
    assert bound.text() == ""
