"""What teaches a generator of pictures from labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_udt.dataset import load_dataset
from napari_udt.errors import TrainingError
from napari_udt.evaluation.label_recovery import Segmenter
from napari_udt.training import train
from napari_udt.training.config import LabelToImageConfig, TermsConfig, load_config
from napari_udt.training.label_judges import PictureDiscriminator, class_weights, segmentation_loss
from napari_udt.training.label_to_image import _penalty
from napari_udt.training.run import begin

PATHS = {"simulated": "s.h5", "second": "t.h5"}


def test_every_class_weighs_as_much_as_all_its_pixels_are_few():
    labels = torch.tensor([[[0, 0, 0, 0, 0, 0, 1, 1], [2, -1, -1, -1, 0, 0, 0, 0]]])
    weights = class_weights(labels, 4)
    assert weights.tolist() == pytest.approx([13 / 10, 13 / 2, 13, 0])
    logits = torch.randn(1, 4, 2, 8)
    known = labels >= 0
    every = functional.cross_entropy(logits, labels.clamp_min(0), reduction="none")[known]
    wanted = (every * weights[labels[known]]).sum() / known.sum()
    assert segmentation_loss(logits, labels, weights).item() == pytest.approx(wanted.item())
    rare = torch.zeros(1, 100, 100, dtype=torch.long)
    rare[0, 0, 0] = 1
    assert class_weights(rare, 2)[1] == pytest.approx(50 * class_weights(rare, 2)[0].item())


def test_the_penalty_is_the_squared_gradient_of_a_pictures_score():
    x = torch.randn(3, 2, 4, 4, requires_grad=True)
    slope = torch.randn(2, 4, 4)
    scores = (x * slope).sum(dim=(1, 2, 3))[:, None]
    assert _penalty(scores, x).item() == pytest.approx(slope.square().sum().item(), rel=1e-5)


@pytest.mark.parametrize("wavelets", [True, False])
def test_a_discriminator_learns_what_differs_in_fine_detail_alone(wavelets):
    torch.manual_seed(0)
    judge = PictureDiscriminator(2, (8, 8), wavelets=wavelets, reconstructs=True)
    optimiser = torch.optim.Adam(judge.parameters(), 1e-2)
    error = []
    for _ in range(60):
        smooth = functional.interpolate(torch.randn(6, 2, 4, 4), size=(16, 16), mode="bilinear")
        real, made = smooth + 0.5 * torch.randn(6, 2, 16, 16), smooth
        features = judge.features(real)
        loss = (
            functional.softplus(-judge.scores(features[-1])).mean() + functional.softplus(judge(made)).mean()
        )
        error.append(functional.l1_loss(judge.reconstruction(features), real))
        optimiser.zero_grad()
        (loss + error[-1]).backward()
        optimiser.step()
    assert (judge(real).mean(dim=(1, 2, 3)) > judge(made).mean(dim=(1, 2, 3))).all()
    assert error[-1] < 0.8 * error[0]


@pytest.mark.parametrize("judge", ["picture", "segmentation"])
def test_labels_can_be_read_from_what_is_made_by_who_knows_the_target_alone(toy_config, tmp_path, judge):
    config = toy_config(
        "PAT", {"second_labels": "given"}, "label_to_image", steps=12, evaluate_every=6, momentum=0.0
    )
    section = replace(
        config.label_to_image, discriminator=judge, reconstruction_weight=float(judge == "picture")
    )
    config = replace(config, label_to_image=section, terms=TermsConfig(moments_weight=0.1))
    model = train(config, tmp_path / "toy")
    target, simulated = (load_dataset(getattr(config.data, domain)) for domain in ("second", "simulated"))
    segmenter = Segmenter(target.samples, target.labels, target.class_names)
    made = model.denormalise(model.generate(simulated.labels).numpy(), "real")
    noise = np.random.default_rng(0).standard_normal(made.shape).astype(np.float32)
    recovered = {
        name: segmenter.recovery(pictures, simulated.labels, np.random.default_rng(0)).mean
        for name, pictures in (("made", made), ("simulated", simulated.samples), ("noise", np.abs(noise)))
    }
    assert recovered["made"] > 0.9
    assert recovered["made"] > max(recovered["simulated"], recovered["noise"])
    assert "generated from labels" in model.spec.card
    assert "know no\n  oxygenation" in model.spec.card


def test_the_segmenter_never_sees_the_target(toy_config):
    config = toy_config("PAT", None, "label_to_image")
    begun = begin(config)
    trainer = begun.trainer
    batch = trainer.batch(trainer.samples, 2)
    judges = dict(trainer.discriminators.items())
    _, fakes = trainer.objective(batch)
    losses = trainer.objective.discriminator_losses(judges, batch, fakes, 0)
    real = torch.cat((batch.x.chunk(2)[0], batch.x.chunk(2)[1] + 3))
    other = trainer.objective.discriminator_losses(judges, replace(batch, x=real), fakes, 0)
    assert torch.equal(losses["segmenter_second"], other["segmenter_second"])
    assert not torch.equal(losses["discriminator_second"], other["discriminator_second"])
    assert losses["r1_second"] > 0
    assert trainer.objective.discriminator_losses(judges, batch, fakes, 1)["r1_second"] == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["modality=HSI", "data.intensity=linear"], "repeats its class"),
        (["terms.content_weight=1"], "keeps what a picture's source shows"),
        (
            ["label_to_image.discriminator=segmentation", "condition.second_labels=proxy"],
            "learns from the target's labels",
        ),
        (["data.crop=[128, 60]"], "multiples of 32"),
        (["optimisation.gan_weight=0"], "gan_weight above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(TrainingError, match=words):
        load_config("pat_med_usis", settings, **PATHS)
    assert load_config("pat_med_usis", **PATHS).label_to_image == LabelToImageConfig(
        widths=(24, 32, 48, 48, 64)
    )
