import argparse

import numpy as np
import pytest

from napari_udt.cli import simulate as command
from napari_udt.dataset import load_dataset
from napari_udt.errors import SimulationError
from napari_udt.simulation import hsi_simulated


def simulate(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([*map(str, words)]))


def test_spectra_drawn_from_statistics_need_no_tables(tmp_path, capsys):
    target = tmp_path / "target.h5"
    assert simulate("hsi", "--domain", "second", "--n", 30, "--seed", 4, "-o", target) == 0
    dataset = load_dataset(target)
    assert (len(dataset), dataset.seed, dataset.domain) == (30, 4, "second")
    assert dataset.generator["tables"] == "fits of the package"
    assert "drawn from measured statistics; bladder 3, colon 3" in capsys.readouterr().out


def test_an_interrupted_simulation_keeps_its_blocks_and_goes_on(tmp_path, capsys, monkeypatch):
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


def test_measured_tables_can_be_used_instead(shared, tmp_path):
    words = ("hsi", "--domain", "second", "--n", 10)
    simulate(*words, "-o", tmp_path / "fits.h5")
    simulate(*words, "-o", tmp_path / "tables.h5", "--tables", shared / "data")
    fits, tables = (load_dataset(tmp_path / name) for name in ("fits.h5", "tables.h5"))
    assert tables.generator["tables"] == "measured tables"
    np.testing.assert_allclose(fits.samples, tables.samples, rtol=0.1)


def test_a_folder_without_tables_is_named(tmp_path):
    with pytest.raises(SimulationError, match=r"absorption_coefficients\.csv is not in .*own parameters"):
        simulate("hsi", "--domain", "second", "--n", 10, "-o", tmp_path / "x.h5", "--tables", tmp_path)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(SimulationError, match="--domain and --n"):
        simulate("hsi", "-o", tmp_path / "x.h5")


def test_an_existing_file_is_not_replaced(tmp_path):
    target = tmp_path / "x.h5"
    target.write_text("precious")
    with pytest.raises(SimulationError, match="exists"):
        simulate("hsi", "--domain", "second", "--n", 10, "-o", target)
    assert target.read_text() == "precious"
