"""What is put side by side, and on which scale."""

from __future__ import annotations

from napari_udt.viewer.layers.arrangements.comparison import (
    arranged,
    common_limits,
    compared,
    obstacle,
    scale_text,
    shared_limits,
    title,
    usual_pair,
)
from napari_udt.viewer.state.comparable_cubes import same_scene
from napari_udt.viewer.state.session import Session

PLAIN = {"source": {"name": "forearm"}, "model": {"name": "d", "kind": "dicyclegan", "weights_sha256": "5"}}


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


def test_a_deformed_transfer_stands_beside_the_undeformed_one(pat, transferred):
    session = Session()
    source = pat()
    session.add(source)
    session.add(transferred(source, "another model's"))
    plain = transferred(source, "plain").with_(provenance=PLAIN)
    session.add(plain)
    session.add(plain.with_(name="bent", provenance={**PLAIN, "deformed": True}))
    assert [e.key for e in compared(session)] == ["forearm", "plain", "bent"]
    session.remove("plain")
    assert [e.key for e in compared(session)] == ["forearm", "bent"]


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


def test_chosen_cubes_stand_beside_each_other_in_the_order_of_roles(pat, hsi, transferred):
    session = Session()
    for cube in (pat("second", domain="second"), pat(), transferred(pat()), pat("a"), pat("b"), hsi()):
        session.add(cube)
    assert [e.key for e in arranged(session, ("second", "forearm"))] == ["forearm", "second"]
    assert [e.key for e in arranged(session, ("second", "organs"), "PAT")] == [
        e.key for e in compared(session, "PAT")
    ]
    assert len(arranged(session, ("second", "forearm", "forearm → real", "a", "b"))) == 4


def test_the_usual_pair_is_the_newest_result_and_its_source(pat, transferred):
    session = Session()
    session.add(pat())
    session.add(pat("second", domain="second"))
    assert usual_pair(session) is None
    session.add(transferred(session["forearm"].cube))
    session.add(transferred(session["second"].cube, "back"))
    assert usual_pair(session) == ("back", "second")


def test_only_pixels_of_one_source_are_compared(pat, hsi, transferred):
    session = Session()
    first, moved, other, organs, again = (
        session.add(cube)
        for cube in (pat(), transferred(pat()), pat("other"), hsi(), transferred(pat(), "by another model"))
    )
    assert obstacle(session, moved, first) == ""
    assert obstacle(session, first, moved) == ""
    assert obstacle(session, moved, again) == ""
    assert "twice" in obstacle(session, moved, moved)
    assert "do not show the same pixels" in obstacle(session, moved, other)
    assert "PAT" in obstacle(session, moved, organs)
    silent = session.add(transferred(pat(), "silent").with_(provenance={}))
    assert "do not show the same pixels" in obstacle(session, silent, other)  # one size proves nothing


def test_a_cropped_result_is_refused_with_both_sizes(pat, transferred):
    session = Session()
    first = session.add(pat())
    cropped = session.add(transferred(pat(rows=30)))
    assert "30 x 64" in obstacle(session, cropped, first)


def test_titles_say_where_data_come_from(pat, transferred):
    session = Session()
    entries = [
        session.add(cube)
        for cube in (pat(), transferred(pat()), pat("s", domain="second", origin="digital device"))
    ]
    assert [title(entry) for entry in entries] == [
        "forearm\nsimulated",
        "forearm → real\ntransferred by m",
        "s\ndigital device, not a measurement",
    ]


def test_the_scale_is_the_one_that_was_asked_for():
    near, far = [(0.0, 1.0), (0.2, 2.0)], [(0.0, 1.0), (0.0, 50.0)]
    assert common_limits(near, "automatic") == (0.0, 2.0)
    assert common_limits(far, "automatic") is None
    assert common_limits(far, "automatic", far[0]) == far[0], "levels are judged on the real picture's scale"
    assert common_limits(near, "automatic", near[0]) == (0.0, 2.0)
    assert common_limits(far, "common") == (0.0, 50.0)
    assert common_limits(near, "own") is None
    assert scale_text((0.0, 2.0), "a.u.", "common") == "One scale for all: 0 to 2 a.u."
    assert scale_text(None, "1", "own") == "Each picture has its own scale"
    assert "flat" in scale_text(None, "1", "automatic")
    cut = scale_text((0.0, 2.0), "1", "automatic", cut=True)
    assert cut == "One scale for all (the reference's): 0 to 2"
