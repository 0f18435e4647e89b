"""Weights of a running training, handed out on request, and checkpoints between evaluations."""

import pytest
import torch

from napari_udt.models import load_model
from napari_udt.training import loop, preview, train
from napari_udt.training.progress import PREVIEW, WANTED
from napari_udt.training.trainer import Trainer


@pytest.fixture
def at_step(monkeypatch):
    """Call a function after a step of the training, once it is done."""

    def make(action):
        step = Trainer.step

        def stepped(self):
            losses = step(self)
            action(self)
            return losses

        monkeypatch.setattr(Trainer, "step", stepped)

    return make


def same_weights(a, b):
    first, second = a.network.state_dict(), b.network.state_dict()
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_looking_at_the_weights_does_not_change_the_run(toy_config, tmp_path, at_step, monkeypatch, decay):
    config = toy_config(weight_average=decay)
    plain = train(config, tmp_path / "plain")
    assert not (tmp_path / "plain.run" / PREVIEW).exists()
    folder, averages = tmp_path / "seen.run", []

    def ask(trainer):
        with trainer.average.in_place():
            averages.append(torch.cat([p.detach().flatten() for p in trainer.network.parameters()]))
        folder.mkdir(exist_ok=True)
        (folder / WANTED).touch()

    monkeypatch.setattr(preview, "_LEAST_WAIT_S", 0)
    monkeypatch.setattr(preview, "_MOST_SHARE", 1e9)
    at_step(ask)
    seen = train(config, tmp_path / "seen")
    assert same_weights(plain, seen)
    shown = load_model(folder / PREVIEW)
    assert shown.spec.training == {"step": 8}
    assert not (folder / WANTED).exists()
    assert torch.equal(torch.cat([p.flatten() for p in shown.network.parameters()]), averages[-1])


def test_weights_are_written_no_oftener_than_allowed(toy_config, tmp_path, at_step):
    folder = tmp_path / "seen.run"
    at_step(lambda trainer: (folder.mkdir(exist_ok=True), (folder / WANTED).touch()))
    train(toy_config(), tmp_path / "seen")
    assert load_model(folder / PREVIEW).spec.training == {"step": 1}


def test_a_run_that_crashes_between_evaluations_goes_on_from_a_checkpoint_of_its_own(
    toy_config, tmp_path, at_step, monkeypatch
):
    config = toy_config(steps=12, evaluate_every=12)
    whole = train(config, tmp_path / "whole")
    monkeypatch.setattr(loop, "_SAVE_EVERY_S", -1.0)
    monkeypatch.setattr(loop, "_MOST_SHARE", 1e9)

    class Crash(BaseException):
        pass

    def crash(trainer):
        if trainer.steps_done == 7:
            raise Crash

    with monkeypatch.context():
        at_step(crash)
        with pytest.raises(Crash):
            train(config, tmp_path / "halves")
    monkeypatch.undo()
    torch.manual_seed(99)
    assert same_weights(whole, train(config, tmp_path / "halves", resume=True))
