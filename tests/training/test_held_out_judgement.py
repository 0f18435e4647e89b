"""What a model is worth on the samples that its training held out, beside rows that learn nothing."""

from dataclasses import replace

import numpy as np
import pytest

from napari_udt.cli.train import _judge
from napari_udt.dataset import load_dataset, save_dataset
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.judgement import read_judgement
from napari_udt.models import load_model
from napari_udt.training import held_out_judgement, train
from napari_udt.training.held_out_judgement import judge_held_out, keep, lines_of


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_the_numbers_stand_beside_the_best_row_that_learns_nothing(
    toy_config, tmp_path, modality, monkeypatch
):
    monkeypatch.setattr(held_out_judgement, "default_baselines", lambda _: ("rescaled", "moments"))
    config = toy_config(modality, condition={"second_labels": "given"}, steps=4)
    config = replace(config, data=replace(config.data, held_out_fraction=0.4))
    model = train(config, tmp_path / "model")
    found = judge_held_out(config, model)
    keep(found, model.spec, tmp_path / "model")
    auc, means = found.numbers
    for number in found.numbers:
        assert number.better == "lower"
        assert number.baseline.value < number.simulated.value
    assert auc.target.value < 0.8
    assert means.target.value < means.simulated.value
    assert "held-out samples" in found.data
    assert read_judgement(tmp_path / "model", model.spec.weights_sha256) == found
    card = load_model(tmp_path / "model").spec.card
    assert "## Numbers" in card
    assert "| on held-out samples of its own training | the target's own | simulated |" in card
    assert "also chose the weights" in card
    assert len(lines_of(found)) == 2
    assert f"{found.baseline}, which learns nothing" in lines_of(found)[0]
    assert found.held_out == ("simulated", "target")


def test_without_classes_of_the_target_nothing_is_judged_and_the_model_stays(toy_config, tmp_path, capsys):
    config = toy_config()
    path = tmp_path / "HSI_second.h5"
    dataset = load_dataset(path)
    save_dataset(replace(dataset, labels=np.full_like(dataset.labels, -1)), path)
    model = train(config, tmp_path / "model")
    before = model.spec.card
    with pytest.raises(EvaluationError, match="name no structure"):
        judge_held_out(config, model)
    _judge(config, model, tmp_path / "model")
    assert "not judged: the target cubes name no structure" in capsys.readouterr().out
    assert load_model(tmp_path / "model").spec.card == before
