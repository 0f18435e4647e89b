"""Several processes do together what one does alone."""

import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.models import load_model
from napari_udt.training.loop import LOG, TrainingInterrupted
from napari_udt.training.objective import Batch
from napari_udt.training.processes import _reported, together
from napari_udt.training.progress import read_log
from napari_udt.training.run import train


def without_dropout(config, **optimisation):
    return replace(
        config,
        discriminator=replace(config.discriminator, dropout=0.0),
        optimisation=replace(config.optimisation, **optimisation),
    )


def test_two_processes_train_like_one_with_the_doubled_batch(toy_config, tmp_path):
    pytest.importorskip("lightning_fabric")
    config = toy_config(steps=4, evaluate_every=2, learning_rate=1e-3)
    two = train(without_dropout(config, batch_size=8), tmp_path / "two", devices=2)
    one = train(without_dropout(config, batch_size=16), tmp_path / "one")
    rows = {name: read_log(tmp_path / f"{name}.run" / LOG) for name in ("one", "two")}
    assert [row["step"] for row in rows["two"]] == [2, 4]
    for alone, shared in zip(rows["one"], rows["two"], strict=True):
        trained = [name for name in alone if not name.startswith(("held_out", "seconds"))]
        assert len(trained) == 7
        assert [shared[name] for name in trained] == pytest.approx(
            [alone[name] for name in trained], rel=1e-4
        )
    for name, value in one.network.state_dict().items():
        torch.testing.assert_close(two.network.state_dict()[name], value, rtol=1e-3, atol=1e-5)
    assert load_model(tmp_path / "two").spec.training["hardware"].startswith("2 x ")
    # what two processes began one does not go on with: its batches would be others
    (tmp_path / "two").rename(tmp_path / "kept")
    with pytest.raises(TrainingError, match="was started with other values of devices"):
        train(without_dropout(config, batch_size=8), tmp_path / "two", resume=True)


def test_parts_of_a_batch_are_disjoint_complete_and_of_both_domains():
    x = torch.arange(12.0)[:, None]
    batch = Batch(x, torch.arange(12), torch.arange(2.0).repeat_interleave(6), x, x + 1, [x + 2, x + 3])
    parts = [batch.part(index, 3) for index in range(3)]
    assert sorted(torch.cat([part.labels for part in parts]).tolist()) == list(range(12))
    for part in parts:
        assert part.domain.tolist() == [0, 0, 1, 1]
        assert torch.equal(part.own, part.x + 1)
        assert torch.equal(part.other[1], part.x + 3)


@pytest.mark.skipif(torch.cuda.device_count() >= 64, reason="there are that many cards")
def test_devices_that_are_not_there_are_named():
    pytest.importorskip("lightning_fabric")
    with pytest.raises(TrainingError, match=r"64 CUDA devices are needed, \d+ are present"):
        together(print, 64, "cuda")
    with pytest.raises(TrainingError, match="need cpu or cuda, not mps"):
        together(print, 2, "mps")


def test_a_complaint_goes_home_as_a_value_of_its_own_kind():
    def complain(processes, words):
        raise TrainingInterrupted(f"{words} from {processes.rank} of {processes.size}")

    fabric = SimpleNamespace(device="cpu", world_size=2, global_rank=1)
    answer = _reported(complain, ("greetings",), fabric)
    copy = pickle.loads(pickle.dumps(answer))
    assert type(copy) is TrainingInterrupted
    assert str(copy) == "greetings from 1 of 2"
    assert _reported(lambda processes: None, (), fabric) is None
