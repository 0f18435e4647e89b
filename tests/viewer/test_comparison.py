"""What is put side by side, and on which scale."""

from __future__ import annotations

from napari_udt.viewer.comparison import compared, shared_limits
from napari_udt.viewer.partners import same_scene
from napari_udt.viewer.session import Session


def test_a_transfer_shows_the_scene_of_its_source(pat, transferred):
    session = Session()
    session.add(pat())
    session.add(pat("another"))
    session.add(pat("second", domain="second"))
    result = session.add(transferred(session["forearm"].cube))
    again = session.add(transferred(session["forearm"].cube, "again"))
    scene = {"forearm", result.key, again.key}
    for key in scene:
        assert {entry.key for entry in same_scene(session, session[key])} == scene
    assert [entry.key for entry in same_scene(session, session["second"])] == ["second"]


def test_compared_are_the_newest_that_belong_together(pat, hsi, transferred):
    session = Session()
    old, new, organs = pat("old"), pat("new"), hsi()
    for cube in (old, new, organs, pat("second", domain="second"), transferred(old)):
        session.add(cube)
    assert [e.key for e in compared(session)] == ["old", "forearm → real", "second"]
    assert [e.key for e in compared(session, "HSI")] == ["organs"]


def test_a_cube_carried_back_stands_beside_its_source(pat, transferred):
    session = Session()
    session.add(pat())
    session.add(pat("second", domain="second"))
    session.add(transferred(session["second"].cube, "second → simulated"))
    assert [e.key for e in compared(session)] == ["forearm", "second → simulated", "second"]


def test_limits_are_shared_only_when_no_picture_goes_flat():
    assert shared_limits([(0.0, 1.0), (0.2, 2.0)]) == (0.0, 2.0)
    assert shared_limits([(0.0, 1.0), (0.0, 50.0)]) is None
    assert shared_limits([]) is None
