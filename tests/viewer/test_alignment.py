"""Which cubes show one scene, and what is compared."""

from __future__ import annotations

from napari_udt.viewer.alignment import compared, same_scene, shared_limits
from napari_udt.viewer.session import Session


def test_a_transfer_shows_the_scene_of_its_source(pat, transferred):
    cube = pat()
    result = transferred(cube)
    assert same_scene(cube, result)
    assert same_scene(transferred(cube, "again"), result)
    assert not same_scene(pat("another"), result)
    assert not same_scene(cube, pat("second", domain="second"))
    assert not same_scene(cube, pat(rows=16))


def test_a_round_trip_shows_the_scene_it_began_with(pat, transferred):
    cube = pat()
    there = transferred(cube)
    back = transferred(there, "back").with_(
        provenance={"source": {"name": there.name, "provenance": dict(there.provenance)}}
    )
    assert same_scene(cube, back)


def test_compared_are_the_newest_that_belong_together(pat, hsi, transferred):
    session = Session()
    old, new, organs = pat("old"), pat("new"), hsi()
    for cube in (old, new, organs, pat("second", domain="second"), transferred(old)):
        session.add(cube)
    assert [e.key for e in compared(session)] == ["old", "forearm → real", "second"]
    assert [e.key for e in compared(session, "HSI")] == ["organs"]


def test_limits_are_shared_only_when_no_picture_goes_flat():
    assert shared_limits([(0.0, 1.0), (0.2, 2.0)]) == (0.0, 2.0)
    assert shared_limits([(0.0, 1.0), (0.0, 50.0)]) is None
    assert shared_limits([]) is None
