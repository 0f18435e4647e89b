import dataclasses

import numpy as np
import pytest
from spectra_scene import MOVED, REAL, SIM, cube, real, scene, simulated, transferred

from napari_udt.spectral.distances import relative_rms_difference, rmse, spectral_angle
from napari_udt.spectral.spectra import group_statistics, normalise, structure_spectra
from napari_udt.viewer.spectra.curves import CurveId
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.state.session import PixelRef, Session
from napari_udt.viewer.state.statistics import StructureStatistics

LIVER, BOWEL, SKIN = PixelRef(SIM, 4, 2), PixelRef(SIM, 4, 8), PixelRef(SIM, 4, 15)


@pytest.fixture
def session():
    session = scene()
    session.set_options(normalisation="none")
    session.set_cursor(LIVER)
    return session


def by_key(curves):
    return {curve.id.key: curve for curve in curves.curves}


def opened(*cubes, at=LIVER, **options):
    session = Session()
    for each in cubes:
        session.add(each)
    session.set_options(normalisation="none", **options)
    session.set_cursor(at)
    return session


def test_an_empty_session_has_no_curves_and_nothing_to_say():
    found = resolve(Session())
    assert (found.curves, found.differences, found.statement, found.remarks) == ((), (), "", ())


def test_scene_cubes_are_read_at_the_pixel_and_real_as_the_same_structure(session):
    found = resolve(session)
    assert [curve.id.key for curve in found.curves] == [SIM, MOVED, REAL]
    curves = by_key(found)
    for key in (SIM, MOVED):
        np.testing.assert_array_equal(curves[key].values, session[key].cube.data[4, 2])
        assert (curves[key].basis, curves[key].lower, curves[key].count) == ("pixel", None, 1)
    liver = structure_spectra(session[REAL].cube, 7).astype(float)
    np.testing.assert_allclose(curves[REAL].values, liver.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(curves[REAL].lower, liver.mean(axis=0) - liver.std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(curves[REAL].upper, liver.mean(axis=0) + liver.std(axis=0), rtol=1e-5)
    assert (curves[REAL].basis, curves[REAL].count) == ("structure", 27)


def test_bad_bands_are_gaps_in_curves():
    plain = simulated()
    bad = np.arange(plain.shape[2]) == 1
    (curve,) = resolve(opened(plain.with_(bad_bands=bad))).curves
    np.testing.assert_array_equal(np.isnan(curve.values), bad)


def test_labels_say_honestly_what_is_drawn(session):
    curves = by_key(resolve(session))
    assert curves[SIM].label == "simulated: this pixel"
    assert curves[MOVED].label == "transferred by light: this pixel"
    assert curves[REAL].label == "drawn from measured statistics: liver, mean of 27 pixels"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"kind": "unit"}, "transferred by UNIT: this pixel"),
        ({"name": "of unknown kind", "target": "measured"}, "transferred by of unknown kind: this pixel"),
        ("a name", "transferred: this pixel"),
    ],
)
def test_a_label_claims_no_more_than_provenance_says(model, words):
    session = opened(transferred(provenance={"model": model}), at=PixelRef(MOVED, 0, 0))
    assert resolve(session).curves[0].label == words


def test_several_transfers_are_told_apart_by_model_and_dashes():
    made = [
        {"name": "hsi_cinn_dy", "kind": "cinn"},
        {"name": "hsi_unit_y", "kind": "unit"},
        {"name": "mine", "kind": "cinn"},
    ]
    cubes = [
        transferred(name=f"result {n}", provenance={"source": {"name": SIM}, "model": m})
        for n, m in enumerate(made)
    ]
    shown = resolve(opened(simulated(), *cubes)).curves
    assert {curve.label for curve in shown[1:]} == {
        "transferred by cINN_DY: this pixel",
        "transferred by UNIT_Y: this pixel",
        "transferred by mine: this pixel",
    }
    assert len({(curve.style.colour, curve.style.dash) for curve in shown}) == 4


def test_a_layer_s_new_name_and_results_of_one_model_are_named_by_their_layers(session):
    session.rename(MOVED, "my transfer")
    assert by_key(resolve(session))["my transfer"].label == "my transfer: this pixel"
    session.rename("my transfer", MOVED)
    session.add(transferred(name="again"))
    labels = {key: curve.label for key, curve in by_key(resolve(session)).items()}
    assert labels[MOVED] == "phantom moved: this pixel"
    assert labels["again"] == "again: this pixel"
    assert labels[SIM] == "simulated: this pixel"


def test_thousands_are_grouped_and_the_window_is_reported():
    session = opened(
        simulated(shape=(50, 120, 10)), at=PixelRef(SIM, 0, 0), mode="structure", centre="median"
    )
    assert resolve(session).curves[0].label == "simulated: liver, median of 2,000 pixels"
    session.set_options(mode="pixel", window=3)
    assert resolve(session).curves[0].label == "simulated: median of 4 pixels around"


def test_the_statement_names_layer_pixel_structure_and_millimetres():
    session = opened(simulated(pixel_size_mm=(0.5, 0.25)))
    assert resolve(session).statement == f"{SIM}: row 4, column 2 · x 0.5 mm, y 2.0 mm · liver"
    session = opened(simulated(labels=None))
    assert resolve(session).statement == f"{SIM}: row 4, column 2 · no structure known"


def test_on_a_real_pixel_the_others_become_structures(session):
    session.set_cursor(PixelRef(REAL, 3, 5))
    curves = by_key(resolve(session))
    np.testing.assert_array_equal(curves[REAL].values, session[REAL].cube.data[3, 5])
    assert curves[REAL].basis == "pixel"
    for key in (SIM, MOVED):
        expected = structure_spectra(session[key].cube, 1).mean(axis=0)
        np.testing.assert_allclose(curves[key].values, expected, rtol=1e-6)
        assert curves[key].basis == "structure"


def test_structure_mode_is_mean_and_spread_everywhere(session):
    session.set_options(mode="structure", centre="median", spread="quantiles", normalisation="l2")
    session.set_cursor(BOWEL)
    curves = by_key(resolve(session))
    for key, label in ((SIM, 1), (MOVED, 1), (REAL, 8)):
        expected = group_statistics(
            normalise(structure_spectra(session[key].cube, label), "l2"), "median", "quantiles"
        )
        np.testing.assert_allclose(curves[key].values, expected.centre, rtol=1e-6)
        np.testing.assert_allclose(curves[key].lower, expected.lower, rtol=1e-6)
        assert curves[key].basis == "structure"


def test_windows_and_normalisation_are_numpys(session):
    session.set_options(window=3, normalisation="l1")
    session.set_cursor(BOWEL)
    block = session[MOVED].cube.data[3:6, 7:10].reshape(9, 10).astype(float)
    block /= np.abs(block).sum(axis=1, keepdims=True)
    curve = by_key(resolve(session))[MOVED]
    np.testing.assert_allclose(curve.values, block.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(curve.upper, block.mean(axis=0) + block.std(axis=0), rtol=1e-5)
    assert (curve.basis, curve.count) == ("window", 9)


def test_without_spread_there_is_no_band(session):
    session.set_options(spread="none", mode="structure")
    assert all(curve.lower is None and curve.upper is None for curve in resolve(session).curves)


def test_a_structure_that_no_real_cube_holds_is_not_drawn_but_reported(session):
    session.set_cursor(SKIN)
    found = resolve(session)
    assert REAL not in by_key(found)
    assert found.remarks == ("No open reference cube holds the structure 'skin'.",)


def test_without_labels_real_spectra_are_not_guessed():
    found = resolve(opened(simulated(labels=None), real()))
    assert [curve.id.key for curve in found.curves] == [SIM]
    assert found.remarks == ("No structure is known here, so no reference spectra are shown.",)


def test_the_transferred_cubes_labels_are_used_where_the_source_has_none():
    found = resolve(opened(simulated(labels=None), transferred(), real()))
    assert [curve.id.key for curve in found.curves] == [SIM, MOVED, REAL]


def test_the_source_is_found_by_name_among_cubes_of_the_same_size():
    other = simulated(name="other phantom")
    session = opened(simulated(), other, transferred())
    assert set(by_key(resolve(session))) == {SIM, MOVED}
    session.set_cursor(PixelRef("other phantom", 4, 2))
    found = resolve(session)
    curves = by_key(found)
    assert curves["other phantom"].basis == "pixel"
    assert curves[MOVED].basis == "structure"  # of another scene: never the same pixel


def test_the_source_is_found_by_key_when_the_layer_has_another_name():
    session = Session()
    session.add(simulated(name="file"), key="my layer")
    session.add(transferred(provenance={"source": {"key": "my layer"}}))
    session.set_cursor(PixelRef("my layer", 4, 2))
    assert [curve.basis for curve in resolve(session).curves] == ["pixel", "pixel"]
    session.rename("my layer", "renamed")
    found = resolve(session)
    assert [curve.basis for curve in found.curves] == ["pixel", "pixel"]
    assert "assumed" in found.remarks[0]  # by size only, and said so


def test_a_cube_without_provenance_is_aligned_by_size_and_that_is_reported():
    found = resolve(opened(simulated(), transferred(provenance={})))
    assert [curve.basis for curve in found.curves] == ["pixel", "pixel"]
    assert found.remarks[0].startswith(f"{MOVED} does not name its source")


def test_a_transferred_cube_of_another_size_is_another_scene():
    found = resolve(opened(simulated(), transferred(shape=(6, 8, 10), provenance={})))
    assert [curve.basis for curve in found.curves] == ["pixel", "structure"]


def test_a_round_trip_stands_on_the_pixel_of_its_first_source():
    back = transferred(name="back", provenance={"source": {"name": MOVED}})
    found = resolve(opened(simulated(), transferred(), back))
    assert {curve.id.key: curve.basis for curve in found.curves} == {
        SIM: "pixel",
        MOVED: "pixel",
        "back": "pixel",
    }


def test_a_round_trip_finds_its_first_source_though_the_one_between_is_closed():
    between = {"name": MOVED, "provenance": {"source": {"name": SIM}}}
    back = transferred(name="back", provenance={"source": between})
    found = resolve(opened(simulated(), simulated(name="newer phantom"), back))
    assert {curve.id.key: curve.basis for curve in found.curves} == {SIM: "pixel", "back": "pixel"}
    assert found.remarks == ()


def test_cubes_that_name_each_other_as_source_do_no_harm():
    a = transferred(name="a", provenance={"source": {"name": "b"}})
    b = transferred(name="b", provenance={"source": {"name": "a"}})
    assert "a" in by_key(resolve(opened(a, b, at=PixelRef("a", 0, 0))))


def test_a_real_cube_that_was_transferred_is_read_at_the_same_pixel():
    moved = transferred(name="from pig", shape=(9, 8, 10), provenance={"source": {"name": REAL}})
    found = by_key(resolve(opened(real(), moved, simulated(), at=PixelRef(REAL, 3, 5))))
    assert found["from pig"].basis == found[REAL].basis == "pixel"
    assert found[SIM].basis == "structure"


def test_only_cubes_of_the_same_modality_are_compared():
    photoacoustic = real(modality="PAT", name="pat")
    found = resolve(opened(simulated(), photoacoustic))
    assert [curve.id.key for curve in found.curves] == [SIM]


def test_a_cube_that_plays_no_role_stands_alone():
    found = resolve(opened(simulated(domain="unknown"), real(), transferred()))
    assert [curve.id.key for curve in found.curves] == [SIM]


def test_the_newest_real_cube_that_holds_the_structure_is_taken():
    newer = real(name="newer", label_names={7: "fat", 8: "small bowel"})
    session = opened(simulated(), real(), newer)
    assert set(by_key(resolve(session))) == {SIM, REAL}
    session.set_cursor(BOWEL)
    assert set(by_key(resolve(session))) == {SIM, "newer"}


def test_numbers_are_taken_against_the_real_curve(session):
    found = resolve(session)
    curves = by_key(found)
    assert {d.curve.key for d in found.differences} == {SIM, MOVED}
    for key in (SIM, MOVED):
        d, values, reference = found.difference(CurveId(key)), curves[key].values, curves[REAL].values
        assert d.reference == CurveId(REAL)
        assert d.angle_deg == spectral_angle(values, reference, degrees=True)
        assert (d.rmse, d.relative) == (rmse(values, reference), relative_rms_difference(values, reference))
        assert d.channels == 10
    assert found.difference(CurveId(REAL)) is None


def test_without_real_data_transferred_is_compared_with_simulated():
    found = resolve(opened(simulated(), transferred()))
    assert [(d.curve.key, d.reference.key) for d in found.differences] == [(MOVED, SIM)]


def test_other_wavelengths_are_compared_where_both_have_values():
    grid = np.array([600.0, 650, 700, 725])
    coarse = cube("coarse", "transferred", 5, shape=(12, 16, 4), wavelengths_nm=grid)
    found = resolve(opened(simulated(), coarse))
    np.testing.assert_array_equal(by_key(found)["coarse"].wavelengths_nm, grid)
    d = found.differences[0]
    at = [600, 650, 700]  # of the reference's 500, 550, ... 950 nm
    expected = rmse(coarse.data[4, 2, :3], simulated().data[4, 2, [2, 3, 4]])
    assert d.channels == len(at)
    assert d.rmse == pytest.approx(float(expected))


def test_pins_are_resolved_like_the_cursor_newest_first(session):
    first, second = session.pin(BOWEL), session.pin(PixelRef(REAL, 0, 0))
    found = resolve(session)
    numbers = [curve.id.pin for curve in found.curves]
    assert numbers == [None] * 3 + [second.number] * 3 + [first.number] * 3
    assert found.curves[-3].pin == first
    np.testing.assert_array_equal(found.curves[-3].values, session[SIM].cube.data[4, 8])
    assert {d.curve.pin for d in found.differences} == {None, 1, 2}


def test_curves_stay_when_the_mouse_leaves_unless_there_are_pins(session):
    session.set_cursor(None)
    assert resolve(session).statement.startswith(f"{SIM}: row 4, column 2")
    session.pin(BOWEL)
    assert {curve.id.pin for curve in resolve(session).curves} == {1}


def test_curves_do_not_follow_the_mouse_when_asked_not_to(session):
    session.pin(BOWEL)
    session.set_options(hover=False)
    assert {curve.id.pin for curve in resolve(session).curves} == {1}


def test_a_normalised_quantity_loses_its_unit(session):
    assert resolve(session).quantity == "reflectance [1]"
    session.set_options(normalisation="l2")
    assert resolve(session).quantity == "reflectance / L2 norm"


def test_an_axis_of_different_quantities_says_only_what_was_done_to_them():
    mixed = opened(simulated(), transferred(quantity="counts"))
    assert resolve(mixed).quantity == "value (see the cubes' units)"
    mixed.set_options(normalisation="l2")
    assert resolve(mixed).quantity == "value / L2 norm"


def test_a_file_that_vanished_costs_its_own_curve_only(session):
    class Gone:
        shape, dtype = (12, 16, 10), np.dtype(np.float32)

        def __getitem__(self, key):
            raise OSError("phantom moved.h5: the file vanished")

    broken = opened(simulated(), transferred(data=Gone()), real())
    found = resolve(broken)
    assert set(by_key(found)) == {SIM, REAL}
    assert found.remarks == ("phantom moved.h5: the file vanished",)


def test_a_pixel_outside_an_aligned_cube_is_reported():
    found = resolve(opened(simulated(), transferred(shape=(4, 16, 10))))
    assert set(by_key(found)) == {SIM}
    assert "outside the 4 x 16 picture" in found.remarks[0]


def test_statistics_that_are_not_ready_are_reported_and_come_later(session):
    jobs = []
    statistics = StructureStatistics(jobs.append)
    found = resolve(session, statistics)
    assert set(by_key(found)) == {SIM, MOVED}
    assert found.remarks == (f"Computing statistics of {REAL} ...",)
    jobs.pop()()
    assert set(by_key(resolve(session, statistics))) == {SIM, MOVED, REAL}


def test_values_at_a_wavelength_are_interpolated_and_nan_outside(session):
    curve = by_key(resolve(session))[SIM]
    assert curve.value_at(525) == pytest.approx((curve.values[0] + curve.values[1]) / 2)
    assert np.isnan(curve.value_at(499))


def test_curves_are_frozen(session):
    with pytest.raises(dataclasses.FrozenInstanceError):
        resolve(session).curves[0].label = "real"


def test_places_of_another_modality_are_named_and_not_drawn(session):
    forearm = cube("forearm", "simulated", 9, modality="PAT", quantity="initial pressure [1]")
    session.add(forearm, key="forearm")
    session.pin(LIVER)
    session.pin(BOWEL)
    session.pin(PixelRef("forearm", 2, 3))
    found = resolve(session)
    assert {curve.entry.cube.modality for curve in found.curves} == {"HSI"}
    assert {curve.pin.number for curve in found.curves if curve.pin} == {1, 2}
    (reported,) = [remark for remark in found.remarks if remark.startswith("Not drawn")]
    assert reported.endswith("1 pin on PAT cubes.")
    session.set_cursor(PixelRef("forearm", 1, 1))
    found = resolve(session)
    assert {curve.entry.cube.modality for curve in found.curves} == {"PAT"}
    assert any(remark.endswith("2 pins on HSI cubes.") for remark in found.remarks)


def test_automatic_normalisation_keeps_the_level_of_pat_and_takes_the_norm_of_hsi(pat):
    mixed = scene()
    assert mixed.options.normalisation == "auto"
    mixed.set_cursor(PixelRef(SIM, 4, 2))
    found = resolve(mixed)
    assert found.options.normalisation == "l2"
    assert np.linalg.norm(found.curves[0].values) == pytest.approx(1, rel=1e-5)
    cube = pat()
    mixed.add(cube)
    mixed.set_cursor(PixelRef("forearm", 9, 12))
    found = resolve(mixed)
    assert found.options.normalisation == "none"
    np.testing.assert_allclose(found.curves[0].values, cube.data[9, 12], rtol=1e-6)
    mixed.set_options(normalisation="l1")
    assert resolve(mixed).options.normalisation == "l1"
