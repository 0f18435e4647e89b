from dataclasses import replace

import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.models import build_network
from napari_udt.models.conditions import Conditions
from napari_udt.training.domains import load_domain
from napari_udt.training.run import make_spec
from napari_udt.training.trainer import DOMAINS, Trainer, cosine_share


def make_trainer(config):
    data = {domain: load_domain(config, domain) for domain in DOMAINS}
    spec = make_spec(config, data)
    torch.manual_seed(config.seed)
    return Trainer(
        config,
        build_network(spec),
        Conditions.of(spec),
        {domain: data[domain].training for domain in DOMAINS},
    ), {domain: data[domain].held_out for domain in DOMAINS}


def copies(module):
    return [parameter.detach().clone() for parameter in module.parameters()]


def changed(module, before):
    return [not torch.equal(new, old) for new, old in zip(module.parameters(), before, strict=True)]


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_the_two_optimisers_own_disjoint_parameters_that_are_all_trained(toy_config, modality):
    trainer, _ = make_trainer(toy_config(modality))
    owned = [
        {id(p) for group in optimiser.param_groups for p in group["params"]}
        for optimiser in (trainer.optimiser, trainer.discriminator_optimiser)
    ]
    assert not owned[0] & owned[1]
    before = copies(trainer.network), copies(trainer.discriminators)
    for _ in range(3):
        trainer.step()
    assert all(changed(trainer.network, before[0]))
    assert all(changed(trainer.discriminators, before[1]))


@pytest.mark.parametrize("frozen", ["discriminators", "network"])
def test_a_step_of_one_side_never_moves_the_other(toy_config, frozen):
    rates = {"learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
    rates["discriminator_learning_rate" if frozen == "discriminators" else "learning_rate"] = 1e-300
    trainer, _ = make_trainer(toy_config(**rates))
    before = copies(getattr(trainer, frozen))
    for _ in range(3):
        trainer.step()
    assert not any(changed(getattr(trainer, frozen), before))


def test_the_network_learns_nothing_from_the_discriminators_loss(toy_config):
    """Gradients of the network after a step are those of equation (4) alone."""
    config = toy_config(gan_weight=0.5)
    trainer, _ = make_trainer(config)
    captured = []
    update = trainer._update

    def spy(optimiser, loss, parameters):
        captured.append(loss)
        update(optimiser, loss, parameters)

    trainer._update = spy
    losses = trainer.step()
    generator = losses["generator_simulated"] + losses["generator_second"]
    assert captured[0].item() == pytest.approx(
        losses["ml_simulated"] + losses["ml_second"] + 0.5 * generator, rel=1e-5
    )
    assert captured[1].item() == pytest.approx(
        losses["discriminator_simulated"] + losses["discriminator_second"], rel=1e-5
    )


def test_without_adversarial_weight_there_are_no_discriminators(toy_config):
    trainer, _ = make_trainer(toy_config(gan_weight=0.0))
    assert set(trainer.step()) == {"ml_simulated", "ml_second"}
    assert not list(trainer.discriminators.parameters())


def test_proxies_keep_the_second_domains_classes_from_training(toy_config):
    for second_labels, seen in (("proxy", [-1]), ("given", [0, 1, 2])):
        trainer, _ = make_trainer(toy_config(condition={"second_labels": second_labels}))
        batch = trainer.batch(trainer.samples, 50)
        labels, domain = batch.labels, batch.domain
        assert labels[domain == 1].unique().tolist() == seen
        assert labels[domain == 0].unique().tolist() == [0, 1, 2]


def test_encoding_and_decoding_share_one_class_condition(toy_config):
    trainer, _ = make_trainer(toy_config())
    seen = []
    trainer.network.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[1]))
    inverse = trainer.network.inverse

    def spy(z, condition):
        seen.append(condition)
        return inverse(z, condition)

    trainer.network.inverse = spy
    trainer.step()
    encoded, decoded = seen
    assert torch.equal(encoded[:, 2:], decoded[:, 2:])
    own, other = encoded[:, :2], decoded[:, :2]
    assert torch.equal(own.argmax(dim=1), 1 - other.argmax(dim=1))


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_looking_at_held_out_samples_does_not_disturb_the_training(toy_config, modality):
    watched, held_out = make_trainer(toy_config(modality))
    first = watched.held_out_losses(held_out)
    assert watched.held_out_losses(held_out) == first
    with_looks = [(watched.held_out_losses(held_out), watched.step())[1] for _ in range(3)]
    unwatched, _ = make_trainer(toy_config(modality))
    assert with_looks == [unwatched.step() for _ in range(3)]


def test_a_loss_that_is_not_finite_stops_before_anything_changes(toy_config):
    trainer, _ = make_trainer(toy_config())
    trainer.step()
    trainer.samples = {
        **trainer.samples,
        "second": replace(trainer.samples["second"], values=trainer.samples["second"].values * torch.nan),
    }
    before = copies(trainer.network), copies(trainer.discriminators)
    with pytest.raises(TrainingError, match=r"toy: the loss ml_second was not a finite number in step 2;"):
        trainer.step()
    assert not any(changed(trainer.network, before[0]) + changed(trainer.discriminators, before[1]))
    assert trainer.steps_done == 1


def test_the_learning_rate_is_a_half_cosine_of_the_step():
    assert [cosine_share(step, 100) for step in (0, 50, 100)] == pytest.approx([1, 0.5, 0])
    assert cosine_share(25, 100) == pytest.approx((1 + 2**-0.5) / 2)
