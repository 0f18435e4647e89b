import errno
import json
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from write_faults import faults

from napari_udt.cube import SpectralCube
from napari_udt.dataset import load_dataset, save_dataset
from napari_udt.errors import TrainingError
from napari_udt.files.write_errors import WriteError
from napari_udt.inference import transfer
from napari_udt.models import load_model
from napari_udt.training import run, train
from napari_udt.training.config import TermsConfig
from napari_udt.training.domains import load_domain
from napari_udt.training.loop import CHECKPOINT, LOG, TrainingInterrupted, TrainingLoop
from napari_udt.training.progress import read_log
from napari_udt.training.trainer import Trainer


def weights(model):
    return model.network.state_dict()


def assert_same_weights(first, second):
    assert weights(first).keys() == weights(second).keys()
    assert all(torch.equal(weights(first)[name], weights(second)[name]) for name in weights(first))


def interrupt_after(monkeypatch, steps):
    """Press Ctrl-C during a step."""
    step = Trainer.step

    def pressed(self):
        losses = step(self)
        if self.steps_done == steps:
            signal.raise_signal(signal.SIGINT)
        return losses

    monkeypatch.setattr(Trainer, "step", pressed)


@pytest.mark.parametrize(
    ("modality", "method"),
    [
        *((modality, method) for modality in ("HSI", "PAT") for method in ("cinn", "unit", "cyclegan")),
        ("HSI", "flow_matching"),
        ("HSI", "syndiff"),
        ("PAT", "dicyclegan"),
        ("PAT", "region"),
        ("PAT", "label_to_image"),
    ],
)
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    toy_config, tmp_path, monkeypatch, modality, method
):
    config = toy_config(modality, method=method)
    terms = TermsConfig(
        content_weight=float(modality == "HSI"), content_batches=3, moments_weight=1.0, moments_memory=0.9
    )
    data = replace(config.data, noise_in_transfer=modality == "PAT")
    config = replace(config, terms=terms, data=data)
    whole = train(config, tmp_path / "whole")
    with monkeypatch.context() as patch:
        interrupt_after(patch, 5)
        with pytest.raises(TrainingInterrupted, match=r"stopped after step 5 .* go on with --resume"):
            train(config, tmp_path / "halves")
    assert not (tmp_path / "halves").exists()
    torch.manual_seed(99)  # a new process has another generator state
    resumed = train(config, tmp_path / "halves", resume=True)
    assert_same_weights(whole, resumed)
    logs = [read_log(tmp_path / f"{name}.run" / LOG) for name in ("whole", "halves")]
    assert [row["step"] for row in logs[1]] == [4, 8]
    held_out = [name for name in logs[0][1] if name.startswith("held_out")]
    assert held_out
    assert all(logs[0][1][name] == logs[1][1][name] for name in held_out)


def test_the_transfer_error_of_two_gaussians_falls_and_the_record_says_so(toy_config, tmp_path):
    config = toy_config(
        condition={"second_labels": "given"},
        steps=300,
        batch_size=64,
        learning_rate=1e-2,
        evaluate_every=100,
    )
    config = replace(config, data=replace(config.data, noise=0.05))
    model = train(config, tmp_path / "toy")
    metrics = model.spec.training["metrics"]
    rms = metrics["class_mean_relative_rms"]
    assert set(rms["after"]) == {"liver", "skin", "fat"}
    for name, before in rms["before"].items():
        assert before > 0.15
        assert rms["after"][name] < before / 3
    assert max(metrics["round_trip_max_error"].values()) < 1e-3
    held_out = [row["held_out_second"] for row in read_log(tmp_path / "toy.run" / LOG)]
    assert held_out[-1] < held_out[0]


def test_the_model_folder_holds_what_was_trained_with_record_and_card(toy_config, tmp_path):
    config = replace(toy_config(), notes="Knows no bones.")
    trained = train(config, tmp_path / "toy")
    loaded = load_model(tmp_path / "toy")
    assert_same_weights(trained, loaded)
    assert loaded.spec.target == "digital device"
    facts = json.loads((tmp_path / "toy" / "model.json").read_text())["training"]
    assert facts["data"]["second"] | {"seed": 1, "samples": 600, "held_out": 60} == facts["data"]["second"]
    assert len(facts["data"]["simulated"]["sha256"]) == 64
    assert facts["steps"] == 8
    card = loaded.spec.card
    for words in (
        "Research use only",
        "can hallucinate",
        "not** used in training",
        "MIT",
        "digital device",
        "Knows no bones.",
    ):
        assert words in card
    for name, before in facts["metrics"]["class_mean_relative_rms"]["before"].items():
        assert f"| {name} | {100 * before:.1f} % |" in card
    rms = facts["metrics"]["class_mean_relative_rms"]
    for name, after in rms["after"].items():
        moved_away = any(name in line for line in card.splitlines() if line.startswith("Moved **away**"))
        assert moved_away == (after > rms["before"][name])
    assert str(tmp_path) not in card + json.dumps(facts)


def test_the_best_weights_are_kept_and_training_stops_early(toy_config, tmp_path):
    config = toy_config(
        steps=400, learning_rate=0.5, gradient_clip=100.0, patience=2, evaluate_every=1, gan_weight=0.0
    )
    model = train(config, tmp_path / "toy")
    rows = read_log(tmp_path / "toy.run" / LOG)
    losses = [row["held_out_simulated"] + row["held_out_second"] for row in rows]
    best = int(np.argmin(losses))
    assert model.spec.training["best_step"] == best + 1
    assert len(rows) == best + 3 < 400
    kept = model.spec.training["metrics"]["ml_per_dimension"]
    assert kept["held_out_second"] == pytest.approx(rows[best]["held_out_second"], rel=1e-4)


def test_a_loss_that_is_not_finite_leaves_the_last_good_checkpoint(toy_config, tmp_path, monkeypatch):
    step = Trainer.step

    def breaking(self):
        if self.steps_done == 6:
            self.samples["second"].values.fill_(torch.nan)
        return step(self)

    monkeypatch.setattr(Trainer, "step", breaking)
    with pytest.raises(TrainingError, match=r"not a finite number in step 7"):
        train(toy_config(), tmp_path / "toy")
    state = torch.load(tmp_path / "toy.run" / CHECKPOINT, weights_only=True)
    assert state["trainer"]["steps_done"] == 4
    assert all(bool(value.isfinite().all()) for value in state["trainer"]["network"].values())
    assert not (tmp_path / "toy").exists()


def test_runs_and_models_are_never_written_over(toy_config, tmp_path, monkeypatch):
    config = toy_config()
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        with pytest.raises(TrainingInterrupted):
            train(config, tmp_path / "toy")
    with pytest.raises(TrainingError, match=r"checkpoint\.pt: a run was begun here; go on with --resume"):
        train(config, tmp_path / "toy")
    with pytest.raises(TrainingError, match=r"other values of seed;"):
        train(replace(config, seed=6), tmp_path / "toy", resume=True)
    train(config, str(tmp_path / "toy"), resume=True)
    with pytest.raises(TrainingError, match=r"toy: exists and is not empty; choose another folder"):
        train(config, str(tmp_path / "toy"), resume=True)


def test_data_that_do_not_fit_are_named(toy_config, toy_files, tmp_path):
    config = toy_config()
    with pytest.raises(TrainingError, match=r"gone\.h5: the second data set is missing; .*--second"):
        train(replace(config, data=replace(config.data, second="gone.h5")), tmp_path / "toy")
    with pytest.raises(TrainingError, match=r"PAT_second\.h5: holds PAT data; expected HSI"):
        train(
            replace(config, data=replace(config.data, second=toy_files("PAT", 4)["second"])), tmp_path / "toy"
        )
    other = load_dataset(config.data.second)
    save_dataset(replace(other, class_names=("skin", "liver", "fat")), tmp_path / "shuffled.h5")
    with pytest.raises(TrainingError, match=r"shuffled\.h5: its classes \(skin, liver, fat\) differ"):
        train(
            replace(config, data=replace(config.data, second=str(tmp_path / "shuffled.h5"))), tmp_path / "toy"
        )
    save_dataset(replace(other, wavelengths_nm=other.wavelengths_nm + 5), tmp_path / "shifted.h5")
    with pytest.raises(TrainingError, match=r"shifted\.h5: its wavelengths differ"):
        train(
            replace(config, data=replace(config.data, second=str(tmp_path / "shifted.h5"))), tmp_path / "toy"
        )


@pytest.mark.parametrize(
    ("modality", "method", "condition"),
    [
        ("HSI", "unit", "class"),
        ("HSI", "cyclegan", "none"),
        ("HSI", "residual", "class"),
        ("HSI", "flow_matching", "class"),
        ("HSI", "bridge", "class"),
        ("HSI", "syndiff", "class"),
        ("PAT", "syndiff", "class"),
        ("PAT", "dicyclegan", "class"),
        ("PAT", "unit", "class"),
        ("PAT", "cyclegan", "none"),
        ("PAT", "residual", "class"),
        ("PAT", "region", "class"),
        ("PAT", "residual unit", "class"),
        ("PAT", "label_to_image", "class"),
    ],
)
def test_models_that_are_no_cinn_load_and_transfer_like_any_model(
    toy_config, tmp_path, modality, method, condition
):
    config = toy_config(modality, method=method, condition={"on": condition})
    trained = train(config, tmp_path / "toy")
    loaded = load_model(tmp_path / "toy")
    assert_same_weights(trained, loaded)
    assert (loaded.spec.kind, loaded.spec.condition) == (config.method, condition)
    dataset = load_dataset(config.data.simulated)
    # spectra in a row of pixels, or one image with the channels last
    data = dataset.samples[None, :6] if modality == "HSI" else np.moveaxis(dataset.samples[0], 0, -1)
    labels = dataset.labels[None, :6] if modality == "HSI" else dataset.labels[0]
    cube = SpectralCube(
        data=data,
        wavelengths_nm=dataset.wavelengths_nm,
        modality=modality,
        domain="simulated",
        name="toy",
        labels=labels + 1,
        label_names={index + 1: name for index, name in enumerate(dataset.class_names)},
    )
    moved = transfer(cube, loaded, device="cpu")
    x = dataset.samples[:6] if modality == "HSI" else dataset.samples[:1]
    classes = dataset.labels[:6] if modality == "HSI" else dataset.labels[:1]
    normalised = loaded.normalise(x, "simulated")
    expected = loaded.denormalise(loaded.translate(normalised, "simulated", "real", classes), "real")
    if modality == "HSI":
        expected = (expected * np.linalg.norm(x, axis=1, keepdims=True))[None]
    else:
        expected = np.moveaxis(expected[0], 0, -1)
    np.testing.assert_allclose(moved.data, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["unit", "cyclegan"])
def test_the_card_of_an_auto_encoder_speaks_of_cycles_and_of_no_likelihood(toy_config, tmp_path, method):
    model = train(toy_config(method=method, condition={"on": "none"}), tmp_path / "toy")
    metrics = model.spec.training["metrics"]
    assert "ml_per_dimension" not in metrics
    x = load_dataset(toy_config().data.simulated)
    held_out = load_domain(toy_config(method=method), "simulated").held_out_index
    normalised = model.normalise(x.samples[held_out], "simulated")
    back = model.translate(model.translate(normalised, "simulated", "real"), "real", "simulated")
    error = float(np.sqrt(np.mean((back - normalised) ** 2)))
    assert metrics["cycle_rms_error"]["simulated"] == pytest.approx(error, rel=1e-4)
    card = model.spec.card
    assert f"{error:.3f} (simulated)" in card
    assert "Not invertible" in card
    for wrong in (
        "log-likelihood per dimension",
        "round-trip error",
        "condition_spread",
        "Conditional invertible",
    ):
        assert wrong not in card


def test_the_card_says_what_was_left_out_and_shows_its_numbers(toy_config, tmp_path):
    config = toy_config(condition={"second_labels": "given"})
    model = train(replace(config, data=replace(config.data, leave_out=("skin",))), tmp_path / "toy")
    assert "**Left out** of the target in training: skin." in model.spec.card
    assert "skin" in model.spec.training["metrics"]["class_mean_relative_rms"]["after"]


def test_compressed_intensities_are_trained_on_carried_and_named(toy_config, tmp_path):
    config = toy_config("PAT")
    config = replace(config, data=replace(config.data, intensity="asinh"))
    data = load_domain(config, "second")
    raw = data.dataset.samples
    kept = np.setdiff1d(np.arange(len(raw)), data.held_out_index)
    assert data.intensity_scale == pytest.approx(float(np.median(np.abs(raw[kept]))))
    model = load_model(train(config, tmp_path / "toy") and tmp_path / "toy")
    assert model.spec.intensity_scales["real"] == data.intensity_scale
    np.testing.assert_allclose(model.normalise(raw[kept], "real"), data.training.values.numpy(), atol=1e-5)
    assert f"{data.intensity_scale:.3g} (real)" in model.spec.card


def test_a_folder_that_cannot_be_written_is_refused_before_data_are_read(toy_config, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "load_domain", lambda *_: pytest.fail("data were read first"))
    config = toy_config("HSI")
    for at in (1, 2):
        with (
            faults(tmp_path / "models", errno.EROFS, at) as state,
            pytest.raises(WriteError, match=r"models/new: .* read-only"),
        ):
            train(config, tmp_path / "models" / "new")
        assert state.raised


def test_a_disk_without_room_for_the_checkpoints_is_refused_before_training(
    toy_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(run, "free_bytes", lambda _: 1000)
    monkeypatch.setattr(Trainer, "step", lambda _: pytest.fail("training began first"))
    with pytest.raises(TrainingError, match=r"new\.run: the checkpoints .* need about .*, 1\.0 kB are free"):
        train(toy_config("HSI"), tmp_path / "new")
    assert not (tmp_path / "new.run").exists()


def test_the_estimated_room_is_what_checkpoints_take(toy_config, tmp_path, monkeypatch):
    needed = []
    estimate = TrainingLoop.bytes_to_write
    monkeypatch.setattr(
        TrainingLoop, "bytes_to_write", lambda loop: needed.append(estimate(loop)) or needed[-1]
    )
    train(toy_config("HSI"), tmp_path / "new")
    size = (tmp_path / "new.run" / CHECKPOINT).stat().st_size
    assert needed[0] * 0.4 < size < needed[0] * 2  # small networks: half of a checkpoint are names
