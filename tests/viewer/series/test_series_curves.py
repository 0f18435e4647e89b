"""Curves over time: of pins, structures and regions, in all domains, as text."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from kinetics import kinetics, saturation

from napari_udt import open_cube
from napari_udt.errors import CubeError
from napari_udt.samples import sample_path
from napari_udt.series import Series
from napari_udt.spectral.unmixing import unmix_spectra
from napari_udt.viewer.series.curves import SeriesCurves, csv_text
from napari_udt.viewer.series.reader import PictureReader
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.state.jobs import ignore_progress
from napari_udt.viewer.state.session import PixelRef, Region, Session


@pytest.fixture
def session(scan):
    session = Session()
    session.reader = PictureReader(session)
    session.set_wavelength(760.0)
    session.set_options(hover=False)
    session.add(scan()[0])
    return session


def followed(session, over):
    store = SeriesCurves(session)
    wanted = store.wanted(resolve(session), over)
    assert store.missing(wanted) == wanted
    store.compute(wanted, ignore_progress)
    assert store.missing(wanted) == ()
    return store.lines(wanted)


def test_a_pin_is_followed_at_the_wavelength_of_the_picture(session, scan):
    session.pin(PixelRef("scan", 3, 4))
    (line,) = followed(session, "value")
    expected = [scan()[i].data[3, 4, 6] for i in range(12)]
    np.testing.assert_allclose(line.curve.values, expected, rtol=1e-6)
    np.testing.assert_array_equal(line.curve.wavelengths_nm, np.arange(12) * 0.25)
    assert (line.axis, line.unit) == ("time", "s")
    assert line.curve.quantity == "value [a.u.] at 760 nm"
    assert line.value_at(0.8)[0] == pytest.approx(expected[3], rel=1e-6)


def test_windows_structures_and_regions_have_medians_and_quartiles(session, scan):
    session.set_options(window=3)
    session.pin(PixelRef("scan", 0, 4))
    session.set_options(structures=("vein",))
    square = ((10.0, 10.0), (10.0, 14.0), (13.0, 14.0), (13.0, 10.0))
    session.set_regions([Region(1, "scan", "polygon", square, "#ffffff", "mine")])
    found = {line.curve.basis: line for line in followed(session, "value")}
    picture = scan()[5]
    np.testing.assert_allclose(found["window"].curve.values[5], np.median(picture.data[0:2, 3:6, 6]))
    assert found["window"].count[5] == 6
    assert found["region"].count[5] == 20
    session.set_options(mode="structure")
    vein = next(line for line in followed(session, "value") if line.curve.structure == "vein")
    inside = picture.data[..., 6][picture.labels == 1]
    np.testing.assert_allclose(
        (vein.curve.lower[5], vein.curve.values[5], vein.curve.upper[5]),
        np.quantile(inside, (0.25, 0.5, 0.75)),
        rtol=1e-6,
    )
    assert "median of 75 pixels" in vein.curve.label


def test_oxygenation_over_time_is_what_unmixing_finds_and_goes_down_and_up_again():
    cube = open_cube(sample_path("pat_simulated"))
    session = Session()
    session.add(kinetics(cube, frames=13, step_s=5.0)[0], key="scan")
    session.set_options(mode="structure", structures=("artery",), hover=False)
    (line,) = (line for line in followed(session, "oxygenation") if line.curve.structure == "artery")
    number = next(n for n, name in cube.present_labels.items() if name == "artery")
    vessel = cube.data[cube.labels == number]
    expected = unmix_spectra(vessel, cube.wavelengths_nm, "PAT").oxygenation
    assert line.curve.values[0] == pytest.approx(np.median(expected))
    wanted = saturation(np.arange(13) * 5.0, 1.0)
    assert np.corrcoef(line.curve.values, wanted)[0, 1] > 0.98
    assert "estimate" in line.curve.quantity


def test_domains_keep_their_own_times_and_styles(session, scan):
    session.add(scan("real", count=5, step=1.0, domain="real")[0])
    session.set_options(mode="structure", structures=("vein",))
    lines = {line.curve.entry.role: line for line in followed(session, "value")}
    assert len(lines["simulated"].curve.values) == 12
    assert len(lines["real"].curve.values) == 5
    assert lines["simulated"].curve.style != lines["real"].curve.style


def test_a_cube_without_series_and_other_results_have_no_curve(session, pat):
    session.add(replace(pat(), name="flat"))
    session.pin(PixelRef("flat", 3, 4))
    assert SeriesCurves(session).wanted(resolve(session), "value") == ()


def test_a_damaged_picture_is_a_remark(session, scan):
    def read(index):
        if index == 2:
            raise CubeError("bad.h5: frame 3 is damaged; leave it out.")

    session.add(scan("bad", read=read)[0])
    session.pin(PixelRef("bad", 3, 4))
    store = SeriesCurves(session)
    wanted = store.wanted(resolve(session), "value")
    store.compute(wanted, ignore_progress)
    assert store.remarks(wanted) == ("bad.h5: frame 3 is damaged; leave it out.",)
    assert store.missing(wanted) == ()


def test_structures_of_a_whole_volume(session, scan):
    session.remove("scan")
    series = scan("volume", axis="depth", count=4, step=0.3)
    session.add(series[1])
    session.set_options(mode="structure", structures=("vein",), centre="median")
    (one,) = resolve(session).curves
    session.set_options(volume=True)
    (whole,) = resolve(session).curves
    inside = np.concatenate([picture.data[picture.labels == 1] for picture in series])
    np.testing.assert_allclose(whole.values, inside.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(whole.upper - whole.values, inside.std(axis=0), rtol=1e-4)
    assert whole.label == "simulated: vein, mean of 300 pixels in all slices"
    assert one.count == 75
    session.set_position(0.9)
    (again,) = resolve(session).curves
    np.testing.assert_allclose(again.values, whole.values)


def test_csv_has_the_time_and_the_unit(session):
    session.pin(PixelRef("scan", 3, 4))
    lines = followed(session, "value")
    text = csv_text(lines, resolve(session))
    rows = list(csv.DictReader(io.StringIO("".join(r for r in text.splitlines(True) if r[0] != "#"))))
    assert [float(row["time_s"]) for row in rows] == (np.arange(12) * 0.25).tolist()
    assert [int(row["picture"]) for row in rows] == list(range(1, 13))
    assert float(rows[4]["value"]) == pytest.approx(float(lines[0].curve.values[4]))
    assert {row["quantity"] for row in rows} == {"value [a.u.] at 760 nm"}
    session.remove("scan")
    series = lines[0].curve.entry.cube.series
    volume = Series("depth", 12, lambda i: replace(series[i], series=volume), np.arange(12) * 0.5)
    session.add(volume[0])
    session.pin(PixelRef("scan", 3, 4))
    assert '"depth_mm"' in csv_text(followed(session, "value"), resolve(session))
