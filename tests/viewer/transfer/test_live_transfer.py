"""The live curve, the explored curve and the trust panel's results, without Qt: real small networks, one thread."""

import numpy as np
import pytest
from spectra_scene import NAMES, cube, real
from transfer_samples import make_model

from napari_udt.inference import transfer
from napari_udt.viewer.spectra.export import csv_text
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.state.chosen_model import ChosenModel
from napari_udt.viewer.state.jobs import ignore_progress
from napari_udt.viewer.state.session import CurveId, PixelRef, Session
from napari_udt.viewer.transfer.live import LiveTransfer
from napari_udt.viewer.transfer.probes import Probes
from napari_udt.viewer.trust import numbers as trust
from napari_udt.viewer.trust.condition_explorer import ConditionExplorer, class_choices, domain_words
from napari_udt.viewer.trust.rows import ROW_OF, ROWS, clipboard_text, limits, mappable, number_text

SIM = "phantom"
LIVE, EXPLORED = CurveId(SIM, extra="live"), CurveId(SIM, extra="explored")


@pytest.fixture(scope="module")
def model():
    return make_model(
        "HSI",
        10,
        wavelengths_nm=tuple(np.linspace(500, 950, 10)),
        class_names=("liver", "small_bowel", "fat"),
    )


class Bench:
    """A session with what a context has, in one thread."""

    def __init__(self, model):
        self.model, self.session = model, Session()
        self.simulated = self.session.add(cube(SIM, "simulated", 1, label_names=NAMES)).cube
        self.problems = []
        self.chosen = ChosenModel(lambda: [model.spec])
        self.probes = Probes(load=lambda name: self.model)
        self.probes.failed.connect(self.problems.append)
        self.live = LiveTransfer(self.probes, self.chosen)
        self.explorer = ConditionExplorer(self.probes, self.chosen)
        self.results = trust.TrustResults(self.probes, self.chosen)

    def look(self, row=2, column=1, **options):
        self.session.set_options(**{"normalisation": "none", **options})
        self.session.set_cursor(PixelRef(SIM, row, column))
        # What is made ready is there at the second look.
        resolve(self.session, None, (self.live, self.explorer))
        resolve(self.session, None, (self.live, self.explorer))
        curves = resolve(self.session, None, (self.live, self.explorer))
        return curves, {curve.id: curve for curve in curves.curves}


@pytest.fixture
def bench(model):
    return Bench(model)


def test_the_live_curve_is_the_transfer_of_that_pixel(bench):
    _, found = bench.look(3, 2)
    whole = transfer(bench.simulated, bench.model, device="cpu")
    np.testing.assert_allclose(found[LIVE].values, whole.data[3, 2], rtol=1e-4, atol=1e-5)
    assert found[LIVE].label == "live, hsi_test: this pixel, condition liver"
    assert found[LIVE].style.dash
    assert found[LIVE].subject == found[CurveId(SIM)].subject


def test_the_live_curve_gives_way_to_a_finished_result_that_shows_the_same(bench):
    made = transfer(bench.simulated, bench.model, device="cpu")
    bench.session.add(made)
    _, found = bench.look(3, 2)
    assert LIVE not in found
    assert CurveId(made.name) in found
    _, found = bench.look(3, 2, live_band=True)  # the band is in no result
    assert LIVE in found
    bench.session.remove(made.name)
    bench.session.add(transfer(bench.simulated, bench.model, device="cpu", condition="fat"))
    _, found = bench.look(3, 2, live_band=False)
    assert LIVE in found


def test_the_condition_follows_the_label_and_is_said(bench):
    _, found = bench.look(3, 15)
    assert found[LIVE].label.endswith("condition unknown (proxy)")  # skin: the model does not know it


def test_a_window_is_transferred_and_averaged(bench):
    curves, found = bench.look(3, 2, window=3)
    whole = transfer(bench.simulated, bench.model, device="cpu")
    np.testing.assert_allclose(found[LIVE].values, whole.data[2:5, 1:4].mean(axis=(0, 1)), rtol=1e-4)
    assert found[LIVE].lower is not None
    assert found[LIVE].count == 9
    assert curves.difference(LIVE) is not None  # it is compared as every curve is


def test_the_live_curve_is_treated_as_the_others_are(bench):
    _, plain = bench.look(3, 2)
    _, found = bench.look(3, 2, normalisation="l1")
    expected = plain[LIVE].values / np.abs(plain[LIVE].values).sum()
    np.testing.assert_allclose(found[LIVE].values, expected, rtol=1e-5)
    assert found[LIVE].quantity == found[CurveId(SIM)].quantity


def test_the_band_is_that_of_admissible_conditions(bench):
    _, found = bench.look(3, 2, live_band=True)
    probe = bench.probes.get(bench.simulated, bench.model.spec)
    drawn = probe.draws(bench.simulated.data[3, 2][None], probe.job.tissue.index[3, 2][None])[:, 0]
    np.testing.assert_allclose(
        found[LIVE].upper - found[LIVE].lower, 2 * drawn.std(axis=0, ddof=1), rtol=1e-3, atol=1e-5
    )
    assert "20 admissible conditions" in found[LIVE].label


@pytest.mark.parametrize("options", [{"live": False}, {"mode": "structure"}, {"hover": False}])
def test_there_is_no_live_curve_where_none_is_wanted(bench, options):
    _, found = bench.look(**options)
    assert LIVE not in found


def test_real_cubes_and_pictures_have_no_live_curve(bench, pat):
    bench.session.add(real())
    bench.session.add(pat())
    for key in ("pig", "forearm"):
        bench.session.set_cursor(PixelRef(key, 1, 1))
        found = resolve(bench.session, None, (bench.live,)).curves
        assert [curve.id.extra for curve in found] == [None] * len(found)


def test_an_error_is_said_once_and_the_rest_lives_on(bench):
    def broken(name):
        raise ValueError("no such weights")

    bench.probes._load = broken
    for column in (1, 2, 3):
        _, found = bench.look(1, column)
        assert set(found) == {CurveId(SIM)}
    assert len(bench.problems) == 1
    assert "no such weights" in bench.problems[0]


def test_an_error_at_the_pixel_is_said_once(bench, monkeypatch):
    bench.look()
    probe = bench.probes.get(bench.simulated, bench.model.spec)
    monkeypatch.setattr(probe, "transfer", lambda *_: 1 / 0)
    for column in (1, 2, 3):
        _, found = bench.look(1, column)
        assert set(found) == {CurveId(SIM)}
    assert len(bench.problems) == 1


def test_exports_tell_what_the_live_curve_is(bench):
    curves, _ = bench.look()
    assert "live transfer by hsi_test, no layer; target domain: digital device" in csv_text(curves)


def test_the_explored_curve_moves_with_class_and_domain(bench):
    _, found = bench.look(3, 2, explore=True, explore_class="fat", explore_domain=0.4)
    probe = bench.probes.get(bench.simulated, bench.model.spec)
    spectrum, entry = bench.simulated.data[3, 2][None], probe.job.tissue.index[3, 2][None]
    np.testing.assert_allclose(
        found[EXPLORED].values, probe.explore(spectrum, entry, "fat", 0.4)[0], rtol=1e-4
    )
    assert found[EXPLORED].label == "liver → fat, domain 0.4 (model hsi_test)"
    _, at_the_end = bench.look(3, 2, explore=True, explore_class=None, explore_domain=1.0)
    np.testing.assert_allclose(at_the_end[EXPLORED].values, at_the_end[LIVE].values, rtol=1e-3, atol=1e-4)
    assert at_the_end[EXPLORED].label.startswith("liver → liver, domain 1 ")


def test_the_newest_pin_is_explored_when_the_mouse_is_away(bench):
    bench.session.pin(PixelRef(SIM, 4, 4))
    bench.session.set_options(hover=False, explore=True)
    for _ in range(3):
        found = resolve(bench.session, None, (bench.live, bench.explorer)).curves
    assert [curve.id.extra for curve in found] == [None, "explored"]
    assert found[1].pin is found[0].pin


def test_choices_of_the_explorer_are_words(model):
    assert class_choices(model.spec)[:2] == [("its own tissue", None), ("liver", "liver")]
    assert class_choices(None) == [("its own tissue", None)]
    assert [domain_words(d) for d in (0.0, 0.4, 1.0)] == ["0.00 (simulated)", "0.40", "1.00 (target)"]


def test_the_chosen_model_must_fit(make_spec, hsi, pat):
    first, second, other = make_spec("a"), make_spec("b"), make_spec("c", "HSI", 500, 1000, 100)
    chosen, reported = ChosenModel(lambda: [first, second, other]), []
    chosen.changed.connect(lambda: reported.append(1))
    assert chosen.of(pat()) is first
    assert chosen.of(hsi()) is other
    chosen.choose(second)
    chosen.choose(second)
    assert chosen.of(pat()) is second
    assert chosen.of(hsi()) is other
    assert len(reported) == 1


def test_the_panel_speaks_of_the_input_of_a_transferred_cube(bench, transferred):
    bench.session.add(transferred(bench.simulated, "moved"))
    bench.session.set_cursor(PixelRef("moved", 5, 6))
    subject = trust.subject_of(bench.session)
    assert (subject.entry.key, subject.pixel) == (SIM, PixelRef(SIM, 5, 6))
    assert subject.statement == "phantom: row 5, column 6 · small_bowel"


def test_numbers_of_pixel_and_cube_agree(bench):
    bench.session.set_cursor(PixelRef(SIM, 5, 6))
    subject = trust.subject_of(bench.session)
    bench.results.of_pixel(subject)
    pixel = bench.results.of_pixel(subject)
    for group in ("network", "conditions"):
        bench.results.work([subject.entry.cube], group)(ignore_progress)
    assert set(pixel) == set(bench.results.of_cube(subject)) == set(ROW_OF) - {"trainings"}
    for row in (row for row in ROWS if row.key in pixel):
        found = bench.results.map_of(subject.entry.cube, row)
        assert found.values[5, 6] == pytest.approx(pixel[row.key], rel=1e-3, abs=1e-4)
        assert found.title == f"{row.title.lower()} (hsi_test)"
        assert found.unit == row.unit


def test_what_is_out_of_range_is_warned_of(bench):
    data = bench.simulated.data.copy()
    data[0, 0], data[0, 1] = 0, np.eye(10)[3] * 50
    odd = bench.session.add(bench.simulated.with_(data=data, name="odd"))
    for column, words in ((0, "zero or not finite"), (1, "standard deviations from the training mean")):
        bench.session.set_cursor(PixelRef("odd", 0, column))
        subject = trust.subject_of(bench.session)
        bench.results.of_pixel(subject)
        bench.results.of_pixel(subject)
        lines = bench.results.warnings(subject)
        assert any(words in line for line in lines), lines
    assert any("Unknown to the model" in line and "skin" in line for line in lines)
    bench.results.work([subject.entry.cube], "network")(ignore_progress)
    assert any(
        line.startswith("Whole cube: 0.5 % of the spectra are zero")
        for line in bench.results.warnings(subject)
    )
    assert odd.key == "odd"


def test_other_wavelengths_are_warned_of(bench):
    finer = cube("finer", "simulated", 3, shape=(4, 6, 20))
    bench.session.add(finer)
    bench.session.set_cursor(PixelRef("finer", 1, 1))
    subject = trust.subject_of(bench.session)
    bench.results.of_pixel(subject)
    assert any("interpolated linearly from 20 wavelengths" in w for w in bench.results.warnings(subject))


def test_numbers_are_written_with_their_digits_and_copied_with_their_unit():
    row = ROW_OF["norm"]
    assert number_text(row, 1.234) == "+1.23"
    assert number_text(row, None) == number_text(row, float("nan")) == "–"
    assert clipboard_text(row, 1.2345678) == "Latent norm\t1.234568\tσ of chi"
    assert clipboard_text(row, None) == ""


def test_outliers_do_not_take_the_colour_bar():
    values = np.concatenate([np.linspace(0, 1, 99), [1000.0]])
    assert limits(ROW_OF["norm"], values)[1] < 10
    low, high = limits(ROW_OF["norm"], np.full(5, 2.0))
    assert low < high


def test_maps_that_would_be_faked_are_not_offered(make_spec):
    assert mappable(make_spec()) == {"round_trip", "spread", "magnitude"}
    assert mappable(make_spec(), 2) == {"round_trip", "spread", "magnitude", "trainings"}
    assert mappable(make_spec("h", "HSI", kind="unit")) == {"round_trip", "magnitude"}
    assert mappable(None) == set()
