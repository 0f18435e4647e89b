"""The window and the training it began are killed: nothing is lost, and the run ends as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from own_cubes import write_envi

from napari_udt.models import load_model
from napari_udt.training import train
from napari_udt.training.preparation import prepared_config
from napari_udt.training.progress import LIVE, read_log
from napari_udt.viewer.train.plan import Plan, Source, work_folder
from napari_udt.viewer.train.run import TrainingRun

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that nobody can catch")

CONFIG = """
name = "small"
title = "Small"
modality = "HSI"
[data]
simulated = "nowhere.h5"
second = "nowhere.h5"
[condition]
second_labels = "given"
[architecture]
blocks = 2
conditional_blocks = 2
width = 8
[optimisation]
steps = 300
batch_size = 16
evaluate_every = 30
patience = 1000
held_out_samples = 32
gan_weight = 0
"""


def wait_until(condition, seconds=100):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.mark.timeout(400)
def test_kill_9_of_the_window_and_of_the_training(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("napari_udt.viewer.train.run.usable_cores", lambda: 1)
    (tmp_path / "small.toml").write_text(CONFIG)
    paths = write_envi(tmp_path / "s.hdr", 0), write_envi(tmp_path / "t.hdr", 1, target=True)
    plan = Plan(*((Source(path=path),) for path in paths), str(tmp_path / "small.toml"), 0, "mine")
    words = [word for word in plan.command({}) if word not in ("--minutes", "0")]
    monkeypatch.setattr(Plan, "command", lambda self, files, check=False: words)
    folder = work_folder("mine").with_name("mine.run")

    # the window is killed: what stands in the folder is all that the next one knows
    code = (
        "import json, os, sys\n"
        "from napari_udt.viewer.train import run\n"
        "run.usable_cores = lambda: 1\n"
        "run.Plan.command = lambda self, files, check=False: json.loads(sys.argv[2])\n"
        "run.TrainingRun().start(run.Plan.from_dict(json.loads(sys.argv[1])), {})\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, json.dumps(plan.as_dict()), json.dumps(words)], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    reopened = TrainingRun()
    reopened.find()
    assert reopened.running
    assert reopened.plan == plan

    # the training is killed
    wait_until(lambda: (folder / "checkpoint.pt").exists() and (folder / LIVE).exists())
    os.kill(reopened._process.pid, signal.SIGKILL)
    wait_until(lambda: not reopened.running)
    assert reopened.interrupted, reopened.state()
    again = TrainingRun()
    again.find()
    assert again.interrupted
    assert again.state().startswith("mine was interrupted after about ")
    assert again.error() == ""
    third = TrainingRun()
    third.find()
    kept = (folder / "run.json").read_bytes()
    assert third.dismiss() == f"The checkpoint of this training stays in {folder}."
    fourth = TrainingRun()
    fourth.find()
    assert fourth.plan is None
    (folder / "run.json").write_bytes(kept)
    again.resume()
    assert again.running
    wait_until(lambda: not again.running)
    assert again.finished() == "mine", again.state()
    assert not again.interrupted

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        config = prepared_config(work_folder("mine"))
        whole = train(config, tmp_path / "whole")
    finally:
        torch.set_num_threads(before)
    first, second = (model.network.state_dict() for model in (whole, load_model("mine")))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert [row["step"] for row in read_log(folder / "log.csv")] == list(range(30, 301, 30))
    later = TrainingRun()
    later.find()
    assert later.plan is None, "a finished run is found in the lists of models, not here"
