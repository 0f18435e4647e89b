import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.training.checkpoint import load_checkpoint, require_same_run, save_checkpoint
from napari_udt.training.config import load_config


def test_a_checkpoint_comes_back_without_unpickling(tmp_path):
    state = {"weights": {"a": torch.randn(3)}, "step": 7, "best": 0.5, "list": [torch.ones(2)], "name": "x"}
    save_checkpoint(state, tmp_path / "run" / "checkpoint.pt")
    found = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert torch.equal(found["weights"]["a"], state["weights"]["a"])
    assert (found["step"], found["best"], found["name"]) == (7, 0.5, "x")


def test_a_missing_damaged_or_foreign_checkpoint_is_named(tmp_path):
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(TrainingError, match=r"checkpoint\.pt: there is no checkpoint.*without --resume"):
        load_checkpoint(path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(TrainingError, match=r"checkpoint\.pt: the checkpoint cannot be read"):
        load_checkpoint(path)
    torch.save({"weights": torch.ones(1)}, path)
    with pytest.raises(TrainingError, match=r"checkpoint\.pt: not a checkpoint of this version"):
        load_checkpoint(path)


def test_settings_that_came_later_are_no_other_values_while_they_have_their_defaults(tmp_path):
    now = load_config("hsi_unit_y", simulated="a.h5", second="b.h5").as_dict()
    then = {key: value for key, value in now.items() if not key.startswith("start_from")}
    then["discriminator"] = {k: v for k, v in now["discriminator"].items() if k != "spectral_norm"}
    state = {"config": then, "data": {}}
    require_same_run(state, now, {}, tmp_path)
    changed = {"start_from": "other", "discriminator": now["discriminator"] | {"spectral_norm": True}}
    with pytest.raises(TrainingError, match=r"other values of discriminator\.spectral_norm, start_from;"):
        require_same_run(state, now | changed, {}, tmp_path)


def test_another_configuration_or_other_data_are_not_resumed_with(tmp_path):
    path = tmp_path / "checkpoint.pt"
    config = {"seed": 1, "data": {"noise": 0.1, "simulated": "a.h5"}}
    state = {"config": config, "data": {"simulated": "11", "second": "22"}}
    moved = {"seed": 1, "data": {"noise": 0.1, "simulated": "elsewhere/a.h5"}}
    require_same_run(state, moved, {"simulated": "11", "second": "22"}, path)
    with pytest.raises(TrainingError, match=r"other values of data\.noise, seed, the second data;"):
        require_same_run(
            state,
            {"seed": 2, "data": {"noise": 0.2, "simulated": "a.h5"}},
            {"simulated": "11", "second": "33"},
            path,
        )
