from functools import partial

import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.parallel import block_rng, run_blocks


def numbers(block: int, *, seed: int) -> dict[str, np.ndarray]:
    return {"x": block_rng(seed, block).random(3), "block": np.full(3, block)}


def test_blocks_come_in_order_whatever_the_number_of_processes():
    one = run_blocks(partial(numbers, seed=1), 5)
    two = run_blocks(partial(numbers, seed=1), 5, jobs=2)
    np.testing.assert_array_equal(one["x"], two["x"])
    np.testing.assert_array_equal(one["block"], np.repeat(np.arange(5), 3))
    assert len(np.unique(one["x"])) == 15


def test_progress_counts_blocks():
    seen = []
    run_blocks(partial(numbers, seed=1), 3, progress=lambda *state: seen.append(state))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    made = []

    def make(block: int) -> dict[str, np.ndarray]:
        made.append(block)
        return numbers(block, seed=2)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_blocks(make, 4, parts=tmp_path / "parts", progress=stop)
    resumed = run_blocks(make, 4, parts=tmp_path / "parts")
    assert made == [0, 1, 2, 3]
    np.testing.assert_array_equal(resumed["x"], run_blocks(partial(numbers, seed=2), 4)["x"])


def test_joined_blocks_stay_on_the_disk(tmp_path):
    kept = run_blocks(partial(numbers, seed=3), 4, parts=tmp_path / "parts")
    assert all(isinstance(values, np.memmap) for values in kept.values())
    plain = run_blocks(partial(numbers, seed=3), 4)
    for name, values in plain.items():
        np.testing.assert_array_equal(kept[name], values)
        assert kept[name].dtype == values.dtype


def test_blocks_of_another_run_are_refused(tmp_path):
    run_blocks(partial(numbers, seed=1), 1, parts=tmp_path, settings={"seed": 1})
    with pytest.raises(SimulationError, match="other settings"):
        run_blocks(partial(numbers, seed=2), 1, parts=tmp_path, settings={"seed": 2})
