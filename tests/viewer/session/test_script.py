"""A transfer as a script: it runs in a process of its own and makes the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import napari_udt
from napari_udt import open_cube, save_cube
from napari_udt.cube import SpectralCube
from napari_udt.errors import SessionError
from napari_udt.series import Series
from napari_udt.viewer.session.script import is_reproducible, transfer_script
from napari_udt.viewer.transfer.job import TransferRequest, run


@pytest.fixture
def spec():
    return next(s for s in napari_udt.list_models() if s.name == "hsi_cinn_dy")


@pytest.fixture
def source(tmp_path, hsi):
    """A small plain array that needs facts to be opened."""
    np.save(tmp_path / "it's a cube.npy", hsi(rows=3, columns=4).data)
    return open_cube(
        tmp_path / "it's a cube.npy",
        wavelengths_nm=list(np.linspace(500, 1000, 100)),
        modality="HSI",
        domain="simulated",
    )


def transferred_by(spec, cube, condition, direction="sim2real"):
    request = TransferRequest("my cube", cube, spec, direction, condition, "cpu")
    return run(request, None, lambda *_: None)


def made_by(script, folder):
    """Run a script elsewhere and return the cube that it saves."""
    folder.mkdir()
    (folder / "script.py").write_text(script, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(napari_udt.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.udt.h5")
    return open_cube(file)


def test_the_script_makes_the_same_numbers(source, spec, tmp_path):
    result = transferred_by(spec, source, "liver")
    again = made_by(transfer_script(result), tmp_path / "elsewhere")
    np.testing.assert_array_equal(again.data, result.data)
    assert again.provenance["condition"] == result.provenance["condition"] == "every pixel as liver"
    assert again.domain == "transferred"


def test_spectra_left_at_unit_scale_stay_so(source):
    result = napari_udt.transfer(source, "hsi_cinn_dy", device="cpu", scale="unit")
    assert "scale='unit'" in transfer_script(result)
    assert "scale" not in transfer_script(napari_udt.transfer(source, "hsi_cinn_dy", device="cpu"))


def test_a_result_of_a_result_takes_both_steps_even_after_saving(source, spec, tmp_path):
    first = transferred_by(spec, source, "proxy")
    second = transferred_by(spec, first, "liver", "real2sim")
    save_cube(second, tmp_path / "second.udt.h5")
    script = transfer_script(open_cube(tmp_path / "second.udt.h5"))
    assert script.count("cube = transfer(") == 2
    np.testing.assert_array_equal(made_by(script, tmp_path / "elsewhere").data, second.data)


def test_a_saved_intermediate_result_is_opened(source, spec, tmp_path):
    save_cube(transferred_by(spec, source, "proxy"), tmp_path / "first.udt.h5")
    second = transferred_by(spec, open_cube(tmp_path / "first.udt.h5"), "proxy", "real2sim")
    script = transfer_script(second)
    assert script.count("cube = transfer(") == 1
    assert "first.udt.h5" in script


def test_names_cannot_smuggle_code_in(source, spec):
    result = transferred_by(spec, source, "proxy")
    evil = "x\nimport os; os.remove('y')\n'\"\"\""
    reported = {**result.provenance, "device": evil, "date": evil}
    reported["source"] = {**reported["source"], "name": evil}
    reported["model"] = {**reported["model"], "name": evil}
    script = transfer_script(result.with_(name=evil, origin=evil, provenance=reported))
    assert not any(line.lstrip().startswith("import os") for line in script.splitlines())
    compile(script, "script", "exec")


def test_a_model_with_other_weights_stops_the_script(source, spec, tmp_path):
    result = transferred_by(spec, source, "proxy")
    reported = {**result.provenance, "model": {**result.provenance["model"], "weights_sha256": "0" * 64}}
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "script.py").write_text(transfer_script(result.with_(provenance=reported)), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(napari_udt.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path / "s",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "other weights" in done.stderr
    assert not list((tmp_path / "s").glob("*.h5"))


def test_what_is_no_result_or_has_no_file_is_reported(hsi, transferred, pat):
    assert not is_reproducible(pat())
    with pytest.raises(SessionError, match="not the result of a transfer"):
        transfer_script(pat())
    with pytest.raises(SessionError, match="came from no file"):
        transfer_script(transferred(pat()))


def test_a_baseline_names_its_reference(tmp_path, pat):
    from napari_udt import transfer

    for name, domain in (("arm", "simulated"), ("second", "second")):
        save_cube(pat(name, domain=domain), tmp_path / f"{name}.udt.h5")
    source, reference = (open_cube(tmp_path / f"{name}.udt.h5") for name in ("arm", "second"))
    result = transfer(source, "baseline:moments", reference=reference)
    again = made_by(transfer_script(result), tmp_path / "elsewhere")
    np.testing.assert_array_equal(again.data, result.data)


def test_several_results_share_their_source_and_a_target_cube_brings_the_figures(
    tmp_path, hsi, spec, monkeypatch
):
    labels = np.repeat([[1] * 15 + [2] * 15], 24, axis=0)
    names = {"labels": labels, "label_names": {1: "liver", 2: "colon"}}
    for name, domain in (("sim", "simulated"), ("target", "real")):
        save_cube(hsi(name, domain=domain, **names), tmp_path / f"{name}.udt.h5")
    monkeypatch.chdir(tmp_path)
    sim, target = open_cube("sim.udt.h5"), open_cube(Path("target.udt.h5"))
    unit = next(s for s in napari_udt.list_models() if s.name == "hsi_unit")
    results = [transferred_by(each, sim, "auto") for each in (spec, unit)]
    two = transfer_script(*results)
    assert two.count("open_cube(") == 1
    assert two.count("save_cube(") == 2
    assert str(tmp_path / "sim.udt.h5") in two
    assert "write_report" not in two
    script = transfer_script(*results, sim, target)
    assert "('target', 'real', cube_4)," in script
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "script.py").write_text(script.replace("write_report(", "print(len(groups)); print("), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(napari_udt.__file__).parents[1])}
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4\nPopulation(")
    made = {path.name: open_cube(path).data for path in folder.glob("*.udt.h5")}
    for result in results:
        np.testing.assert_array_equal(
            made.pop(next(n for n in made if n.startswith(result.name.split()[0]))), result.data
        )


@pytest.mark.parametrize("alone", [False, True])
def test_a_picture_of_a_series_is_found_again(spec, tmp_path, hsi, alone):
    pictures = [hsi(rows=3, columns=4).data * (1 + index) for index in range(3)]
    grid = np.linspace(500, 1000, 100)
    series = Series(
        "time", 3, lambda i: SpectralCube(pictures[i], grid, "HSI", "simulated", series=series, place=i)
    )
    save_cube(series[0], tmp_path / "scan.udt.h5")
    cube = open_cube(tmp_path / "scan.udt.h5", frame=2)
    result = transferred_by(spec, cube.with_(series=None, place=0) if alone else cube, "liver")
    again = made_by(transfer_script(result), tmp_path / "elsewhere")
    np.testing.assert_array_equal(again.data, result.data)
    assert (again.series is None) == alone
    if not alone:
        assert (again.place, len(again.series)) == (2, 3)
        np.testing.assert_array_equal(again.series[1].data, result.series[1].data)
