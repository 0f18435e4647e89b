from dataclasses import replace

import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.models import build_network
from napari_udt.training.domains import load_domain
from napari_udt.training.objective import DOMAINS
from napari_udt.training.run import make_spec, training_conditions
from napari_udt.training.trainer import Trainer, cosine_share

FAMILIES = ["cinn", "unit", "cyclegan"]


def make_trainer(config):
    data = {domain: load_domain(config, domain) for domain in DOMAINS}
    spec = make_spec(config, data)
    torch.manual_seed(config.seed)
    return Trainer(
        config,
        build_network(spec),
        training_conditions(config, spec),
        {domain: data[domain].training for domain in DOMAINS},
    ), {domain: data[domain].held_out for domain in DOMAINS}


def copies(module):
    return [parameter.detach().clone() for parameter in module.parameters()]


def changed(module, before):
    return [not torch.equal(new, old) for new, old in zip(module.parameters(), before, strict=True)]


@pytest.mark.parametrize("method", FAMILIES)
@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_the_two_optimisers_own_disjoint_parameters_that_are_all_trained(toy_config, modality, method):
    trainer, _ = make_trainer(toy_config(modality, method=method))
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


@pytest.mark.parametrize("method", FAMILIES)
@pytest.mark.parametrize("frozen", ["discriminators", "network"])
def test_a_step_of_one_side_never_moves_the_other(toy_config, frozen, method):
    rates = {"learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
    rates["discriminator_learning_rate" if frozen == "discriminators" else "learning_rate"] = 1e-300
    trainer, _ = make_trainer(toy_config(method=method, **rates))
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


@pytest.mark.parametrize("single", [True, False])
def test_a_step_takes_one_thread_only_where_the_configuration_says_so(toy_config, monkeypatch, single):
    trainer, _ = make_trainer(toy_config(single_thread=single))
    draw, seen = trainer.batch, []

    def watched(*given):
        seen.append(torch.get_num_threads())
        return draw(*given)

    monkeypatch.setattr(trainer, "batch", watched)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        trainer.step()
        assert (seen, torch.get_num_threads()) == ([1 if single else 2], 2)
    finally:
        torch.set_num_threads(before)


def test_without_adversarial_weight_there_are_no_discriminators(toy_config):
    trainer, _ = make_trainer(toy_config(gan_weight=0.0))
    assert set(trainer.step()) == {"ml_simulated", "ml_second"}
    assert not list(trainer.discriminators.parameters())


def test_proxies_keep_the_target_domain_classes_from_training(toy_config):
    for second_labels, seen in (("proxy", [-1]), ("given", [0, 1, 2])):
        trainer, _ = make_trainer(toy_config(condition={"second_labels": second_labels}))
        batch = trainer.batch(trainer.samples, 50)
        labels, domain = batch.labels, batch.domain
        assert labels[domain == 1].unique().tolist() == seen
        assert labels[domain == 0].unique().tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", ["unit", "cyclegan"])
def test_an_auto_encoders_step_minimises_its_weighted_losses(toy_config, method):
    trainer, _ = make_trainer(toy_config(method=method, gan_weight=3.0))
    captured = []
    update = trainer._update
    trainer._update = lambda optimiser, loss, own: (captured.append(loss), update(optimiser, loss, own))
    losses = trainer.step()
    weights = {"generator": 3, "cycle": 10, "reconstruction": 10, "prior": 0.05, "cycle_prior": 0.05}
    mine = {name: value for name, value in losses.items() if not name.startswith("discriminator")}
    expected = sum(weights[name.rpartition("_")[0]] * value for name, value in mine.items())
    assert captured[0].item() == pytest.approx(expected, rel=1e-5)
    assert len(mine) == {"unit": 10, "cyclegan": 4}[method]


@pytest.mark.parametrize("second_labels", ["given", "proxy"])
def test_a_class_that_is_left_out_is_never_seen_under_the_target_domain(toy_config, second_labels):
    config = toy_config(condition={"second_labels": second_labels, "label_noise_level": 0.1})
    config = replace(config, data=replace(config.data, leave_out=("skin",)))
    trainer, held_out = make_trainer(config)
    conditions = []
    trainer.network.register_forward_hook(lambda _module, inputs, _output: conditions.append(inputs[1]))
    for _ in range(10):
        trainer.step()
    trainer.held_out_losses(held_out)
    seen = torch.cat(conditions)
    second = seen[:, 1] > 0.5
    assert set(seen[second, 2:].argmax(dim=1).tolist()) == {0, 2}
    assert set(seen[~second, 2:].argmax(dim=1).tolist()) == {0, 1, 2}


def test_samples_of_a_class_that_is_left_out_are_neither_trained_on_nor_looked_at(toy_config):
    config = toy_config()
    whole = load_domain(config, "second")
    left = replace(config, data=replace(config.data, leave_out=("skin",)))
    part = load_domain(left, "second")
    labels = whole.dataset.labels
    kept = [i for i in range(len(labels)) if labels[i] != 1]
    assert len(part.training) + len(part.held_out) == len(kept) < len(labels)
    assert part.held_out_index.tolist() == whole.held_out_index.tolist()  # the card's numbers include them
    assert len(load_domain(left, "simulated").training) == len(load_domain(config, "simulated").training)
    assert part.statistics != whole.statistics


def test_a_class_to_be_left_out_must_exist_and_leave_others(toy_config):
    config = toy_config()
    without = {
        names: replace(config, data=replace(config.data, leave_out=names))
        for names in (("bone",), ("liver", "skin", "fat"))
    }
    with pytest.raises(TrainingError, match=r"leave_out names bone; the classes are liver, skin, fat"):
        load_domain(without["bone",], "second")
    with pytest.raises(TrainingError, match=r"without liver, skin, fat nothing is left"):
        load_domain(without["liver", "skin", "fat"], "second")


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


@pytest.mark.parametrize("method", FAMILIES)
@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_looking_at_held_out_samples_does_not_disturb_the_training(toy_config, modality, method):
    watched, held_out = make_trainer(toy_config(modality, method=method))
    first = watched.held_out_losses(held_out)
    assert watched.held_out_losses(held_out) == first
    with_looks = [(watched.held_out_losses(held_out), watched.step())[1] for _ in range(3)]
    unwatched, _ = make_trainer(toy_config(modality, method=method))
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


def test_noise_of_the_stated_strength_lies_on_the_clean_samples(toy_config):
    config = toy_config("HSI")
    trainer, _ = make_trainer(replace(config, data=replace(config.data, noise=0.1)))
    batch = trainer.batch(trainer.samples, 2000)
    assert (batch.x - batch.clean).std().item() == pytest.approx(0.1, rel=0.03)


@pytest.mark.parametrize("sees_noise", [False, True])
def test_a_term_judges_transfers_of_noisy_samples_only_where_it_says_so(toy_config, sees_noise):
    trainer, _ = make_trainer(toy_config("PAT"))
    judged = []

    class Witness:
        loss = "witness_simulated"

        def __call__(self, x, moved, labels):
            judged.append((x, moved))
            return moved.sum()

    Witness.sees_noise = sees_noise
    trainer.terms = [(Witness(), 1.0)]
    batch = trainer.batch(trainer.samples, 2)
    trainer._guiding(batch)
    (x, moved), simulated = judged[0], batch.simulated()
    assert torch.equal(x, simulated.clean)
    assert torch.equal(moved, trainer.objective.moved(simulated, noisy=sees_noise))
    assert not torch.equal(moved, trainer.objective.moved(simulated, noisy=not sees_noise))


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_guiding_terms_see_the_transfer_of_inference(toy_config, modality):
    """Two calls on one batch give the same: nothing about it is drawn at random."""
    trainer, _ = make_trainer(toy_config(modality))
    simulated = trainer.batch(trainer.samples, 4).simulated()
    assert torch.equal(trainer.objective.moved(simulated), trainer.objective.moved(simulated))
    assert len(simulated.x) == 4
    assert not simulated.domain.any()
