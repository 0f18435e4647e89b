"""Structures, regions, reference curve and read-outs: what the resolver makes of the newer options."""

import dataclasses

import numpy as np
import pytest
from spectra_scene import MOVED, REAL, SIM, real, scene, simulated

from napari_udt.spectral.spectra import structure_spectra
from napari_udt.spectral.transforms import Transform, derivative
from napari_udt.viewer.spectra import curve_numbers
from napari_udt.viewer.spectra.curve_numbers import Column
from napari_udt.viewer.spectra.curves import compared
from napari_udt.viewer.spectra.export import csv_text, document
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.state.comparable_cubes import structure_names, ticked_name
from napari_udt.viewer.state.session import CurveId, PixelRef, Region
from napari_udt.viewer.state.statistics import StructureStatistics, region_mask, region_spectra

SQUARE = Region(3, SIM, "polygon", ((1.0, 1.0), (1.0, 4.0), (5.0, 4.0), (5.0, 1.0)), "#E69F00")
LIVER = PixelRef(SIM, 4, 2)


@pytest.fixture
def session():
    session = scene()
    session.set_options(normalisation="none")
    return session


def by_id(curves):
    return {curve.id: curve for curve in curves.curves}


def test_a_polygon_covers_the_pixels_whose_middle_is_inside():
    expected = np.zeros((8, 9), bool)
    expected[2:5, 3:7] = True
    corners = ((1.5, 2.5), (1.5, 6.5), (4.5, 6.5), (4.5, 2.5))
    np.testing.assert_array_equal(region_mask("polygon", corners, (8, 9)), expected)


def test_an_ellipse_is_given_by_the_box_around_it():
    mask = region_mask("ellipse", ((10, 10), (10, 50), (30, 50), (30, 10)), (60, 60))
    rows, columns = np.mgrid[:60, :60]
    inside = ((rows - 20) / 10) ** 2 + ((columns - 30) / 20) ** 2
    assert not mask[inside > 1].any()
    assert mask[inside < 0.98].all()


def test_a_region_beyond_the_picture_is_cut_off_and_one_outside_is_reported(session):
    assert region_mask("polygon", ((-5, -5), (-5, 2.5), (2.5, 2.5), (2.5, -5)), (8, 9)).sum() == 9
    session.set_regions([dataclasses.replace(SQUARE, vertices=((50, 50), (50, 60), (60, 60)))])
    found = resolve(session)
    assert found.curves == ()
    assert any("Region 3 covers no pixel of phantom" in remark for remark in found.remarks)


def test_a_region_is_read_in_every_cube_of_its_scene_but_in_no_other(session):
    session.set_regions([SQUARE])
    found = by_id(resolve(session))
    assert set(found) == {CurveId(SIM, region=3), CurveId(MOVED, region=3)}
    curve = found[CurveId(SIM, region=3)]
    block = session[SIM].cube.data[1:6, 1:5].reshape(-1, 10)
    np.testing.assert_array_equal(np.sort(region_spectra(session[SIM].cube, SQUARE), 0), np.sort(block, 0))
    np.testing.assert_allclose(curve.values, block.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(curve.upper, block.mean(axis=0) + block.std(axis=0), rtol=1e-5)
    assert curve.label == "simulated: region 3, mean of 20 pixels"
    assert (curve.count, curve.mark.colour, curve.pixel) == (20, SQUARE.colour, None)


def test_regions_leave_with_their_cube_and_follow_its_name(session):
    session.set_regions([SQUARE])
    session.rename(SIM, "gel")
    assert session.regions[0].key == "gel"
    session.remove("gel")
    assert session.regions == ()


def test_several_structures_are_shown_at_once_in_every_role(session):
    session.set_options(mode="structure", structures=("small_bowel", "liver"), hover=False)
    found = by_id(resolve(session))
    assert len(found) == 6
    for name, labels in (("small_bowel", (1, 1, 8)), ("liver", (0, 0, 7))):
        for key, label in zip((SIM, MOVED, REAL), labels, strict=True):
            expected = structure_spectra(session[key].cube, label).mean(axis=0)
            np.testing.assert_allclose(found[CurveId(key, structure=name)].values, expected, rtol=1e-6)
    session.set_options(mode="pixel")
    assert resolve(session).curves == ()


def test_what_a_ticked_structure_shows_is_not_shown_twice(session):
    session.set_options(mode="structure", structures=("liver",))
    session.set_cursor(LIVER)
    session.pin(LIVER)
    assert {curve.id.structure for curve in resolve(session).curves} == {"liver"}
    session.set_cursor(PixelRef(SIM, 4, 8))
    assert {curve.id.structure for curve in resolve(session).curves} == {"liver", None}


def test_structures_are_offered_once_and_ticked_in_the_spelling_that_is_ticked(session):
    assert structure_names(session, StructureStatistics()) == ("liver", "small_bowel", "skin")
    assert ticked_name(session, PixelRef(REAL, 3, 0)) == "Liver"
    session.toggle_structure("liver")
    assert ticked_name(session, PixelRef(REAL, 3, 0)) == "liver"
    session.toggle_structure("liver")
    assert session.options.structures == ()


@pytest.mark.parametrize(("spread", "edges"), [("quantiles", (0.05, 0.95)), ("quartiles", (0.25, 0.75))])
def test_bands_of_derivatives_are_quantiles_of_derivatives(session, spread, edges):
    session.set_options(mode="structure", spread=spread, centre="median", derivative=1, derivative_window=5)
    session.set_cursor(LIVER)
    cube = session[SIM].cube
    slopes = derivative(structure_spectra(cube, 0), cube.wavelengths_nm, 1, 5)
    curve = by_id(resolve(session))[CurveId(SIM)]
    np.testing.assert_allclose(curve.lower, np.quantile(slopes, edges[0], axis=0), atol=1e-6)
    np.testing.assert_allclose(curve.upper, np.quantile(slopes, edges[1], axis=0), atol=1e-6)
    assert curve.quantity == "derivative of reflectance [1/nm]"
    assert any("5 channels (200 nm)" in remark for remark in resolve(session).remarks)


def test_the_statistics_of_transformed_structures_come_from_one_pass():
    cube = simulated()
    transform = Transform("l2", absorbance=True)
    found = StructureStatistics().get(cube, 1, transform, "mean", "std")
    spectra = transform(structure_spectra(cube, 1), cube.wavelengths_nm).astype(float)
    np.testing.assert_allclose(found.centre, spectra.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.upper - found.centre, spectra.std(axis=0), rtol=1e-4)


def test_a_chosen_reference_serves_all_curves(session):
    session.set_cursor(LIVER)
    session.pin(PixelRef(SIM, 4, 8))
    session.set_options(reference=CurveId(MOVED))
    found = resolve(session)
    assert {d.reference for d in found.differences} == {CurveId(MOVED)}
    assert len(found.differences) == 5
    session.set_options(reference=CurveId(MOVED, pin=99))
    found = resolve(session)
    assert {d.reference for d in found.differences} == {CurveId(REAL), CurveId(REAL, pin=1)}
    assert any("chosen reference curve is not shown" in remark for remark in found.remarks)


@pytest.mark.parametrize("comparison", ["difference", "ratio"])
def test_differences_and_ratios_are_those_of_every_spectrum_behind_the_curve(session, comparison):
    session.set_options(window=5)
    session.set_cursor(LIVER)
    plain = by_id(resolve(session))
    session.set_options(comparison=comparison)
    found = resolve(session)
    curve, base = by_id(found)[CurveId(SIM)], plain[CurveId(REAL)].values
    block = session[SIM].cube.data[2:7, 0:5].reshape(-1, 10).astype(float)
    each = block - base if comparison == "difference" else block / base
    np.testing.assert_allclose(curve.values, each.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(curve.lower, each.mean(axis=0) - each.std(axis=0), atol=1e-6)
    np.testing.assert_allclose(curve.upper, each.mean(axis=0) + each.std(axis=0), atol=1e-6)
    assert (
        found.quantity
        == {
            "difference": "difference of reflectance [1]",
            "ratio": "ratio of reflectance [1]",
        }[comparison]
    )
    assert any("the reference's own spread" in remark for remark in found.remarks)


def test_a_negative_reference_does_not_turn_the_band_over(session):
    session.set_options(mode="structure")
    session.set_cursor(LIVER)
    curve = by_id(resolve(session))[CurveId(SIM)]
    found = compared(curve, dataclasses.replace(curve, values=-curve.values), "ratio")
    assert (found.lower <= found.values).all()
    assert (found.values <= found.upper).all()


def test_a_reference_on_other_wavelengths_is_interpolated_and_missing_outside(session):
    session.set_cursor(LIVER)
    curve = by_id(resolve(session))[CurveId(SIM)]
    base = dataclasses.replace(curve, wavelengths_nm=np.array([600.0, 800.0]), values=np.array([1.0, 3.0]))
    found = compared(curve, base, "difference")
    assert np.isnan(found.values[[0, 1, -1]]).all()
    assert found.values[4] == pytest.approx(curve.values[4] - 2)  # 700 nm


def test_the_range_gives_the_mean_of_the_channels_inside(session):
    session.set_options(band_nm=(600.0, 700.0))
    session.set_cursor(LIVER)
    found = resolve(session)
    curve = found.curves[0]
    assert curve.band_mean(600, 700) == pytest.approx(curve.values[2:5].mean())
    assert np.isnan(curve.band_mean(601, 602))
    assert curve_numbers.heading(Column.BAND, found, None) == "600–700 nm"
    assert float(curve_numbers.number(Column.BAND, curve, found, None, exact=True)) == pytest.approx(
        curve.values[2:5].mean(), rel=1e-6
    )
    assert found.usual_band() == (540.0, 580.0)


def test_the_estimate_of_blood_is_of_the_spectrum_as_it_was(session):
    session.set_options(blood=True)
    session.set_cursor(LIVER)
    plain = by_id(resolve(session))[CurveId(SIM)].unmixed
    session.set_options(normalisation="l2", absorbance=True, derivative=2, comparison="difference")
    found = by_id(resolve(session))[CurveId(SIM)].unmixed
    np.testing.assert_array_equal(found.haemoglobin, plain.haemoglobin)
    session.set_options(blood=False)
    assert by_id(resolve(session))[CurveId(SIM)].unmixed is None


def test_a_wavelength_that_a_cube_lacks_is_reported(session):
    session.set_options(normalisation="wavelength", normalisation_nm=990.0)
    session.set_cursor(LIVER)
    found = resolve(session)
    assert found.curves == ()
    assert any("no value at 990 nm" in remark for remark in found.remarks)


def test_columns_give_way_in_order_where_there_is_no_room(session):
    wanted = curve_numbers.columns(dataclasses.replace(session.options, blood=True, band_nm=(540.0, 580.0)))
    widths = dict.fromkeys(Column, 50)
    assert curve_numbers.fitting(wanted, widths, 350) == wanted
    assert Column.RELATIVE not in curve_numbers.fitting(wanted, widths, 300)
    assert curve_numbers.fitting(wanted, widths, 200) == [
        Column.VALUE,
        Column.BAND,
        Column.SATURATION,
        Column.HAEMOGLOBIN,
    ]
    assert curve_numbers.fitting(wanted, widths, 0) == [Column.VALUE, Column.SATURATION]


def test_exports_carry_the_transform_and_where_the_curves_come_from(session):
    session.set_regions([SQUARE])
    session.set_options(
        mode="structure", structures=("liver",), absorbance=True, derivative=1, comparison="ratio", blood=True
    )
    found = resolve(session)
    reported = document(found)
    assert reported["provenance"]["transform"] == "derivative of −ln(value) [1/nm]"
    assert reported["provenance"]["comparison"] == "ratio"
    assert reported["curves"][0]["structure_ticked"] == "liver"
    assert reported["curves"][0]["unmixed"]["total_haemoglobin_unit"] == "g/l·cm"
    text = csv_text(found)
    assert "# order: normalisation, logarithm, derivative of each spectrum; mean or median" in text
    assert text.splitlines()[-1].endswith('3,"ratio of derivative of −ln(reflectance) [1]"')


def test_statistics_of_a_lone_real_cube_need_no_simulated_one():
    from napari_udt.viewer.state.session import Session

    session = Session()
    session.add(real())
    session.set_options(mode="structure", structures=("liver",))
    assert [curve.id for curve in resolve(session).curves] == [CurveId(REAL, structure="liver")]
