"""Simulating components and training on them, from the command line."""

import numpy as np
import pytest

from napari_udt.cli import main
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.models.components import load_components


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    parts = rng.random((3, 3, 4, 16, 16), dtype=np.float32)
    labels = rng.integers(0, 7, (3, 16, 16)).astype(np.int8)
    nm = np.array([700.0, 720.0, 740.0, 760.0])
    pictures = np.sqrt(np.square(parts).sum(axis=1))
    dataset = Dataset(
        pictures,
        labels,
        nm,
        tuple("abcdefg"),
        "PAT",
        "simulated",
        "simulated",
        1,
        parameters={"components": parts},
    )
    save_dataset(dataset, tmp_path / "parts.h5")
    return tmp_path / "parts.h5"


def test_a_network_is_trained_and_described(data, tmp_path, capsys):
    out = tmp_path / "net.safetensors"
    command = ["train", "pat_components", "-o", str(out), "--simulated", str(data), "--set", "steps=2"]
    assert main(command) == 0
    assert "held-out pictures, skin_in_vessels:" in capsys.readouterr().out
    _, record = load_components(out)
    assert (record["steps"], record["data"]["pictures"]) == (2, 2)
    assert main(command) != 0
    assert "exists; choose another file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "pat_components", "-o", "x"], "give the one file of `napari-udt simulate components`"),
        (["train", "pat_components", "-o", "x", "--target", "y"], "takes no --target"),
        (
            ["train", "pat_components", "-o", "x", "--simulated", "y", "--set", "a=1"],
            "expected steps=N or seed=N",
        ),
        (
            ["simulate", "components", "--n", "1", "-o", "x", "--domain", "second"],
            "knows the ideal device only",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) != 0
    assert words in capsys.readouterr().err
