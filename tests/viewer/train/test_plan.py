"""What the user wants to train, without Qt."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from own_cubes import write_envi, write_patato_file

from napari_udt.collection import gather, save_collection
from napari_udt.errors import CollectionError
from napari_udt.threads import usable_cores
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.plan import (
    Plan,
    Source,
    free_name,
    methods,
    modality_of,
    name_is_taken,
    open_sources,
    parsed_names,
    work_folder,
)
from napari_udt.viewer.train.run import TrainingRun


@pytest.fixture(autouse=True)
def _own_models(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))


def test_a_plan_is_one_command_with_the_files_of_open_cubes(tmp_path):
    plan = Plan(
        (Source("arm"), Source(path=tmp_path / "sim")),
        (Source(path=tmp_path / "b.hdr"),),
        "hsi_unit",
        60,
        "mine",
        {"Leber": "liver, left"},
    )
    assert plan.obstacle() == ""
    words = plan.command({Source("arm"): tmp_path / "arm.udt.h5"})
    assert words[:5] == [sys.executable, "-m", "napari_udt", "train", "hsi_unit"]
    assert words[words.index("--simulated") + 1 :][:2] == [
        str(tmp_path / "arm.udt.h5"),
        str(tmp_path / "sim"),
    ]
    assert words[words.index("--target") + 1] == str(tmp_path / "b.hdr")
    assert "--map=Leber=liver, left" in words
    assert words[-4:] == ["--minutes", "60", "--device", "cpu"]
    assert plan.command({}, check=True)[-1] == "--check"


def test_opening_the_dock_needs_no_torch():
    code = (
        "import sys, napari_udt.viewer.train.run, napari_udt.viewer.train.preview, napari_udt.viewer.train.starting_points\n"
        "import napari_udt.viewer.train.first_comparison\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_training_lets_the_window_go_first(monkeypatch):
    sleeps = [sys.executable, "-c", "import time; time.sleep(100)"]
    monkeypatch.setattr(Plan, "command", lambda *_, **__: sleeps)
    training = TrainingRun()
    training.start(Plan(name="mine"), {})
    try:
        if os.name == "posix":
            assert training._process.nice() == 10
        session = Path(f"/proc/{training._process.pid}/autogroup")
        if session.exists():  # Linux shares cores among sessions, whatever the niceness in each
            assert session.read_text().split()[-1] == "10"
        assert training._process.environ()["OMP_NUM_THREADS"] == str(max(1, usable_cores() - 1))
    finally:
        training._process.kill()
        training._process.wait()


def test_what_is_missing_is_said(tmp_path):
    plan = Plan((Source("a"),), (Source("b"),), "hsi_unit", 10, "mine")
    assert "Add simulated cubes" in replace(plan, simulated=()).obstacle()
    assert "Add cubes of the target" in replace(plan, target=()).obstacle()
    for name in ("", "../evil", "a b", ".hidden", "-o"):
        assert "Give the model a name" in replace(plan, name=name).obstacle()
    assert "hsi_unit already" in replace(plan, name="hsi_unit").obstacle()


def test_a_free_name_has_neither_model_nor_checkpoint():
    assert free_name() == "my_model"
    run = work_folder("my_model").with_name("my_model.run")
    run.mkdir(parents=True)
    assert not name_is_taken("my_model")  # nothing was trained yet
    (run / "checkpoint.pt").touch()
    assert free_name() == "my_model_2"


def test_names_are_pairs():
    assert parsed_names(" Leber = liver,Haut=skin, ") == {"Leber": "liver", "Haut": "skin"}
    assert parsed_names("") == {}
    with pytest.raises(CollectionError, match="'Leber' is not understood"):
        parsed_names("Haut = skin, Leber")


def test_methods_are_those_of_the_modality_the_proposed_one_first():
    assert next(iter(methods("HSI"))) == "hsi_transport_dy"
    assert all(name.startswith("pat_") for name in methods("PAT"))
    assert set(methods(None)) == set(methods("HSI")) | set(methods("PAT"))


def test_the_modality_is_that_of_the_first_cube_that_says_it(tmp_path, pat):
    session = Session()
    session.add(pat("arm"))
    hsi = write_envi(tmp_path / "x" / "a.hdr", 0)
    write_patato_file(tmp_path / "m.hdf5", 0)
    collection, _ = gather([hsi])
    save_collection(collection, tmp_path / "c.udt-collection.toml")
    assert modality_of(session, [Source(path=hsi)]) == "HSI"
    assert modality_of(session, [Source(path=tmp_path / "gone"), Source(path=tmp_path / "m.hdf5")]) == "PAT"
    assert modality_of(session, [Source(path=tmp_path / "c.udt-collection.toml")]) == "HSI"
    assert modality_of(session, [Source("arm")]) == "PAT"
    (tmp_path / "x" / "0_notes.txt").write_text("nothing")
    assert modality_of(session, [Source(path=tmp_path / "x")]) == "HSI"
    (tmp_path / "empty").mkdir()
    assert modality_of(session, [Source(path=tmp_path / "empty")]) is None


def test_open_cubes_are_offered_on_the_side_that_they_may_be_on(pat):
    session = Session()
    for name, domain in (("s", "simulated"), ("r", "real"), ("n", "unknown"), ("t", "transferred")):
        session.add(pat(name, domain=domain))
    assert [source.key for source in open_sources(session, "simulated")] == ["s", "n"]
    assert [source.key for source in open_sources(session, "target")] == ["r", "n"]
