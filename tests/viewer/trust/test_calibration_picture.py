"""Spread against error in the Trust dock: what is stored with a model, drawn on demand."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_udt.evaluation.calibration import SpreadCalibration
from napari_udt.evaluation.judgement import Judgement, save_judgement
from napari_udt.models import list_models
from napari_udt.viewer.trust.calibration import MEDIAN_OF_SIGMA, calibration_picture
from napari_udt.viewer.trust.widgets.calibration_plot import CalibrationPlot


def _spec(name):
    return next(spec for spec in list_models() if spec.name == name)


@pytest.fixture
def own_model(monkeypatch, tmp_path):
    """A model of the user's own, with what an evaluation may have found of it."""
    spec = replace(_spec("hsi_transport_dy"), name="mine")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.json").write_text(replace(spec, card="").to_json())
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path))

    def judged(calibration):
        save_judgement(Judgement(spec.weights_sha256, "simulated: seed 9", "", (), (), calibration), folder)
        return spec

    return spec, judged


def test_what_is_stored_is_given_in_points(own_model):
    _, judged = own_model
    spec = judged(SpreadCalibration((0.01, 0.02, 0.05), (0.02, 0.03, 0.1), 0.6, 0.5, 0.7, 900))
    found = calibration_picture(spec)
    np.testing.assert_allclose(found.spread, [1, 2, 5])
    np.testing.assert_allclose(found.error, [2, 3, 10])
    assert found.sentence == (
        "The spread over conditions predicts the error of the saturation (rank correlation +0.60, 95 % +0.50 to +0.70, 900 samples); "
        "medians 2 and 3 points."
    )
    assert "seed 9" in found.explanation
    assert found.words_at(4.4) == "fifth 3 of 3: spread 5.0, error 10.0 points"


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.2, 0.1, 0.3), "hardly predicts"),
        ((0.05, -0.1, 0.2), "says nothing about"),
        ((-0.4, -0.5, -0.3), "misleads"),
        ((float("nan"),) * 3, "the same for all samples"),
    ],
)
def test_a_weak_or_wrong_spread_is_named(interval, words):
    assert words in SpreadCalibration((0.1,), (0.1,), *interval, 50).sentence


def test_a_model_without_it_says_what_makes_it(own_model):
    spec, judged = own_model
    assert "napari-udt evaluate --model" in calibration_picture(spec).sentence
    judged(None)
    assert "napari-udt evaluate --model" in calibration_picture(spec).sentence
    judged(SpreadCalibration((0.1,), (0.1,), 0.6, 0.5, 0.7, 50))
    assert len(calibration_picture(spec).spread) == 1
    assert not len(calibration_picture(replace(spec, weights_sha256="0" * 64)).spread)  # other weights


def test_a_network_without_conditions_has_no_spread():
    assert calibration_picture(_spec("hsi_unit")).sentence == (
        "hsi_unit has no spread over conditions: it is no cINN."
    )


def test_the_plot_comes_on_demand_and_follows_the_model(qtbot, own_model):
    spec, judged = own_model
    judged(SpreadCalibration((0.01, 0.04), (0.02, 0.06), 0.6, 0.5, 0.7, 900))
    plot = CalibrationPlot()
    qtbot.addWidget(plot)
    plot.show()
    assert not plot.button.isEnabled()
    plot.set_spec(spec)
    assert plot.picture is None
    assert not plot._canvas.isVisible()
    qtbot.mouseClick(plot.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(plot._canvas.isVisible)
    np.testing.assert_allclose(plot._line.getData(), [[1, 4], [2, 6]])
    x, y = plot._diagonal.getData()
    np.testing.assert_allclose(y, MEDIAN_OF_SIGMA * x)
    assert plot._finding.text().startswith("The spread over conditions predicts")
    plot.set_spec(_spec("hsi_unit"))
    qtbot.waitUntil(lambda: plot._finding.text().startswith("hsi_unit has no spread"))
    assert not plot._canvas.isVisible()
    qtbot.mouseClick(plot.button, Qt.MouseButton.LeftButton)
    assert not plot._finding.isVisible()


def test_a_damaged_file_is_named_and_the_dock_goes_on(qtbot, own_model, tmp_path):
    spec, _ = own_model
    (tmp_path / "mine" / "judged.json").write_text("{")
    plot = CalibrationPlot()
    qtbot.addWidget(plot)
    plot.show()
    plot.set_spec(spec)
    qtbot.mouseClick(plot.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "not a judgement" in plot._finding.text())
    plot.set_spec(_spec("hsi_unit"))
    qtbot.waitUntil(lambda: plot._finding.text().startswith("hsi_unit has no spread"))
