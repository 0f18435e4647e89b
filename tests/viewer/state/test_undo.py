"""Steps back and forward: laws, for any order of steps."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_udt import SpectralCube
from napari_udt.viewer.state.session import PixelRef, Session
from napari_udt.viewer.state.undo import Change, Difference, State, closed_bytes


def cube(name):
    return SpectralCube(
        np.ones((4, 4, 3), np.float32), np.array([700.0, 800, 850]), "PAT", domain="simulated", name=name
    )


CUBES = {name: cube(name) for name in "abc"}
actions = st.lists(
    st.tuples(
        st.sampled_from(["open", "close", "role", "pin", "unpin", "move", "name", "clear", "rename"]),
        st.integers(0, 30),
    ),
    max_size=14,
)


def act(session, what, number):
    """Do something; choices beyond what is there do nothing."""
    keys, pins = [e.key for e in session], [p.number for p in session.pins]
    key = keys[number % len(keys)] if keys else None
    pin = pins[number % len(pins)] if pins else None
    pixel = PixelRef(key, number % 4, number // 4 % 4) if key else None
    match what:
        case "open":
            session.add(cube("abc"[number % 3]))
        case "close" if key:
            session.remove(key)
        case "role" if key:
            session.set_role(key, ("simulated", "real", "none")[number % 3])
        case "pin" if pixel:
            session.pin(pixel)
        case "unpin" if pin:
            session.unpin(pin)
        case "move" if pin and pixel:
            session.move_pin(pin, pixel)
        case "name" if pin:
            session.rename_pin(pin, f"vein {number}")
        case "clear":
            session.clear_pins_and_structures()
        case "rename" if key:
            session.rename(key, f"{key}{number}")


@settings(max_examples=150, deadline=None)
@given(actions)
def test_undo_takes_back_and_redo_makes_again(steps):
    session = Session()
    session.add(CUBES["a"])
    for what, number in steps:
        title = session.history.undo_title
        before = session.state
        act(session, what, number)
        after = session.state
        if what in ("open", "rename") or after == before:
            continue
        assert session.history.undo_title is not None
        session.history.undo()
        assert session.state == before
        assert session.history.undo_title == title or title is None or what in ("role",)
        session.history.redo()
        assert session.state == after


@settings(max_examples=100, deadline=None)
@given(actions)
def test_all_steps_back_and_all_forward_again_is_where_we_were(steps):
    session = Session()
    session.add(CUBES["a"])
    for what, number in steps:
        act(session, what, number)
    end = session.state
    while session.history.undo():
        keys = {entry.key for entry in session}
        assert all(pin.pixel.key in keys for pin in session.pins)
    while session.history.redo():
        pass
    assert {p.number: (p.name, p.pixel.row) for p in session.pins} == {
        p.number: (p.name, p.pixel.row) for p in end.pins
    }
    assert sorted(id(e.cube) for e in session) == sorted(id(e.cube) for e in end.entries)


@given(st.lists(st.integers(0, 9), unique=True), st.lists(st.integers(0, 9), unique=True))
def test_a_difference_leads_there_and_back(before, after):
    after = [x for x in before if x in after] + [x for x in after if x not in before]
    there = Difference.between(before, after)
    assert list(there.applied(before)) == after
    assert list(there.inverse.applied(after)) == before


def test_nothing_done_is_no_step():
    session = Session()
    session.add(CUBES["a"])
    session.set_role("a", "simulated")
    session.unpin()
    assert session.history.undo_title is None
    assert session.history.undo() is None
    assert session.history.redo() is None


def test_a_closed_cube_comes_back_with_its_pins_at_its_place():
    session = Session()
    for name in "abc":
        session.add(CUBES[name])
    pin = session.pin(PixelRef("b", 1, 2))
    session.set_cursor(PixelRef("b", 0, 0))
    session.remove("b")
    assert session.cursor is None
    assert session.history.undo() == "Close b"
    assert [entry.key for entry in session] == ["a", "b", "c"]
    assert session.pins == (pin,)


def test_a_newer_cube_of_that_name_is_not_replaced():
    session = Session()
    session.add(CUBES["a"])
    session.pin(PixelRef("a", 1, 2))
    session.remove("a")
    newer = session.add(cube("a"))
    session.history.undo()
    assert session["a"] is newer
    assert session["a [1]"].cube is CUBES["a"]
    assert session.pins[0].pixel == PixelRef("a [1]", 1, 2)
    session.history.undo()
    assert session.pins == ()
    assert len(session) == 2


def test_a_newer_cube_is_not_replaced_by_redo_either():
    session = Session()
    with session.history.step("Open"):
        session.add(CUBES["a"])
    session.history.undo()
    newer = session.add(cube("a"))
    session.history.redo()
    assert session["a"] is newer
    assert session["a [1]"].cube is CUBES["a"]


def test_a_step_within_a_step_is_a_part_of_it():
    session = Session()
    session.add(CUBES["a"])
    with session.history.step("Both"):
        session.pin(PixelRef("a", 0, 0))
        session.set_role("a", "none")
    assert session.history.undo() == "Both"
    assert session.pins == ()
    assert session["a"].role == "simulated"


def test_clearing_brings_ticked_structures_back_too():
    session = Session()
    session.add(CUBES["a"])
    session.pin(PixelRef("a", 0, 0))
    session.set_options(structures=("vein", "fat"))
    session.clear_pins_and_structures()
    assert session.options.structures == ()
    session.history.undo()
    assert session.options.structures == ("vein", "fat")
    assert len(session.pins) == 1


def test_a_new_step_ends_what_could_be_made_again():
    session = Session()
    session.add(CUBES["a"])
    session.pin(PixelRef("a", 0, 0))
    session.history.undo()
    session.pin(PixelRef("a", 1, 1))
    assert session.history.redo_title is None


def test_closed_cubes_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("napari_udt.viewer.state.undo._MOST_BYTES", 2 * CUBES["a"].data.nbytes)
    session = Session()
    for _ in range(5):
        session.add(cube("a"))
        session.remove("a")
    count = 0
    while session.history.undo():
        count += 1
    assert count == 2


def test_only_closed_cubes_in_memory_count():
    session = Session()
    entry = session.add(CUBES["a"])
    change = Change.between("Close a", session.state, State())
    assert closed_bytes(change, session.state) == 0
    assert closed_bytes(change, State()) == entry.cube.data.nbytes
