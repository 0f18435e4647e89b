"""Batches: what is done once is not done again, what is bad stops nobody, what dies is done again."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest
from transfer_samples import make_cube, make_model, transfer_or_die

import napari_udt
from napari_udt import open_cube, save_cube
from napari_udt.cli import main
from napari_udt.errors import TransferError
from napari_udt.files import leftovers
from napari_udt.inference import batch, workers
from napari_udt.inference.batch import Options, Task, transfer_file, transfer_files
from napari_udt.inference.inputs import collect, target_of

CHANNELS = 12


@pytest.fixture
def model(tmp_path, monkeypatch):
    from napari_udt.models.store import save_model

    folder = tmp_path / "models"
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(folder))
    made = make_model("HSI", CHANNELS, name="small_organs")
    save_model(made, folder / "small_organs")
    return made


@pytest.fixture
def data(tmp_path) -> Path:
    """Two cubes, one below a further folder, beside a damaged one and a foreign file."""
    folder = tmp_path / "data"
    save_cube(make_cube(6, 8, CHANNELS, name="a"), folder / "a.udt.h5")
    save_cube(make_cube(5, 8, CHANNELS, name="b"), folder / "below/b.udt.h5")
    (folder / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(40))
    (folder / "notes.txt").write_text("not a cube")
    return folder


@pytest.fixture
def run(tmp_path, model, capsys):
    """Run `napari-udt transfer` into a folder; return the code, what was printed and the results."""

    def run(*words):
        out = tmp_path / "out"
        code = main(["transfer", *map(str, words), "-o", str(out), "--model", "small_organs"])
        results = {p.relative_to(out).as_posix(): p for p in sorted(out.rglob("*")) if p.is_file()}
        return code, capsys.readouterr(), results

    return run


def test_a_folder_is_transferred_and_a_bad_file_stops_nobody(run, data, model):
    code, printed, results = run(data, "--recursive")
    assert code == 3
    assert list(results) == ["a_sim2real.udt.h5", "below/b_sim2real.udt.h5"]
    assert [line.split("]")[0] for line in printed.out.splitlines()] == ["[1/3", "[2/3", "[3/3"]
    assert "broken.h5: failed" in printed.out
    assert printed.err.count("\n") == 1
    assert "broken.h5" in printed.err
    for name, result in results.items():
        source = open_cube(data / name.replace("_sim2real", ""))
        np.testing.assert_array_equal(open_cube(result).data, napari_udt.transfer(source, model).data)


def test_a_result_whose_name_is_too_long_is_one_sentence(run, data):
    long = data / ("x" * 248 + ".udt.h5")
    (data / "a.udt.h5").rename(long)
    code, printed, results = run(long)
    assert (code, results) == (2, {})
    assert printed.err.startswith("napari-udt: ")
    assert printed.err.endswith("File name too long.\n")
    assert printed.err.count("\n") == 1


def test_folders_within_folders_are_left_alone_unless_asked(run, data):
    _, _, results = run(data)
    assert list(results) == ["a_sim2real.udt.h5"]


def test_a_second_run_does_what_is_missing_only(run, data):
    _, _, results = run(data / "a.udt.h5")
    before = results["a_sim2real.udt.h5"].stat()
    code, printed, results = run(data / "a.udt.h5", data / "below")
    assert code == 0
    assert printed.out.count("done before") == 1
    assert len(results) == 2
    after = results["a_sim2real.udt.h5"].stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_was_only_touched_or_copied_is_not_done_again(run, data):
    run(data / "a.udt.h5")
    os.utime(data / "a.udt.h5", (1, 1))
    code, printed, _ = run(data / "a.udt.h5")
    assert code == 0
    assert "done before" in printed.out


def _change_the_file(data, model):
    save_cube(make_cube(6, 8, CHANNELS, name="changed"), data / "a.udt.h5", overwrite=True)


def _train_the_model_anew(data, model):
    from napari_udt.models.store import save_model, user_folder

    next(model.network.parameters()).data.add_(0.1)
    save_model(model, user_folder() / "small_organs", overwrite=True)


def _damage_the_result(data, model):
    result = data.parent / "out/a_sim2real.udt.h5"
    result.write_bytes(result.read_bytes()[:4000])


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        (_change_the_file, [], "another state of the file"),
        (_train_the_model_anew, [], "other weights"),
        (_damage_the_result, [], "cannot be read"),
        (lambda *_: None, ["--condition", "proxy"], "condition: auto, now proxy"),
        (lambda *_: None, ["--domain", "simulated"], "facts"),
    ],
)
def test_another_result_is_replaced_only_when_asked(run, data, model, change, words, said):
    _, _, results = run(data / "a.udt.h5")
    change(data, model)
    before = results["a_sim2real.udt.h5"].read_bytes()
    code, printed, results = run(data / "a.udt.h5", *words)
    assert code == 2
    assert said in printed.err
    assert "--overwrite" in printed.err
    assert results["a_sim2real.udt.h5"].read_bytes() == before
    assert run(data / "a.udt.h5", *words, "--overwrite")[0] == 0
    assert "done before" in run(data / "a.udt.h5", *words)[1].out


def test_results_beside_their_sources_are_not_transferred_again(tmp_path, model, data, capsys):
    for count in ("[1/2]", "[1/2]"):
        assert main(["transfer", str(data), "-o", str(data), "--model", "small_organs"]) == 3
        assert count in capsys.readouterr().out
    assert sorted(p.name for p in data.glob("a*")) == ["a.udt.h5", "a_sim2real.udt.h5"]


def test_no_cube_at_all_is_said(run, tmp_path):
    (tmp_path / "empty").mkdir()
    code, printed, _ = run(tmp_path / "empty")
    assert code == 2
    assert "no spectral cube" in printed.err


def test_facts_make_plain_arrays_transferable(run, tmp_path):
    (tmp_path / "plain").mkdir()
    np.save(tmp_path / "plain/x.npy", np.random.default_rng(0).random((7, 9, CHANNELS)))
    assert run(tmp_path / "plain")[0] == 2
    code, _, results = run(tmp_path / "plain", "--wavelengths", "500-1000", "--spectral-axis", "2")
    assert code == 0
    moved = open_cube(results["x_sim2real.udt.h5"])
    assert moved.shape == (7, 9, CHANNELS)
    assert moved.provenance["request"]["options"]["facts"]["wavelengths_nm"] == [500.0, "to", 1000.0]


def test_other_wavelengths_are_said_on_screen(run, tmp_path):
    fine = make_cube(4, 5, 45, wavelengths_nm=np.linspace(480, 1020, 45))
    save_cube(fine, tmp_path / "fine.udt.h5")
    _, printed, results = run(tmp_path / "fine.udt.h5")
    assert "interpolated linearly from 45 wavelengths (480-1020 nm)" in printed.out
    narrow = make_cube(4, 5, 12, wavelengths_nm=np.linspace(600, 900, 12))
    save_cube(narrow, tmp_path / "narrow.udt.h5")
    code, printed, results = run(tmp_path / "narrow.udt.h5")
    assert code == 2
    assert "600-900 nm" in printed.err
    assert "500-1000 nm" in printed.err
    assert list(results) == ["fine_sim2real.udt.h5"]


def tasks_for(files, out):
    options = Options(model="small_organs")
    return [
        Task(path, target_of(item, out, "sim2real"), options)
        for item in collect(files)
        if (path := item.path)
    ]


def test_processes_make_what_one_makes_and_survive_a_deadly_file(tmp_path, model):
    files = []
    for name in ("a", "deadly", "b", "c"):
        files.append(tmp_path / f"{name}.udt.h5")
        save_cube(make_cube(6, 8 + len(files), CHANNELS), files[-1])
    outcomes = list(workers.in_processes(tasks_for(files, tmp_path / "out"), 2, transfer_or_die))
    assert sorted(Path(o["source"]).name for o in outcomes) == sorted(f.name for f in files)
    (bad,) = [o for o in outcomes if o["error"]]
    assert "deadly.udt.h5: the process that worked on it died" in bad["error"]
    for outcome in outcomes:
        if not outcome["error"]:
            expected = napari_udt.transfer(open_cube(outcome["source"]), model)
            np.testing.assert_array_equal(open_cube(outcome["result"]).data, expected.data)


def test_what_a_killed_process_left_is_swept_away(tmp_path, model, data):
    out = tmp_path / "out"
    out.mkdir()
    owned = leftovers.temporary_prefix("a[1]_sim2real.udt.h5")
    gone = owned.replace(f"-{os.getpid()}.", "-4194305.")  # more than Linux gives to a process
    (out / f"{gone}abc.part").write_bytes(b"half")
    (out / f"{owned}abc.part").write_bytes(b"of a process that runs")
    (out / ".other.udt.h5.abc.part").write_bytes(b"not ours")
    options = Options(model="small_organs")
    (data / "a.udt.h5").rename(data / "a[1].udt.h5")
    transfer_files([data / "a[1].udt.h5"], out, options, work=workers.here, report=lambda *_: None)
    kept = [f"{owned}abc.part", ".other.udt.h5.abc.part", "a[1]_sim2real.udt.h5"]
    assert sorted(p.name for p in out.iterdir()) == sorted(kept)


def test_a_cluster_that_loses_a_worker_half_way_loses_no_file(tmp_path, model):
    distributed = pytest.importorskip("distributed")
    files = [tmp_path / f"{n}.udt.h5" for n in range(6)]
    for path in files:
        save_cube(make_cube(300, 400, CHANNELS), path)
    out, outcomes = tmp_path / "out", []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:

        def report(outcome, total):
            outcomes.append(outcome)
            if len(outcomes) == 1:
                _kill_one_that_works(cluster)

        options = Options(model="small_organs")
        work = lambda tasks: workers.on_cluster(tasks, cluster.scheduler_address)  # noqa: E731
        transfer_files(files, out, options, work=work, report=report)
    assert sorted(o["source"] for o in outcomes) == [str(path) for path in files]
    assert not [o["error"] for o in outcomes if o["error"]]
    assert sorted(p.name for p in out.iterdir()) == [f"{n}_sim2real.udt.h5" for n in range(6)]
    expected = napari_udt.transfer(open_cube(files[0]), model)
    for n in range(6):
        np.testing.assert_array_equal(open_cube(out / f"{n}_sim2real.udt.h5").data, expected.data)


def _kill_one_that_works(cluster):
    """Kill the process of a worker that has a file under way."""
    state = cluster.scheduler.workers
    busy = next(w for w in state.values() if w.processing)
    nanny = next(n for n in cluster.workers.values() if n.worker_address == busy.address)
    psutil.Process(nanny.pid).kill()


def test_a_scheduler_that_is_not_there_is_a_sentence(monkeypatch, tmp_path):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "PATIENCE_S", 1)
    with pytest.raises(TransferError, match="No dask scheduler answers"):
        list(workers.on_cluster([], "tcp://127.0.0.1:9"))


class _Peak:
    """The largest memory of this process while the block runs, beyond what it had before."""

    def __enter__(self):
        self._process, self.bytes, self._over = psutil.Process(), 0, threading.Event()
        self._before = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._over.wait(0.01):
            self.bytes = max(self.bytes, self._process.memory_info().rss - self._before)

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def test_a_cube_larger_than_the_memory_it_may_take_is_streamed(tmp_path, model):
    path = tmp_path / "large.h5"
    shape = (1100, 1000, 120)  # 528 MB
    with h5py.File(path, "w") as file:
        file.create_dataset("cube", shape, np.float32, fillvalue=0.5, chunks=(100, 100, 40))
        file["wavelengths"] = np.linspace(500, 1000, 120)
    warm = tmp_path / "warm.udt.h5"
    save_cube(make_cube(200, 200, CHANNELS), warm)
    for task in tasks_for([warm], tmp_path / "out"):
        assert not transfer_file(task)["error"]
    (task,) = tasks_for([path], tmp_path / "out")
    with _Peak() as peak:
        outcome = transfer_file(task)
    assert not outcome["error"]
    assert peak.bytes < 250e6
    moved = open_cube(outcome["result"])
    assert moved.shape == (*shape[:2], CHANNELS)
    assert np.ptp(moved.data[::500, ::500], axis=(0, 1)).max() == 0


def test_changed_numbers_of_a_recording_of_several_files_are_noticed(run, tmp_path):
    folder = tmp_path / "envi"
    save_cube(make_cube(6, 8, CHANNELS, name="a"), folder / "a.hdr")
    assert run(folder / "a.hdr")[0] == 0
    assert "done before" in run(folder / "a.hdr")[1].out
    numbers = folder / "a.img"
    times, content = numbers.stat().st_mtime_ns, bytearray(numbers.read_bytes())
    content[2] ^= 1
    numbers.write_bytes(content)
    os.utime(numbers, ns=(times, times))
    code, printed, _ = run(folder / "a.hdr")
    assert code == 2
    assert "another state of the file" in printed.err


def test_a_record_of_an_earlier_version_is_understood():
    from napari_udt.inference.record import _same_state

    now = {"files": 1, "bytes": 7, "modified_ns": 5, "sha256": "ab", "compared": "content"}
    assert _same_state({"bytes": 7, "modified_ns": 5}, now)
    assert not _same_state({"bytes": 7, "modified_ns": 4}, now)
    assert _same_state({**now, "modified_ns": 4}, now)
    assert not _same_state({**now, "sha256": "cd"}, now)


def _fails_on_b(task):
    if task.source.name == "b.h5":
        raise KeyError("nobody foresaw it")
    return workers.failed(task, "done")


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_unexpected_error_costs_one_file_of_several_processes(tmp_path, jobs):
    tasks = [Task(tmp_path / f"{name}.h5", tmp_path / f"{name}.out.h5", Options(None)) for name in "abc"]
    errors = {Path(o["source"]).name: o["error"] for o in workers.in_processes(tasks, jobs, _fails_on_b)}
    assert set(errors) == {"a.h5", "b.h5", "c.h5"}
    assert "unexpected KeyError ('nobody foresaw it')" in errors["b.h5"]
    assert errors["c.h5"].endswith("done.")


def test_an_unexpected_error_costs_one_file_of_this_process(tmp_path, monkeypatch):
    def carried_out(task, progress):
        raise KeyError("nobody foresaw it")

    monkeypatch.setattr(batch, "_carried_out", carried_out)
    task = Task(tmp_path / "a.h5", tmp_path / "b.h5", Options(None))
    (outcome,) = workers.here([task])
    assert outcome["error"].startswith(f"{task.source}: unexpected KeyError")


def test_all_models_that_fit_have_a_result_each_and_are_not_run_again(
    tmp_path, data, model, capsys, monkeypatch
):
    from napari_udt.models.store import list_models, save_model

    save_model(make_model("HSI", CHANNELS, name="other_organs"), tmp_path / "models" / "other_organs")
    save_model(make_model("PAT", 16, name="vessels"), tmp_path / "models" / "vessels")
    own = [spec for spec in list_models() if spec.name in ("small_organs", "other_organs", "vessels")]
    for module in ("napari_udt.models", "napari_udt.inference.batch"):
        monkeypatch.setattr(f"{module}.list_models", lambda: own)
    words = ["transfer", str(data / "a.udt.h5"), str(data / "broken.h5"), "-o", str(data), "--model", "all"]
    assert main(words) == 3
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "broken.h5" in printed.err
    made = {path.name: open_cube(path).provenance for path in data.glob("a_*.h5")}
    assert {name: each["model"]["name"] for name, each in made.items()} == {
        "a_sim2real_small_organs.udt.h5": "small_organs",
        "a_sim2real_other_organs.udt.h5": "other_organs",
    }
    assert main(["transfer", str(data), "-o", str(data), "--model", "all", "--recursive"]) == 3
    printed = capsys.readouterr().out
    assert printed.count("done before") == 2
    assert printed.count(" -> ") == 4  # those of below/b are new; results are no sources
    assert "1/5" in printed


def test_without_a_name_the_model_is_the_one_that_a_window_preselects_and_the_result_says_so(
    tmp_path, data, model, monkeypatch
):
    from napari_udt.viewer.state.chosen_model import ChosenModel

    monkeypatch.setattr("napari_udt.models.list_models", lambda: [model.spec])
    cube = open_cube(data / "a.udt.h5")
    made = napari_udt.transfer(cube)
    assert made.provenance["model"]["name"] == ChosenModel().of(cube).name == "small_organs"
    assert (
        made.provenance["model_choice"]
        == "none was named: small_organs is the first of the 1 installed that fit"
    )
    assert "model_choice" not in napari_udt.transfer(cube, "small_organs").provenance
    assert main(["transfer", str(data / "a.udt.h5"), "-o", str(tmp_path / "out")]) == 0
    (result,) = (tmp_path / "out").iterdir()
    assert open_cube(result).provenance["model_choice"] == made.provenance["model_choice"]
