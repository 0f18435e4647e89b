"""What a file lacks, asked and remembered: without Qt."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_udt.errors import CubeError, MissingMetadata
from napari_udt.io.missing_metadata import Span, StatedMetadata
from napari_udt.viewer.files.missing_metadata import Question
from napari_udt.viewer.files.opening import add_answered, open_candidate, open_files
from napari_udt.viewer.state.session import PixelRef, Session


def question(shape=(20, 30, 5), axes=(0, 1, 2), lacks=True, path="x.npy"):
    return Question(Path(path), "numpy", MissingMetadata("sentence", shape, axes, lacks))


def test_the_question_says_what_is_missing_and_offers_the_shortest_axis():
    asked = question()
    assert asked.sentence == "x.npy holds 20 × 30 × 5 values without wavelengths."
    assert asked.axes[2] == ("third axis (5 values)", 2)
    assert asked.likely_axis == 2
    assert question((5, 20, 5), (0, 2), lacks=False).sentence.endswith(
        "several axes could be the wavelengths."
    )
    assert question((7,), (0,)).axes == []
    assert question((7,), (0,)).sentence == "x.npy does not say the wavelengths of its 7 channels."


@pytest.mark.parametrize(
    ("text", "axis", "will_do", "said"),
    [
        ("500-900", 2, True, "Opens as 20 × 30 pixels with 5 wavelengths, 500–900 nm, 100 nm apart."),
        ("500-900", 0, True, "Opens as 30 × 5 pixels with 20 wavelengths, 500–900 nm, 21.1 nm apart."),
        ("500 600 700 800 950", 2, True, "Opens as 20 × 30 pixels with 5 wavelengths, 500–950 nm."),
        ("", 2, False, "5 wavelengths are needed."),
        ("500 600", 2, False, "2 wavelengths for 5 channels"),
        ("red", 2, False, "are not understood"),
    ],
)
def test_an_answer_is_judged_at_once(text, axis, will_do, said):
    verdict = question().verdict(text, axis)
    assert verdict[0] is will_do
    assert said in verdict[1]


def test_only_the_axis_may_be_missing():
    asked = question((20, 5, 5), (1, 2), lacks=False)
    assert asked.verdict("", 1) == (True, "Opens as 20 × 5 pixels with 5 wavelengths each.")
    assert asked.answer(axis=1) == StatedMetadata(spectral_axis=1)


@pytest.fixture
def arrays(tmp_path):
    paths = []
    for name, channels in (("a", 5), ("b", 5), ("c", 7)):
        paths.append(tmp_path / f"{name}.npy")
        np.save(paths[-1], np.random.default_rng(0).random((6, 8, channels)))
    return paths


ANSWER = StatedMetadata((500.0, 600, 700, 800, 900), 2, "simulated", "HSI")


def test_nothing_opens_before_the_answer(arrays):
    session, asked = Session(), []
    assert open_files(session, arrays[:1], ask=asked.append) == []
    assert len(session) == 0
    assert [q.path for q in asked] == arrays[:1]
    (problem,) = open_files(session, arrays[:1])
    assert "no wavelengths" in problem


def test_an_answer_opens_the_file_and_is_remembered_for_its_format(arrays):
    session, asked = Session(), []
    open_files(session, arrays[:1], ask=asked.append)
    add_answered(session, asked.pop(), ANSWER, for_format=True)
    (entry,) = session
    assert (entry.cube.domain, entry.role, entry.cube.shape) == ("simulated", "simulated", (6, 8, 5))
    assert set(entry.cube.metadata["stated_by_user"]) >= {"wavelengths_nm", "domain"}
    assert open_files(session, arrays[1:], ask=asked.append) == []
    assert [entry.cube.name for entry in session] == ["a", "b"]
    assert [q.path for q in asked] == arrays[2:]  # another number of channels: the answer does not fit


def test_an_answer_for_one_file_is_for_one_file(arrays):
    session, asked = Session(), []
    open_files(session, arrays[:1], ask=asked.append)
    add_answered(session, asked.pop(), ANSWER, for_format=False)
    open_files(session, arrays[:2], ask=asked.append)
    assert [entry.key for entry in session] == ["a", "a [1]"]  # known, so opened again without a question
    assert [q.path for q in asked] == arrays[1:2]


def test_an_answer_that_does_not_fit_changes_nothing(arrays):
    session, asked = Session(), []
    open_files(session, arrays[2:], ask=asked.append)
    with pytest.raises(CubeError, match="wavelengths"):
        add_answered(session, asked[0], StatedMetadata(ANSWER.wavelengths, 2), for_format=True)
    assert len(session) == 0
    assert not session.stated_metadata.knows(arrays[2], "numpy")


@pytest.fixture
def several(tmp_path):
    """A file with wavelengths and two cubes that does not say where they come from."""
    path = tmp_path / "several.h5"
    with h5py.File(path, "w") as file:
        file["big"], file["small"] = np.ones((9, 8, 5)), np.full((3, 4, 5), 2.0)
        file["wavelengths"] = np.linspace(500, 900, 5)
    return path


def test_an_unknown_origin_is_asked_once_and_corrected_in_place(several, pat):
    session, asked = Session(), []
    session.add(pat())
    open_files(session, [several], ask=asked.append)
    (asked_of,) = asked
    assert asked_of.missing is None
    assert asked_of.sentence == "several.h5 does not say where its data come from."
    pin = session.pin(PixelRef("several · big", 1, 1))
    add_answered(session, asked_of, asked_of.answer(domain="real", modality="HSI"), for_format=True)
    entry = session["several · big"]
    assert (entry.cube.domain, entry.role, entry.cube.origin) == ("real", "real", "measured")
    assert entry.cube.metadata["stated_by_user"] == ["domain"]
    assert session.pins == (pin,)
    open_files(session, [several], ask=asked.append)
    assert len(asked) == 1
    assert session["several · big [1]"].cube.domain == "real"


def test_the_other_cubes_of_a_file_open_beside_it(several):
    session = Session()
    open_files(session, [several])
    (entry,) = session
    assert entry.cube.metadata["file"]["candidate"] == "/big"
    other = open_candidate(session, entry.cube, "/small")
    assert other.shape == (3, 4, 5)


def test_evenly_spaced_wavelengths_are_reported_as_such():
    assert StatedMetadata(Span(500, 900)).to_dict() == {"wavelengths_nm": [500, "to", 900]}
