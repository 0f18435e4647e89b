"""The command line as its users meet it: words in, one sentence or a result out."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from transfer_samples import make_cube, make_model

from napari_udt import CubeError, open_cube, save_cube, transfer
from napari_udt.cli import main
from napari_udt.cube import SpectralCube


@pytest.fixture
def model_folder(tmp_path, monkeypatch):
    from napari_udt.models.store import save_model

    folder = tmp_path / "models"
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(folder))
    save_model(make_model("HSI", 12, name="small_organs"), folder / "small_organs")
    return folder


@pytest.fixture
def cube_file(tmp_path) -> Path:
    path = tmp_path / "organs.udt.h5"
    save_cube(make_cube(6, 8, 12), path)
    return path


def test_info_says_what_a_file_holds(cube_file, capsys):
    assert main(["info", str(cube_file), "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["modality"] == "HSI"
    assert reported["domain"] == "simulated"
    assert main(["info", str(cube_file)]) == 0
    assert "500" in capsys.readouterr().out


def test_models_lists_the_bundled_and_the_users(model_folder, capsys):
    assert main(["models", "--json"]) == 0
    names = {spec["name"] for spec in json.loads(capsys.readouterr().out)}
    assert "small_organs" in names
    assert main(["models"]) == 0
    assert "small_organs" in capsys.readouterr().out


def test_transfer_writes_a_cube_that_opens(model_folder, cube_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["transfer", str(cube_file), "-o", str(out), "--model", "small_organs", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    moved = open_cube(outcome["result"])
    assert moved.domain == "transferred"
    assert moved.provenance["model"]["name"] == "small_organs"
    source = moved.provenance["source"]["file"]
    assert source["path"] == str(cube_file)
    assert source["sha256"] == hashlib.sha256(cube_file.read_bytes()).hexdigest()
    np.testing.assert_array_equal(moved.labels, open_cube(cube_file).labels)


def test_seed_and_steps_reach_the_transfer(cube_file, tmp_path, capsys):
    from napari_udt.models.store import save_model

    size = {"hidden": 4, "layers": 1, "steps": 4, "bridge_noise": 0.3}
    bridge = make_model("HSI", 12, name="bridge", kind="flow_matching", architecture=size)
    save_model(bridge, tmp_path / "bridge")
    words = [
        "transfer",
        str(cube_file),
        "--model",
        str(tmp_path / "bridge"),
        "--device",
        "cpu",
        "--json",
        "-o",
    ]
    assert main([*words, str(tmp_path / "out"), "--seed", "4", "--steps", "3"]) == 0
    moved = open_cube(json.loads(capsys.readouterr().out)["result"])
    assert (moved.provenance["seed"], moved.provenance["steps"]) == (4, 3)
    expected = transfer(open_cube(cube_file), bridge, device="cpu", seed=4, steps=3)
    np.testing.assert_allclose(moved.data[:], expected.data, rtol=1e-5)
    assert main([*words, str(tmp_path / "out"), "--seed", "4", "--steps", "3"]) == 0  # as it is there already
    assert json.loads(capsys.readouterr().out)["skipped"]
    assert main([*words, str(tmp_path / "out"), "--deformed"]) == 2
    assert "deforms nothing" in capsys.readouterr().err


def test_a_baseline_is_matched_to_the_reference_file(cube_file, tmp_path, capsys):
    reference, out = tmp_path / "other.udt.h5", tmp_path / "out"
    save_cube(make_cube(5, 9, 12, domain="second", origin="digital device", name="other"), reference)
    words = ["transfer", str(cube_file), "-o", str(out), "--model", "baseline:moments", "--json"]
    assert main([*words, "--reference", str(reference)]) == 0
    outcome = json.loads(capsys.readouterr().out)
    moved = open_cube(outcome["result"])
    assert moved.origin == "transferred to: digital device (baseline: moments)"
    assert outcome["model"] == moved.provenance["model"]["name"] == "baseline: moments"
    assert moved.provenance["model"]["reference"]["file"]["path"] == str(reference)
    assert Path(outcome["result"]).name == "organs_baseline-moments.udt.h5"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "baseline:moments"], "needs a reference"),
        (["--model", "baseline:magic"], "choose identity, moments, histograms"),
        (["--model", "small_organs", "--reference", "FILE"], "Only baselines take a reference"),
        (["--model", "baseline:moments", "--reference", "missing.h5"], "missing.h5"),
    ],
)
def test_a_baseline_that_cannot_be_is_one_sentence(words, said, model_folder, cube_file, tmp_path, capsys):
    words = [str(cube_file) if word == "FILE" else word for word in words]
    assert main(["transfer", str(cube_file), "-o", str(tmp_path / "out"), *words]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_one_bad_file_does_not_stop_the_others(model_folder, cube_file, tmp_path, capsys):
    bad = tmp_path / "text.h5"
    bad.write_text("this is not HDF5")
    words = ["transfer", str(bad), str(cube_file), "-o", str(tmp_path / "out"), "--model", "small_organs"]
    assert main(words) == 3
    printed = capsys.readouterr()
    assert "text.h5" in printed.err
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_two_files_of_one_name_do_not_replace_each_other(model_folder, cube_file, tmp_path, capsys):
    twin = tmp_path / "twin" / cube_file.name
    save_cube(make_cube(3, 3, 12), twin)
    words = ["transfer", str(cube_file), str(twin), "-o", str(tmp_path / "out"), "--model", "small_organs"]
    assert main([*words, "--overwrite"]) == 3
    assert "result of another file" in capsys.readouterr().err
    assert open_cube(next((tmp_path / "out").iterdir())).shape[:2] == (6, 8)


def test_a_cube_that_no_model_fits_is_said(model_folder, tmp_path, capsys):
    path = tmp_path / "odd.udt.h5"
    cube = SpectralCube(np.ones((3, 3, 4), np.float32), np.array([1.0, 2.0, 3.0, 4.0]), "HSI", name="odd")
    save_cube(cube, path)
    assert main(["transfer", str(path), "-o", str(tmp_path / "out")]) == 2
    assert "No installed model fits" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["info", "missing.h5"], ["view", "missing.h5"], ["missing.h5"]])
def test_an_error_is_one_sentence_on_stderr(words, capsys):
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "missing.h5" in printed.err
    assert "Traceback" not in printed.err


def test_debug_shows_the_traceback(tmp_path):
    empty = tmp_path / "empty.h5"
    empty.touch()
    done = subprocess.run(
        [sys.executable, "-m", "napari_udt", "info", "--debug", str(empty)], capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("words", [["--debug", "info", "missing.h5"], ["info", "missing.h5", "--debug"]])
def test_debug_may_stand_before_and_after_the_command(words):
    with pytest.raises(CubeError, match="no such file"):
        main(words)


def test_a_defect_is_one_sentence_too(cube_file, monkeypatch, capsys):
    monkeypatch.setattr("napari_udt.io.info.describe", lambda cube: 1 / 0)
    assert main(["info", str(cube_file)]) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "unexpected ZeroDivisionError" in printed
    assert "--debug" in printed


def test_a_damaged_model_is_a_sentence_beside_the_list(model_folder):
    (model_folder / "small_organs/model.json").write_text("{")
    done = subprocess.run([sys.executable, "-m", "napari_udt", "models"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.startswith("napari-udt: A model was left out: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the test's pipe is made by bash")
def test_a_reader_that_has_seen_enough_is_no_error(model_folder):
    code = "import sys; from napari_udt.cli import main; sys.exit(main(['models', '--json']))"
    done = subprocess.run(
        f'{sys.executable} -c "{code}" | head -n 1; exit ${{PIPESTATUS[0]}}',
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_letters_that_a_console_lacks_are_no_error(tmp_path):
    save_cube(make_cube(6, 8, 12, name="HbO₂"), tmp_path / "organs.udt.h5")
    done = subprocess.run(
        [sys.executable, "-m", "napari_udt", "info", str(tmp_path / "organs.udt.h5")],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"HbO?" in done.stdout


@pytest.mark.parametrize("words", [["demo"], ["view"]])
def test_a_missing_qt_is_a_sentence(words, monkeypatch, capsys):
    monkeypatch.setattr("napari_udt.viewer.display.find_spec", lambda name: None)
    assert main(words) == 2
    assert "needs Qt, and none is installed" in capsys.readouterr().err


def test_what_the_system_refuses_is_a_sentence_that_starts_with_the_file(tmp_path, capfd):
    (tmp_path / "out").write_text("a file where a folder is wanted")
    assert main(["demo", "--headless", "-o", str(tmp_path / "out")]) == 2
    words = capfd.readouterr().err
    assert words.startswith(f"napari-udt: {tmp_path / 'out'}: ")
    assert "Errno" not in words


def test_a_negative_seed_is_refused(tmp_path, capsys):
    words = [
        "simulate",
        "hsi",
        "--domain",
        "second",
        "--n",
        "2",
        "--seed",
        "-1",
        "-o",
        str(tmp_path / "x.h5"),
    ]
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "-1 is not a whole number" in capsys.readouterr().err


def test_importing_the_package_brings_neither_torch_nor_qt():
    code = (
        "import napari_udt, sys;"
        "print([m for m in ('torch', 'qtpy', 'PyQt6', 'napari', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_models_prints_the_page_of_a_card_and_its_details_when_asked(capsys):
    assert main(["models", "hsi_transport_dy"]) == 0
    page = capsys.readouterr().out
    assert "## Ten numbers" in page
    assert "## Training data" not in page
    assert main(["models", "hsi_transport_dy", "--details"]) == 0
    assert capsys.readouterr().out.startswith(page.rstrip())


def test_a_card_is_redrawn_in_the_models_folder(model_folder, cube_file, capsys):
    folder = model_folder / "small_organs"
    assert main(["models", str(folder), "--redraw", "--pair", str(cube_file), str(cube_file)]) == 0
    own = (folder / "card.png").read_bytes()
    capsys.readouterr()
    before = (folder / "weights.safetensors").read_bytes()
    for _ in range(2):
        assert main(["models", str(folder), "--redraw"]) == 0
    assert capsys.readouterr().out.count("No numbers on untouched data") == 2
    assert (folder / "weights.safetensors").read_bytes() == before
    assert (folder / "card.png").read_bytes() != own
    assert (folder / "CARD.md").read_text().count("<details>") == 1


def test_a_card_of_an_unknown_model_is_refused(capsys):
    assert main(["models", "nobody"]) == 2
    assert "no model 'nobody'" in capsys.readouterr().err
