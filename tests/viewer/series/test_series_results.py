"""Transfers of series in the viewer, statements that hold for all pictures, and sessions that keep the position."""

from dataclasses import replace

import numpy as np
import pytest

from napari_udt import open_cube, save_cube
from napari_udt.errors import CubeError, TransferCancelled
from napari_udt.io import save_cubes
from napari_udt.io.missing_metadata import StatedMetadata
from napari_udt.viewer.contributions import write
from napari_udt.viewer.files.opening import _completed
from napari_udt.viewer.files.session_file import open_session, save_session, unsaved
from napari_udt.viewer.layers.layer_data import cube_layers
from napari_udt.viewer.series import pictures
from napari_udt.viewer.series.pictures import held
from napari_udt.viewer.series.reader import PictureReader
from napari_udt.viewer.state.comparable_cubes import same_scene
from napari_udt.viewer.state.cube_files import file_of, remember_saved
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer.job import TransferRequest, run, success_text


@pytest.fixture
def made():
    """Return a session, and which pictures a transfer has made so far."""
    session, made = Session(), []
    session.reader = PictureReader(session)
    return session, made


def transfer_of(made, transferred):
    def transfer(cube, _model, _direction, _device, report, **_options):
        def move(picture):
            made.append(picture.place)
            return transferred(picture, factor=0.5)

        report(1, 2)
        return cube.throughout(move)

    return transfer


def test_a_series_is_transferred_as_the_slider_moves(made, scan, transferred, make_spec):
    session, places = made
    session.add(scan()[2], key="mine")
    said = []
    request = TransferRequest("mine", session["mine"].cube, make_spec(), "sim2real")
    result = run(request, transfer_of(places, transferred), lambda *step: said.append(step))
    key = session.add(result).key
    assert places == [2]
    assert said == [(1, 2)]
    session.set_position(1.75)
    assert places == [2, 7]
    cube = session[key].cube
    np.testing.assert_array_equal(cube.data, 0.5 * session["mine"].cube.data)
    assert cube.provenance["source"] == {"name": "mine"}
    assert cube.name == result.name
    assert {e.key for e in same_scene(session, session["mine"])} == {"mine", key}


def test_all_pictures_are_transferred_now_and_kept(made, scan, transferred, make_spec):
    session, places = made
    session.add(scan()[2], key="mine")
    said = []
    request = TransferRequest("mine", session["mine"].cube, make_spec(), "sim2real", frames="all")
    result = run(request, transfer_of(places, transferred), lambda *step: said.append(step))
    assert sorted(places) == list(range(12))
    assert said[0] == (1, 24)
    assert said[-1] == (12, 12)
    assert success_text(result, 1.0, "all").startswith("28 800 spectra in 1.0 s · 12 frames over 2.75 s · ")
    assert "2 400 spectra in 1.0 s · frame 3 of 12" in success_text(result, 1.0)
    places.clear()
    assert [picture.place for picture in result.series] == list(range(12))
    assert result.series[7].series is result.series
    assert places == []


def test_too_many_pictures_are_refused_before_any_work(monkeypatch, scan):
    monkeypatch.setattr(pictures, "_MOST_HELD_BYTES", 1_000_000)
    with pytest.raises(CubeError, match=r"12 pictures would take 0\.0 GB"):
        held(scan()[0], lambda *_: None)


def test_what_the_user_states_holds_for_all_pictures(scan):
    cube = scan(domain="unknown", labels=False, metadata={"file": {"path": "a.h5"}})[3]
    done = _completed(cube, StatedMetadata(domain="real", modality="PAT"))
    assert (done.domain, done.place) == ("real", 3)
    assert (done.series[5].domain, done.series[5].place) == ("real", 5)
    assert done.series[5].series is done.series


def test_a_saved_series_is_saved_whichever_picture_is_shown(scan, tmp_path):
    series = scan(domain="transferred")
    assert file_of(series[0]) is None
    remember_saved(series[0], tmp_path / "a.udt.h5", 0)
    assert file_of(series[11]) == file_of(series[0])


def test_a_session_file_keeps_position_and_names(made, scan, tmp_path):
    session, _ = made
    save_cube(scan()[0], tmp_path / "scan.udt.h5")
    session.add(open_cube(tmp_path / "scan.udt.h5"), key="scan")
    session.change_cubes("n", {"scan": session["scan"].cube.with_structures_named({"vein": "artery"})})
    session.set_position(1.5)
    path = save_session(session, tmp_path / "s.udt-session.json")
    again = Session()
    again.reader = PictureReader(again)
    assert open_session(again, path) == []
    assert again.position == 1.5
    (entry,) = again
    assert entry.cube.place == 6
    assert entry.cube.label_names[1] == "artery"
    assert unsaved(again) == ()
    assert "position" in path.read_text()


def test_a_picture_s_layers_are_saved_as_the_whole_series(scan, tmp_path):
    cube = scan()[4]
    (path,) = write(str(tmp_path / "scan.udt.h5"), cube_layers(cube))
    again = open_cube(path)
    assert (len(again.series), again.place) == (12, 4)
    np.testing.assert_array_equal(again.series[9].data[:], cube.series[9].data)
    np.testing.assert_array_equal(again.series.positions, cube.series.positions)


def test_saving_tells_how_far_it_is_and_can_be_cancelled(scan, tmp_path):
    said = []

    def progress(done, total):
        said.append(done / total)
        if done > total / 2:
            raise TransferCancelled("Saving was cancelled; nothing was saved.")

    with pytest.raises(TransferCancelled):
        save_cubes([scan()[0]], tmp_path / "scan.udt.h5", progress=progress)
    assert len(said) > 3
    assert list(tmp_path.iterdir()) == []


def test_pictures_keep_other_fields(scan):
    cube = scan()[4].throughout(lambda picture: replace(picture, name="other"))
    assert (cube.place, cube.series[6].place, cube.series[6].name) == (4, 6, "other")
