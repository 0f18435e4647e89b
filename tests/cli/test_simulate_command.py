import argparse

import numpy as np
import pytest

from napari_udt import SpectralCube, open_cube
from napari_udt.cli import simulate as command
from napari_udt.dataset import load_dataset
from napari_udt.errors import SimulationError
from napari_udt.samples import SAMPLES, sample_path
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
    with pytest.raises(SimulationError, match="--domain, --n and -o"):
        simulate("hsi", "-o", tmp_path / "x.h5")
    with pytest.raises(SimulationError, match="--domain, --n and -o"):
        simulate("hsi", "--domain", "second", "--n", 10)


def test_hsi_has_no_device(tmp_path):
    with pytest.raises(SimulationError, match="--device belongs to simulate pat"):
        simulate("hsi", "--domain", "second", "--n", 10, "-o", tmp_path / "x.h5", "--device", "first")


def test_an_unknown_device_is_named(tmp_path):
    with pytest.raises(
        SimulationError, match="'ideal' is none of the second domain; choose calibrated or first"
    ):
        simulate("pat", "--domain", "second", "--n", 1, "-o", tmp_path / "x.h5", "--device", "ideal")


@pytest.fixture
def quick_samples(monkeypatch):
    """Samples of one value, which is the seed."""

    def cubes(modality, stem):
        def make(tables, seed):
            return tuple(
                SpectralCube(
                    np.full((2, 3, 4), seed, np.float32),
                    [700, 710, 720, 730],
                    modality,
                    domain,
                    name=f"{stem}_{domain}",
                )
                for domain in ("simulated", "second")
            )

        return make

    monkeypatch.setattr("napari_udt.simulation.hsi_scene.make_hsi_samples", cubes("HSI", "hsi_organs"))
    monkeypatch.setattr("napari_udt.simulation.pat.make_pat_samples", cubes("PAT", "pat_forearm"))


@pytest.mark.usefixtures("quick_samples")
def test_samples_that_are_made_are_those_that_are_opened(tmp_path, monkeypatch, capsys):
    own = tmp_path / "own"
    monkeypatch.setenv("NAPARI_UDT_SAMPLES", str(own))
    for seed in (7, 8):
        assert simulate("samples", "--seed", seed) == 0
        for key in SAMPLES:
            assert (open_cube(sample_path(key)).data == seed).all()
    assert sorted(path.name for path in own.iterdir()) == sorted(SAMPLES.values())
    assert f"open the samples in {own}." in capsys.readouterr().out


@pytest.mark.usefixtures("quick_samples")
def test_samples_made_elsewhere_do_not_displace_those_that_are_opened(tmp_path, capsys):
    assert simulate("samples", "-o", tmp_path / "mine") == 0
    assert (open_cube(tmp_path / "mine" / SAMPLES["pat_second"]).data == 1).all()
    assert sample_path("pat_second").parent != tmp_path / "mine"
    assert f"open the samples in {sample_path('pat_second').parent}." in capsys.readouterr().out


def test_an_existing_file_is_not_replaced(tmp_path):
    target = tmp_path / "x.h5"
    target.write_text("precious")
    with pytest.raises(SimulationError, match="exists"):
        simulate("hsi", "--domain", "second", "--n", 10, "-o", target)
    assert target.read_text() == "precious"
