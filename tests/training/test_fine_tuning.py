"""Training that begins with the weights of a model."""

import argparse
from dataclasses import replace

import pytest
import torch
from own_cubes import write_envi

from napari_udt.cli.train import add_arguments, run
from napari_udt.errors import TrainingError
from napari_udt.models import list_models, load_model
from napari_udt.training import train
from napari_udt.training.config import load_config
from napari_udt.training.fine_tuning import begun_with, obstacle
from napari_udt.training.run import begin

SPECS = {spec.name: spec for spec in list_models()}
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
steps = 4
batch_size = 16
evaluate_every = 4
held_out_samples = 32
gan_weight = 0
"""


@pytest.fixture(autouse=True)
def _own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))
    # Models are judged at the end by forests; how good these are is tested elsewhere.
    monkeypatch.setattr("napari_udt.evaluation.two_sample.TREES", 5)


@pytest.mark.parametrize(
    ("model", "method", "reason"),
    [
        ("hsi_cinn_dy", "hsi_cinn_dy", ""),
        ("hsi_unit_y", "hsi_unit", ""),
        ("pat_cinn_dy", "hsi_cinn_dy", "it is for PAT"),
        ("hsi_unit", "hsi_cinn_dy", "it is a unit, the method trains a cinn"),
        ("hsi_transport_dy", "hsi_transport_dy", "fitted in closed form to its own training data"),
        ("pat_flow_dy_closed_form", "pat_flow_dy", "fitted in closed form to its own training data"),
        ("hsi_cinn_dy", "hsi_transport_dy", "begins with a fit in closed form"),
    ],
)
def test_some_models_cannot_be_started_from(model, method, reason):
    found = obstacle(SPECS[model], load_config(method))
    assert reason in found
    assert bool(reason) == bool(found)
    if reason:
        with pytest.raises(TrainingError, match=f"cannot begin with {model}: .*; start without it"):
            begun_with(load_config(method), model)


def test_what_is_known_of_the_cubes_decides_too():
    spec, config = SPECS["hsi_cinn_dy"], load_config("hsi_cinn_dy")
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    assert obstacle(spec, config, (low, high), spec.class_names[1:]) == ""
    assert "the cubes have 500-700 nm" in obstacle(spec, config, (500, 700))
    assert obstacle(spec, config, (low, high), ["liver", "Fell"]) == "it does not know Fell"
    by_domain = SPECS["hsi_cinn_d"]
    assert obstacle(by_domain, load_config("hsi_cinn_d"), (low, high), ["Fell"]) == ""


def test_the_first_step_has_the_weights_and_the_normalisation_of_the_model(toy_config, tmp_path):
    parent = train(toy_config(), tmp_path / "parent")
    config = toy_config()
    data = replace(config.data, simulated=config.data.second, second=config.data.second)
    begun = begin(begun_with(replace(config, data=data), str(tmp_path / "parent")))
    own, others = parent.network.state_dict(), begun.trainer.network.state_dict()
    assert all(torch.equal(own[name], others[name]) for name in own)
    assert begun.model.spec.statistics == parent.spec.statistics
    assert begun.config.optimisation.learning_rate == pytest.approx(config.optimisation.learning_rate / 3)


def trained(tmp_path, name, simulated, target, *words):
    (tmp_path / "small.toml").write_text(CONFIG)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    given = [tmp_path / "small.toml", "-o", tmp_path / name, "--simulated", simulated, "--target", target]
    return run(parser.parse_args([str(word) for word in (*given, *words)]))


def test_own_cubes_fine_tune_a_model_that_its_card_names(tmp_path, capsys, few_trees):
    simulated, target = write_envi(tmp_path / "s.hdr", 0), write_envi(tmp_path / "t.hdr", 1, target=True)
    assert trained(tmp_path, "first", simulated, target) == 0
    swapped = write_envi(tmp_path / "u.hdr", 2, names=("Haut", "Haut"))
    assert trained(tmp_path, "second", swapped, target, "--from", "first") == 0
    assert "not in your cubes, and free to change: Leber" in capsys.readouterr().out
    first, second = load_model("first"), load_model("second")
    assert second.spec.class_names == first.spec.class_names == ("Leber", "Haut")
    assert second.spec.statistics == first.spec.statistics
    parent = second.spec.training["parent"]
    assert parent == {"name": "first", "weights_sha256": first.spec.weights_sha256}
    assert (
        f"weights of `first` (SHA-256 `{first.spec.weights_sha256[:16]}`)" in load_model("second").spec.card
    )
    assert str(tmp_path) not in second.spec.to_json()
    other = write_envi(tmp_path / "v.hdr", 3, names=("Leber", "Niere"))
    with pytest.raises(TrainingError, match="first does not know Niere; its classes are Leber, Haut"):
        trained(tmp_path, "third", other, target, "--from", "first")
    narrow = write_envi(tmp_path / "w.hdr", 3, wavelengths_nm=[520, 540, 560, 580])
    with pytest.raises(TrainingError, match="it needs 500-800 nm, the cubes have 520-580 nm"):
        trained(tmp_path, "third", narrow, target, "--from", "first")


def test_a_model_that_was_changed_in_between_is_noticed(toy_config, tmp_path):
    train(toy_config(), tmp_path / "parent")
    config = begun_with(toy_config(), str(tmp_path / "parent"))
    with pytest.raises(TrainingError, match="has other weights than when this training was prepared"):
        begin(replace(config, start_from_sha256="0" * 64))
    (tmp_path / "parent" / "model.json").unlink()
    with pytest.raises(TrainingError, match="begins with is gone"):
        begin(config)
