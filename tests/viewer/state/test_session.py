import numpy as np
import pytest
from spectra_scene import MOVED, REAL, SIM, scene, simulated

from napari_udt.viewer.state.session import (
    PIN_COLOURS,
    CubesChange,
    PixelRef,
    Session,
    default_role,
    entry_of,
)


@pytest.fixture
def session():
    return scene()


def heard(signal):
    """Collect what a signal says."""
    news = []
    signal.connect(lambda *args: news.append(args))
    return news


def test_roles_follow_domains_and_surrogates_play_real(session):
    assert {entry.key: entry.role for entry in session} == {
        SIM: "simulated",
        REAL: "real",
        MOVED: "transferred",
    }
    assert default_role(simulated(domain="unknown")) == "none"
    assert [entry.key for entry in session.with_role("real", "HSI")] == [REAL]
    assert session.with_role("real", "PAT") == ()


def test_keys_are_unique_and_every_addition_is_reported(session):
    news = heard(session.cubes_changed)
    assert session.add(simulated()).key == f"{SIM} [1]"
    assert session.add(simulated(), key="mine").key == "mine"
    assert (len(session), len(news)) == (5, 2)


def test_keys_hold_no_markup_as_napari_shows_names_of_layers_in_html(session):
    assert (
        session.add(simulated().with_(name="<img src='/dev/zero'> 1 < 2")).key
        == "‹img src='/dev/zero'> 1 < 2"
    )


def test_the_cursor_speaks_only_when_it_moves_and_remembers_where_it_was(session):
    news = heard(session.cursor_changed)
    here = PixelRef(SIM, 1, 2)
    for pixel in (here, PixelRef(SIM, 1, 2), None):
        session.set_cursor(pixel)
    assert news == [(here,), (None,)]
    assert (session.cursor, session.last_pixel) == (None, here)


def test_pins_keep_number_and_colour_and_are_not_doubled(session):
    first, second = session.pin(PixelRef(SIM, 1, 2)), session.pin(PixelRef(REAL, 3, 4))
    assert session.pin(PixelRef(SIM, 1, 2)) is first
    assert [(p.number, p.colour) for p in session.pins] == [(1, PIN_COLOURS[0]), (2, PIN_COLOURS[1])]
    session.unpin(1)
    session.move_pin(2, PixelRef(REAL, 0, 0))
    assert session.pins[0].pixel == PixelRef(REAL, 0, 0)
    assert session.pins[0].colour == second.colour
    assert session.pin(PixelRef(SIM, 5, 5)).number == 3
    session.unpin()
    assert session.pins == ()


def test_closing_a_cube_takes_its_pins_and_the_cursor_along(session):
    session.set_cursor(PixelRef(SIM, 1, 2))
    session.pin(PixelRef(SIM, 1, 2))
    kept = session.pin(PixelRef(REAL, 1, 2))
    session.remove(SIM)
    assert (session.cursor, session.last_pixel, session.pins) == (None, None, (kept,))
    assert SIM not in session


def test_renaming_takes_pins_and_cursor_along_and_keeps_the_order(session):
    session.set_cursor(PixelRef(SIM, 1, 2))
    session.pin(PixelRef(SIM, 3, 4))
    session.rename(SIM, REAL)  # taken: becomes unique
    key = f"{REAL} [1]"
    assert [entry.key for entry in session] == [key, REAL, MOVED]
    assert session.cursor == session.last_pixel == PixelRef(key, 1, 2)
    assert session.pins[0].pixel == PixelRef(key, 3, 4)
    assert np.array_equal(session[key].cube.labels, simulated().labels)


def test_options_and_wavelength_speak_only_when_they_change():
    session = Session()
    options, wavelengths = heard(session.options_changed), heard(session.wavelength_changed)
    session.set_options(normalisation="l1", window=3)
    session.set_options(window=3)
    session.set_wavelength(800.0)
    session.set_wavelength(800.0)
    assert [(o.normalisation, o.window) for (o,) in options] == [("l1", 3)]
    assert wavelengths == [(800.0,)]


def test_another_role_is_reported(session):
    news = heard(session.cubes_changed)
    session.set_role(REAL, "none")
    assert session[REAL].role == "none"
    assert news == [(CubesChange(roles=(REAL,)),)]


def test_a_listener_that_fails_leaves_the_others_informed_and_its_error_is_handed_on(hsi, monkeypatch):
    class Panel:
        def __init__(self):
            self.heard = 0

        def fail(self):
            raise RuntimeError("a broken panel")

        def hear(self):
            self.heard += 1

    reported, broken, fine = [], Panel(), Panel()
    monkeypatch.setattr("sys.excepthook", lambda kind, error, trace: reported.append(str(error)))
    session = Session()
    session.cubes_changed.connect(broken.fail)
    session.cubes_changed.connect(fine.hear)
    session.add(hsi())
    assert [entry.key for entry in session] == ["organs"]
    assert (fine.heard, reported) == (1, ["a broken panel"])
    del broken
    session.remove("organs")
    assert (fine.heard, len(reported)) == (2, 1)


def test_the_signal_says_which_cubes_were_opened_and_closed(session):
    news = heard(session.cubes_changed)
    first, second = session.add_all([entry_of(simulated(), "one"), entry_of(simulated(), "one")])
    session.remove("one", "one [1]")
    session.add_all([])
    session.remove()
    assert [entry.key for entry in (first, second)] == ["one", "one [1]"]
    assert news == [(CubesChange(added=(first, second)),), (CubesChange(removed=(first, second)),)]
    assert (news[0][0].opened, news[0][0].closed) == ((first, second), ())


def test_a_new_key_and_completed_metadata_are_changes_of_their_own(session):
    news, before = heard(session.cubes_changed), session[SIM]
    session.rename(SIM, "mine")
    before = session["mine"]
    session.replace_cubes({"mine": before.cube, REAL: session[REAL].cube})  # as they were: no change
    completed = before.cube.with_(domain="real", origin="")
    session.replace_cubes({"mine": completed})
    after = session["mine"]
    assert (after.cube, after.role) == (completed, "real")
    assert news == [
        (CubesChange(renamed=((SIM, "mine"),)),),
        (CubesChange(replaced=((before, after),)),),
    ]
    assert (news[1][0].opened, news[1][0].closed) == ((after,), (before,))


def test_undo_and_redo_are_one_change_each_however_many_cubes_they_concern(session):
    one, other = session[SIM], session[MOVED]
    session.set_role(REAL, "none")
    session.remove(SIM, MOVED)
    news = heard(session.cubes_changed)
    session.history.undo()
    session.history.redo()
    session.history.undo()
    session.history.undo()
    assert [change for (change,) in news] == [
        CubesChange(added=(one, other)),
        CubesChange(removed=(one, other)),
        CubesChange(added=(one, other)),
        CubesChange(roles=(REAL,)),
    ]
