"""Spectra of a library beside the cubes': drawn as the cubes' are, ranked, mapped, saved, opened again."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QListWidget, QPushButton
from spectra_scene import REAL, SIM, scene

from napari_udt.errors import CubeError
from napari_udt.io.spectral_libraries import read_library, write_library
from napari_udt.spectral.library import MEASURES, SpectralLibrary
from napari_udt.viewer.files.opening import open_files, spectral_files
from napari_udt.viewer.files.session_file import open_session, save_session
from napari_udt.viewer.spectra.libraries import SETTINGS, LibraryCurves, library_of, restored_paths
from napari_udt.viewer.spectra.maps import CubeMaps, MapChoice, map_of, shown_text
from napari_udt.viewer.spectra.resolve import resolve
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.state.session import PixelRef, Session


@pytest.fixture
def session():
    return scene()


@pytest.fixture
def library(session):
    """The spectra of three pixels of the simulated cube, at wavelengths between the cube's and fewer of them."""
    cube = session[SIM].cube
    grid = np.linspace(500, 900, 33)
    rows = [np.interp(grid, cube.wavelengths_nm, cube.spectrum(row, 3)) for row in (0, 4, 8)]
    return SpectralLibrary("organs", ("a", "b", "c"), np.array(rows), grid, "reflectance [1]")


def library_curves(session):
    found = resolve(session, sources=[LibraryCurves(session)])
    return [curve for curve in found.curves if curve.style.word == "library"], found.remarks


def test_ticked_spectra_are_treated_as_the_curves_are(session, library):
    session.add_library(library)
    session.set_options(library_spectra=("organs: b",), normalisation="max")
    session.set_cursor(PixelRef(SIM, 4, 3))
    (curve,), _ = library_curves(session)
    cube = session[SIM].cube
    covered = cube.wavelengths_nm <= 900
    expected = cube.spectrum(4, 3)[covered].astype(float)
    np.testing.assert_allclose(curve.values[covered], expected / expected.max(), rtol=1e-5)
    assert np.isnan(curve.values[~covered]).all()
    assert curve.label == "library organs: b"
    assert curve.quantity.startswith("reflectance")


@pytest.mark.parametrize("measure", MEASURES)
def test_the_nearest_is_named_for_the_curve_under_the_mouse(session, library, measure):
    session.add_library(library)
    session.set_options(library_measure=measure)
    for row, name in ((0, "a"), (4, "b"), (8, "c")):
        session.set_cursor(PixelRef(SIM, row, 3))
        _, remarks = library_curves(session)
        (nearest,) = (remark for remark in remarks if remark.startswith("Nearest in organs"))
        assert f"{MEASURES[measure]}: {name} " in nearest


def test_a_library_of_other_wavelengths_is_said_to_be_one(session, library):
    elsewhere = SpectralLibrary("far", ("x",), np.ones((1, 3)), np.array([1500.0, 1600.0, 1700.0]))
    session.add_library(elsewhere)
    session.set_cursor(PixelRef(SIM, 4, 3))
    _, remarks = library_curves(session)
    assert "The library far covers no wavelength of this curve." in remarks


def test_a_library_of_the_same_name_takes_the_place_of_the_former(session, library):
    session.add_library(library)
    session.add_library(SpectralLibrary("organs", ("z",), library.spectra[:1], library.wavelengths_nm))
    assert [each.names for each in session.libraries] == [("z",)]


def test_maps_of_the_nearest_and_of_the_distance(session, library):
    cube = session[SIM].cube
    nearest = map_of(cube, MapChoice("nearest", library=library))
    assert nearest.values[4, 3] == 1
    assert nearest.values[8, 3] == 2
    assert len(set(nearest.colormap)) == 3
    assert (nearest.title, nearest.names) == ("nearest of organs", ("a", "b", "c"))
    said = shown_text(CubeMaps(((cube, nearest),)))
    assert said == "Nearest of organs in 1 picture: 0 a, 1 b, 2 c."
    distance = map_of(cube, MapChoice("distance", library=library))
    assert distance.unit == "°"
    assert distance.values[4, 3] == pytest.approx(0, abs=1e-3)
    assert distance.values[5, 3] > 1
    with pytest.raises(CubeError, match="No spectral library is open"):
        map_of(cube, MapChoice("nearest"))


def test_a_dropped_library_opens_as_curves_and_cubes_go_on(session, library, tmp_path):
    path = write_library(library, tmp_path / "organs.sli")
    assert [file.path for file in spectral_files([path])] == [path]
    assert open_files(session, [path]) == []
    assert [each.title for each in session.libraries] == ["organs"]
    assert len(session) == 3
    path.write_bytes(b"short")
    (problem,) = open_files(session, [path])
    assert "organs.sli" in problem


def test_a_session_opens_its_libraries_again(qtbot, session, library, tmp_path):
    open_files(session, [write_library(library, tmp_path / "organs.csv")])
    session.set_options(library_spectra=("organs: c",))
    saved = save_session(session, tmp_path / "x")
    other = Session()
    dock = SpectraDock(other)
    qtbot.addWidget(dock)
    open_session(other, saved)
    assert [each.names for each in other.libraries] == [("a", "b", "c")]
    assert other.options.library_spectra == ("organs: c",)


def test_by_mouse_and_keyboard_in_the_dock(qtbot, monkeypatch, session, library, tmp_path):
    path = write_library(library, tmp_path / "organs.csv")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args, **kwargs: ([str(path)], ""))
    dock = SpectraDock(session)
    qtbot.addWidget(dock)
    dock.resize(700, 900)
    dock.show()
    assert not dock.findChild(QComboBox, "library_measure").isVisibleTo(dock)
    qtbot.mouseClick(dock.findChild(QPushButton, "Library..."), Qt.MouseButton.LeftButton)
    session.set_cursor(PixelRef(SIM, 8, 3))
    qtbot.waitUntil(
        lambda: "spectral angle [°]: c " in dock.findChild(QLabel, "remarks").text(), timeout=5000
    )
    spectra = dock.findChild(QPushButton, "library_spectra")
    spectra.findChild(QListWidget).item(2).setCheckState(Qt.CheckState.Checked)
    qtbot.waitUntil(
        lambda: any(curve.label == "library organs: c" for curve in dock.curves.curves), timeout=5000
    )
    box = dock.findChild(QComboBox, "library_measure")
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert session.options.library_measure == "divergence"


def test_shown_curves_are_saved_as_a_library(qtbot, session, tmp_path):
    dock = SpectraDock(session)
    qtbot.addWidget(dock)
    dock.show()
    session.set_options(normalisation="none")
    session.set_cursor(PixelRef(SIM, 4, 3))
    qtbot.waitUntil(lambda: len(dock.curves.curves) == 3, timeout=5000)
    dock.save(tmp_path / "own.sli")
    found = read_library(tmp_path / "own.sli")
    assert len(found.names) == 3
    np.testing.assert_allclose(found.spectra[0], session[SIM].cube.spectrum(4, 3))
    real = next(curve for curve in dock.curves.curves if curve.entry.key == REAL)
    np.testing.assert_allclose(
        found.spectra[2], np.interp(found.wavelengths_nm, real.wavelengths_nm, real.values), rtol=1e-6
    )
    with pytest.raises(CubeError, match="no curves are shown"):
        library_of("none", [])


def test_a_session_opens_no_library_on_a_network_host():
    session = Session()
    paths = ["/data/a.csv", r"\\host\share\b.csv", "//host/share/c.csv", 7, "C:/d.csv"]
    session.settings[SETTINGS] = {"paths": paths}
    assert restored_paths(session) == ["/data/a.csv", "C:/d.csv"]
