"""Training of wavelet flows: their likelihood, their terms, the average of weights, the choice by realism, resuming."""

from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.models import build_network
from napari_udt.models.assemble import transfer_model
from napari_udt.models.noise import drawn_noise
from napari_udt.models.wavelet_flow import joined, parted
from napari_udt.training import class_means, train
from napari_udt.training.config import load_config, packaged_configs
from napari_udt.training.domains import load_domain
from napari_udt.training.loop import LOG, TrainingInterrupted
from napari_udt.training.picture_terms import DetailPower, VesselSaturation
from napari_udt.training.progress import read_log
from napari_udt.training.realism import Realism
from napari_udt.training.run import begin, make_spec, noisy_samples, training_conditions
from napari_udt.training.sections import TermsConfig
from napari_udt.training.term_list import make_terms
from napari_udt.training.trainer import DOMAINS, Trainer
from napari_udt.training.weight_average import WeightAverage

ARCHITECTURE = {
    "levels": [{"blocks": 1, "width": 8}, {"blocks": 1, "width": 8}],
    "top": {"blocks": 1, "width": 8},
    "components": 3,
}


@pytest.fixture
def flow_config(toy_config):
    """Configuration of a tiny flow; keyword arguments replace optimisation settings."""

    def make(condition=None, **optimisation):
        condition = {"second_labels": "given", **(condition or {})}
        config = toy_config("PAT", condition, **{"window": 3, "weight_average": 0.5, **optimisation})
        data = replace(
            config.data,
            noise=0.1,
            second_noise_share=0.5,
            speckle=0.1,
            intensity="asinh",
            noise_in_transfer=True,
            held_out_fraction=0.4,
            crop=(16, 16),
        )
        terms = TermsConfig(
            moments_weight=0.1, moments_memory=0.9, texture_weight=0.1, vessels_weight=0.1, samples=1, every=2
        )
        return replace(config, data=data, terms=terms, architecture=ARCHITECTURE)

    return make


def fitted(config):
    """A new flow with its basis, and both domains' data."""
    data = {domain: load_domain(config, domain) for domain in DOMAINS}
    spec = make_spec(config, data)
    torch.manual_seed(0)
    network = build_network(spec)
    network.fit([noisy_samples(config, spec, data[domain].training, domain, 48) for domain in DOMAINS])
    return transfer_model(spec, network), data


def test_training_on_the_likelihood_alone_lowers_it_and_the_model_inverts(flow_config, tmp_path):
    config = replace(flow_config(steps=80, evaluate_every=20, learning_rate=0.001), terms=TermsConfig())
    model = train(
        replace(config, optimisation=replace(config.optimisation, gan_weight=0.0)), tmp_path / "flow"
    )
    rows = read_log(tmp_path / "flow.run" / LOG)
    first, last = (sum(row[f"held_out_{domain}"] for domain in DOMAINS) for row in (rows[0], rows[-1]))
    assert last < first
    assert model.spec.speckle == 0.1
    x = np.random.default_rng(0).standard_normal((1, 4, 16, 16)).astype(np.float32)
    assert model.round_trip_error(x, "simulated").max() < 1e-4


def test_without_a_step_the_model_is_what_was_fitted(flow_config, tmp_path):
    config = replace(flow_config(steps=0, gan_weight=0.0), terms=TermsConfig())
    levels = {"blocks": 0, "width": 1}
    config = replace(
        config, seed=0, architecture={"levels": [levels, levels], "top": levels, "components": 3}
    )
    model, (expected, data) = train(config, tmp_path / "flow"), fitted(config)
    x, labels = data["simulated"].held_out.values.numpy(), data["simulated"].held_out.labels.numpy()
    np.testing.assert_allclose(model.encode(x, "real", labels)[0], expected.encode(x, "real", labels)[0])
    assert (model.spec.training["steps"], model.spec.training["best_step"]) == (0, 0)
    assert model.round_trip_error(x, "simulated", labels).max() < 1e-4


@pytest.mark.parametrize("condition", ["class", "domain"])
def test_where_the_shape_is_kept_class_means_of_transfers_are_the_targets(flow_config, condition):
    """By the mean of unit spectra, which brightness and noise change; of pictures that the fit has seen."""
    config = replace(flow_config({"on": condition}, steps=0, gan_weight=0.0), terms=TermsConfig())
    level = {"blocks": 0, "width": 1}
    config = replace(
        config,
        data=replace(config.data, intensity="softplus", noise=0.0, noise_profile="target", clutter=0.5),
        architecture={"levels": [level, level], "top": level, "components": 3, "keeps_shape": True},
    )
    begun = begin(config)
    assert len(begun.model.spec.noise_profile) > 1
    means = {}
    samples, target = begun.data["simulated"].training, begun.data["second"].training
    for name in ("before", "after"):
        noisy = samples.values + drawn_noise(samples.values, samples.noise)
        z, _ = begun.model.encode(noisy, "simulated", samples.labels)
        moved = noisy if name == "before" else begun.model.decode(z, "real", samples.labels)
        means[name], _, _ = class_means._means(begun.model, moved, samples.labels)
    wanted, counts, _ = class_means._means(begun.model, target.values, target.labels)
    known = counts > 200
    away = {name: (found - wanted)[known].norm(dim=1) for name, found in means.items()}
    far = away["before"] > 0.02
    assert far.any()
    assert (away["after"] < 0.7 * away["before"])[far].all(), away
    assert (away["after"] < 0.02)[~far].all(), away


def test_class_means_leave_out_what_left_the_floating_range(flow_config):
    begun = begin(replace(flow_config(steps=0, gan_weight=0.0), terms=TermsConfig()))
    target = begun.data["second"].training
    wanted, counts, _ = class_means._means(begun.model, target.values, target.labels)
    spoilt = target.values.clone()
    kind = int(target.labels[0, 2, 3])
    spoilt[0, :, 2, 3] = 1e4  # a hyperbolic sine of it is infinite
    found, fewer, slopes_found = class_means._means(begun.model, spoilt, target.labels)
    assert found.isfinite().all()
    assert slopes_found.isfinite().all()
    assert (counts - fewer).tolist() == [int(index == kind) for index in range(len(counts))]
    torch.testing.assert_close(found, wanted, rtol=0, atol=0.01)


def test_terms_count_in_every_second_step_only(flow_config):
    config = flow_config(gan_weight=0)
    model, data = fitted(config)
    samples = {domain: data[domain].training for domain in DOMAINS}
    terms = make_terms(config, model, samples)
    trainer = Trainer(config, model.network, training_conditions(config, model.spec), samples, terms=terms)
    names = {"moments_simulated", "texture_simulated", "vessels_simulated"}
    assert [names & trainer.step().keys() for _ in range(3)] == [names, set(), names]


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(flow_config, tmp_path, monkeypatch):
    config = flow_config(gan_weight=0.01, choose_by="realism")
    whole = train(config, tmp_path / "whole")
    step = Trainer.step

    def pressed(self):
        losses = step(self)
        if self.steps_done == 5:
            signal.raise_signal(signal.SIGINT)
        return losses

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", pressed)
        with pytest.raises(TrainingInterrupted):
            train(config, tmp_path / "parts")
    parts = train(config, tmp_path / "parts", resume=True)
    ours, theirs = (model.network.state_dict() for model in (whole, parts))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_average_stands_in_for_the_weights_for_a_while():
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(0.0)
    average = WeightAverage(layer, 0.5)
    layer.weight.data.fill_(4.0)
    average.follow()
    with average.in_place():
        assert layer.weight.item() == 2.0
    assert layer.weight.item() == 4.0


def test_early_on_the_average_is_the_mean_of_all_steps_and_the_first_weights():
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(0.0)
    average = WeightAverage(layer, 0.99)
    for value in (3.0, 6.0):
        layer.weight.data.fill_(value)
        average.follow()
    assert average.state()["weight"].item() == pytest.approx(3.0)


def test_without_a_decay_there_is_no_average():
    layer = torch.nn.Linear(1, 1)
    average = WeightAverage(layer, 0.0)
    average.follow()
    assert average.state() == {}
    with average.in_place():
        pass


@pytest.mark.parametrize("condition", [{}, {"second_labels": "proxy"}, {"on": "domain"}])
def test_texture_is_right_where_the_target_itself_comes_and_wrong_where_it_is_smooth(flow_config, condition):
    model, data = fitted(flow_config(condition))
    second = data["second"].training
    term = DetailPower(model, {domain: data[domain].training for domain in DOMAINS}, 0.0)
    own = term(second.values, second.values, second.labels)
    smooth = torch.nn.functional.avg_pool2d(second.values, 3, stride=1, padding=1)
    rough = second.values + 0.5 * torch.randn_like(second.values)
    assert own < 0.01
    assert term(second.values, smooth, second.labels) > 10 * own
    assert term(second.values, rough, second.labels) > 10 * own


def test_texture_tells_the_network_which_way_to_go(flow_config):
    model, data = fitted(flow_config())
    second = data["second"].training
    term = DetailPower(model, {domain: data[domain].training for domain in DOMAINS}, 0.0)
    gain = torch.tensor(0.5, requires_grad=True)
    coarse, details = parted(second.values)
    term(second.values, joined(coarse, gain * details), second.labels).backward()
    assert gain.grad < 0


@pytest.fixture
def vessel_term(flow_config):
    model, _ = fitted(flow_config())
    model.spec = replace(
        model.spec,
        class_names=("muscle", "vein", "artery"),
        statistics={"simulated": (0.0, 1.0), "real": (0.0, 1.0)},
    )
    return VesselSaturation(model, 50)


def vessels(term, saturations):
    """Pictures (n, 4, 8, 8) with one vessel of each saturation."""
    blood = torch.linalg.pinv(term.readout)  # (2, channels)
    shares = torch.stack((saturations, 1 - saturations), dim=1)
    labels = torch.zeros(len(saturations), 8, 8, dtype=torch.long)
    labels[:, 2:6, 2:6] = 1
    spectra = (shares @ blood)[:, :, None, None]
    return spectra.expand(-1, -1, 8, 8) * (labels == 1)[:, None], labels


def test_vessels_may_move_together_and_not_apart(vessel_term):
    torch.manual_seed(0)
    saturation = 0.4 + 0.5 * torch.rand(40)
    x, labels = vessels(vessel_term, saturation)
    moved, _ = vessels(vessel_term, 0.1 + 0.9 * saturation)
    assert vessel_term(x, moved, labels) == 0  # no line yet
    assert vessel_term(x, moved, labels) < 1e-3
    mixed, _ = vessels(vessel_term, 0.1 + 0.9 * saturation[torch.randperm(40)])
    assert vessel_term(x, mixed, labels) > 0.3


def test_a_flat_line_is_no_way_out(vessel_term):
    saturation = torch.linspace(0.4, 0.9, 40)
    x, labels = vessels(vessel_term, saturation)
    flat, _ = vessels(vessel_term, torch.full((40,), 0.6))
    vessel_term(x, flat, labels)
    assert vessel_term(x, flat, labels) > 0.3


def test_recent_vessels_are_part_of_the_state(vessel_term):
    x, labels = vessels(vessel_term, torch.linspace(0.4, 0.9, 60))
    vessel_term(x, x, labels)
    assert vessel_term.state()["recent"].shape == (50, 2)
    again = VesselSaturation(vessel_term.model, 50)
    again.restore(vessel_term.state())
    torch.testing.assert_close(again(x, x + 0.1, labels), vessel_term(x, x + 0.1, labels))


def test_realism_is_lower_for_transfers_that_are_the_target(flow_config, monkeypatch):
    model, data = fitted(flow_config())
    judge = Realism(model, {domain: data[domain].held_out for domain in DOMAINS}, 4)
    found = judge()
    assert set(found) == {f"held_out_{key}" for key in ("patches", "classes", "roughness", "oxygenation")}
    monkeypatch.setattr("napari_udt.training.realism.transferred", lambda *_: judge.second)
    judge.labels = judge.second_labels
    perfect = judge()
    assert perfect["held_out_classes"] == perfect["held_out_roughness"] == 0
    assert sum(perfect.values()) < sum(found.values())


def test_realism_needs_pictures(flow_config):
    config = flow_config()
    model, data = fitted(config)
    few = replace(
        data["second"].held_out,
        values=data["second"].held_out.values[:2],
        labels=data["second"].held_out.labels[:2],
    )
    with pytest.raises(TrainingError, match="2 pictures are held out"):
        Realism(model, {"simulated": data["simulated"].held_out, "second": few}, 4)


def test_the_rows_of_table_1_share_one_architecture():
    configs = [load_config(name) for name in packaged_configs() if name.startswith("pat_flow")]
    assert {config.name for config in configs} == {
        "pat_flow_d",
        "pat_flow_dy",
        "pat_flow_dy_without_gan",
        "pat_flow_dy_closed_form",
    }
    assert len({str(config.architecture) for config in configs if config.optimisation.steps}) == 1


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("terms", "texture_weight", "1", "wavelet flows"),
        ("optimisation", "window", "8", "wavelet flows"),
    ],
)
def test_what_is_for_flows_only_is_refused_for_others(tmp_path, section, key, value, words):
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "pat_cinn_dy"\n[{section}]\n{key} = {value}\n')
    with pytest.raises(TrainingError, match=words):
        load_config(path)


def test_what_is_for_pictures_only_is_refused_for_spectra(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "hsi_cinn_dy"\n[data]\nspeckle = 0.1\n')
    with pytest.raises(TrainingError, match="is for PAT"):
        load_config(path)


def test_speckle_needs_compressed_pictures(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "pat_flow_dy"\n[data]\nintensity = "linear"\n')
    with pytest.raises(TrainingError, match=r"speckle and data\.noise_profile need data\.intensity"):
        load_config(path)


def test_the_card_says_what_is_particular(flow_config, tmp_path):
    model = train(
        flow_config(steps=2, evaluate_every=2, gan_weight=0, choose_by="realism"), tmp_path / "flow"
    )
    card = model.spec.card
    assert card.splitlines()[2].startswith("Wavelet flow (details are coded given the coarser picture")
    assert "conditional invertible network, after Dreher" in card
    assert "speckle common to all wavelengths, 0.1 times the scale of the compression" in card
    assert "the best held-out realism of transfers" in card
    assert "the saturation of every vessel must follow" in card
