"""While a slow file is read, of whatever kind, the window's thread goes on."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from napari_udt import save_cube
from napari_udt.io import registry
from napari_udt.viewer import contributions
from napari_udt.viewer.context import context_of
from napari_udt.viewer.files import session_file
from napari_udt.viewer.session.widgets.actions import open_from
from napari_udt.viewer.spectra import libraries
from napari_udt.viewer.spectra.widgets.library import LibraryTools
from napari_udt.viewer.spectra.widgets.picture_tools import region_menu
from napari_udt.viewer.state.session import Session

LIBRARY = "wavelength [nm],blood\n700,0.1\n800,0.2\n"


@pytest.fixture
def slowly(monkeypatch):
    """Let a function end only after the window's event loop has run; returns the threads in which it was called."""

    def slow(module, name):
        real, went_on, threads = getattr(module, name), threading.Event(), []
        QTimer.singleShot(150, went_on.set)

        def wait(*args, **options):
            threads.append(threading.current_thread())
            assert went_on.wait(20), "the window waits for the file"
            return real(*args, **options)

        monkeypatch.setattr(module, name, wait)
        return threads

    return slow


def _is_in_another(threads):
    return threads and all(thread is not threading.main_thread() for thread in threads)


def test_sessions(qtbot, tmp_path, slowly, pat):
    cube = pat()
    save_cube(cube, tmp_path / "a.udt.h5")
    session = Session()
    session.add(cube)
    path = session_file.save_session(session, tmp_path / "work.udt-session.json")
    threads, again = slowly(session_file, "read_record"), Session()
    open_from(again, path)
    assert [entry.key for entry in again] == ["forearm"]
    assert _is_in_another(threads)


def test_libraries(qtbot, tmp_path, slowly):
    (tmp_path / "blood.csv").write_text(LIBRARY)
    session = Session()
    tools = LibraryTools(session)
    qtbot.addWidget(tools)
    threads = slowly(libraries, "read_library")
    tools._opened([tmp_path / "blood.csv"])
    assert [library.names for library in session.libraries] == [("blood",)]
    assert _is_in_another(threads)


def test_regions(qtbot, tmp_path, slowly, monkeypatch, pat):
    square = [[0, 0], [4, 0], [4, 4], [0, 0]]
    (tmp_path / "a.geojson").write_text(
        f'{{"type": "Feature", "geometry": {{"type": "Polygon", "coordinates": [{square}]}}, "properties": {{}}}}'
    )
    session, added = Session(), []
    session.add(pat())

    class Regions:
        picture = "forearm"

        def add(self, key, outlines):
            added.extend(outlines)

    menu = region_menu.RegionMenu(session, Regions())
    qtbot.addWidget(menu)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.geojson"), ""))
    threads = slowly(region_menu, "read_outlines")
    menu.menu().actions()[0].trigger()
    assert len(added) == 1
    assert _is_in_another(threads)


def test_files_that_napari_opens_itself(make_napari_viewer, tmp_path, slowly, pat):
    save_cube(pat(), tmp_path / "a.udt.h5")
    viewer = make_napari_viewer()
    context_of(viewer)
    threads = slowly(registry, "sniff")
    viewer.open(tmp_path / "a.udt.h5", plugin="napari-udt")
    assert np.shape(viewer.layers[0].data)
    assert _is_in_another(threads)
    assert contributions.get_reader(str(tmp_path / "none.txt")) is None
