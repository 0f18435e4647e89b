import argparse

import pytest

from napari_udt.cli import simulate as command
from napari_udt.dataset import load_dataset
from napari_udt.errors import SimulationError
from napari_udt.simulation import hsi_simulated


@pytest.fixture
def simulate(shared):
    def run(*words: object) -> int:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        return command.run(parser.parse_args([*map(str, words), "--tables", str(shared / "data")]))

    return run


def test_second_domain_data_set(simulate, tmp_path, capsys):
    target = tmp_path / "second.h5"
    assert simulate("hsi", "--domain", "second", "--n", 30, "--seed", 4, "-o", target) == 0
    dataset = load_dataset(target)
    assert (len(dataset), dataset.seed, dataset.domain) == (30, 4, "second")
    assert "drawn from measured statistics; bladder 3, colon 3" in capsys.readouterr().out


def test_an_interrupted_simulation_keeps_its_blocks_and_goes_on(simulate, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(hsi_simulated, "BLOCK", 10)
    target = tmp_path / "simulated.h5"
    words = ("hsi", "--domain", "simulated", "--n", 30, "-o", target)
    blocks = []
    real = hsi_simulated.layered_reflectance_of

    def interrupted(*args):
        blocks.append(1)
        if len(blocks) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(hsi_simulated, "layered_reflectance_of", interrupted)
    assert simulate(*words) == command.INTERRUPTED
    assert not target.exists()
    assert "goes on" in capsys.readouterr().err
    assert simulate(*words) == 0
    assert len(blocks) == 4  # one, one interrupted, two more
    assert [path.name for path in tmp_path.iterdir()] == ["simulated.h5"]
    assert len(load_dataset(target)) == 20


def test_what_is_missing_is_named(simulate, tmp_path):
    with pytest.raises(SimulationError, match="--domain and --n"):
        simulate("hsi", "-o", tmp_path / "x.h5")


def test_an_existing_file_is_not_replaced(simulate, tmp_path):
    target = tmp_path / "x.h5"
    target.write_text("precious")
    with pytest.raises(SimulationError, match="exists"):
        simulate("hsi", "--domain", "second", "--n", 10, "-o", target)
    assert target.read_text() == "precious"
