"""The verdict follows the session's cubes, modality by modality, and says one sentence per model."""

import numpy as np
import pytest

from napari_udt.spectral.chromophores import absorption
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.verdicts import OpenVerdicts


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def verdicts(session):
    return OpenVerdicts(session)


def test_it_says_what_is_missing(session, verdicts, pat):
    assert verdicts.sentences("PAT", None) == ()
    session.add(pat())
    verdicts.refresh("PAT")
    assert verdicts.of("PAT") is None
    assert verdicts.sentences("PAT", "vein")[0].startswith("Open a real cube to compare with")


def test_one_structure_or_all_of_them_with_the_model_where_there_are_several(
    session, verdicts, pat, transferred
):
    cube = pat()
    for one in (cube, transferred(cube), pat("second", domain="second")):
        session.add(one)
    verdicts.refresh("PAT")
    (vein,) = verdicts.sentences("PAT", "Vein")
    assert vein.startswith("vein: shape ")
    assert "level" in vein
    (beside,) = verdicts.sentences("PAT", "Vein", beside_others=True)
    assert beside == f"Mean of the structure: {vein}"
    (whole,) = verdicts.sentences("PAT", None)
    assert whole.startswith("All 2 structures: shape ")
    for beside in (False, True):
        sentences = verdicts.sentences("PAT", "coupling medium", beside_others=beside)
        assert sentences == (whole,), "no tissue: the verdict on all"
    session.add(transferred(cube, "other", factor=2.0))
    verdicts.refresh("PAT")
    sentences = verdicts.sentences("PAT", "vein")
    assert len({s.split(" · ")[0] for s in sentences}) == 2
    assert all(" · vein: shape " in s for s in sentences)


def test_structures_whose_oxygenation_moved_far_stand_below_the_verdict(session, verdicts, pat, transferred):
    cube = pat()
    table, nm = absorption(), cube.wavelengths_nm
    oxy, deoxy = (table.at(name, nm) for name in ("HbO2", "Hb"))
    pixels = np.linspace(-0.05, 0.05, 32 * 64).reshape(32, 64, 1)
    mixed = {s: ((s + pixels) * oxy + (1 - s - pixels) * deoxy).astype(np.float32) for s in (0.5, 0.8)}
    cube = cube.with_(data=mixed[0.5])
    for one in (cube, transferred(cube).with_(data=mixed[0.8]), pat("second", domain="second")):
        session.add(one)
    verdicts.refresh("PAT")
    _, line = verdicts.sentences("PAT", None)
    assert line.startswith("Oxygen saturation moved by more than 10 points in: ")
    assert "vein (+30)" in line
    assert "artery (+30)" in line
    assert verdicts.sentences("PAT", "vein")[1].endswith("in: vein (+30).")


def test_a_cube_that_takes_no_part_or_is_closed_is_forgotten(session, verdicts, pat, transferred):
    cube = pat()
    for one in (cube, transferred(cube), pat("second", domain="second")):
        session.add(one)
    verdicts.refresh("PAT")
    assert verdicts.of("PAT").rows[0].is_transferred
    session.set_role("forearm → real", "none")
    verdicts.refresh("PAT")
    assert not verdicts.of("PAT").rows[0].is_transferred
    session.remove("second")
    verdicts.refresh("PAT")
    assert verdicts.of("PAT") is None


def test_nothing_is_computed_anew_while_nothing_changes(session, verdicts, pat, hsi):
    heard = []
    verdicts.changed.connect(lambda: heard.append(1))
    session.add(pat())
    session.add(pat("second", domain="second"))
    for _ in range(3):
        verdicts.refresh("PAT")
    assert len(heard) == 1
    labels = np.ones((24, 30), int)
    session.add(hsi(labels=labels, label_names={1: "liver"}))
    verdicts.refresh("PAT")
    assert len(heard) == 1, "cubes of another modality do not matter"
    verdicts.refresh("HSI")
    assert len(heard) == 2


def test_a_late_answer_is_not_shown_for_other_cubes(session, pat):
    waiting = []
    verdicts = OpenVerdicts(session, waiting.append)
    session.add(pat())
    session.add(pat("second", domain="second"))
    verdicts.refresh("PAT")
    assert verdicts.busy
    assert verdicts.sentences("PAT", None) == ()
    session.remove("second")
    verdicts.refresh("PAT")
    for function in waiting:
        function()
    assert verdicts.sentences("PAT", None)[0].startswith("Open a real cube")


def test_a_cube_on_other_wavelengths_is_named_below_the_verdict(session, verdicts, pat, transferred):
    cube = pat()
    for one in (cube, transferred(cube), pat("second", domain="second")):
        session.add(one)
    nm = cube.wavelengths_nm
    session.add(pat("short", wavelengths=nm[3:]))
    session.add(pat("finer", wavelengths=np.linspace(nm[0] - 5, nm[-1] + 5, len(nm))))
    verdicts.refresh("PAT")
    sentences = verdicts.sentences("PAT", "vein")
    assert [s.split(":")[0] for s in sentences[-2:]] == ["short is left out", "finer"]
    assert any(row.group.name == "finer" for row in verdicts.of("PAT").rows)
    assert not any(row.group.name == "short" for row in verdicts.of("PAT").rows)
