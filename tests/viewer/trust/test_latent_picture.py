"""The latent beside the standard normal in the Trust dock: of which spectra, in which words, and drawn."""

import numpy as np
import pyqtgraph as pg
import pytest
from qtpy.QtCore import QPointF
from transfer_samples import make_cube, make_model

from napari_udt.inference.latent_quantiles import quantiles
from napari_udt.io import open_cube
from napari_udt.models import load_model
from napari_udt.samples import sample_path
from napari_udt.viewer.state.jobs import run_at_once
from napari_udt.viewer.state.session import PixelRef, Session
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust.latent import LatentPicture, LatentResults
from napari_udt.viewer.trust.normal_ranges import LATENT, NormalRange, drawn_places, latent_range
from napari_udt.viewer.trust.widgets.latent_plot import LatentPlot

NM = np.array([500.0, 700.0, 900.0])
NORMAL = NormalRange(0.3, 0.8, True, 30)


def picture(normal=NORMAL):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((4000, 3)) * [1.0, 1.2, 2.0]
    return LatentPicture("small_bowel", quantiles(values, NM), normal)


def test_the_sentence_counts_wavelengths_and_names_those_that_are_off():
    found = picture()
    assert found.judgements == ("normal", "unusual", "far out")
    assert found.sentence == "small bowel, 4,000 values at each wavelength: ✓ 1 △ 1 ✗ 1 of 3 (900, 700 nm)."
    assert "no bundled model was trained on" in found.explanation


def test_without_a_range_nothing_is_judged():
    found = picture(None)
    assert set(found.judgements) == {""}
    assert "farthest off at 900 nm" in found.sentence


def test_the_line_nearest_to_the_mouse_is_named():
    assert picture().words_at(2.0, 4.2).startswith("900 nm: up to ")
    assert picture().words_at(2.0, 2.05).startswith("500 nm")


@pytest.fixture
def results():
    model = make_model("HSI", 12)
    return LatentResults(Probes(run_at_once, lambda name: model)), model


def test_it_is_of_the_structure_under_the_mouse_and_of_all_tissue_elsewhere(results):
    latents, model = results
    session = Session()
    labels = np.zeros((20, 20), int)
    labels[:3] = 1  # 60 spectra
    labels[3, :5] = 3
    names = {0: "liver", 1: "skin", 3: "spleen"}
    entry = session.add(make_cube(20, 20, 12, labels=labels, label_names=names))
    probe = latents._probes.get(entry.cube, model.spec)

    def shown(row, column):
        latents.of(entry, PixelRef(entry.key, row, column), probe, None)
        return latents.of(entry, PixelRef(entry.key, row, column), probe, None)

    assert (shown(1, 1).what, shown(1, 1).found.count) == ("skin", 60)
    assert (shown(9, 9).what, shown(9, 9).found.count) == ("liver", 300)
    assert shown(3, 2).what == "all tissue", "five spectra of spleen are too few"
    rows, columns = drawn_places(entry.cube, 1, 300)
    assert (labels[rows, columns] == 1).all()


def test_of_a_bundled_model_the_range_is_measured_over_tissues_and_wavelengths():
    found = latent_range(load_model("hsi_cinn_dy"), open_cube(sample_path("hsi_simulated")))[LATENT]
    assert found.count % 100 == 0
    assert 0 < found.usual < found.rare
    assert latent_range(load_model("hsi_unit"), open_cube(sample_path("hsi_simulated"))) == {}


def test_lines_are_drawn_in_the_colour_of_their_mark_and_named_under_the_mouse(qtbot):
    plot = LatentPlot()
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    plot.set_picture(picture())
    plot.show()
    for judgement, slope in (("normal", 1.0), ("unusual", 1.2), ("far out", 2.0)):
        x, y = plot._lines[judgement].getData()
        near = np.abs(x) < 1.5
        assert np.polyfit(x[near], y[near], 1)[0] == pytest.approx(slope, abs=0.05)
    box = plot._plot.getViewBox()
    plot._canvas.scene().sigMouseMoved.emit(box.mapViewToScene(QPointF(2.0, 4.0)))
    assert isinstance(plot._name, pg.TextItem)
    assert plot._name.isVisible()
    assert "900 nm" in plot._name.toPlainText()
    plot.set_picture(None)
    assert not plot.isVisible()
