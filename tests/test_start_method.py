"""Several processes where nothing can be forked, as on Windows."""

import os
from functools import partial

import numpy as np
import pytest

from napari_udt.simulation.parallel import run_blocks


@pytest.fixture(autouse=True)
def _no_fork(monkeypatch):
    monkeypatch.delattr(os, "fork", raising=False)


def _block(block, *, seed):
    return {"x": np.random.default_rng([seed, block]).random(3), "process": np.full(1, os.getpid())}


def test_a_simulation_in_parallel_stops_and_goes_on(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    make, alone = partial(_block, seed=1), run_blocks(partial(_block, seed=1), 4)
    with pytest.raises(KeyboardInterrupt):
        run_blocks(make, 4, jobs=2, parts=tmp_path / "parts", progress=stop)
    assert list((tmp_path / "parts").glob("block_*.npz"))
    whole = run_blocks(make, 4, jobs=2, parts=tmp_path / "parts")
    np.testing.assert_array_equal(whole["x"], alone["x"])
    assert os.getpid() not in whole["process"]


def test_a_batch_is_transferred(tmp_path):
    # imported here: the processes of the other test import this module, and need no torch
    from transfer_samples import make_cube, make_model

    from napari_udt import save_cube
    from napari_udt.inference import workers
    from napari_udt.inference.batch import Options, Task
    from napari_udt.models.store import save_model

    save_model(make_model("HSI", 12, name="small"), tmp_path / "small")
    tasks = []
    for name in ("a", "b"):
        save_cube(make_cube(6, 8, 12), tmp_path / f"{name}.udt.h5")
        options = Options(model=str(tmp_path / "small"))
        tasks.append(Task(tmp_path / f"{name}.udt.h5", tmp_path / "out" / f"{name}.udt.h5", options))
    outcomes = list(workers.in_processes(tasks, 2))
    assert [outcome["error"] for outcome in outcomes] == [None, None]
    assert all(task.target.is_file() for task in tasks)
