import threading

import fuzz
import h5py
import numpy as np
from fuzz_hdf5 import restructured


def test_every_seed_opens(tmp_path):
    seeds = [path for path in fuzz.seed_files(tmp_path) if "picture.ome.zarr" not in path.parts]
    outcomes = {path.name: fuzz.try_file(path) for path in seeds}
    refused = {name for name, outcome in outcomes.items() if outcome == "refused"}
    assert len(outcomes) == 52
    # class numbers open with the cube that they belong to, not on their own
    assert refused == {f"{s}.{e}" for s in ("cube_labels", "scan_gt") for e in ("hdr", "img")}


def test_three_hundred_damaged_files_give_a_cube_or_one_sentence(tmp_path):
    outcomes, kept = fuzz.run(300, seed=1, folder=tmp_path)
    assert kept == []
    assert set(outcomes) == {"opened", "refused"}
    assert min(outcomes.values()) > 30  # the changes are neither harmless nor hopeless


def test_every_change_of_a_structure_gives_a_cube_or_one_sentence(tmp_path):
    good = [path for path in fuzz.seed_files(tmp_path) if h5py.is_hdf5(path)]
    rng = np.random.default_rng(5)
    outcomes = set()
    for number in range(150):
        path = tmp_path / f"changed{number}.h5"
        path.write_bytes(good[number % len(good)].read_bytes())
        restructured(path, rng)
        outcomes.add(fuzz.try_file(path))
        path.unlink()
    assert outcomes == {"opened", "refused"}


def test_mutation_is_reproducible():
    good = bytes(range(256)) * 4
    assert (
        fuzz.mutated(good, np.random.default_rng(3)) == fuzz.mutated(good, np.random.default_rng(3)) != good
    )


def test_the_command_says_what_it_found(tmp_path, capsys):
    assert fuzz.main(["--n", "14", "--folder", str(tmp_path)]) == 0
    assert "14 files in" in capsys.readouterr().out


def wait_or_fail(what):
    """Called in the watched process."""
    if what == "wait":
        threading.Event().wait()
    if what == "crash":
        raise SystemExit
    return str(int(what))


def test_hangs_and_crashes_are_reported_and_the_next_file_is_tried():
    watched = fuzz.Watched(wait_or_fail, limit_s=1.0)
    assert [watched(what) for what in ("wait", "crash", "no", "7")] == ["hang", "crash", "ValueError", "7"]
    watched.close()
