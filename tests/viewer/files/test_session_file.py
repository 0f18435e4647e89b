"""Sessions in one file: what comes back, what is reported, what is refused. No Qt."""

from __future__ import annotations

import json
import os
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel

from napari_udt import open_cube, save_cube
from napari_udt.errors import SessionError
from napari_udt.viewer.context import context_of
from napari_udt.viewer.files.session_file import open_session, question, save_session, unsaved
from napari_udt.viewer.files.session_record import read_record
from napari_udt.viewer.state.cube_files import file_of
from napari_udt.viewer.state.session import CurveId, PixelRef, Region, Session


@pytest.fixture
def full(tmp_path, pat, transferred):
    """A session with a cube from a file, a result of it, pins, a region, and choices."""
    (tmp_path / "data").mkdir()
    save_cube(pat(), tmp_path / "data" / "arm.udt.h5")
    session = Session()
    cube = open_cube(tmp_path / "data" / "arm.udt.h5").with_(name="arm")
    session.add(cube)
    result = transferred(cube, "arm → real")
    session.add(result)
    session.pin(PixelRef("arm", 9, 15), "left vein")
    session.pin(PixelRef("arm", 1, 1))
    session.pin(PixelRef("arm → real", 17, 33))
    session.unpin(2)
    session.set_role("arm", "real")
    session.set_regions([Region(4, "arm", "ellipse", ((1, 1), (1, 9), (8, 9), (8, 1)), "#E69F00")])
    session.set_options(
        normalisation="wavelength",
        structures=("vein",),
        window=3,
        band_nm=(750.0, 800.0),
        reference=CurveId("arm", pin=1),
    )
    session.set_wavelength(760.0)
    session.settings["transfer"] = {"model": "m", "device": "cpu"}
    return session


def reported(session):
    """Everything of a session that a file keeps."""
    return (
        [(e.key, e.role, e.cube.data.tobytes()) for e in session],
        session.pins,
        session.regions,
        session.options,
        session.wavelength_nm,
        session.settings,
    )


def test_a_session_comes_back_as_it_was(full, tmp_path):
    assert "arm → real" in question(full)
    path = save_session(full, tmp_path / "mine")
    assert path.name == "mine.udt-session.json"
    assert question(full) == ""  # the result has a file now
    back = Session()
    restored = []
    back.settings_restored.connect(lambda: restored.append(back.settings["transfer"]))
    assert open_session(back, path) == []
    assert reported(back) == reported(full)
    assert restored == [full.settings["transfer"]]
    assert back.pin(PixelRef("arm", 30, 30)).number == 4  # numbers go on where they stopped


def test_results_are_saved_beside_it_and_never_over_another_file(full, tmp_path):
    (tmp_path / "mine.udt.h5").write_bytes(b"somebody else's")
    save_session(full, tmp_path / "mine.udt-session.json")
    assert (tmp_path / "mine.udt.h5").read_bytes() == b"somebody else's"
    np.testing.assert_array_equal(open_cube(tmp_path / "mine 2.udt.h5").data, full["arm → real"].cube.data)
    save_session(full, tmp_path / "mine.udt-session.json")
    assert not (tmp_path / "mine 3.udt.h5").exists()  # it has a file already


def test_without_saving_results_they_are_left_out(full, tmp_path):
    path = save_session(full, tmp_path / "mine", save_results=False)
    assert [f.name for f in tmp_path.iterdir() if f.is_file()] == ["mine.udt-session.json"]
    back = Session()
    open_session(back, path)
    assert [entry.key for entry in back] == ["arm"]
    assert [pin.number for pin in back.pins] == [1]


def test_a_moved_folder_still_opens(full, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    save_session(full, tmp_path / "mine")
    for name in ("data", "mine.udt-session.json", "mine.udt.h5"):
        (tmp_path / name).rename(there / name)
    back = Session()
    assert open_session(back, there / "mine.udt-session.json") == []
    assert len(back) == 2


def test_a_moved_session_finds_files_at_their_absolute_place(full, tmp_path):
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    path = save_session(full, tmp_path / "mine").rename(
        tmp_path / "elsewhere" / "deep" / "s.udt-session.json"
    )
    back = Session()
    assert open_session(back, path) == []
    assert len(back) == 2


def test_missing_and_changed_files_are_named_and_the_rest_comes_back(full, tmp_path, pat):
    path = save_session(full, tmp_path / "mine")
    (tmp_path / "mine.udt.h5").unlink()
    save_cube(pat().with_(data=pat().data * 2), tmp_path / "data" / "arm.udt.h5", overwrite=True)
    back = Session()
    changed, missing = open_session(back, path)
    assert "arm.udt.h5 has changed since" in changed
    assert "arm → real" in missing
    assert "mine.udt.h5 is missing" in missing
    assert [pin.number for pin in back.pins] == [1]
    assert back.options.reference == CurveId("arm", pin=1)


def test_a_session_is_added_to_what_is_open_as_one_step(full, tmp_path, pat):
    path = save_session(full, tmp_path / "mine")
    session = Session()
    session.add(pat("other").with_(name="arm"))
    own = session.pin(PixelRef("arm", 2, 2))
    open_session(session, path)
    assert [e.key for e in session] == ["arm", "arm [1]", "arm → real"]
    assert session.pins[0] == own
    assert [(p.number, p.pixel.key) for p in session.pins[1:]] == [(2, "arm [1]"), (3, "arm → real")]
    assert session.options.reference == CurveId("arm [1]", pin=1)
    assert session.history.undo() == "Open session mine.udt-session.json"
    assert [e.key for e in session] == ["arm"]
    assert session.pins == (own,)


def test_options_that_a_file_was_opened_with_are_kept(tmp_path):
    np.save(tmp_path / "plain.npy", np.random.default_rng(0).random((6, 7, 4)).astype(np.float32))
    cube = open_cube(
        tmp_path / "plain.npy", wavelengths_nm=[700, 750, 800, 850], modality="PAT", domain="real"
    )
    session = Session()
    session.add(cube)
    back = Session()
    assert open_session(back, save_session(session, tmp_path / "mine")) == []
    (entry,) = back
    assert (entry.cube.modality, entry.cube.domain, entry.role) == ("PAT", "real", "real")
    np.testing.assert_array_equal(entry.cube.wavelengths_nm, [700, 750, 800, 850])


def test_saving_fails_whole(full, tmp_path, monkeypatch):
    path = save_session(full, tmp_path / "mine")
    before = path.read_bytes()
    monkeypatch.setattr(
        "napari_udt.files.writing.os.fsync", lambda *_: (_ for _ in ()).throw(OSError("disk full"))
    )
    with pytest.raises(SessionError, match="disk full"):
        save_session(full, path)
    assert path.read_bytes() == before
    assert sorted(f.name for f in tmp_path.iterdir()) == ["data", "mine.udt-session.json", "mine.udt.h5"]


def test_a_fresh_result_is_unsaved_and_a_file_is_not(full):
    assert [entry.key for entry in unsaved(full)] == ["arm → real"]
    assert file_of(full["arm"].cube).path.name == "arm.udt.h5"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(format="something"), "no session"),
        (lambda d: d.update(version=99), "version 99"),
        (lambda d: d.update(version="one"), "version"),
        (lambda d: d.pop("cubes"), "cubes"),
        (lambda d: d["cubes"][0].update(role="god"), r"cubes\.0\.role"),
        (lambda d: d["cubes"][0]["file"]["options"].update(frame="all"), "frame"),
        (lambda d: d["pins"][0].update(row=-1), r"pins\.0\.row"),
        (lambda d: d["pins"][0].update(colour="red; import os"), "colour"),
        (lambda d: d["options"].update(window=10**9), "window"),
        (lambda d: d["options"].update(window=4), "window"),
        (lambda d: d["options"].update(normalisation="l7"), "normalisation"),
        (lambda d: d["options"].update(derivative_window=0), "derivative_window"),
        (lambda d: d.update(settings=[1]), "settings"),
    ],
)
def test_hostile_sessions_give_one_sentence_and_change_nothing(full, tmp_path, change, words):
    path = save_session(full, tmp_path / "mine")
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")
    session = Session()
    with pytest.raises(SessionError, match=words) as caught:
        open_session(session, path)
    assert "\n" not in str(caught.value)
    assert len(session) == 0


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[" * 100_000, '{"format": NaN}', '{"a": 1e999}', '{"a": ' + "9" * 9999 + "}", "\x80", "null"],
)
def test_what_is_no_json_gives_one_sentence(tmp_path, text):
    path = tmp_path / "x.udt-session.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SessionError, match=r"x\.udt-session\.json"):
        read_record(path)


def test_pins_outside_the_picture_and_foreign_hosts_are_left_out(full, tmp_path):
    path = save_session(full, tmp_path / "mine")
    content = json.loads(path.read_text("utf-8"))
    content["pins"][0]["row"] = 10**6
    for place in ("path", "absolute"):
        content["cubes"][1]["file"][place] = "\\\\host\\share\\x.h5"
    path.write_text(json.dumps(content), "utf-8")
    session = Session()
    (problem,) = open_session(session, path)
    assert "missing" in problem
    assert session.pins == ()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_in_any_place_is_refused_or_opens(full, tmp_path, data):
    path = save_session(full, tmp_path / "mine")
    content = json.loads(path.read_text("utf-8"))
    part, key = content, None
    while isinstance(part, dict | list) and part:
        where = part
        key = data.draw(st.sampled_from(list(part) if isinstance(part, dict) else range(len(part))))
        part = part[key]
        if data.draw(st.booleans()):
            break
    where[key] = data.draw(
        st.sampled_from([None, -1, 3.5, "", "../../x", "\0", [], {}, True, 10**30, ["a"], {"key": 1}])
    )
    path.write_text(json.dumps(content), "utf-8")
    with suppress(SessionError):  # whatever else it raises is a fault
        open_session(Session(), path)


def test_layers_come_back_too(full, tmp_path):
    path = save_session(full, tmp_path / "mine")
    viewer = ViewerModel()
    context = context_of(viewer)
    assert open_session(context.session, path) == []
    names = [layer.name for layer in viewer.layers]
    assert {"arm", "arm → real", "arm → real · pins", "arm · regions"} <= set(names)
    layer = viewer.layers["arm · regions"]
    assert list(layer.shape_type) == ["ellipse"]
    assert list(layer.features["region"]) == [4]
    assert context.session.regions == full.regions
    assert list(viewer.layers["arm → real · pins"].features["name"]) == ["left vein", "3"]
    assert viewer.dims.point[0] == 760.0


def test_regions_of_a_closed_cube_come_back_with_it(full, tmp_path):
    path = save_session(full, tmp_path / "mine")
    viewer = ViewerModel()
    context = context_of(viewer)
    open_session(context.session, path)
    context.session.remove("arm")
    assert context.session.regions == ()
    context.session.history.undo()
    assert context.session.regions == full.regions
    assert len(viewer.layers["arm · regions"].data) == 1


def test_changed_numbers_beside_a_header_are_said(tmp_path, pat):
    save_cube(pat(), tmp_path / "arm.hdr")
    session = Session()
    session.add(open_cube(tmp_path / "arm.hdr").with_(name="arm"))
    path = save_session(session, tmp_path / "work.udt-session.json")
    assert open_session(Session(), path) == []
    numbers = bytearray((tmp_path / "arm.img").read_bytes())
    numbers[2] ^= 1
    (tmp_path / "arm.img").write_bytes(numbers)
    (problem,) = open_session(Session(), path)
    assert "arm.hdr has changed since" in problem
    record = json.loads(path.read_text("utf-8"))
    del record["cubes"][0]["file"]["recording"]  # as earlier versions wrote it
    path.write_text(json.dumps(record), "utf-8")
    assert open_session(Session(), path) == []


def test_a_name_that_is_not_utf_8_is_a_sentence(tmp_path, pat):
    save_cube(pat(), tmp_path / "a.udt.h5")
    strange = tmp_path / os.fsdecode(b"caf\xe9.udt.h5")
    try:
        (tmp_path / "a.udt.h5").rename(strange)
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    session = Session()
    session.add(open_cube(strange), key="cube")
    with pytest.raises(SessionError, match=r"caf\\udce9\.udt\.h5 is not UTF-8; rename it"):
        save_session(session, tmp_path / "s")
    assert not list(tmp_path.glob("*.json"))
