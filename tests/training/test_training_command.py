import argparse
import signal

import pytest

from napari_udt.cli.train import INTERRUPTED, add_arguments, run
from napari_udt.errors import TrainingError
from napari_udt.models import load_model
from napari_udt.training.trainer import Trainer

CONFIG = """
name = "toy"
title = "Toy"
modality = "HSI"
[data]
simulated = "elsewhere.h5"
second = "elsewhere.h5"
[architecture]
blocks = 2
conditional_blocks = 2
width = 8
[optimisation]
steps = 4
batch_size = 8
evaluate_every = 2
"""


def arguments(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_the_command_trains_on_the_files_that_are_given(toy_files, tmp_path, capsys):
    (tmp_path / "toy.toml").write_text(CONFIG)
    paths = toy_files()
    files = ["--simulated", paths["simulated"], "--second", paths["second"]]
    assert run(arguments(tmp_path / "toy.toml", "-o", tmp_path / "model", *files)) == 0
    assert load_model(tmp_path / "model").spec.class_names == ("liver", "skin", "fat")
    assert "the model is written" in capsys.readouterr().out


def test_ctrl_c_ends_the_command_as_shells_expect_and_it_can_be_resumed(
    toy_files, tmp_path, capsys, monkeypatch
):
    (tmp_path / "toy.toml").write_text(CONFIG)
    paths = toy_files()
    words = [tmp_path / "toy.toml", "-o", tmp_path / "model", "--simulated", paths["simulated"]]
    words += ["--second", paths["second"]]
    step = Trainer.step

    def pressed(self):
        losses = step(self)
        if self.steps_done == 3:
            signal.raise_signal(signal.SIGINT)
        return losses

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", pressed)
        assert run(arguments(*words)) == INTERRUPTED
    assert "--resume" in capsys.readouterr().out
    assert run(arguments(*words, "--resume")) == 0
    assert load_model(tmp_path / "model").spec.training["steps"] == 4


def test_a_wrong_configuration_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "toy.toml").write_text(CONFIG.replace("steps = 4", "steps = -4"))
    with pytest.raises(TrainingError, match=r"optimisation\.steps is -4"):
        run(arguments(tmp_path / "toy.toml", "-o", tmp_path / "model"))
    assert not (tmp_path / "model").exists()
